/** Amounts of the wrong size: cents for dollars, per thousand for per million, a percentage for a factor. */
import { parseDecimal } from '../money.ts'
import type { Meter } from '../usage.ts'
import type { Finding, NamedBook } from './lint.ts'
import type { Adjustment, PriceBook, Range, Rate, Sku } from './price-book.ts'

/**
 * USD between which one unit of a meter has been sold by anyone; tokens by the million. A thousandfold slip of any price in
 * the book leaves its range; a tenfold one is for the comparison of equal weights to find.
 */
const plausible: Readonly<Record<Meter, { readonly from: number; readonly to: number; readonly per?: number }>> = {
  requests: { from: 0.0001, to: 2 },
  'images.out': { from: 0.0001, to: 2 },
  'images.in': { from: 0.0001, to: 0.5 },
  'images.partial': { from: 0.0001, to: 0.5 },
  'megapixels.out': { from: 0.0001, to: 0.5 },
  'megapixels.in': { from: 0.0001, to: 0.5 },
  'tokens.text.in': { from: 0.02, to: 60, per: 1e6 },
  'tokens.text.in.cached': { from: 0.003, to: 12, per: 1e6 },
  'tokens.image.in': { from: 0.02, to: 60, per: 1e6 },
  'tokens.image.in.cached': { from: 0.003, to: 12, per: 1e6 },
  'tokens.text.out': { from: 0.15, to: 300, per: 1e6 },
  'tokens.image.out': { from: 1, to: 500, per: 1e6 },
  'tokens.svg.in': { from: 0.02, to: 60, per: 1e6 },
  'tokens.svg.out': { from: 0.15, to: 300, per: 1e6 },
  'tokens.visual': { from: 0.5, to: 500, per: 1e6 },
  steps: { from: 0.000001, to: 0.02 },
  'gpu.seconds': { from: 0.00001, to: 0.02 },
  'compute.seconds': { from: 0.00001, to: 0.02 },
  'storage.gb_days': { from: 0.0001, to: 0.1 },
  'egress.gb': { from: 0.001, to: 1 },
  credits: { from: 0.00001, to: 5 },
}

/** USD one unit of a currency may be worth, for a range that need not know the day's conversion. */
const roughUsd: Readonly<Record<string, number>> = {
  USD: 1,
  EUR: 1.1,
  GBP: 1.3,
  CHF: 1.2,
  CNY: 0.14,
  JPY: 0.0066,
  KRW: 0.0007,
  INR: 0.011,
}

export function checkUnits({ name, book }: NamedBook, findings: Finding[]): void {
  const usd = usdPerUnit(book)
  if (book.creditUnit && usd !== undefined && (usd < 0.0001 || usd > 2)) {
    const message = `one ${book.unit} is ${book.creditUnit.price} ${book.creditUnit.currency}: dollars and cents may be mixed up.`
    findings.push({ rule: 'unit', severity: 'error', place: `${name} creditUnit`, message })
  }
  for (const sku of book.skus) {
    const add = (rule: Finding['rule'], place: string, message: string) =>
      findings.push({ rule, severity: 'error', place: `${name} ${place}`, message })
    for (const rate of sku.rates) checkRate(rate, usd, add)
    checkCached(sku, add)
    checkHoles(sku, add)
    for (const adjustment of sku.adjustments ?? []) {
      const problem = adjustmentProblem(adjustment, usd)
      if (problem) add('unit', adjustment.id, problem)
    }
  }
}

type Add = (rule: Finding['rule'], place: string, message: string) => void

function usdPerUnit({ unit, creditUnit }: PriceBook): number | undefined {
  const currency = roughUsd[creditUnit?.currency ?? unit]
  return currency === undefined ? undefined : currency * (creditUnit ? toNumber(creditUnit.price) : 1)
}

/** Sizes are compared, not charged: a float is exact enough. */
function toNumber(text: string): number {
  const { units, scale } = parseDecimal(text)
  return Number(units) / 10 ** scale
}

function checkRate(rate: Rate, usd: number | undefined, add: Add): void {
  const steps = rate.tiers?.steps.map(({ price }) => price) ?? [rate.price]
  if (steps.every((price) => toNumber(price) === 0)) {
    if (rate.source === undefined) add('free', rate.id, 'costs nothing and has no source of its own that says so.')
    return
  }
  if (usd === undefined) return
  const { from, to, per = 1 } = plausible[rate.meter]
  for (const price of steps) {
    const amount = (toNumber(price) * usd * per) / toNumber(rate.per ?? '1')
    // Included quantities are tiers of nothing.
    if (amount === 0 || (amount >= from && amount <= to)) continue
    const unit = per === 1 ? 'one' : 'a million'
    const range = `$${from} to $${to} are known`
    add(
      'unit',
      rate.id,
      `${price} per ${rate.per ?? '1'} makes $${shown(amount)} for ${unit} of ${rate.meter}; ${range}. Is the unit right?`,
    )
  }
}

const shown = (amount: number): string => String(Number(amount.toPrecision(4)))

/** A cache read is a discount: dearer than the plain read, or a thousandth of it, is a slip. */
function checkCached(sku: Sku, add: Add): void {
  for (const rate of sku.rates) {
    if (!rate.meter.endsWith('.cached')) continue
    const plain = sku.rates.find(
      (other) => `${other.meter}.cached` === rate.meter && JSON.stringify(other.when) === JSON.stringify(rate.when),
    )
    if (!plain) continue
    const share = toNumber(rate.price) / toNumber(rate.per ?? '1') / (toNumber(plain.price) / toNumber(plain.per ?? '1'))
    if (share > 1 || share < 0.01)
      add('cached', rate.id, `is ${shown(share)} times ${plain.id}; a cache read costs less, but not that little.`)
  }
}

/** `max 1572864` beside `min 1572866`: one size between them has no price. Wide gaps are meant: nothing is known there. */
function checkHoles(sku: Sku, add: Add): void {
  for (const key of ['pixels', 'steps', 'inputs'] as const) {
    const ranges = sku.rates.flatMap((rate) => {
      const range = rate.when?.[key]
      return range ? [{ rate, range, rest: JSON.stringify({ meter: rate.meter, ...rate.when, [key]: undefined }) }] : []
    })
    for (const { rate, range, rest } of ranges) {
      const following = ranges.filter((other) => other.rest === rest && startsAfter(other.range, range))
      const next = following.sort((a, b) => (a.range.min ?? 0) - (b.range.min ?? 0))[0]
      const from = (range.max ?? 0) + 1
      const to = (next?.range.min ?? from) - 1
      const sliver = key === 'pixels' ? 0.01 * from : 0
      if (next && to >= from && to - from <= sliver) {
        const values = from === to ? `${from}` : `${from} to ${to}`
        add('hole', rate.id, `ends before ${next.rate.id} begins: ${values} ${key} have no price.`)
      }
    }
  }
}

const startsAfter = (other: Range, range: Range): boolean =>
  range.max !== undefined && other.min !== undefined && other.min > range.max

function adjustmentProblem(adjustment: Adjustment, usd: number | undefined): string | undefined {
  switch (adjustment.kind) {
    case 'multiplier': {
      const factor = toNumber(adjustment.factor)
      return factor < 0.1 || factor > 10 ? `multiplies by ${adjustment.factor}; a factor of a half is 0.5, not 50.` : undefined
    }
    case 'percent': {
      const percent = Math.abs(toNumber(adjustment.percent))
      return percent > 100 || (percent > 0 && percent < 0.1)
        ? `adds ${adjustment.percent} percent; five percent is 5, not 0.05.`
        : undefined
    }
    case 'add':
      return usd !== undefined && toNumber(adjustment.amount) * usd > 2
        ? `adds ${adjustment.amount} per ${adjustment.per}; are these cents?`
        : undefined
    default:
      return undefined
  }
}
