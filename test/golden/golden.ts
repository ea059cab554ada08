/** Golden cases as they stand in cases.json, and what the product is asked for each. */
import { readFileSync } from 'node:fs'
import { loadPriceFiles } from '../../src/config/price-files.ts'
import { parseUsd } from '../../src/core/money.ts'
import type { CandidateSettings, Offer } from '../../src/core/offer.ts'
import type { CompiledPrices } from '../../src/core/pricing/compiled.ts'
import { compilePriceBooks, loadFx, loadPriceBook } from '../../src/core/pricing/index.ts'
import type { Lot } from '../../src/core/pricing/lots.ts'
import type { PricingInput, SettleInput } from '../../src/core/pricing/types.ts'
import { type ImageRequest, parseSize, type Size } from '../../src/core/request.ts'
import type { Meter, Usage } from '../../src/core/usage.ts'
import { capabilities, imageOf, requestOf } from '../support/pricing.ts'

export interface GoldenCase {
  readonly name: string
  /** `<provider>:<publisher>/<model>[+<tier>]`; the provider is the book's. */
  readonly offer: string
  readonly source: string
  /** ISO date the price is pinned at; 2026-11-22 when absent. */
  readonly at?: string
  readonly settings: Omit<Partial<CandidateSettings>, 'size'> & { readonly size: string }
  readonly request: Partial<Pick<ImageRequest, 'operation' | 'style' | 'negativePrompt' | 'stream' | 'partialImages'>> & {
    readonly inputs?: readonly string[]
    readonly mask?: boolean
  }
  /** Decimal text by meter. */
  readonly monthToDate?: Readonly<Partial<Record<Meter, string>>>
  readonly contractToDate?: Readonly<Partial<Record<Meter, string>>>
  /** Decimal texts: dollars, or units of the meter. */
  readonly lots?: readonly {
    readonly id: string
    readonly ends?: string
    readonly meter?: Meter
    readonly capacity: string
    readonly remaining: string
    readonly paid: string
  }[]
  /** What is spent beyond the lots. */
  readonly marginalNanoUsd?: string
  /** Absent: the case is a quote. */
  readonly settle?: Pick<SettleInput, 'outcome' | 'billed' | 'stage' | 'imagesMade' | 'answered' | 'reportedCost'> & {
    readonly usage?: Readonly<Partial<Record<Meter, string>>>
  }
  /** What settling answers, other than a charge. */
  readonly kind?: 'free' | 'unknown' | 'unpriced'
  readonly nanoUsd?: string
  /** Present where a quantity is estimated: dollars per million output tokens. */
  readonly perToken?: string
}

/** The packaged books, with the book of invented forms beside them. */
export async function goldenPrices(): Promise<CompiledPrices> {
  const packaged = await loadPriceFiles()
  const forms = JSON.parse(readFileSync(new URL('forms.json', import.meta.url), 'utf8'))
  const books = forms.books.map((book: unknown) => ({ book: loadPriceBook(book, 'forms.json'), hash: 'forms' }))
  return compilePriceBooks({
    books: [...packaged.books, ...books],
    fx: [...packaged.fx, ...loadFx({ rates: forms.fx }, 'forms.json')],
  })
}

/** An offer that can do anything, so that the price alone decides. */
export function goldenOffer(id: string): Offer {
  const [, provider = '', model = '', region, tier] = /^([^:]+):([^+@]+)(?:@([^+]+))?(?:\+(.+))?$/.exec(id) ?? []
  if (!model) throw new Error(`${id} is no offer id.`)
  return {
    id,
    provider,
    providerType: provider,
    model,
    wireModel: model,
    ...(region !== undefined && { region }),
    ...(tier !== undefined && { tier }),
    capabilities,
    sandbox: provider === 'sandbox',
  }
}

export function sizeOf(text: string): Size {
  const size = parseSize(text)
  if (!size) throw new Error(`${text} is no size.`)
  return size
}

export function pricingInputOf({ offer, at = '2026-11-22', settings, request, ...golden }: GoldenCase): PricingInput {
  const { inputs = [], mask, ...rest } = request
  const images = inputs.map((text) => imageOf(sizeOf(text).width, sizeOf(text).height))
  return {
    candidate: {
      offer: goldenOffer(offer),
      settings: { format: 'png', n: 1, ...settings, size: sizeOf(settings.size) },
    },
    request: requestOf({
      ...rest,
      prompt: 'a'.repeat(100),
      n: settings.n ?? 1,
      inputs: mask ? [...images, imageOf(512, 512, 'mask')] : images,
    }),
    promptComplexity: 0.5,
    atUs: Date.parse(`${at}T12:00:00Z`) * 1000,
    ...(golden.monthToDate && { monthToDate: usageOf(golden.monthToDate) }),
    ...(golden.contractToDate && { contractToDate: usageOf(golden.contractToDate) }),
    ...(golden.lots && { lots: golden.lots.map(lotOf) }),
  }
}

export function settleInputOf(golden: GoldenCase): SettleInput {
  const { usage, ...settle } = golden.settle ?? { outcome: 'succeeded', billed: 'yes' }
  return { ...pricingInputOf(golden), ...settle, ...(usage && { usage: usageOf(usage) }) }
}

function lotOf({ id, ends, meter, capacity, remaining, paid }: NonNullable<GoldenCase['lots']>[number]): Lot {
  const units = (text: string): bigint => (meter === undefined ? parseUsd(text) : (usageOf({ [meter]: text })[meter] ?? 0n))
  return {
    id,
    kind: meter === undefined ? 'prepaidCredits' : 'reservedCapacity',
    startsUs: 0,
    expiresUs: ends === undefined ? null : Date.parse(ends) * 1000,
    meter: meter ?? null,
    capacity: units(capacity),
    remaining: units(remaining),
    paidNanoUsd: parseUsd(paid),
  }
}

/** Micro-units of decimal texts with at most six decimals. */
function usageOf(texts: Readonly<Partial<Record<Meter, string>>>): Usage {
  const entries = Object.entries(texts).map(([meter, text]) => {
    const [whole = '0', decimals = ''] = text.split('.')
    return [meter, BigInt(whole + decimals.padEnd(6, '0'))]
  })
  return Object.fromEntries(entries)
}
