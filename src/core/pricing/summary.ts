/** Prices in a line for people, and how old they are. */
import { formatUsd, type NanoUsd } from '../money.ts'
import type { Candidate, Offer } from '../offer.ts'
import type { ImageRequest, Size } from '../request.ts'
import type { Meter } from '../usage.ts'
import type { CompiledPrices } from './compiled.ts'
import { ageInDays } from './dates.ts'
import { quoteCandidate } from './quote.ts'
import { findSku } from './rules.ts'

/** A price whose source nobody looked at for longer is stale, and says so wherever it is shown. */
export const STALE_AFTER_DAYS = 45

export type PriceForm = 'image' | 'megapixel' | 'token' | 'request' | 'step' | 'time' | 'credit' | 'mixed'

export interface RateSummary {
  /** `$0.006-$0.211 per image, metered by tokens`. */
  readonly text: string
  readonly form: PriceForm
  /** Cheapest and dearest expected price of one image over the offer's own qualities and listed sizes. */
  readonly fromNanoUsd: NanoUsd
  readonly toNanoUsd: NanoUsd
  readonly checkedAt: string
}

const forms: Readonly<Record<string, PriceForm>> = {
  images: 'image',
  megapixels: 'megapixel',
  tokens: 'token',
  requests: 'request',
  steps: 'step',
  gpu: 'time',
  compute: 'time',
  credits: 'credit',
}

const formWords: Readonly<Record<PriceForm, string>> = {
  image: '',
  megapixel: ', by megapixels',
  token: ', metered by tokens',
  request: ', per call',
  step: ', by steps',
  time: ', by compute time',
  credit: ', in credits',
  mixed: ', by several meters',
}

/** What one image costs at an offer, from its cheapest to its dearest setting; undefined when it is unpriced. */
export function rateSummary(prices: CompiledPrices, offer: Offer, atUs: number): RateSummary | undefined {
  const { sku } = findSku(prices, offer)
  if (!sku) return undefined
  let from: NanoUsd | undefined
  let to: NanoUsd | undefined
  let checkedAt = sku.checkedAt
  for (const candidate of typicalCandidates(offer)) {
    const quote = quoteCandidate(prices, { candidate, request: plainRequest(offer), promptComplexity: 0.5, atUs })
    if (quote.kind === 'unpriced') continue
    const amount = quote.expectedNanoUsd
    if (from === undefined || amount < from) from = amount
    if (to === undefined || amount > to) to = amount
    if (quote.checkedAt < checkedAt) checkedAt = quote.checkedAt
  }
  if (from === undefined || to === undefined) return undefined
  const form = formOf([...sku.rates.keys()])
  const range = from === to ? `$${shortUsd(from)}` : `$${shortUsd(from)}-$${shortUsd(to)}`
  return { text: `${range} per image${formWords[form]}`, form, fromNanoUsd: from, toNanoUsd: to, checkedAt }
}

function formOf(meters: readonly Meter[]): PriceForm {
  const found = new Set(meters.map((meter) => forms[meter.split('.')[0] ?? ''] ?? 'mixed'))
  const [only = 'mixed', another] = found
  return another ? 'mixed' : only
}

/** Two significant digits below a cent, tenths of a cent above: enough to compare. */
function shortUsd(amount: NanoUsd): string {
  const step = amount < 10_000_000n ? 10_000n : 1_000_000n
  const rounded = ((amount + step / 2n) / step) * step
  return formatUsd(rounded, 2)
}

function typicalCandidates(offer: Offer): Candidate[] {
  const { capabilities } = offer
  const sizes: readonly Size[] = capabilities.sizes.kind === 'list' ? capabilities.sizes.sizes : [capabilities.defaultSize]
  const qualities = capabilities.qualities.length > 0 ? capabilities.qualities : [undefined]
  const steps = capabilities.steps && { steps: capabilities.steps.default }
  return sizes.flatMap((size) =>
    qualities.map((quality) => ({
      offer,
      settings: { size, n: 1, format: capabilities.defaultFormat, ...(quality && { quality }), ...steps },
      warnings: [],
    })),
  )
}

/** A plain generation with a prompt of a hundred characters. */
const plainRequest = (offer: Offer): ImageRequest => ({
  operation: 'generate',
  model: offer.model,
  prompt: 'a'.repeat(100),
  n: 1,
  inputs: [],
  stream: false,
  partialImages: 0,
  responseFormat: 'b64_json',
  attribution: { tags: {} },
  extraBody: {},
})

export interface BookAge {
  readonly provider: string
  /** ISO date of the oldest source in the book. */
  readonly checkedAt: string
  readonly ageDays: number
  readonly stale: boolean
}

/** How long ago each book's oldest source was checked, oldest first; `stale` past `maxAgeDays`. */
export function staleness(prices: CompiledPrices, atUs: number, maxAgeDays = STALE_AFTER_DAYS): BookAge[] {
  return [...prices.books.values(), ...prices.overlays.values()]
    .map(({ provider, checkedAt }) => {
      const ageDays = ageInDays(checkedAt, atUs)
      return { provider, checkedAt, ageDays, stale: ageDays > maxAgeDays }
    })
    .sort((a, b) => b.ageDays - a.ageDays)
}
