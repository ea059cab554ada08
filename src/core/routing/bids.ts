/**
 * What every candidate of a kind of request would cost, and how good it is, whatever the prompt is about. Most of that stands from request to request:
 * it is worked out anew for all when ratings, prices or limits are other ones, and else only for those whose price moves by itself. Pure.
 */
import { boughtStepOf } from '../offer.ts'
import type { VolumeCount } from '../pricing/compiled.ts'
import { addMetered, type Metered, type MeteredTotals, meteredOf } from '../pricing/metered.ts'
import { requestFacts } from '../pricing/rules.ts'
import type { Unpriced } from '../pricing/types.ts'
import { isAtVolume, volumesAt } from '../pricing/volumes.ts'
import type { Quantity } from '../usage.ts'
import { ratingOf } from './floor.ts'
import type { PlanInput } from './plan.ts'
import { noVolumes, priceCall, sumOf, withBoughtStep, withOwnWork } from './request-total.ts'
import type { ScoreTerms } from './score.ts'
import type { Bid, Rating, Sum } from './scored.ts'
import type { Slot } from './standing.ts'
import type { Reason, RequestTotal, Snapshot } from './types.ts'

/** The bids of a kind of request, and what they stand on. Where the ground is the same, the next request changes only some of them. */
export interface Bids {
  readonly bySlot: (Bid | Reason)[]
  ground: Ground | undefined
  /** Those that follow the words alone, and can be told by plain numbers. */
  metering: readonly Metering[]
  /** Those that only what was bought since may change. */
  counting: readonly Counting[]
  /** All others that may change. */
  moving: readonly Slot[]
  /** Which were last counted by. */
  volumes: Snapshot['volumes']
}

/** A slot whose price follows the words, and what it came to the last time. */
interface Metering {
  readonly slot: Slot
  readonly full: Metered
  readonly rest: Metered | undefined
  readonly totals: MeteredTotals
  readonly rating: Rating
}

/** A slot whose price follows what was bought, and how much that was when it made its bid. */
interface Counting {
  readonly slot: Slot
  /** Of `Snapshot.volumes`. */
  readonly key: string
  readonly counts: readonly VolumeCount[]
  before: readonly Quantity[]
}

/** All that bids depend on besides their slot and, where they move, the prompt and what was bought before. */
interface Ground extends Pick<Snapshot, 'quality' | 'qualityLevels'> {
  readonly corrections: Snapshot['corrections'] | undefined
  readonly planned: Snapshot['planned'] | undefined
  readonly terms: ScoreTerms
  readonly limitNanoUsd: bigint | undefined
  readonly hardBudget: boolean
  readonly countsVolumes: boolean
  /** No price changes by date within [fromUs, toUs). */
  readonly fromUs: number
  readonly toUs: number
}

export const noBids = (): Bids => ({ bySlot: [], ground: undefined, moving: [], metering: [], counting: [], volumes: undefined })

/** The bid of each slot, or why it makes none; by the index of the slot, and valid until the next call. */
export function bidsOf(
  { slots, bids }: { readonly slots: readonly Slot[]; readonly bids: Bids },
  input: PlanInput,
  terms: ScoreTerms,
): readonly (Bid | Reason)[] {
  const { bySlot, ground } = bids
  if (ground && isGround(ground, input, terms)) {
    for (const slot of bids.moving) bySlot[slot.index] = bidOf(slot, input, terms)
    meterAgain(bids, input, terms)
    if (input.snapshot.volumes !== bids.volumes) countAgain(bids, input, terms)
  } else {
    for (const slot of slots) bySlot[slot.index] = bidOf(slot, input, terms)
    bids.ground = groundOf(slots, input, terms)
    sortBy(bids, slots, input)
  }
  bids.volumes = input.snapshot.volumes
  return bySlot
}

/** What may change the bids while the ground is the same. */
function sortBy(bids: Bids, slots: readonly Slot[], input: PlanInput): void {
  const metering: Metering[] = []
  const counting: Counting[] = []
  const moving: Slot[] = []
  for (const slot of slots) {
    if (slot.kept.rating?.belowFloor) continue
    const metered = isMoving(slot) ? meteringOf(slot, input) : undefined
    const counted = isMoving(slot) ? undefined : countingOf(slot, input.snapshot.volumes)
    if (metered) metering.push(metered)
    else if (counted) counting.push(counted)
    else if (isMoving(slot)) moving.push(slot)
  }
  bids.metering = metering
  bids.counting = counting
  bids.moving = moving
}

/** Bids that follow the words: the same object as the last time where it comes to the same. */
function meterAgain({ bySlot, metering }: Bids, input: PlanInput, terms: ScoreTerms): void {
  if (metering.length === 0) return
  const facts = requestFacts(input.prices, input.request)
  const limit = limitOf(input)
  const made: MeteredTotals = { expected: 0, min: 0, max: 0 }
  for (const { slot, full, rest, totals, rating } of metering) {
    made.expected = 0
    made.min = 0
    made.max = 0
    const isExact = addMetered(full, facts, slot.fullCalls, made) && (!rest || addMetered(rest, facts, 1, made))
    if (!isExact) {
      totals.expected = Number.NaN
      bySlot[slot.index] = bidOf(slot, input, terms)
      continue
    }
    const { expected, min, max } = made
    if (expected === totals.expected && min === totals.min && Object.is(max, totals.max)) continue
    totals.expected = expected
    totals.min = min
    totals.max = max
    const maxNanoUsd = Number.isNaN(max) ? null : BigInt(max)
    const calls = slot.fullCalls + (rest ? 1 : 0)
    const total: RequestTotal = { calls, minNanoUsd: BigInt(min), expectedNanoUsd: BigInt(expected), maxNanoUsd }
    bySlot[slot.index] = overCost(maxNanoUsd, limit, input.hardBudget) ?? { total, list: total, rating, planned: undefined }
  }
}

function meteringOf(slot: Slot, { snapshot: { planned } }: PlanInput): Metering | undefined {
  const { candidate, full, rest, kept } = slot
  const { rating } = kept
  // Work of our own or of others on the picture has prices of its own, and plans of the month look at list prices.
  if (boughtStepOf(candidate) || candidate.finishing || planned?.has(candidate.offer.id) || !rating || !full.rules)
    return undefined
  const metered = meteredOf(full.rules, full.candidate.settings.n)
  const last = rest?.rules && meteredOf(rest.rules, rest.candidate.settings.n)
  if (!metered || (rest && !last)) return undefined
  return { slot, full: metered, rest: last, rating, totals: { expected: Number.NaN, min: 0, max: 0 } }
}

function countAgain({ bySlot, counting }: Bids, input: PlanInput, terms: ScoreTerms): void {
  const { volumes } = input.snapshot
  for (const each of counting) {
    const counted = volumes?.get(each.key) ?? noVolumes
    if (isAtVolume(each.counts, each.before, counted)) continue
    each.before = volumesAt(each.counts, counted)
    bySlot[each.slot.index] = bidOf(each.slot, input, terms)
  }
}

function countingOf(slot: Slot, volumes: Snapshot['volumes']): Counting | undefined {
  const { full, rest } = slot
  const counts = [...(full.rules?.counts ?? []), ...(rest?.rules?.counts ?? [])]
  const key = full.volumeKey
  if (key === undefined || counts.length === 0) return undefined
  return { slot, key, counts, before: volumesAt(counts, volumes?.get(key) ?? noVolumes) }
}

/** Lots are drawn from by every call: while there are any, nothing stands. */
function groundOf(slots: readonly Slot[], input: PlanInput, terms: ScoreTerms): Ground | undefined {
  const { quality, qualityLevels, corrections, planned, volumes, lots } = input.snapshot
  if (lots?.size) return undefined
  let fromUs = Number.NEGATIVE_INFINITY
  let toUs = Number.POSITIVE_INFINITY
  for (const { full, rest } of slots) {
    fromUs = Math.max(fromUs, full.rules?.fromUs ?? fromUs, rest?.rules?.fromUs ?? fromUs)
    toUs = Math.min(toUs, full.rules?.toUs ?? toUs, rest?.rules?.toUs ?? toUs)
  }
  const { hardBudget } = input
  const limits = { limitNanoUsd: limitOf(input), hardBudget, countsVolumes: volumes !== undefined }
  return { quality, qualityLevels, corrections, planned, terms, ...limits, fromUs, toUs }
}

function isGround(ground: Ground, input: PlanInput, terms: ScoreTerms): boolean {
  const { quality, qualityLevels, corrections, planned, volumes, lots } = input.snapshot
  return (
    ground.quality === quality &&
    ground.qualityLevels === qualityLevels &&
    ground.corrections === corrections &&
    ground.planned === planned &&
    ground.terms === terms &&
    ground.limitNanoUsd === limitOf(input) &&
    ground.hardBudget === input.hardBudget &&
    ground.countsVolumes === (volumes !== undefined) &&
    !lots?.size &&
    ground.fromUs <= input.nowUs &&
    input.nowUs < ground.toUs
  )
}

const limitOf = ({ options, policy }: PlanInput): bigint | undefined => options.maxCostNanoUsd ?? policy.maxCostNanoUsd

/** Its price follows the prompt; or another offer changes its pictures, whose price may do anything. */
const isMoving = ({ candidate, full }: Slot): boolean => full.rules?.byRequest || boughtStepOf(candidate) !== undefined

/** The same object as the last time while nothing of it is another one. */
function bidOf(slot: Slot, input: PlanInput, terms: ScoreTerms): Bid | Reason {
  const { candidate, kept } = slot
  const { volumes, lots, planned } = input.snapshot
  const rating = ratingOf(slot, input, terms)
  if (rating.belowFloor) return rating.belowFloor
  const total = requestTotal(slot, kept.price, input, false)
  if ('missing' in total) return { reason: 'unpriced', detail: `${total.reason} (${total.missing.join(', ')})` }
  const costProblem = overCost(total.maxNanoUsd, limitOf(input), input.hardBudget)
  if (costProblem) return costProblem
  const price = planned?.get(candidate.offer.id)
  const list = price && (volumes || lots) ? requestTotal(slot, kept.list, input, true) : total
  const { bid } = kept
  if (bid && bid.total === total && bid.list === list && bid.rating === rating && bid.planned === price) return bid
  kept.bid = { total, list, rating, planned: price }
  return kept.bid
}

/** One call makes so many images; a request for more takes several, the last one perhaps smaller. */
function requestTotal(
  { candidate, full, fullCalls, rest }: Slot,
  kept: Sum,
  input: PlanInput,
  atList: boolean,
): RequestTotal | Unpriced {
  const whole = priceCall(full, input, atList)
  const last = rest && priceCall(rest, input, atList)
  if (!kept.total || kept.whole !== whole || kept.last !== last) {
    kept.whole = whole
    kept.last = last
    kept.total = withOwnWork(sumOf(whole, fullCalls, last), candidate, input)
  }
  return 'missing' in kept.total ? kept.total : withBoughtStep(kept.total, candidate, input, atList)
}

function overCost(maxNanoUsd: bigint | null, limit: bigint | undefined, hardBudget: boolean): Reason | undefined {
  if (maxNanoUsd === null) {
    if (limit !== undefined || !hardBudget) return undefined
    return { reason: 'unbounded_cost', detail: 'it has no known maximum price and a hard budget applies; send a max cost' }
  }
  return limit !== undefined && maxNanoUsd > limit
    ? { reason: 'max_cost', detail: `may cost ${Number(maxNanoUsd) / 1e9} USD` }
    : undefined
}
