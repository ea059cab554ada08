import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { complexityOf, hashedGrams, type PromptFeatures, promptFeatures } from './features.ts'
import { categories, lexicon } from './lexicon.ts'

const plain = { inputs: [], operation: 'generate' } as const
const features = (prompt: string): PromptFeatures => promptFeatures(prompt, plain)

const timeMs = (run: () => void): number => {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now()
    run()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

describe('promptFeatures', () => {
  const cases: [rule: string, prompt: string, expected: Partial<PromptFeatures>][] = [
    ['counts words and content words apart', 'a cat on the mat', { words: 5, contentWords: 2 }],
    ['counts digits, number words and quantifiers', '3 cats, two dogs and several birds', { numerals: 3 }],
    ['counts comparatives', 'a cat larger than the tallest tree', { comparatives: 3 }],
    ['counts negation, contractions included', "a street without cars, no people, it isn't night", { negations: 3 }],
    ['reads a typographic apostrophe as a plain one', 'the dog isn’t black', { negations: 1 }],
    ['counts spatial words', 'a cup under a table next to the left window', { spatial: 3 }],
    [
      'counts colours and attributes before their nouns',
      'a red fox and a fluffy kitten on snow',
      { colours: 1, attributePairs: 2 },
    ],
    ['counts distinct objects once', 'cat cat dog', { nouns: 3, distinctObjects: 2 }],
    ['counts people, faces and hands', 'a woman holding her hands before her face', { people: 3 }],
    ['measures quoted text', 'a sign that says "OPEN NOW"', { quotedChars: 8, textCues: 2 }],
    ['measures text in typographic and corner quotes', '“ABC” and 「日本」', { quotedChars: 5 }],
    ['ignores a quotation mark that is never closed', 'a 5" pipe', { quotedChars: 0 }],
    ['counts style words', 'watercolor sketch, isometric, 8k', { styleWords: 4 }],
    ['counts commas and clauses', 'a cat, a dog, and a bird. Sunset.', { commas: 2, clauses: 3 }],
    ['counts two characters of an unspaced script as a word', '红色的狐狸在雪地里奔跑', { nonLatin: 1, words: 7 }],
    ['gives the share of letters that are not Latin', 'abc где', { nonLatin: 0.5 }],
    ['has nothing to say about an empty prompt', '', { words: 0, complexity: 0, promptClass: 'other' }],
  ]
  it.each(cases)('%s', (_rule, prompt, expected) => {
    expect(features(prompt)).toMatchObject(expected)
  })

  it('takes size, references, mask and edit from the request', () => {
    const input = { sha256: '', bytes: 1, mediaType: 'image/png', width: 8, height: 8 }
    const inputs = [
      { ...input, role: 'image' },
      { ...input, role: 'reference' },
      { ...input, role: 'mask' },
    ] as const
    expect(promptFeatures('x', { operation: 'edit', size: { width: 1024, height: 512 }, inputs })).toMatchObject({
      pixels: 524_288,
      references: 2,
      edit: true,
      mask: true,
    })
  })

  it.each([
    ['two foxes in the snow', 'animals'],
    ['a slice of pizza on a plate', 'food'],
    ['a vintage car and a truck', 'vehicles'],
    ['a bouquet of tulips', 'plants'],
    ['portrait of an old woman', 'people'],
    ['a cozy bedroom with a fireplace', 'indoor'],
    ['a mountain lake at sunset', 'outdoor'],
    ['a wooden chair and a lamp', 'artifacts'],
    ['a fresco in the manner of Michelangelo, oil on canvas', 'arts'],
    ['flat vector icon of a logo', 'illustrations'],
    ['the Eiffel tower in Paris', 'world_knowledge'],
    ['infinity and chaos as an abstract concept', 'abstract'],
    ['an empty street with no people', 'outdoor'],
    ['nothing, no people', 'other'],
    ['zxcv qwer', 'other'],
  ])('classes "%s" as %s', (prompt, promptClass) => {
    expect(features(prompt).promptClass).toBe(promptClass)
  })

  it('has a list for every category', () => {
    const used = new Set([...lexicon.values()].flatMap((entry) => entry.categories))
    expect(used.size).toBe(categories.length)
  })

  it('finds a demanding prompt more complex than a plain one, within 0 and 1', () => {
    const hard = features('Exactly seven red cubes left of three larger blue spheres, no shadows, a sign that says "SALE 50%"')
    expect(hard.complexity).toBeGreaterThan(features('a cat').complexity + 0.4)
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (prompt) => {
        const { complexity } = features(prompt)
        expect(complexity).toBeGreaterThanOrEqual(0)
        expect(complexity).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('never gets simpler by an added count', () => {
    const base = features('a red cat on a table')
    for (const key of ['numerals', 'comparatives', 'negations', 'spatial', 'quotedChars', 'references'] as const) {
      expect(complexityOf({ ...base, [key]: base[key] + 1 })).toBeGreaterThan(base.complexity)
    }
  })

  it('gives the same plain JSON every time', () => {
    const first = features('a red cat, "hi"')
    expect(JSON.parse(JSON.stringify(first))).toEqual(features('a red cat, "hi"'))
  })

  it.each([
    ['letters', 'a'],
    ['apostrophes', "a'"],
    ['quotation marks', '"'],
    ['openings never closed', '“'],
    ['alternating quotes', '"“'],
    ['spaces', ' '],
    ['short words', 'ab '],
    ['combining marks', 'e\u0301'],
    ['an unspaced script', '猫'],
  ])('takes time in proportion to the length: %s', (_name, unit) => {
    const long = unit.repeat(Math.floor(32_000 / unit.length))
    const short = long.slice(0, 4_000)
    features(long)
    const ratio =
      timeMs(() => features(long)) /
      Math.max(
        timeMs(() => features(short)),
        0.02,
      )
    // Eight times the text; quadratic work would show as 64.
    expect(ratio).toBeLessThan(40)
  })
})

describe('hashedGrams', () => {
  it('gives ascending buckets without repeats, the same for the same words', () => {
    const grams = hashedGrams('a red fox and a red fox')
    expect(grams).toEqual([...new Set(grams)].sort((a, b) => a - b))
    expect(grams.every((bucket) => bucket >= 0 && bucket < 2 ** 14)).toBe(true)
    expect(hashedGrams('A RED fox')).toEqual(hashedGrams('a red fox'))
  })

  it('tells word order apart', () => {
    expect(hashedGrams('dog bites man')).not.toEqual(hashedGrams('man bites dog'))
  })
})
