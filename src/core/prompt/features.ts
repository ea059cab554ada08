/**
 * What can be told about a prompt without a model: counts by pattern and word list, in one pass over the text. They are
 * stored with every request, so the version says which rules made them.
 */
import type { ImageInput, ImageRequest } from '../request.ts'
import { categories, flags, lexicon, type PromptClass, type WordEntry } from './lexicon.ts'

export type { PromptClass } from './lexicon.ts'

/** Raised whenever a list or a rule changes. */
export const PROMPT_FEATURES_VERSION = 1

/** Plain JSON: numbers, texts and flags only. */
export type PromptFeatures = {
  readonly version: number
  readonly chars: number
  /** Words; scripts without spaces count two characters as one. */
  readonly words: number
  /** Words that are not function words. */
  readonly contentWords: number
  /** Content words that are not known adjectives, colours, numbers, positions or verbs. */
  readonly nouns: number
  /** Different ones among them. */
  readonly distinctObjects: number
  /** Digits, number words and quantifiers. */
  readonly numerals: number
  readonly comparatives: number
  readonly negations: number
  readonly spatial: number
  readonly colours: number
  /** An attribute or colour directly before a noun. */
  readonly attributePairs: number
  /** People, faces and hands. */
  readonly people: number
  /** Characters between quotation marks. */
  readonly quotedChars: number
  /** Words such as "sign", "says", "logo". */
  readonly textCues: number
  /** Share of letters that are not Latin, 0..1. */
  readonly nonLatin: number
  readonly styleWords: number
  readonly commas: number
  /** Sentences and conjunctions. */
  readonly clauses: number
  /** Pixels asked for; 0 when the offer decides. */
  readonly pixels: number
  readonly references: number
  readonly edit: boolean
  readonly mask: boolean
  readonly promptClass: PromptClass
  /** 0 (plain) to 1; see `complexityOf`. */
  readonly complexity: number
}

/** Beyond this many characters nothing more is counted; no provider takes longer prompts. */
const MAX_CHARS = 32_000

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/gu
const ASCII_ONLY = /^[\t\n\r -~]*$/

/** What features look at besides the prompt; every `ImageRequest` has it. */
interface FeatureRequest extends Pick<ImageRequest, 'size' | 'operation'> {
  readonly inputs: readonly Pick<ImageInput, 'role'>[]
}

type Counts = { -readonly [Key in keyof PromptFeatures]: PromptFeatures[Key] }

/** The feature vector of a prompt. Linear in its length; the same input always gives the same vector. */
export function promptFeatures(prompt: string, request: FeatureRequest): PromptFeatures {
  const text = prompt.length > MAX_CHARS ? prompt.slice(0, MAX_CHARS) : prompt
  const counts = emptyCounts(prompt, request)
  const scores = countWords(text, counts)
  counts.quotedChars = quotedChars(text)
  countPunctuation(text, counts)
  if (!ASCII_ONLY.test(text)) countScripts(text, counts)
  counts.promptClass = bestCategory(scores)
  counts.complexity = complexityOf(counts)
  return counts
}

function emptyCounts(prompt: string, { size, inputs, operation }: FeatureRequest): Counts {
  return {
    version: PROMPT_FEATURES_VERSION,
    chars: prompt.length,
    words: 0,
    contentWords: 0,
    nouns: 0,
    distinctObjects: 0,
    numerals: 0,
    comparatives: 0,
    negations: 0,
    spatial: 0,
    colours: 0,
    attributePairs: 0,
    people: 0,
    quotedChars: 0,
    textCues: 0,
    nonLatin: 0,
    styleWords: 0,
    commas: 0,
    clauses: 0,
    pixels: size ? size.width * size.height : 0,
    references: inputs.filter(({ role }) => role === 'image' || role === 'reference').length,
    edit: operation !== 'generate',
    mask: inputs.some(({ role }) => role === 'mask'),
    promptClass: 'other',
    complexity: 0,
  }
}

const UNKNOWN: WordEntry = { flags: 0, categories: [] }
const NOT_A_NOUN =
  flags.stop | flags.number | flags.comparative | flags.negation | flags.spatial | flags.colour | flags.attribute | flags.verb

/** Counts words into `counts`; answers the score of each category. */
function countWords(text: string, counts: Counts): number[] {
  const scores = categories.map(() => 0)
  const objects = new Set<string>()
  let afterAttribute = false
  let afterNegation = false
  for (const [word] of text.toLowerCase().matchAll(WORD)) {
    const entry = lookUp(word)
    const digit = word.charCodeAt(0) >= 48 && word.charCodeAt(0) <= 57
    countFlags(entry.flags, counts)
    counts.words += 1
    if (digit) counts.numerals += 1
    if ((entry.flags & flags.stop) === 0) counts.contentWords += 1
    const noun = !digit && (entry.flags & NOT_A_NOUN) === 0
    if (noun) {
      counts.nouns += 1
      objects.add(word)
      if (afterAttribute) counts.attributePairs += 1
    }
    afterAttribute = (entry.flags & (flags.attribute | flags.colour)) !== 0
    // "no people" says nothing of people in the picture.
    const told = afterNegation ? UNKNOWN.categories : entry.categories
    afterNegation = (entry.flags & flags.negation) !== 0
    for (const category of told) scores[category] = (scores[category] ?? 0) + 1 + firstBonus(scores)
  }
  counts.distinctObjects = objects.size
  return scores
}

/** The subject usually comes first, so the first telling word weighs a little more. */
const firstBonus = (scores: readonly number[]): number => (scores.every((score) => score === 0) ? 0.5 : 0)

/** A typographic apostrophe is looked up as a plain one, a possessive as its owner, a plural as its singular. */
function lookUp(word: string): WordEntry {
  const known = lexicon.get(word)
  if (known) return known
  const apostrophe = word.search(/['’]/)
  if (apostrophe !== -1) return lexicon.get(word.replace('’', "'")) ?? lexicon.get(word.slice(0, apostrophe)) ?? UNKNOWN
  if (!word.endsWith('s')) return UNKNOWN
  return lexicon.get(word.slice(0, -1)) ?? (word.endsWith('es') ? lexicon.get(word.slice(0, -2)) : undefined) ?? UNKNOWN
}

function countFlags(bits: number, counts: Counts): void {
  if (bits === 0) return
  if (bits & flags.number) counts.numerals += 1
  if (bits & flags.comparative) counts.comparatives += 1
  if (bits & flags.negation) counts.negations += 1
  if (bits & flags.spatial) counts.spatial += 1
  if (bits & flags.colour) counts.colours += 1
  if (bits & flags.person) counts.people += 1
  if (bits & flags.textCue) counts.textCues += 1
  if (bits & flags.style) counts.styleWords += 1
  if (bits & flags.clause) counts.clauses += 1
}

const OPENING = /["“„«「『‘]/
const CLOSING: Readonly<Record<string, string>> = { '"': '"', '“': '”', '„': '“', '«': '»', '「': '」', '『': '』', '‘': '’' }

/** Characters inside quotation marks. A mark that is never closed is looked for once, so the scan stays linear. */
function quotedChars(text: string): number {
  if (!OPENING.test(text)) return 0
  const unclosed = new Set<string>()
  let total = 0
  let index = 0
  while (index < text.length) {
    const opening = text.charAt(index)
    const closing = CLOSING[opening]
    index += 1
    if (closing === undefined || unclosed.has(closing)) continue
    const end = text.indexOf(closing, index)
    if (end === -1) {
      unclosed.add(closing)
      continue
    }
    total += end - index
    index = end + 1
  }
  return total
}

function countPunctuation(text: string, counts: Counts): void {
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index)
    if (character === ',' || character === '，' || character === '、' || character === '،') counts.commas += 1
    else if (
      character === '.' ||
      character === ';' ||
      character === ':' ||
      character === '。' ||
      character === '!' ||
      character === '?'
    ) {
      counts.clauses += 1
    }
  }
}

/** Letters outside the Latin script, and words of scripts that put no spaces between them. */
function countScripts(text: string, counts: Counts): void {
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  if (letters === 0) return
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0
  counts.nonLatin = Math.round(((letters - latin) / letters) * 1000) / 1000
  const unspaced = text.match(UNSPACED)?.length ?? 0
  const extra = Math.ceil(unspaced / 2)
  counts.words += extra
  counts.contentWords += extra
}

function bestCategory(scores: readonly number[]): PromptClass {
  let best: PromptClass = 'other'
  let most = 0
  for (const [index, category] of categories.entries()) {
    const score = scores[index] ?? 0
    if (score <= most) continue
    most = score
    best = category
  }
  return best
}

/**
 * `1 - exp(-load)`, where load is a weighted sum. The weights follow how strongly each count goes with low human ratings on
 * GenAI-Bench (numerals 0.28, content words 0.27, comparatives 0.26, commas 0.23, negation 0.22, spatial 0.18, colours 0.12),
 * divided by how often it occurs in a prompt of thirty words; text to be drawn, references and non-Latin scripts are added.
 */
export function complexityOf(counts: Omit<PromptFeatures, 'complexity' | 'promptClass'>): number {
  const load =
    0.014 * counts.contentWords +
    0.09 * counts.numerals +
    0.12 * counts.comparatives +
    0.12 * counts.negations +
    0.06 * counts.spatial +
    0.03 * counts.colours +
    0.03 * counts.attributePairs +
    0.03 * counts.people +
    0.03 * counts.commas +
    0.006 * counts.quotedChars +
    0.05 * counts.textCues +
    0.15 * counts.nonLatin +
    0.08 * counts.references +
    (counts.mask ? 0.05 : 0)
  return Math.round((1 - Math.exp(-load)) * 1000) / 1000
}

const BUCKETS = 2 ** 14

/**
 * Buckets (0..16383) of the prompt's words and pairs of neighbours, ascending and without repeats: the sparse input of a
 * linear model whose weights are data. At most the first 512 words.
 */
export function hashedGrams(prompt: string): readonly number[] {
  const buckets = new Set<number>()
  let previous: number | undefined
  let count = 0
  for (const [word] of prompt.slice(0, MAX_CHARS).toLowerCase().matchAll(WORD)) {
    const hash = hashOn(EMPTY_HASH, word)
    buckets.add(bucketOf(hash))
    // A pair is the text "previous word".
    if (previous !== undefined) buckets.add(bucketOf(hashOn(hashOn(previous, ' '), word)))
    previous = hash
    count += 1
    if (count === 512) break
  }
  return [...buckets].sort((a, b) => a - b)
}

const EMPTY_HASH = 0x811c9dc5

/** FNV-1a over UTF-16 units, 32 bits: the hash of what `hash` is of, followed by `text`. */
function hashOn(hash: number, text: string): number {
  let next = hash
  for (let index = 0; index < text.length; index += 1) next = Math.imul(next ^ text.charCodeAt(index), 0x01000193)
  return next
}

/** Folded to the number of buckets. */
const bucketOf = (hash: number): number => ((hash >>> 14) ^ hash) & (BUCKETS - 1)
