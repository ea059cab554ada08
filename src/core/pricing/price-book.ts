/**
 * The shape of the price book (design section 6): dated rules with a source, composed, never enumerated. Files under
 * `prices/` and the operator's overlays (`providers.<name>.prices`) have this shape; `compile.ts` turns it into integers.
 */
import type { Operation, Quality } from '../request.ts'
import type { Meter } from '../usage.ts'

export interface PriceBook {
  /** The codec id this book belongs to. */
  readonly provider: string
  /** The unit prices are written in: `USD`, another ISO currency, or a credit unit declared in `creditUnit`. */
  readonly unit: string
  /** What one credit costs, for books written in credits. */
  readonly creditUnit?: { readonly price: string; readonly currency: string; readonly source: Source }
  readonly source: Source
  readonly skus: readonly Sku[]
  /** Models known to exist whose price is not known, so that a refusal can say why. */
  readonly unpriced?: readonly { readonly model: string; readonly reason: string }[]
}

export interface Source {
  readonly url: string
  /** How sure: the provider's own page / an independent one / computed from others / assumed. */
  readonly kind: 'official' | 'secondary' | 'derived' | 'assumption'
  /** ISO date. */
  readonly checkedAt: string
  readonly note?: string
}

export interface Sku {
  readonly id: string
  /** `publisher/name`, exact or with a trailing `*`. */
  readonly model: string
  /** Other names of the same product at the same price, such as dated snapshots; exact or with a trailing `*`. */
  readonly aliases?: readonly string[]
  /** Absent or `*`: any region. */
  readonly region?: string
  /** Absent: only offers without a service tier, because another tier is another price. `*`: any tier. */
  readonly tier?: string
  /** The same weights elsewhere carry the same id, so that outliers can be found. */
  readonly weights?: string
  /** ISO currency of its rates and adjustments, where it is not the book's unit: a provider may bill each region in its own. */
  readonly currency?: string
  readonly rates: readonly Rate[]
  readonly adjustments?: readonly Adjustment[]
  readonly billedPolicy: BilledPolicy
  /** How much of a metered quantity one image takes, for quotes; settled prices use what the provider reports. */
  readonly estimates?: readonly Estimate[]
  readonly commitments?: readonly Commitment[]
  /** Volume tiers and free units count together with the skus of the same account that name the same group; absent: alone. */
  readonly volumeGroup?: string
  /** Dates of the contract that `scope: contract` counts in, UTC; `to` is exclusive. Absent: all that the ledger knows. */
  readonly contract?: { readonly from: string; readonly to?: string }
  /** Own GPUs, instead of or beside `rates`: price by time, with the time from throughput. */
  readonly gpuPool?: GpuPool
  readonly retiredAt?: string
  readonly source?: Source
}

/** Conditions on the resolved candidate. A missing key matches anything; the rate with most matching keys wins. */
export interface When {
  readonly size?: string | readonly string[]
  readonly quality?: Quality | readonly Quality[]
  readonly operation?: Operation | readonly Operation[]
  readonly format?: string | readonly string[]
  readonly background?: 'transparent' | 'opaque'
  readonly style?: string
  readonly steps?: Range
  /** Output pixels of one image. */
  readonly pixels?: Range
  /** Input images of the request. */
  readonly inputs?: Range
  readonly negativePrompt?: boolean
  readonly mask?: boolean
  readonly stream?: boolean
}

/** Inclusive bounds. */
export interface Range {
  readonly min?: number
  readonly max?: number
}

export interface Rate {
  /** Unique in the file and never reused: charges name it. */
  readonly id: string
  readonly meter: Meter
  readonly when?: When
  /** Exact decimal in the book's unit, for `per` units of the meter. */
  readonly price: string
  /** Exact decimal quantity the price is for; `1` when absent. */
  readonly per?: string
  /** Quantity transforms, in this order: round up to a multiple, then at least `min`. Per image for `*.out` meters. */
  readonly roundUpTo?: string
  readonly min?: string
  /** The most one call can be billed for, with the reason; without it a metered quote has no maximum. */
  readonly maxQuantity?: { readonly perImage?: string; readonly perRequest?: string; readonly source: string }
  readonly tiers?: Tiers
  /** ISO dates, UTC; `effectiveTo` is exclusive. */
  readonly effectiveFrom: string
  readonly effectiveTo?: string
  readonly source?: Source
}

export interface Tiers {
  readonly mode: 'graduated' | 'volume'
  readonly scope: 'request' | 'month' | 'contract'
  /** Ascending; the first starts at 0. `price` replaces the rate's. */
  readonly steps: readonly { readonly from: string; readonly price: string }[]
}

export type Adjustment = { readonly id: string; readonly when?: When; readonly description: string } & (
  | { readonly kind: 'multiplier'; readonly factor: string }
  | { readonly kind: 'percent'; readonly percent: string }
  | { readonly kind: 'add'; readonly amount: string; readonly per: 'request' | 'image' }
  | { readonly kind: 'min'; readonly amount: string }
  | { readonly kind: 'max'; readonly amount: string }
  | {
      readonly kind: 'freeUnits'
      readonly meter: Meter
      readonly quantity: string
      readonly scope: 'request' | 'month' | 'contract'
    }
)

/** Share of the price that is billed for an attempt that ended this way: `1`, `0`, a decimal share, or `unknown`. */
export interface BilledPolicy {
  readonly success: BilledShare
  readonly refusedBefore: BilledShare
  readonly refusedAfter: BilledShare
  readonly providerError: BilledShare
  readonly timeout: BilledShare
  readonly cancelled: BilledShare
}
export type BilledShare = string

/**
 * What is paid whether it is used or not. It applies to its own sku, or to the models of `appliesTo` at the same account; two
 * of one `id` are one. What is beyond it costs what the rates say.
 */
export type Commitment = {
  /** Stable name of its lots in the ledger; absent: the sku's id and its place in the list. */
  readonly id?: string
  readonly appliesTo?: readonly string[]
} & (
  | { readonly kind: 'prepaidCredits'; readonly lots: readonly CreditLot[] }
  /** At least `amount` is paid per UTC month, or for the sku's `contract`. */
  | { readonly kind: 'minimumSpend'; readonly amount: string; readonly period: 'month' | 'contract' }
  /** `units` reserved, each making `perHour` of `meter` in an hour; paid by the started hour of the clock from `from` on. */
  | {
      readonly kind: 'reservedCapacity'
      readonly pricePerHour: string
      readonly units: string
      readonly meter: Meter
      readonly perHour: string
      readonly from: string
      readonly to?: string
    }
  /** `minimumBatch` units of `meter` (images.out when absent) bought at once for `price`. */
  | {
      readonly kind: 'batchPrepay'
      readonly minimumBatch: string
      readonly price: string
      readonly meter?: Meter
      readonly startsAt?: string
      readonly expiresAt?: string
    }
)

/** Credits bought at once: `amount` at the prices of the book, `paid` for it (the same when absent). */
export interface CreditLot {
  readonly id?: string
  readonly amount: string
  readonly paid?: string
  readonly startsAt?: string
  readonly expiresAt?: string
}

/** Self-hosted GPUs. Offers that name the same `id` at one account share them. */
export interface GpuPool {
  readonly id?: string
  /** Exactly one of the two, in the book's unit: what one GPU costs. */
  readonly pricePerGpuHour?: string
  readonly pricePerGpuSecond?: string
  /** `wallClock`: paid whether it works or not, from `from` on. `busy`: paid while it works. */
  readonly billing: 'wallClock' | 'busy'
  /** GPUs paid for; `wallClock` only. */
  readonly gpus?: string
  readonly from?: string
  readonly to?: string
  /** Most of the paid time that can make images, above 0 to 1; 1 when absent. */
  readonly utilisation?: string
  /** GPU seconds that each call takes besides making images. */
  readonly overheadSeconds?: string
  /** GPU seconds of a start, and the calls that share it. */
  readonly startUp?: { readonly seconds: string; readonly calls: string }
  /** Of one GPU; the most specific applies, and each names one of the two. */
  readonly throughput: readonly {
    readonly when?: When
    readonly imagesPerSecond?: string
    readonly megapixelsPerSecond?: string
  }[]
  /** Seconds after the call: what throughput says, the provider's figure, or the wall time of the call. `throughput` when absent. */
  readonly measure?: 'throughput' | 'provider' | 'wallTime'
  /** Longest that one call can be billed for, so that measured calls have a maximum price. */
  readonly maxSecondsPerCall?: string
}

/**
 * Expected (and, where known, lowest and highest) quantity of a meter, before the call. The most specific estimate of each
 * driver (image, prompt, inputs, partials) applies; drivers of one meter add up. `min` absent: nothing is promised (0);
 * `max` absent: unbounded, so the quote has no maximum unless the rate has a `maxQuantity`.
 */
export interface Estimate {
  readonly meter: Meter
  readonly when?: When
  /** `image`: per image asked for; `request`: once per call. */
  readonly scope: 'image' | 'request'
  readonly form: EstimateForm
  /** Units, a divisor or a grid, as the form says; `min` and `max` likewise. */
  readonly expected: string
  readonly min?: string
  readonly max?: string
  /** `aspectGrid` only: pixels added to the area, and the area one grid cell's unit stands for. */
  readonly areaOffset?: string
  readonly areaDivisor?: string
  readonly source: string
}

/**
 * `constant`: units. `perMegapixel`: times output megapixels. `promptComplexity`: from min to max by the prompt's complexity
 * (0..1); `expected` is the value in the middle. `aspectGrid`: a grid of g x round(g x short edge / long edge) cells, times
 * (areaOffset + pixels) / areaDivisor, rounded up; `expected` is g. `promptChars`, `promptBytes`: UTF-16 units or UTF-8
 * bytes of the prompt / divisor, rounded up. `perInput`: times input images. `perPartial`: times partial images of a stream.
 * `perCall`: units, once.
 */
export const estimateForms = {
  constant: 'image',
  perMegapixel: 'image',
  promptComplexity: 'image',
  aspectGrid: 'image',
  promptChars: 'prompt',
  promptBytes: 'prompt',
  perInput: 'inputs',
  perPartial: 'partials',
  perCall: 'call',
} as const satisfies Record<string, 'image' | 'prompt' | 'inputs' | 'partials' | 'call'>
export type EstimateForm = keyof typeof estimateForms

/** Dated conversions: USD per one unit of `currency`. */
export interface FxRate {
  readonly currency: string
  readonly usd: string
  readonly source: string
  readonly effectiveFrom: string
  readonly effectiveTo?: string
}
