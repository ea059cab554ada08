/** What changed between two price books, or in one between two dates: by model, with percentages. */
import { parseDecimal } from '../money.ts'
import { divide, type Fraction, fromDecimal, multiply } from './fraction.ts'
import { isInForce, type RateRow } from './rate-rows.ts'

export interface RateChange {
  readonly kind: 'added' | 'ended' | 'changed'
  readonly provider: string
  readonly model: string
  readonly sku: string
  readonly meter: string
  readonly when: string
  /** Null for an added rate. */
  readonly before: RateRow | null
  /** Null for an ended rate. */
  readonly after: RateRow | null
  /** Change of the price per unit, such as `-10` or `+33.33`; null where there is nothing to compare. */
  readonly percent: string | null
  /** What differs besides the price: dates, tiers, source. */
  readonly details: readonly string[]
}

/**
 * Changes from one set of rows to another, in the order of the models. Rates are held against each other by what they price
 * (provider, sku, meter, conditions) and the date they start, so that an id given anew is no change of price.
 */
export function diffRates(before: readonly RateRow[], after: readonly RateRow[]): RateChange[] {
  return pair(before, after, (row) => `${placeOf(row)}\n${row.effectiveFrom}`)
}

/** Changes of one book between two ISO dates: what is in force on the second day against what was on the first. */
export function diffDates(rows: readonly RateRow[], from: string, to: string): RateChange[] {
  const at = (date: string): RateRow[] =>
    rows.filter((row) => isInForce(row, date) && (row.retiredAt === null || date < row.retiredAt))
  return pair(at(from), at(to), placeOf).filter((change) => change.kind !== 'changed' || change.percent !== '0')
}

const placeOf = ({ provider, sku, meter, when }: RateRow): string => `${provider}\n${sku}\n${meter}\n${when}`

function pair(before: readonly RateRow[], after: readonly RateRow[], keyOf: (row: RateRow) => string): RateChange[] {
  const old = new Map(before.map((row) => [keyOf(row), row]))
  const changes: RateChange[] = []
  for (const row of after) {
    const was = old.get(keyOf(row))
    old.delete(keyOf(row))
    const change = was ? changed(was, row) : changeOf('added', null, row)
    if (change) changes.push(change)
  }
  for (const row of old.values()) changes.push(changeOf('ended', row, null))
  return changes.sort((a, b) => compare(orderOf(a), orderOf(b)))
}

const orderOf = ({ provider, model, sku, meter, when, after, before }: RateChange): string =>
  [provider, model, sku, meter, when, (after ?? before)?.effectiveFrom].join('\n')

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function changed(before: RateRow, after: RateRow): RateChange | undefined {
  const details = detailsOf(before, after)
  const percent = percentOf(before, after)
  if (details.length === 0 && percent === '0') return undefined
  return { ...changeOf('changed', before, after), percent, details }
}

function changeOf(kind: RateChange['kind'], before: RateRow | null, after: RateRow | null): RateChange {
  const row = (after ?? before) as RateRow
  const { provider, model, sku, meter, when } = row
  return { kind, provider, model, sku, meter, when, before, after, percent: null, details: [] }
}

function detailsOf(before: RateRow, after: RateRow): string[] {
  const details: string[] = []
  const told = (what: string, was: string | null, is: string | null): void => {
    if (was !== is) details.push(`${what}: ${was ?? 'none'} -> ${is ?? 'none'}`)
  }
  told('ends', before.effectiveTo, after.effectiveTo)
  told('unit', before.unit, after.unit)
  told('tiers', before.tiers, after.tiers)
  told('retired', before.retiredAt, after.retiredAt)
  told('adjustments', before.adjustments.join('; ') || null, after.adjustments.join('; ') || null)
  told('confidence', before.source.kind, after.source.kind)
  told('source', before.source.url, after.source.url)
  return details
}

/** Exact comparison of two unit prices in one unit; null across units, or from a price of nothing. */
function percentOf(before: RateRow, after: RateRow): string | null {
  if (before.unit !== after.unit) return null
  const [was, is] = [unitPrice(before), unitPrice(after)]
  if (was.n * is.d === is.n * was.d) return '0'
  return was.n === 0n ? null : percentText(divide(is, was))
}

const unitPrice = ({ price, per }: RateRow): Fraction => divide(fromDecimal(parseDecimal(price)), fromDecimal(parseDecimal(per)))

/** A ratio as a signed percentage with two decimals, never rounded to `0`. */
export function percentText(ratio: Fraction): string {
  const { n, d } = multiply({ n: ratio.n - ratio.d, d: ratio.d }, { n: 10_000n, d: 1n })
  const sign = n < 0n ? '-' : '+'
  const size = n < 0n ? -n : n
  const hundredths = (2n * size + d) / (2n * d)
  if (hundredths === 0n) return `${sign}<0.01`
  const text = hundredths.toString().padStart(3, '0')
  return `${sign}${text.slice(0, -2)}.${text.slice(-2)}`.replace(/\.?0+$/, '')
}
