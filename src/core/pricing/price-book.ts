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
  readonly region?: string
  readonly tier?: string
  /** The same weights elsewhere carry the same id, so that outliers can be found. */
  readonly weights?: string
  readonly rates: readonly Rate[]
  readonly adjustments?: readonly Adjustment[]
  readonly billedPolicy: BilledPolicy
  /** How much of a metered quantity one image takes, for quotes; settled prices use what the provider reports. */
  readonly estimates?: readonly Estimate[]
  readonly commitments?: readonly Commitment[]
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

export type Commitment =
  | {
      readonly kind: 'prepaidCredits'
      readonly lots: readonly { readonly amount: string; readonly expiresAt?: string }[]
      readonly appliesTo?: readonly string[]
    }
  | {
      readonly kind: 'minimumSpend'
      readonly amount: string
      readonly period: 'month' | 'contract'
      readonly overage?: string
      readonly appliesTo?: readonly string[]
    }
  | {
      readonly kind: 'reservedCapacity'
      readonly pricePerHour: string
      readonly units: string
      readonly appliesTo?: readonly string[]
    }
  | {
      readonly kind: 'batchPrepay'
      readonly minimumBatch: string
      readonly price: string
      readonly appliesTo?: readonly string[]
    }

/** Expected (and, where known, highest) quantity of a meter, before the call. */
export interface Estimate {
  readonly meter: Meter
  readonly when?: When
  readonly scope: 'image' | 'request'
  /**
   * `constant`: expected (min..max). `perMegapixel`: times output megapixels. `promptChars`: characters / divisor, rounded up.
   * `perInput`: times input images. `promptComplexity`: between min and max by the prompt's complexity (0..1).
   */
  readonly form: 'constant' | 'perMegapixel' | 'promptChars' | 'perInput' | 'promptComplexity'
  readonly expected: string
  readonly min?: string
  readonly max?: string
  readonly source: string
}

/** Dated conversions: USD per one unit of `currency`. */
export interface FxRate {
  readonly currency: string
  readonly usd: string
  readonly source: string
  readonly effectiveFrom: string
  readonly effectiveTo?: string
}
