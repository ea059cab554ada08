// The golden cases: what a request costs, worked out in rational arithmetic from prices as their sources state them.
// `node test/golden/compute.mjs` prints them; `--write` writes cases.json and true-prices.json beside this file (then
// `npm run format`).
import { writeFileSync } from 'node:fs'
import { commitments } from './cases/commitments.mjs'
import { forms } from './cases/forms.mjs'
import { measured } from './cases/measured.mjs'
import { outcomes } from './cases/outcomes.mjs'
import { perImage } from './cases/per-image.mjs'
import { tokens } from './cases/tokens.mjs'
import { compare, least, minus, most, NANO, nano, nearest, over, plus, rational, times, upTo } from './exact.mjs'

/**
 * One line is `[quantity, price, per = 1, unit = 1]`: quantity x price / per, in a unit worth so many dollars, rounded to the
 * nano-dollar once.
 */
function lineNano([quantity, price, per = '1', unit = '1']) {
  return nano(times(over(times(exact(quantity), rational(price)), rational(per)), rational(unit)))
}

/** Quantities are decimals, or `{ ceil, of, pieces }` and `{ graduated | volume }` workings. */
function exact(quantity) {
  if (typeof quantity !== 'object') return rational(quantity)
  const pieces = rational(quantity.pieces ?? 1)
  const piece = upTo(over(rational(quantity.of), pieces), rational(quantity.ceil))
  return times(quantity.least ? most(piece, rational(quantity.least)) : piece, pieces)
}

/** Price of `quantity` units when `before` were bought already, each unit at the price of the step it falls into. */
function graduated({ quantity, before = '0', steps, unit = '1' }) {
  const start = rational(before)
  const end = plus(start, rational(quantity))
  let total = rational(0)
  steps.forEach(([from, price], index) => {
    const low = most(rational(from), start)
    const next = steps[index + 1]
    const high = next && compare(rational(next[0]), end) < 0 ? rational(next[0]) : end
    if (compare(low, high) < 0) total = plus(total, times(minus(high, low), rational(price)))
  })
  return nano(times(total, rational(unit)))
}

/** Every unit at the price of the last step that the total has reached. */
function volume({ quantity, before = '0', steps, unit = '1' }) {
  const end = plus(rational(before), rational(quantity))
  const reached = steps.filter(([from]) => compare(rational(from), end) <= 0)
  return nano(times(times(rational(quantity), rational(reached[reached.length - 1][1])), rational(unit)))
}

function amountOf(line) {
  if (Array.isArray(line)) return lineNano(line)
  return line.graduated ? graduated(line.graduated) : volume(line.volume)
}

/** Adjustments change the running total, each rounded to the nano-dollar. */
const adjust = {
  multiplier: (total, factor) => nearest(times([total, 1n], rational(factor))),
  percent: (total, percent) => total + nearest(over(times([total, 1n], rational(percent)), rational(100))),
  add: (total, amount) => total + nano(rational(amount)),
  min: (total, amount) => nano(most(over([total, 1n], NANO), rational(amount))),
  max: (total, amount) => nano(least(over([total, 1n], NANO), rational(amount))),
}

function total(lines, adjustments = []) {
  const sum = lines.reduce((all, line) => all + amountOf(line), 0n)
  return adjustments.reduce((all, [kind, value]) => adjust[kind](all, value), sum).toString()
}

/** What is left of the price when lots have paid: `covered` is the share of it that perishable lots pay, `kept` the dollars of lasting ones. */
function marginal(nanoUsd, { paidFor = '0', lasting = [] }) {
  const left = nearest(minus([BigInt(nanoUsd), 1n], times(rational(paidFor), NANO)))
  return lasting
    .reduce(
      (all, [dollars, paid, capacity]) =>
        all - nano(rational(dollars)) + nano(over(times(rational(dollars), rational(paid)), rational(capacity))),
      left,
    )
    .toString()
}

function complete({ lines, adjustments, max, beyond, ...facts }) {
  if (lines === undefined) return facts
  if (beyond) {
    const nanoUsd = total(lines, adjustments)
    return { ...facts, nanoUsd, marginalNanoUsd: marginal(nanoUsd, beyond) }
  }
  const bound = max === undefined ? {} : { maxNanoUsd: max === null ? null : total(max, adjustments) }
  return { ...facts, nanoUsd: total(lines, adjustments), ...bound }
}

const definitions = [...perImage, ...tokens, ...measured, ...forms, ...outcomes, ...commitments]

export const cases = definitions.map(complete)

/** What a plain square picture of a megapixel costs at each offer that sells one today. */
export const truePrices = definitions
  .filter(({ plain }) => plain)
  .map(({ offer, settings = {}, lines, adjustments, perToken, source }) => ({
    offer,
    ...(settings.quality && { quality: settings.quality }),
    ...(settings.steps && { steps: settings.steps }),
    nanoUsd: total(lines, adjustments),
    ...(perToken && { dollarsPerMillionOutputTokens: perToken }),
    source,
  }))

const text = (value) => `${JSON.stringify(value, undefined, 2)}\n`

if (process.argv.includes('--write')) {
  writeFileSync(new URL('cases.json', import.meta.url), text(cases))
  writeFileSync(new URL('true-prices.json', import.meta.url), text(truePrices))
} else console.log(text({ cases, truePrices }))
