/** A price that the provider's own reports contradict again and again, drafted as a dated change of the book. */
import { parseDecimal } from '../money.ts'
import type { ChargeLine } from '../outcome.ts'
import { dateUs } from './dates.ts'
import { decimalText, type Fraction, fromDecimal, multiply, reduce } from './fraction.ts'
import type { PriceBook, Rate, Sku } from './price-book.ts'

/** When reports count as evidence: often enough, by more than one request, alike, and further off than a finding's tolerance. */
export const draftRule = {
  attempts: 5,
  requests: 2,
  windowDays: 30,
  /** Largest over smallest ratio, in parts per thousand above 1. */
  spreadPerMille: 10n,
  /** Distance from ours, in parts per thousand. */
  departurePerMille: 20n,
} as const

/** One settled attempt whose cost the provider reported. */
export interface PriceEvidence {
  readonly attemptId: string
  readonly requestId: string
  /** Configured provider. */
  readonly provider: string
  readonly model: string
  readonly atUs: number
  readonly reportedNanoUsd: bigint
  /** The same attempt at our prices. */
  readonly ours: readonly ChargeLine[]
}

export interface DraftedRate {
  readonly rateId: string
  readonly meter: string
  readonly unit: string
  readonly per: string
  readonly price: string
  /** Exact decimal. */
  readonly proposed: string
}

export interface DraftedChange {
  readonly provider: string
  readonly model: string
  /** Hash of the book that the rates are in. */
  readonly priceBook: string
  readonly rates: readonly DraftedRate[]
  /** Reported over ours, decimal text. */
  readonly ratio: string
  readonly attempts: readonly string[]
  readonly requests: number
  /** ISO date of the first attempt of the evidence. */
  readonly effectiveFrom: string
}

/** A drafted change as it is kept. */
export interface PriceDraft extends DraftedChange {
  readonly id: string
  readonly status: 'open' | 'accepted' | 'rejected'
  readonly createdUs: number
  readonly closedUs: number | null
  /** The set of prices that carries it, once accepted. */
  readonly installedVersion: string | null
}

export interface DraftBook {
  readonly book: PriceBook
  readonly hash: string
}

/**
 * Changes that the evidence supports. Attempts count together when the same rates priced them; the latest run of alike ratios is
 * what is judged, so that a change within the window is seen. Fees, minimums and tiers leave open which number is wrong: they
 * stay findings.
 */
export function draftChanges(evidence: readonly PriceEvidence[], books: readonly DraftBook[]): DraftedChange[] {
  const groups = new Map<string, PriceEvidence[]>()
  for (const each of evidence) {
    if (each.ours.length === 0 || each.ours.some(({ kind }) => kind !== 'usage')) continue
    const key = [each.provider, each.ours[0]?.priceBook, ...ratesOf(each)].join('\n')
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  return [...groups.values()].flatMap((group) => {
    const run = alikeRun(group)
    const change = run && changeOf(run, books)
    return change ? [change] : []
  })
}

const ratesOf = ({ ours }: PriceEvidence): string[] => [...new Set(ours.map(({ rateId }) => rateId))].sort()
const oursOf = ({ ours }: PriceEvidence): bigint => ours.reduce((sum, line) => sum + line.amountNanoUsd, 0n)

/** The attempts since the ratio is what it is now, when they are enough and far enough from ours. */
function alikeRun(group: readonly PriceEvidence[]): readonly PriceEvidence[] | undefined {
  const sorted = group.filter((each) => oursOf(each) > 0n).sort((a, b) => b.atUs - a.atUs)
  const run: PriceEvidence[] = []
  for (const each of sorted) {
    if (!run.every((other) => alike(each, other))) break
    run.unshift(each)
  }
  const enough = run.length >= draftRule.attempts && new Set(run.map(({ requestId }) => requestId)).size >= draftRule.requests
  return enough && departs(ratioOf(run)) ? run : undefined
}

function alike(a: PriceEvidence, b: PriceEvidence): boolean {
  const [left, right] = [a.reportedNanoUsd * oursOf(b), b.reportedNanoUsd * oursOf(a)]
  const [low, high] = left < right ? [left, right] : [right, left]
  return high * 1000n <= low * (1000n + draftRule.spreadPerMille)
}

const ratioOf = (run: readonly PriceEvidence[]): Fraction =>
  reduce({
    n: run.reduce((sum, each) => sum + each.reportedNanoUsd, 0n),
    d: run.reduce((sum, each) => sum + oursOf(each), 0n),
  })

const departs = ({ n, d }: Fraction): boolean => (n > d ? n - d : d - n) * 1000n > d * draftRule.departurePerMille

function changeOf(run: readonly PriceEvidence[], books: readonly DraftBook[]): DraftedChange | undefined {
  const [first] = run
  const priceBook = first?.ours[0]?.priceBook
  const book = books.find(({ hash }) => hash === priceBook)?.book
  if (!first || !book || priceBook === undefined) return undefined
  const ratio = ratioOf(run)
  const rates = ratesOf(first).map((id) => draftedRate(book, id, ratio))
  if (rates.some((rate) => rate === undefined)) return undefined
  return {
    provider: first.provider,
    model: first.model,
    priceBook,
    rates: rates.filter((rate) => rate !== undefined),
    ratio: shortest(ratio),
    attempts: run.map(({ attemptId }) => attemptId),
    requests: new Set(run.map(({ requestId }) => requestId)).size,
    effectiveFrom: new Date(first.atUs / 1000).toISOString().slice(0, 10),
  }
}

function draftedRate(book: PriceBook, rateId: string, ratio: Fraction): DraftedRate | undefined {
  const rate = book.skus.flatMap((sku) => sku.rates).find(({ id }) => id === rateId)
  if (!rate || rate.tiers) return undefined
  const proposed = shortest(multiply(fromDecimal(parseDecimal(rate.price)), ratio))
  return { rateId, meter: rate.meter, unit: book.unit, per: rate.per ?? '1', price: rate.price, proposed }
}

/** Amounts are rounded to a nano-dollar and reports to fewer decimals still: the shortest decimal within 1 in 2,000 is the price. */
export function shortest(value: Fraction): string {
  for (let scale = 0; scale <= 18; scale += 1) {
    const power = 10n ** BigInt(scale)
    const units = (2n * value.n * power + value.d) / (2n * value.d)
    const error = units * value.d - value.n * power
    if (units > 0n && (error < 0n ? -error : error) * 2000n <= value.n * power) return decimalText({ n: units, d: power })
  }
  return decimalText(value)
}

/**
 * The book with the drafted prices from their day on: the old rate ends there, a new one begins. A rate that began on that day or
 * later was wrong from its beginning, and the new one takes its place. `today` is an ISO date.
 */
export function applyDraft(book: PriceBook, change: DraftedChange, today: string): PriceBook {
  const drafted = new Map(change.rates.map((rate) => [rate.rateId, rate]))
  const ids = new Set(book.skus.flatMap((sku) => sku.rates.map(({ id }) => id)))
  const skus = book.skus.map((sku): Sku => {
    if (!sku.rates.some(({ id }) => drafted.has(id))) return sku
    return { ...sku, rates: sku.rates.flatMap((rate) => changedRates({ rate, sku, book, change, today, ids })) }
  })
  return { ...book, skus }
}

function changedRates(at: {
  rate: Rate
  sku: Sku
  book: PriceBook
  change: DraftedChange
  today: string
  ids: Set<string>
}): Rate[] {
  const { rate, sku, book, change, today, ids } = at
  const drafted = change.rates.find(({ rateId }) => rateId === rate.id)
  if (!drafted) return [rate]
  const { url } = rate.source ?? sku.source ?? book.source
  const from =
    (dateUs(rate.effectiveFrom) ?? 0) >= (dateUs(change.effectiveFrom) ?? 0) ? rate.effectiveFrom : change.effectiveFrom
  const next: Rate = {
    ...rate,
    id: freeId(`${rate.id}@${from}`, ids),
    price: drafted.proposed,
    effectiveFrom: from,
    source: {
      url,
      kind: 'derived',
      checkedAt: today,
      note: `The provider reported ${change.ratio} times ${drafted.price} for ${change.attempts.length} attempts since ${change.effectiveFrom}.`,
    },
  }
  return from === rate.effectiveFrom ? [next] : [{ ...rate, effectiveTo: from }, next]
}

/** Charges name rates, so an id is never given twice. */
export function freeId(wanted: string, ids: Set<string>): string {
  let id = wanted
  for (let count = 2; ids.has(id); count += 1) id = `${wanted}.${count}`
  ids.add(id)
  return id
}
