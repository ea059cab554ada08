import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { inputOf, offerOf } from '../../test/support/pricing.ts'
import type { CompiledPrices } from '../core/pricing/compiled.ts'
import { compilePriceBooks, expectedTotal, floorScore, qualityBounds, quoteCandidate } from '../core/pricing/index.ts'
import { estimateForms } from '../core/pricing/price-book.ts'
import type { Quality } from '../core/request.ts'
import { meters } from '../core/usage.ts'
import { loadPriceFiles, type PriceFiles, packagedPrices } from './price-files.ts'

let files: PriceFiles
let prices: CompiledPrices
beforeAll(async () => {
  files = await loadPriceFiles()
  prices = compilePriceBooks(files)
})

const input = (model: string, quality?: Quality, width = 1024, height = 1024, more: { n?: number; complexity?: number } = {}) =>
  inputOf({
    offer: offerOf(model, model.split('/')[0]),
    settings: { size: { width, height }, n: more.n ?? 1, ...(quality && { quality }) },
    request: { prompt: 'a'.repeat(40) },
    pricing: { promptComplexity: more.complexity ?? 0.5 },
  })

describe('the shipped price book', () => {
  it('has a book for every file, with the hash of its bytes', async () => {
    const notBooks = ['fx.json', 'quality.json', 'schema.json', 'index.js', 'index.d.ts']
    const names = (await readdir(packagedPrices())).filter((name) => !notBooks.includes(name))
    expect(files.books.map(({ book }) => `${book.provider}.json`).sort()).toEqual(names.sort())
    for (const { hash } of files.books) expect(hash).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each([
    ['sandbox/flat', 'low', 1024, 1024, 10_000_000n],
    ['sandbox/flat', 'medium', 1536, 1024, 40_000_000n],
    ['sandbox/flat', 'high', 1024, 1024, 120_000_000n],
    ['sandbox/flat', 'low', 2048, 2048, 20_000_000n],
    ['sandbox/mega', undefined, 512, 512, 20_000_000n],
    ['sandbox/mega', undefined, 1024, 1024, 40_000_000n],
    // 10 tokens in, 1,100 text and 2,500 image tokens out.
    ['sandbox/thinking', undefined, 1024, 1024, 50_000n + 11_000_000n + 75_000_000n],
    ['sandbox/visual', undefined, 1024, 1024, 81_920_000n],
    ['sandbox/batch', undefined, 1024, 1024, 10_000_000n],
    // 10 + 10 tokens in at $5, then the tokens of the official calculator at $30 per million.
    ['openai/gpt-image-2', 'high', 1024, 1024, 100_000n + 7024n * 30_000n],
    ['openai/gpt-image-2', 'high', 1536, 1024, 100_000n + 5488n * 30_000n],
    ['openai/gpt-image-2', 'high', 1792, 1024, 100_000n + 5063n * 30_000n],
    ['openai/gpt-image-2', 'high', 3584, 2048, 100_000n + 12_329n * 30_000n],
    ['openai/gpt-image-1.5', 'medium', 1024, 1536, 100_000n + 1584n * 32_000n],
    ['openai/gpt-image-1-mini', 'high', 1024, 1536, 40_000n + 52_000_000n],
    ['openai/dall-e-3', 'hd', 1792, 1024, 120_000_000n],
  ] as const)('%s %s %sx%s costs what its source says', (model, quality, width, height, nanoUsd) => {
    expect(expectedTotal(prices, input(model, quality, width, height))).toBe(nanoUsd)
  })

  it('agrees with the published per-image prices within half of their last digit', () => {
    const published: [Quality, number, number, bigint][] = [
      ['low', 1024, 1024, 6_000_000n],
      ['low', 1024, 1536, 5_000_000n],
      ['medium', 1024, 1024, 53_000_000n],
      ['medium', 1024, 1536, 41_000_000n],
      ['high', 1024, 1024, 211_000_000n],
      ['high', 1024, 1536, 165_000_000n],
    ]
    for (const [quality, width, height, nanoUsd] of published) {
      const quote = quoteCandidate(prices, input('openai/gpt-image-2', quality, width, height))
      const imageOut = quote.kind === 'priced' ? quote.lines.find((line) => line.meter === 'tokens.image.out') : undefined
      const difference = (imageOut?.amountNanoUsd ?? 0n) - nanoUsd
      expect(difference <= 500_000n && difference >= -500_000n).toBe(true)
    }
  })

  it('bounds every quote of every offered model', () => {
    for (const model of [
      'gpt-image-2.6-sunburst',
      'gpt-image-2.5-flare',
      'gpt-image-2.5-sunburst-2026-09-08',
      'gpt-image-2',
      'gpt-image-1.5',
    ]) {
      const quote = quoteCandidate(prices, input(`openai/${model}`, 'high'))
      expect(quote, model).toMatchObject({ kind: 'priced', maxNanoUsd: expect.any(BigInt) })
    }
  })

  it.each(['openai/gpt-image-2.6-flare', 'openai/chatgpt-image-latest', 'openai/gpt-image-9'])('leaves %s unpriced', (model) => {
    expect(quoteCandidate(prices, input(model, 'high')).kind).toBe('unpriced')
  })

  it('prices no model at a quality or size it has no row for', () => {
    expect(quoteCandidate(prices, input('openai/gpt-image-2', 'max')).kind).toBe('unpriced')
    expect(quoteCandidate(prices, input('openai/gpt-image-1.5', 'high', 2048, 2048)).kind).toBe('unpriced')
    expect(quoteCandidate(prices, input('openai/dall-e-2', undefined, 640, 640)).kind).toBe('unpriced')
  })

  it('makes sandbox thinking dearer with a more complex prompt', () => {
    const cost = (complexity: number) =>
      expectedTotal(prices, input('sandbox/thinking', undefined, 1024, 1024, { complexity })) ?? 0n
    expect(cost(1)).toBeGreaterThan(cost(0))
  })
})

describe('schema.json', () => {
  const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(packagedPrices(), name), 'utf8'))
  type JsonSchema = Parameters<typeof z.fromJSONSchema>[0]

  it('accepts every shipped file and refuses an unknown key, as the loader does', async () => {
    const schema = (await read('schema.json')) as Exclude<JsonSchema, boolean> & { $defs: Record<string, object> }
    const part = (name: string): z.ZodType => z.fromJSONSchema({ ...schema.$defs[name], $defs: schema.$defs } as JsonSchema)
    const schemas: Record<string, z.ZodType> = { 'fx.json': part('fxFile'), 'quality.json': part('qualityFile') }
    const names = (await readdir(packagedPrices())).filter((name) => name.endsWith('.json') && name !== 'schema.json')
    expect(names.length).toBeGreaterThan(3)
    for (const name of names) {
      const checked = schemas[name] ?? z.fromJSONSchema(schema)
      const json = (await read(name)) as object
      expect(checked.safeParse(json).error?.issues, name).toBeUndefined()
      expect(checked.safeParse({ ...json, extra: 1 }).success, name).toBe(false)
    }
  })

  it('lists the meters and estimate forms that the code knows', async () => {
    const schema = (await read('schema.json')) as {
      $defs: { meter: { enum: string[] }; estimate: { properties: { form: { enum: string[] } } } }
    }
    expect(schema.$defs.meter.enum).toEqual(Object.keys(meters))
    expect(schema.$defs.estimate.properties.form.enum.sort()).toEqual(Object.keys(estimateForms).sort())
  })
})

describe('quality priors', () => {
  it('have thresholds in order, and rows for models that are sold, at the tier they are sold by', () => {
    const { draft, standard, high } = files.quality.levels
    expect(draft.atLeast).toBeLessThan(standard.atLeast)
    expect(standard.atLeast).toBeLessThan(high.atLeast)
    const books = files.books.map(({ book }) => book)
    const sold = books.flatMap(({ skus, unpriced = [] }) => [...skus, ...unpriced].map(({ model }) => model))
    const isSold = (model: string): boolean =>
      sold.some((name) => name === model || (name.endsWith('*') && model.startsWith(name.slice(0, -1))))
    // A price for a quality says that the tiers of this model are products of their own.
    const tiered = new Set(
      books.flatMap(({ skus }) => skus.flatMap(({ model, rates }) => (rates.some(({ when }) => when?.quality) ? [model] : []))),
    )
    const products = files.quality.scores.map(({ model, quality }) => `${model}@${quality ?? ''}`)
    expect(new Set(products).size).toBe(products.length)
    expect(files.quality.scores.length).toBeGreaterThan(50)
    for (const { model, quality } of files.quality.scores) {
      expect(isSold(model), model).toBe(true)
      if (tiered.has(model)) expect(quality, model).toBeDefined()
      if (model.startsWith('openai/')) expect(quoteCandidate(prices, input(model, quality)).kind, model).toBe('priced')
    }
  })

  it('are compared by their lower bound, and never carried to another tier', () => {
    const bounds = qualityBounds(files.quality)
    expect(bounds.get('openai/gpt-image-2@high')).toBe(1164)
    expect(bounds.get('openai/gpt-image-2@low')).toBeUndefined()
    expect(floorScore(files.quality, 'standard')).toBe(1007)
    expect(floorScore(files.quality, 'openai/gpt-image-2@high')).toBe(1164)
    expect(floorScore(files.quality, 'openai/gpt-image-2@low')).toBeUndefined()
  })
})

describe('a folder that cannot be used is refused, naming the file', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prices-'))
  })
  afterAll(() => rm(folder, { recursive: true }))
  const refusal = (message: RegExp) =>
    expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(message) })

  it('when it is missing', async () => {
    await expect(loadPriceFiles(join(folder, 'none'))).rejects.toEqual(refusal(/cannot be read/))
  })
  it('when it is empty', async () => {
    await expect(loadPriceFiles(folder)).rejects.toEqual(refusal(/no price book/))
  })
  it('when a file is not JSON, or not a price book: every problem with its path', async () => {
    await writeFile(join(folder, 'acme.json'), '{')
    await expect(loadPriceFiles(folder)).rejects.toEqual(refusal(/acme.json:1:\d+: is not valid JSON/))
    await writeFile(
      join(folder, 'acme.json'),
      JSON.stringify({ provider: 'acme', unit: 'USD', extra: 1, skus: [{ rates: [{ meter: 'x', price: 1 }] }] }),
    )
    await expect(loadPriceFiles(folder)).rejects.toEqual(
      refusal(
        /acme.json:1:\d+: extra: unknown key.*\n.*source: missing\. Add it\.\n(.*\n)*.*acme.json:1:\d+: skus\[0\].rates\[0\].meter: expected one of/,
      ),
    )
  })
})
