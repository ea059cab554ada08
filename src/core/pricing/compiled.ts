/** The price book as integers: what `compilePriceBooks` makes and every other pricing function reads. */
import type { NanoUsd } from '../money.ts'
import type { ChargeLine } from '../outcome.ts'
import type { Meter, Quantity } from '../usage.ts'
import type { Fraction } from './fraction.ts'
import type { Facts } from './match.ts'
import type { BilledPolicy, Commitment, EstimateForm, Sku, When } from './price-book.ts'
import type { PricedOffer, PricedQuote, PricedRequest, Unpriced } from './types.ts'

export interface CompiledPrices {
  /** Fingerprint of all books, overlays and conversions together. */
  readonly hash: string
  /** By codec id. */
  readonly books: ReadonlyMap<string, CompiledBook>
  /** By configured provider name; an overlay's sku replaces the book's for the models it matches. */
  readonly overlays: ReadonlyMap<string, CompiledBook>
  readonly fx: FxTable
  /** Resolved rules, kept between calls; owned by this object. */
  readonly memo: PriceMemo
}

export interface CompiledBook {
  readonly provider: string
  readonly hash: string
  readonly unit: string
  /** Conversion of the book's own unit, for costs that the provider reports in it. */
  readonly unitPrice: UnitPrice
  /** Best match first. */
  readonly skus: readonly CompiledSku[]
  readonly unpriced: readonly { readonly model: string; readonly reason: string }[]
  /** ISO date of the oldest source in it. */
  readonly checkedAt: string
}

/** What one unit of a book is: a currency, or a credit with its price in a currency. */
export interface UnitPrice {
  readonly unit: string
  readonly currency: string
  /** Currency per unit; 1 for a currency. */
  readonly price: Fraction
  readonly source: string
}

export interface CompiledSku {
  readonly id: string
  readonly model: string
  readonly region: string | undefined
  readonly tier: string | undefined
  /** In book order, grouped by meter; rates of other conditions and dates included. */
  readonly rates: ReadonlyMap<Meter, readonly CompiledRate[]>
  readonly adjustments: readonly CompiledAdjustment[]
  readonly estimates: ReadonlyMap<Meter, readonly CompiledEstimate[]>
  readonly billedPolicy: BilledPolicy
  /** They pay for charges; they are not part of them. */
  readonly commitments: readonly Commitment[]
  readonly contract: Sku['contract']
  /** What its volumes are counted under, at each account. */
  readonly volumeScope: string
  /** First instant of the contract; 0 where none is dated. */
  readonly contractFromUs: number
  /** Some price of it depends on what was bought before. */
  readonly byVolume: boolean
  /** Some price of it depends on how much one call makes: pictures may cost less in calls of their own. */
  readonly byCall: boolean
  /** The wall time of a call stands for its GPU seconds. */
  readonly wallTime: boolean
  readonly retiredAt: string | undefined
  /** Every instant at which a price of this sku changes, ascending, microseconds UTC. */
  readonly boundariesUs: readonly number[]
  readonly checkedAt: string
  readonly book: string
}

/** A rate during one span of one conversion. */
export interface CompiledRate {
  readonly id: string
  readonly meter: Meter
  readonly when: CompiledWhen
  readonly fromUs: number
  readonly toUs: number
  /** Native amount of a quantity q: `q x native.n / native.d` in the book's unit; with tiers, `native.n` is the first tier's. */
  readonly native: Fraction
  /** Decimals that write the native amount exactly; undefined = does not end. */
  readonly nativeScale: number | undefined
  readonly nativeUnit: string
  /** Undefined: no conversion covers this span, so nothing priced by it can be quoted. */
  readonly conversion: Conversion | undefined
  readonly roundUpTo: bigint | undefined
  readonly min: bigint | undefined
  /** Transforms and `maxQuantity` apply to each image rather than to the whole. */
  readonly perImage: boolean
  readonly maxPerImage: bigint | undefined
  readonly maxPerRequest: bigint | undefined
  readonly tiers: CompiledTiers | undefined
  readonly checkedAt: string
  readonly book: string
  /** `$0.053` or `$30 per 1000000`, for descriptions. */
  readonly priceText: string
}

export interface Conversion {
  /** `amountNano = halfEven(nativeNumerator x nano.n / nano.d)`, the native denominator included. */
  readonly nano: Fraction
  /** `nano` times the linear price, as safe integers; 0 where they are not safe. */
  readonly fastN: number
  readonly fastD: number
  readonly rateText: string
  readonly source: string
}

export interface CompiledTiers {
  readonly mode: 'graduated' | 'volume'
  readonly scope: 'request' | 'month' | 'contract'
  /** Ascending from 0; `n` shares the rate's native denominator. */
  readonly steps: readonly { readonly from: bigint; readonly n: bigint }[]
}

export interface CompiledEstimate {
  readonly meter: Meter
  readonly when: CompiledWhen
  readonly form: EstimateForm
  readonly driver: 'image' | 'prompt' | 'inputs' | 'partials' | 'call'
  readonly perImage: boolean
  /** Micro-units. */
  readonly expected: number
  readonly min: number | undefined
  readonly max: number | undefined
  readonly areaOffset: number
  readonly areaDivisor: number
  readonly source: string
}

export interface CompiledWhen {
  readonly when: When
  /** Number of conditions: the more, the more specific. */
  readonly keys: number
}

export type CompiledAdjustment = {
  readonly id: string
  readonly description: string
  readonly when: CompiledWhen
  readonly book: string
} & (
  | { readonly kind: 'multiplier' | 'percent' /** Added to the total: factor - 1, or percent / 100. */; readonly share: Fraction }
  | { readonly kind: 'add'; readonly amount: CompiledAmount; readonly per: 'request' | 'image' }
  | { readonly kind: 'min' | 'max'; readonly amount: CompiledAmount }
  | {
      readonly kind: 'freeUnits'
      readonly meter: Meter
      readonly quantity: bigint
      readonly scope: 'request' | 'month' | 'contract'
    }
)

/** A fixed amount in the book's unit, with the conversions that apply over time. */
export interface CompiledAmount {
  readonly native: Fraction
  readonly unit: UnitPrice
}

export interface FxTable {
  readonly byCurrency: ReadonlyMap<string, readonly FxSpan[]>
}

export interface FxSpan {
  readonly fromUs: number
  readonly toUs: number
  /** USD per unit. */
  readonly usd: Fraction
  readonly text: string
  readonly source: string
}

/** What was worked out before, so that ranking hundreds of candidates touches only what the prompt changes. */
export interface PriceMemo {
  readonly offers: WeakMap<PricedOffer, OfferMemo>
  readonly requests: WeakMap<PricedRequest, RequestFacts>
}

export interface OfferMemo {
  readonly book: CompiledBook | undefined
  readonly sku: CompiledSku | undefined
  /** Buckets by a small hash of the settings. */
  readonly rules: Map<number, CandidateRules[]>
}

/** What a request alone says. */
export interface RequestFacts {
  readonly promptChars: number
  readonly promptBytes: number
  /** Images and references. */
  readonly inputs: number
  readonly inputPixels: number
  readonly mask: boolean
  readonly negativePrompt: boolean
  /** Partial images asked for; 0 without a stream. */
  readonly partials: number
}

/** Everything that prices one candidate, apart from what the prompt, input sizes and volume to date change. */
export interface CandidateRules {
  readonly facts: Facts
  readonly partials: number
  /** Valid for prices pinned in [fromUs, toUs). */
  readonly fromUs: number
  readonly toUs: number
  readonly book: CompiledBook
  readonly sku: CompiledSku
  /** One per meter that is charged for. */
  readonly parts: readonly Part[]
  readonly adjustments: readonly CompiledAdjustment[]
  /** Why this candidate cannot be quoted; settling may still be possible. */
  readonly problem: Unpriced | undefined
  readonly checkedAt: string
  /** Sums over the fixed parts: expected, lowest, and highest where it is known. */
  readonly fixedNano: NanoUsd
  readonly fixedMinNano: NanoUsd
  readonly fixedMaxNano: NanoUsd | null
  readonly dynamicParts: readonly Part[]
  /** A part depends on the prompt or on the pixels of the inputs, so that every request has a price of its own. */
  readonly byRequest: boolean
  /** Parts and adjustments depend on the settings alone, so that one quote answers every request. */
  readonly fixed: boolean
  /** That quote, once it was asked for. */
  fixedQuote: PricedQuote | undefined
  /** What was bought before, as far as the price depends on it: of the parts, then of the adjustments. */
  readonly counts: readonly VolumeCount[]
  /** The last totals at some volume bought before, and at none, where nothing else changes them. */
  atVolume: VolumeTotals | undefined
  atNone: VolumeTotals | undefined
}

/** Volumes of one meter in the month or the contract. */
export interface VolumeCount {
  readonly scope: 'month' | 'contract'
  readonly meter: Meter
}

export interface VolumeTotals {
  /** By the rules' counts. */
  readonly volumes: readonly Quantity[]
  readonly totals: Pick<PricedQuote, 'kind' | 'minNanoUsd' | 'expectedNanoUsd' | 'maxNanoUsd'>
}

export interface Part {
  readonly meter: Meter
  readonly rate: CompiledRate
  /** Best match of each driver; empty for meters that are counted rather than estimated. */
  readonly estimates: readonly CompiledEstimate[]
  /** Why the quantity is not certain; said when minimum and maximum differ. */
  readonly spread: string | undefined
  /** Present when neither prompt, input sizes nor volume to date change it. */
  readonly fixed: FixedPart | undefined
}

/** Quantities after the rate's transforms, and their price. */
export interface FixedPart {
  readonly low: Quantity
  readonly expected: Quantity
  /** null: no bound is known. */
  readonly high: Quantity | null
  readonly expectedNano: NanoUsd
  readonly minNano: NanoUsd
  readonly maxNano: NanoUsd | null
  readonly line: ChargeLine
}
