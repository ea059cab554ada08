/** The shipped prices as data: what a picture costs, against its source, against common sense and against other hosts. */
import { beforeAll, describe, expect, it } from 'vitest'
import { loadPriceFiles, type PriceFiles } from '../../src/config/price-files.ts'
import type { CandidateSettings } from '../../src/core/offer.ts'
import type { CompiledPrices } from '../../src/core/pricing/compiled.ts'
import { compilePriceBooks, expectedTotal, quoteCandidate } from '../../src/core/pricing/index.ts'
import { modelMatches } from '../../src/core/pricing/match.ts'
import type { PriceBook, Sku } from '../../src/core/pricing/price-book.ts'
import type { Quality } from '../../src/core/request.ts'
import { imageOf, inputOf, offerOf } from '../support/pricing.ts'

let files: PriceFiles
let prices: CompiledPrices
let books: readonly PriceBook[]
beforeAll(async () => {
  files = await loadPriceFiles()
  prices = compilePriceBooks(files)
  books = files.books.map(({ book }) => book)
})

interface Picture extends Partial<CandidateSettings> {
  /** Input pictures of 1024 x 1024. */
  readonly inputs?: number
  readonly region?: string
  readonly tier?: string
}

function pictureOf(provider: string, model: string, { inputs = 0, region, tier, ...settings }: Picture) {
  return inputOf({
    offer: offerOf(model, provider, { ...(region !== undefined && { region }), ...(tier !== undefined && { tier }) }),
    settings,
    request: {
      operation: inputs > 0 ? 'edit' : 'generate',
      prompt: 'a red fox in the snow, oil on canvas',
      inputs: Array.from({ length: inputs }, () => imageOf(1024, 1024)),
    },
  })
}

const square = (edge: number) => ({ size: { width: edge, height: edge } })

describe('a picture costs what the source says', () => {
  it.each<[string, string, Picture, bigint]>([
    ['stability', 'stability-ai/stable-image-ultra', {}, 80_000_000n],
    ['stability', 'stability-ai/upscale-conservative', { inputs: 1 }, 400_000_000n],
    ['black-forest-labs', 'black-forest-labs/flux.2-pro', {}, 30_000_000n],
    ['black-forest-labs', 'black-forest-labs/flux.2-pro', { inputs: 1 }, 45_000_000n],
    ['black-forest-labs', 'black-forest-labs/flux.2-pro', square(2048), 75_000_000n],
    ['black-forest-labs', 'black-forest-labs/flux.2-klein-9b', { size: { width: 1440, height: 1024 } }, 17_000_000n],
    ['replicate', 'black-forest-labs/flux.2-pro', {}, 30_000_000n],
    ['replicate', 'black-forest-labs/flux.1-schnell', { n: 4 }, 12_000_000n],
    ['fal', 'black-forest-labs/flux.1-dev', square(1280), 50_000_000n],
    ['together', 'alibaba/qwen-image-2.0-pro', {}, 75_000_000n],
    ['fireworks', 'black-forest-labs/flux.1-dev', { steps: 28 }, 14_000_000n],
    ['deepinfra', 'black-forest-labs/flux.1-schnell', { steps: 4 }, 2_000_000n],
    ['deepinfra', 'black-forest-labs/flux.2-dev', { steps: 28, ...square(512) }, 2_500_000n],
    ['cloudflare', 'black-forest-labs/flux.1-schnell', { steps: 4 }, 633_600n],
    ['cloudflare', 'black-forest-labs/flux.2-klein-9b', square(2048), 21_000_000n],
    ['luma', 'luma/uni-1', { inputs: 6, ...square(2048) }, 58_400_000n],
    ['byteplus', 'bytedance/seedream-5.0-pro', { inputs: 3 }, 51_000_000n],
    ['byteplus', 'bytedance/seedream-5.0-pro', square(2048), 90_000_000n],
    ['dashscope', 'alibaba/qwen-image-plus', { region: 'cn-beijing' }, 30_000_000n],
    ['dashscope', 'alibaba/qwen-image-2.0', { region: 'ap-southeast-1' }, 35_000_000n],
    ['recraft', 'recraft/recraft-v4.1-flash', {}, 7_000_000n],
    ['ideogram', 'ideogram/ideogram-4.5', { quality: 'high' }, 100_000_000n],
    ['xai', 'xai/grok-imagine-image-quality', { inputs: 1, ...square(2048) }, 80_000_000n],
    ['bedrock', 'stability-ai/upscale-fast', { inputs: 1 }, 30_000_000n],
    // 9 tokens of text, the tokens of a 4K picture, 250 tokens beside it.
    ['google', 'google/gemini-3-pro-image', square(4096), 18_000n + 240_000_000n + 3_000_000n],
    ['google', 'google/gemini-3-pro-image', { tier: 'batch', ...square(4096) }, (18_000n + 240_000_000n + 3_000_000n) / 2n],
    ['fal', 'microsoft/mai-image-2.7', {}, 45_000n + 34_816_000n],
    ['black-forest-labs', 'black-forest-labs/flux.2-max', square(2048), 160_000_000n],
    ['black-forest-labs', 'black-forest-labs/flux.2-max', { inputs: 3 }, 130_000_000n],
    ['black-forest-labs', 'black-forest-labs/flux.2-klein-4b', { ...square(2048), inputs: 4 }, 17_000_000n],
    ['runware', 'xai/grok-imagine-image', { inputs: 1 }, 22_000_000n],
  ])('%s %s %j', (provider, model, picture, nanoUsd) => {
    expect(expectedTotal(prices, pictureOf(provider, model, picture))).toBe(nanoUsd)
  })

  it.each<[string, string, Picture]>([
    ['runware', 'black-forest-labs/flux.2-max', square(2048)],
    ['black-forest-labs', 'black-forest-labs/flux.3-image', {}],
    ['xai', 'xai/grok-imagine-image-2.0', { quality: 'low', ...square(1536) }],
    ['fal', 'google/gemini-3-pro-image', square(4096)],
    ['azure-openai', 'microsoft/mai-image-2.6-flash', {}],
    ['google', 'google/gemini-nano-banana-2.1', { tier: 'priority' }],
    ['leonardo', 'leonardo/phoenix-1.0', {}],
    ['midjourney', 'midjourney/pro-plan', {}],
    ['tokenmix', 'openai/gpt-image-2', {}],
  ])('%s %s %j has no known price, and says so', (provider, model, picture) => {
    const quote = quoteCandidate(prices, pictureOf(provider, model, picture))
    expect(quote).toMatchObject({ kind: 'unpriced', reason: expect.stringMatching(/\w/) })
  })
})

/** One default picture for each quality, and each number of steps, that the sku tells apart. */
function defaultPictures({ rates, estimates = [], region, tier }: Sku): Picture[] {
  const conditions = [...rates, ...estimates].map(({ when }) => when)
  const qualities = new Set(conditions.flatMap((when) => when?.quality ?? []))
  const steps = new Set(conditions.flatMap((when) => when?.steps?.min ?? []))
  if (steps.size === 0 && rates.some(({ meter }) => meter === 'steps')) steps.add(28)
  const named = (place: string | undefined): place is string => place !== undefined && place !== '*'
  const withTier = { ...(named(region) && { region }), ...(named(tier) && { tier }) }
  return [...(qualities.size > 0 ? qualities : [undefined])].flatMap((quality?: Quality) =>
    [...(steps.size > 0 ? steps : [undefined])].map((count) => ({
      ...withTier,
      ...(quality && { quality }),
      ...(count !== undefined && { steps: count }),
    })),
  )
}

const sold = (book: PriceBook): readonly Sku[] =>
  book.skus.filter(({ retiredAt, rates }) => retiredAt === undefined && rates.length > 0)

/** Dollars; undefined where the sku has no price for the picture. */
function dollars(provider: string, { model }: Sku, picture: Picture): number | undefined {
  const total = expectedTotal(prices, pictureOf(provider, model, picture))
  return total === undefined ? undefined : Number(total) / 1e9
}

describe('every model on sale', () => {
  it('takes between $0.0001 and $2 for one default picture', () => {
    const odd = books.flatMap((book) =>
      sold(book).flatMap((sku) =>
        defaultPictures(sku).flatMap((picture) => {
          const price = dollars(book.provider, sku, picture)
          const plausible = price !== undefined && price >= 0.0001 && price <= 2
          return plausible ? [] : [`${book.provider}: ${sku.id} ${JSON.stringify(picture)} ${price}`]
        }),
      ),
    )
    expect(odd).toEqual([])
  })

  it('is within 8 times the middle price of the same weights elsewhere, or its note says that it is an outlier', () => {
    const groups = new Map<string, { name: string; price: number; note: string }[]>()
    for (const book of books) {
      for (const sku of sold(book)) {
        if (sku.weights === undefined || sku.tier !== undefined) continue
        for (const picture of defaultPictures(sku)) {
          const price = dollars(book.provider, sku, picture)
          if (price === undefined) continue
          const key = `${sku.weights} ${picture.quality ?? ''}`
          const note = (sku.source ?? book.source).note ?? ''
          groups.set(key, [...(groups.get(key) ?? []), { name: `${book.provider}: ${sku.id}`, price, note }])
        }
      }
    }
    const compared = [...groups.values()].filter((group) => group.length > 1)
    expect(compared.length).toBeGreaterThan(40)
    const unexplained = compared.flatMap((group) =>
      group.flatMap((row) => {
        const others = group.filter((other) => other !== row).map(({ price }) => price)
        const ratio = row.price / median(others)
        return (ratio > 8 || ratio < 1 / 8) && !/outlier/i.test(row.note) ? [`${row.name} ${ratio.toFixed(3)}`] : []
      }),
    )
    expect(unexplained).toEqual([])
  })
})

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

describe('the book as a whole', () => {
  it('holds at least 400 rates of at least 28 real providers, and none is checked in the future', () => {
    const real = books.filter(({ provider, skus }) => provider !== 'sandbox' && skus.some(({ rates }) => rates.length > 0))
    expect(real.length).toBeGreaterThanOrEqual(28)
    const checked = real.flatMap((book) =>
      book.skus.flatMap((sku) => sku.rates.map((rate) => (rate.source ?? sku.source ?? book.source).checkedAt)),
    )
    expect(checked.length).toBeGreaterThanOrEqual(400)
    expect(checked.filter((date) => date > '2026-11-22')).toEqual([])
  })

  it('declares no model unpriced that it prices, except where it prices one region alone', () => {
    const both = books.flatMap(({ provider, skus, unpriced = [] }) =>
      skus
        .filter(({ rates, region = '*' }) => rates.length > 0 && region === '*')
        .flatMap(({ model, aliases = [] }) => [model, ...aliases])
        .filter((name) => unpriced.some((entry) => modelMatches(entry.model, name)))
        .map((name) => `${provider}: ${name}`),
    )
    expect(both).toEqual([])
  })

  it('names models as publisher/name in lower case', () => {
    const names = books.flatMap(({ skus }) => skus.flatMap(({ model, aliases = [] }) => [model, ...aliases]))
    expect(names.filter((name) => !/^[a-z0-9-]+\/[a-z0-9.@:_-]+\*?$/.test(name))).toEqual([])
  })
})
