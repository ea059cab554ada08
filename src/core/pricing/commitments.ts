/** The operator's commitments as lots: which exist at an instant, and which a call may draw on. */
import { periodEndUs, periodStartUs } from '../budget/period.ts'
import { divideHalfEven, NANO_PER_USD, type NanoUsd, parseDecimal } from '../money.ts'
import { type Meter, MICRO } from '../usage.ts'
import type { CompiledBook, CompiledPrices, CompiledSku } from './compiled.ts'
import { dateUs } from './dates.ts'
import { type Fraction, fromDecimal, multiply } from './fraction.ts'
import { unitRateAt } from './fx.ts'
import type { Lot } from './lots.ts'
import { modelMatches } from './match.ts'
import type { Commitment } from './price-book.ts'
import type { PricedOffer } from './types.ts'

/** A commitment of one account, with where it applies. */
export interface AccountCommitment {
  /** Unique over all accounts; lots carry it. */
  readonly id: string
  /** Configured provider. */
  readonly provider: string
  readonly terms: Commitment
  /** Patterns of models. */
  readonly models: readonly string[]
  readonly contract: CompiledSku['contract']
  readonly book: CompiledBook
}

/** A lot that should exist: what the ledger makes where it is not there yet. */
export interface DueLot extends Omit<Lot, 'remaining'> {
  readonly provider: string
  readonly commitment: string
  readonly nativeAmount: string
  readonly nativeUnit: string
}

const HOUR_US = 3_600_000_000

/** Commitments are the operator's: those of shipped books describe plans that nobody here has signed. */
export function commitmentsOf({ overlays }: CompiledPrices): readonly AccountCommitment[] {
  const found = new Map<string, AccountCommitment>()
  for (const [provider, book] of overlays) {
    for (const sku of book.skus) {
      for (const [index, terms] of sku.commitments.entries()) {
        const id = `${provider}/${terms.id ?? `${sku.id}/${index + 1}`}`
        const known = found.get(id)
        const models = [...(known?.models ?? []), ...(terms.appliesTo ?? [sku.model])]
        found.set(id, { id, provider, terms: known?.terms ?? terms, models, contract: sku.contract, book })
      }
    }
  }
  return [...found.values()]
}

/** Ids of the commitments that may pay for a call at an offer. */
export const commitmentsFor = (commitments: readonly AccountCommitment[], offer: PricedOffer): readonly string[] =>
  commitments
    .filter(({ provider, models }) => provider === offer.provider && models.some((model) => modelMatches(model, offer.model)))
    .map(({ id }) => id)

/**
 * The lots of a commitment whose time begins before `untilUs` and, for periods, ends after `sinceUs`. Empty where the book's
 * unit has no conversion at the start.
 */
export function lotsDue(
  commitment: AccountCommitment,
  prices: CompiledPrices,
  { sinceUs, untilUs }: { readonly sinceUs: number; readonly untilUs: number },
): readonly DueLot[] {
  const { terms, contract } = commitment
  switch (terms.kind) {
    case 'prepaidCredits':
      return terms.lots.flatMap(({ id, amount, paid = amount, startsAt, expiresAt }, index) => {
        const span = { startsUs: startOf(startsAt), expiresUs: endOf(expiresAt) }
        return moneyLot(commitment, prices, { name: id ?? String(index + 1), amount, paid, ...span })
      })
    case 'batchPrepay': {
      const { minimumBatch, price, meter = 'images.out', startsAt, expiresAt } = terms
      const span = { startsUs: startOf(startsAt), expiresUs: endOf(expiresAt) }
      return meterLot(commitment, prices, {
        name: 'batch',
        meter,
        capacity: fraction(minimumBatch),
        paid: fraction(price),
        ...span,
      })
    }
    case 'minimumSpend': {
      const { amount } = terms
      return spansOf(terms.period, contract, { sinceUs, untilUs }).flatMap((span) =>
        moneyLot(commitment, prices, { name: nameOf(span.startsUs), amount, paid: amount, ...span }),
      )
    }
    case 'reservedCapacity':
      return hoursOf(startOf(terms.from), endOf(terms.to), { sinceUs, untilUs }).flatMap((startsUs) => {
        const units = fraction(terms.units)
        return meterLot(commitment, prices, {
          name: nameOf(startsUs),
          meter: terms.meter,
          capacity: multiply(units, fraction(terms.perHour)),
          paid: multiply(units, fraction(terms.pricePerHour)),
          startsUs,
          expiresUs: startsUs + HOUR_US,
        })
      })
  }
}

const fraction = (text: string): Fraction => fromDecimal(parseDecimal(text))
const startOf = (date: string | undefined): number => (date === undefined ? 0 : (dateUs(date) ?? 0))
const endOf = (date: string | undefined): number | null => (date === undefined ? null : (dateUs(date) ?? null))
const nameOf = (startUs: number): string => new Date(startUs / 1_000).toISOString().slice(0, 13)

interface Window {
  readonly sinceUs: number
  readonly untilUs: number
}
interface Span {
  readonly startsUs: number
  readonly expiresUs: number | null
}

function spansOf(period: 'month' | 'contract', contract: CompiledSku['contract'], { sinceUs, untilUs }: Window): Span[] {
  const begins = startOf(contract?.from)
  const ends = endOf(contract?.to) ?? Number.POSITIVE_INFINITY
  if (period === 'contract') return [{ startsUs: begins, expiresUs: endOf(contract?.to) }]
  const spans: Span[] = []
  let start = periodStartUs('month', Math.max(sinceUs, begins))
  while (start < Math.min(untilUs, ends)) {
    const end = periodEndUs('month', start) ?? ends
    spans.push({ startsUs: start, expiresUs: end })
    start = end
  }
  return spans
}

function hoursOf(fromUs: number, toUs: number | null, { sinceUs, untilUs }: Window): number[] {
  const hours: number[] = []
  const end = Math.min(untilUs, toUs ?? Number.POSITIVE_INFINITY)
  for (let hour = Math.floor(Math.max(fromUs, sinceUs) / HOUR_US) * HOUR_US; hour < end; hour += HOUR_US) hours.push(hour)
  return hours
}

interface LotTerms extends Span {
  readonly name: string
}

function moneyLot(
  commitment: AccountCommitment,
  prices: CompiledPrices,
  { name, amount, paid, ...span }: LotTerms & { readonly amount: string; readonly paid: string },
): DueLot[] {
  const capacity = nanoOf(commitment, prices, fraction(amount), span.startsUs)
  const paidNanoUsd = nanoOf(commitment, prices, fraction(paid), span.startsUs)
  if (capacity === undefined || paidNanoUsd === undefined || capacity === 0n) return []
  return [
    {
      ...baseOf(commitment, name),
      ...span,
      meter: null,
      capacity,
      paidNanoUsd,
      nativeAmount: amount,
      nativeUnit: commitment.book.unit,
    },
  ]
}

function meterLot(
  commitment: AccountCommitment,
  prices: CompiledPrices,
  {
    name,
    meter,
    capacity,
    paid,
    ...span
  }: LotTerms & { readonly meter: Meter; readonly capacity: Fraction; readonly paid: Fraction },
): DueLot[] {
  const paidNanoUsd = nanoOf(commitment, prices, paid, span.startsUs)
  const quantity = (capacity.n * MICRO) / capacity.d
  if (paidNanoUsd === undefined || quantity === 0n) return []
  const nativeAmount = String(Number(capacity.n) / Number(capacity.d))
  return [{ ...baseOf(commitment, name), ...span, meter, capacity: quantity, paidNanoUsd, nativeAmount, nativeUnit: meter }]
}

const baseOf = ({ id, provider, terms }: AccountCommitment, name: string) => ({
  id: `${id}/${name}`,
  provider,
  commitment: id,
  kind: terms.kind,
})

function nanoOf({ book }: AccountCommitment, prices: CompiledPrices, amount: Fraction, atUs: number): NanoUsd | undefined {
  const rate = unitRateAt(prices.fx, book.unitPrice, atUs)
  if (!rate) return undefined
  const usd = multiply(amount, rate.usd)
  return divideHalfEven(usd.n * NANO_PER_USD, usd.d)
}
