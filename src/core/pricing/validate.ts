/** Rules about a book as a whole that a shape cannot say: no overlap, no gap, no ambiguity, plain decimals. */
import { HalftoneError } from '../error.ts'
import { parseDecimal } from '../money.ts'
import { meters } from '../usage.ts'
import { dateUs, FOREVER_US } from './dates.ts'
import { canBothMatch, conditionKeys, conditionText } from './match.ts'
import { estimateForms, type PriceBook, type Rate, type Sku } from './price-book.ts'

const isCurrency = (unit: string): boolean => /^[A-Z]{3}$/.test(unit)

/** Books found right: a loader checks while it can still name the line, and compiling need not do it again. */
const found = new WeakSet<PriceBook>()

/** Raises one `config_invalid` that lists every problem, each with its path and remedy. A book is data and does not change. */
export function checkBook(book: PriceBook, place: string): void {
  if (found.has(book)) return
  const problems: string[] = []
  if (!book.creditUnit && !isCurrency(book.unit)) {
    problems.push(`unit "${book.unit}" is not a currency; declare its price in "creditUnit".`)
  }
  if (book.creditUnit) checkDecimal(problems, 'creditUnit.price', book.creditUnit.price)
  const ids = new Set<string>()
  const places = new Map<string, string>()
  for (const sku of book.skus) {
    for (const model of [sku.model, ...(sku.aliases ?? [])]) {
      const place = `${model} ${sku.region ?? '*'} ${sku.tier ?? ''}`
      const other = places.get(place)
      if (other) problems.push(`${sku.id}: same model, region and tier as ${other}; merge them into one sku.`)
      places.set(place, sku.id)
    }
    checkSku(problems, sku, ids)
  }
  if (problems.length > 0) {
    throw new HalftoneError('config_invalid', problems.map((problem) => `${place}: ${problem}`).join('\n'))
  }
  found.add(book)
}

function checkSku(problems: string[], sku: Sku, ids: Set<string>): void {
  for (const rate of sku.rates) checkRate(problems, sku, rate, ids)
  if (problems.length === 0) checkDates(problems, sku)
  for (const [index, estimate] of (sku.estimates ?? []).entries()) {
    const path = `${sku.id}: estimates[${index}]`
    if (!(estimate.meter in meters)) problems.push(`${path}: unknown meter "${estimate.meter}".`)
    for (const key of ['expected', 'min', 'max', 'areaOffset', 'areaDivisor'] as const) {
      const text = estimate[key]
      if (text !== undefined) checkDecimal(problems, `${path}.${key}`, text, 6)
    }
    if (estimate.form === 'promptComplexity' && (estimate.min === undefined || estimate.max === undefined)) {
      problems.push(`${path}: promptComplexity needs min and max.`)
    }
    if (estimate.form === 'aspectGrid' && estimate.areaDivisor === undefined) {
      problems.push(`${path}: aspectGrid needs areaDivisor.`)
    }
    if (/^0*(\.0*)?$/.test(estimate.expected) && estimate.form.startsWith('prompt') && estimate.form !== 'promptComplexity') {
      problems.push(`${path}: a divisor must be above 0.`)
    }
  }
  checkEstimateOverlap(problems, sku)
  for (const adjustment of sku.adjustments ?? []) checkAdjustment(problems, sku, adjustment, ids)
}

function checkRate(problems: string[], sku: Sku, rate: Rate, ids: Set<string>): void {
  const path = `${sku.id}: rate ${rate.id}`
  if (ids.has(rate.id)) problems.push(`${path}: this id is used twice; charges name rates, so give each its own.`)
  ids.add(rate.id)
  if (!(rate.meter in meters)) problems.push(`${path}: unknown meter "${rate.meter}"; see the meter registry.`)
  checkDecimal(problems, `${path}.price`, rate.price)
  if (rate.per !== undefined && checkDecimal(problems, `${path}.per`, rate.per)) {
    if (parseDecimal(rate.per).units <= 0n) problems.push(`${path}.per: must be above 0.`)
  }
  for (const key of ['roundUpTo', 'min'] as const) {
    const text = rate[key]
    if (text !== undefined && checkDecimal(problems, `${path}.${key}`, text, 6) && parseDecimal(text).units <= 0n) {
      problems.push(`${path}.${key}: must be above 0.`)
    }
  }
  if (dateUs(rate.effectiveFrom) === undefined)
    problems.push(`${path}.effectiveFrom: "${rate.effectiveFrom}" is not an ISO date.`)
  if (rate.effectiveTo !== undefined && (dateUs(rate.effectiveTo) ?? 0) <= (dateUs(rate.effectiveFrom) ?? 0)) {
    problems.push(`${path}.effectiveTo: must be an ISO date after effectiveFrom.`)
  }
  checkTiers(problems, path, rate)
}

function checkTiers(problems: string[], path: string, rate: Rate): void {
  if (!rate.tiers) return
  let last = -1
  for (const [index, step] of rate.tiers.steps.entries()) {
    if (!checkDecimal(problems, `${path}.tiers[${index}].from`, step.from, 6)) continue
    checkDecimal(problems, `${path}.tiers[${index}].price`, step.price)
    const from = Number(step.from)
    if (index === 0 && from !== 0) problems.push(`${path}.tiers: the first step must start at 0.`)
    if (from <= last) problems.push(`${path}.tiers: steps must ascend.`)
    last = from
  }
  if (rate.tiers.steps.length === 0) problems.push(`${path}.tiers: needs at least one step.`)
}

const fromUs = (rate: Rate): number => dateUs(rate.effectiveFrom) ?? 0
const toUs = (rate: Rate): number => (rate.effectiveTo === undefined ? FOREVER_US : (dateUs(rate.effectiveTo) ?? FOREVER_US))

/** Rates of one meter: equal conditions must follow each other without gap or overlap; others must not tie. */
function checkDates(problems: string[], sku: Sku): void {
  const byCondition = new Map<string, Rate[]>()
  for (const rate of sku.rates) {
    const key = `${rate.meter} ${conditionText(rate.when ?? {})}`
    byCondition.set(key, [...(byCondition.get(key) ?? []), rate])
  }
  for (const rates of byCondition.values()) {
    rates.sort((a, b) => fromUs(a) - fromUs(b))
    rates.forEach((rate, index) => {
      const next = rates[index + 1]
      if (!next || toUs(rate) === fromUs(next)) return
      problems.push(
        toUs(rate) > fromUs(next)
          ? `${sku.id}: rates ${rate.id} and ${next.id} overlap; set effectiveTo of ${rate.id} to ${next.effectiveFrom}.`
          : `${sku.id}: no price between ${rate.id} (to ${rate.effectiveTo}) and ${next.id}; close the gap.`,
      )
    })
  }
  sku.rates.forEach((rate, index) => {
    for (const other of sku.rates.slice(index + 1)) {
      const [a, b] = [rate.when ?? {}, other.when ?? {}]
      if (rate.meter !== other.meter || conditionText(a) === conditionText(b)) continue
      if (fromUs(rate) >= toUs(other) || fromUs(other) >= toUs(rate)) continue
      if (conditionKeys(a) !== conditionKeys(b) || !canBothMatch(a, b)) continue
      problems.push(
        `${sku.id}: rates ${rate.id} and ${other.id} can both match and are equally specific; add a condition to one.`,
      )
    }
  })
}

function checkEstimateOverlap(problems: string[], sku: Sku): void {
  const estimates = sku.estimates ?? []
  estimates.forEach((estimate, index) => {
    estimates.slice(index + 1).forEach((other, offset) => {
      const [a, b] = [estimate.when ?? {}, other.when ?? {}]
      if (estimate.meter !== other.meter || estimateForms[estimate.form] !== estimateForms[other.form]) return
      if (conditionKeys(a) !== conditionKeys(b) || !canBothMatch(a, b)) return
      problems.push(
        `${sku.id}: estimates[${index}] and [${index + 1 + offset}] can both match and are equally specific; add a condition to one.`,
      )
    })
  })
}

function checkAdjustment(
  problems: string[],
  sku: Sku,
  adjustment: NonNullable<Sku['adjustments']>[number],
  ids: Set<string>,
): void {
  const path = `${sku.id}: adjustment ${adjustment.id}`
  if (ids.has(adjustment.id)) problems.push(`${path}: this id is used twice; charges name adjustments, so give each its own.`)
  ids.add(adjustment.id)
  switch (adjustment.kind) {
    case 'multiplier':
      checkDecimal(problems, `${path}.factor`, adjustment.factor)
      return
    case 'percent':
      if (checkDecimal(problems, `${path}.percent`, adjustment.percent, undefined, true) && Number(adjustment.percent) < -100) {
        problems.push(`${path}.percent: a discount above 100 % is not a price.`)
      }
      return
    case 'freeUnits':
      if (!(adjustment.meter in meters)) problems.push(`${path}: unknown meter "${adjustment.meter}".`)
      checkDecimal(problems, `${path}.quantity`, adjustment.quantity, 6)
      return
    default:
      checkDecimal(problems, `${path}.amount`, adjustment.amount)
  }
}

/** A plain decimal, not negative unless allowed, with at most `maxScale` decimals. */
function checkDecimal(problems: string[], path: string, text: string, maxScale = 18, negative = false): boolean {
  try {
    const { units, scale } = parseDecimal(text)
    if (units < 0n && !negative) problems.push(`${path}: must not be negative.`)
    else if (scale > maxScale) problems.push(`${path}: use at most ${maxScale} decimals.`)
    else return true
  } catch {
    problems.push(`${path}: "${text}" is not a plain decimal such as 0.04.`)
  }
  return false
}
