/**
 * The month ahead: which volume tiers to aim for, and what an unmet minimum spend is worth. Tiers and minimums couple all requests of a
 * month, which no single request can see; the answer is a price per offer that a request can be compared by.
 */
import type { OfferId } from '../offer.ts'
import type { Estimate } from '../routing/learning/estimate.ts'
import { MOST_RELIABLE } from './forecast.ts'

/** Requests that are alike, and what the offers that may serve them cost each. */
export interface DemandLine {
  /** Pictures expected in the rest of the month. */
  readonly pictures: number
  readonly options: readonly DemandOption[]
}

export interface DemandOption {
  readonly offer: OfferId
  /** Nano-USD per picture at list price. */
  readonly listNanoUsd: number
  /** Nano-USD per picture that are added to the price in choosing: tries in vain, lateness. */
  readonly extraNanoUsd: number
  /** Chance that it makes the picture, 0 to 1; what it does not make goes to the next cheapest. Absent: it surely does. */
  readonly success?: number
  /** Share of the calls that are billed and so count for tiers, refusals that cost something included; absent: those that succeed. */
  readonly billed?: number
}

/** Of what was learned about an offer. */
export const madeAndBilled = ({ success, billedInVain }: Pick<Estimate, 'success' | 'billedInVain'>) => ({
  success,
  billed: success + (1 - success) * billedInVain,
})

/** Volume tiers of the month, in pictures of these offers together. */
export interface MonthTiers {
  readonly offers: readonly OfferId[]
  readonly mode: 'graduated' | 'volume'
  /** Ascending, from 0; `factor` of the list price. */
  readonly steps: readonly { readonly from: number; readonly factor: number }[]
  readonly bought: number
  /** What was spent on them this month at list price. */
  readonly spentListNanoUsd: number
}

/** What has to be spent by the end of the month at these offers together, used or not. */
export interface MonthMinimum {
  readonly offers: readonly OfferId[]
  readonly unspentNanoUsd: number
}

/** How a request sees an offer's price: list price times `factor`, less a share that would be paid anyway. */
export interface PlannedPrice {
  readonly factor: number
  /** 0 to 1. */
  readonly shadowShare: number
}

export interface MonthPlan {
  readonly prices: ReadonlyMap<OfferId, PlannedPrice>
  /** Expected cost of the rest of the month, unused minimums included. */
  readonly expectedNanoUsd: number
}

interface MonthInput {
  readonly lines: readonly DemandLine[]
  readonly tiers: readonly MonthTiers[]
  readonly minimums: readonly MonthMinimum[]
  /** Share of the forecast that may be counted on for reaching a tier (see `reliableShare`); absent: the most that ever may. */
  readonly reliable?: number
  /**
   * The plan in force: it is kept as long as what is expected, without the reserve that a new one needs, makes it no dearer than another. A tier
   * that was paid for halfway is not given up for a doubt.
   */
  readonly previous?: ReadonlyMap<OfferId, PlannedPrice>
}

/** More combinations than this are not worth a look: the dearest tiers of the smallest offers are left out. */
const MOST_TARGETS = 512

/**
 * Every combination of tiers to aim for and of shadow prices is tried: requests go where they are cheapest under it, and the month that
 * results is priced by the real terms. Pure; O(combinations x lines x options).
 */
export function planMonth(input: MonthInput): MonthPlan {
  let best: MonthPlan | undefined
  const targetsByTiers = input.tiers.map(reachable(input.lines))
  for (const targets of combinations(targetsByTiers)) {
    for (const shadows of combinations(input.minimums.map((minimum) => shadowLevels(minimum, input)))) {
      const prices = pricesOf(input, targets, shadows)
      const expectedNanoUsd = costOf(input, prices)
      if (!best || expectedNanoUsd < best.expectedNanoUsd * (1 - 1e-9)) best = { prices, expectedNanoUsd }
    }
  }
  if (!best) return { prices: new Map(), expectedNanoUsd: 0 }
  return keptPlan(input, targetsByTiers, best) ?? best
}

/** The plan in force, where it still can be met and is no dearer than the best; its shadow prices are those of the best. */
function keptPlan(
  { previous, ...input }: MonthInput,
  targetsByTiers: readonly (readonly number[])[],
  best: MonthPlan,
): MonthPlan | undefined {
  if (!previous) return undefined
  const targets = input.tiers.map(({ offers }) => previous.get(offers[0] ?? '')?.factor)
  if (targets.some((factor, index) => factor === undefined || !targetsByTiers[index]?.includes(factor))) return undefined
  const prices = new Map(best.prices)
  for (const [index, { offers }] of input.tiers.entries())
    for (const offer of offers)
      prices.set(offer, { factor: targets[index] ?? 1, shadowShare: best.prices.get(offer)?.shadowShare ?? 0 })
  const expectedNanoUsd = costOf({ ...input, reliable: 1 }, prices)
  return expectedNanoUsd <= best.expectedNanoUsd ? { prices, expectedNanoUsd } : undefined
}

/** Factors of the tiers that the rest of the month could reach. */
const reachable =
  (lines: readonly DemandLine[]) =>
  ({ offers, steps, bought }: MonthTiers): readonly number[] => {
    const possible = lines.reduce(
      (sum, { pictures, options }) => sum + (options.some(({ offer }) => offers.includes(offer)) ? pictures : 0),
      bought,
    )
    const current = steps.findLastIndex(({ from }) => from <= bought)
    return steps.filter(({ from }, index) => index >= current && from <= possible).map(({ factor }) => factor)
  }

/**
 * The shares at which some line would change to an offer of the minimum; 0 once nothing is left to spend, and as long as half of what these
 * offers could still sell this month would do: prices change, and what is not yet spent can follow them.
 */
function shadowLevels({ offers, unspentNanoUsd }: MonthMinimum, { lines }: MonthInput): readonly number[] {
  const could = lines.reduce((sum, { pictures, options }) => {
    const own = options.filter(({ offer, listNanoUsd }) => offers.includes(offer) && listNanoUsd <= WORTH * cheapestOf(options))
    return sum + pictures * Math.max(0, ...own.map(({ listNanoUsd }) => listNanoUsd))
  }, 0)
  if (unspentNanoUsd <= could * WAITING_SHARE) return [0]
  const levels = new Set([0, 1])
  for (const { options } of lines) {
    const others = Math.min(...options.filter(({ offer }) => !offers.includes(offer)).map(totalOf))
    for (const option of options) {
      if (!offers.includes(option.offer) || option.listNanoUsd === 0) continue
      const share = (totalOf(option) - others) / option.listNanoUsd + 1e-3
      if (share > 0 && share < 1) levels.add(share)
    }
  }
  return [...levels].sort((a, b) => a - b)
}

const WAITING_SHARE = 0.5
/** Offers dearer than this many times the cheapest are no way to meet a minimum. */
const WORTH = 1.25

const cheapestOf = (options: readonly DemandOption[]): number => Math.min(...options.map(totalOf))

const totalOf = ({ listNanoUsd, extraNanoUsd }: DemandOption): number => listNanoUsd + extraNanoUsd

/** One of each list, all combinations; at most `MOST_TARGETS`. */
function combinations(lists: readonly (readonly number[])[]): readonly (readonly number[])[] {
  let all: (readonly number[])[] = [[]]
  for (const list of lists) {
    const values = all.length * list.length > MOST_TARGETS ? list.slice(0, 1) : list
    all = all.flatMap((start) => values.map((value) => [...start, value]))
  }
  return all
}

function pricesOf(
  { tiers, minimums }: MonthInput,
  targets: readonly number[],
  shadows: readonly number[],
): Map<OfferId, PlannedPrice> {
  const prices = new Map<OfferId, PlannedPrice>()
  for (const [index, { offers }] of tiers.entries()) {
    for (const offer of offers) prices.set(offer, { factor: targets[index] ?? 1, shadowShare: 0 })
  }
  for (const [index, { offers }] of minimums.entries()) {
    for (const offer of offers) prices.set(offer, { factor: prices.get(offer)?.factor ?? 1, shadowShare: shadows[index] ?? 0 })
  }
  return prices
}

function costOf(
  { lines, tiers, minimums, reliable = MOST_RELIABLE }: MonthInput,
  prices: ReadonlyMap<OfferId, PlannedPrice>,
): number {
  const bought = new Map<OfferId, { pictures: number; list: number }>()
  let cost = 0
  for (const { pictures, options } of lines) {
    let left = pictures
    for (let tries = 1, last: DemandOption | undefined; left > 0 && tries <= MOST_TRIES; tries += 1) {
      const option = nextCheapest(options, prices, last)
      if (!option) break
      // The last that is tried is taken to make what is left.
      const isLast = tries === MOST_TRIES || tries === options.length
      const { offer, listNanoUsd, success = 1, billed = success } = option
      const made = isLast ? left : left * success
      const sum = bought.get(offer) ?? { pictures: 0, list: 0 }
      bought.set(offer, sum)
      sum.pictures += isLast ? left : left * billed
      sum.list += made * listNanoUsd
      cost += made * option.extraNanoUsd
      left -= made
      last = option
    }
  }
  const paid = new Map<OfferId, number>()
  for (const [offer, { list }] of bought) paid.set(offer, list)
  for (const terms of tiers) {
    const more = terms.offers.map((offer) => bought.get(offer) ?? { pictures: 0, list: 0 })
    const pictures = more.reduce((sum, each) => sum + each.pictures, 0)
    const list = more.reduce((sum, each) => sum + each.list, 0)
    const together = tieredCost(terms, pictures, list, reliable)
    // By what each of them sells; a minimum that counts only some of them sees its part.
    for (const [index, offer] of terms.offers.entries()) {
      const share = list === 0 ? (index === 0 ? 1 : 0) : (more[index]?.list ?? 0) / list
      paid.set(offer, together * share)
    }
  }
  for (const each of paid.values()) cost += each
  for (const { offers, unspentNanoUsd } of minimums) {
    const spent = offers.reduce((sum, offer) => sum + (paid.get(offer) ?? 0), 0)
    cost += Math.max(0, unspentNanoUsd - spent)
  }
  return cost
}

/** After so many offers next to nothing is left of a line. */
const MOST_TRIES = 3

const comparedBy = ({ offer, listNanoUsd, extraNanoUsd }: DemandOption, prices: ReadonlyMap<OfferId, PlannedPrice>): number => {
  const price = prices.get(offer)
  return (price ? listNanoUsd * price.factor * (1 - price.shadowShare) : listNanoUsd) + extraNanoUsd
}

/** The cheapest, as requests are compared under these prices, or the one that follows another; of equal ones the first given is first. */
function nextCheapest(
  options: readonly DemandOption[],
  prices: ReadonlyMap<OfferId, PlannedPrice>,
  last: DemandOption | undefined,
): DemandOption | undefined {
  const least = last ? comparedBy(last, prices) : Number.NEGATIVE_INFINITY
  let best: DemandOption | undefined
  let bestValue = Number.POSITIVE_INFINITY
  let isBehind = last === undefined
  for (const option of options) {
    if (option === last) {
      isBehind = true
      continue
    }
    const value = comparedBy(option, prices)
    if (value < least || (value === least && !isBehind) || value >= bestValue) continue
    best = option
    bestValue = value
  }
  return best
}

/**
 * What more pictures add to the month's bill; negative where they reach a tier that makes all the earlier ones cheaper, which counts as
 * reached by what can be relied on.
 */
function tieredCost(
  { mode, steps, bought, spentListNanoUsd }: MonthTiers,
  pictures: number,
  listNanoUsd: number,
  reliable: number,
): number {
  const total = bought + pictures
  if (mode === 'volume') {
    return (
      factorAt(steps, bought + pictures * reliable) * (spentListNanoUsd + listNanoUsd) -
      factorAt(steps, bought) * spentListNanoUsd
    )
  }
  if (pictures === 0) return 0
  let weighted = 0
  for (const [index, { from, factor }] of steps.entries()) {
    const to = steps[index + 1]?.from ?? Number.POSITIVE_INFINITY
    weighted += factor * Math.max(0, Math.min(total, to) - Math.max(bought, from))
  }
  return (weighted / pictures) * listNanoUsd
}

const factorAt = (steps: MonthTiers['steps'], pictures: number): number =>
  steps.findLast(({ from }) => from <= pictures)?.factor ?? 1
