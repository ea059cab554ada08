/**
 * What every candidate of a kind of request would cost, and how good it is, whatever the prompt is about. Most of that stands from request to request:
 * it is worked out anew for all when ratings, prices or limits are other ones, and else only for those whose price moves by itself. Pure.
 */
import { boughtStepOf } from '../offer.ts'
import type { Unpriced } from '../pricing/types.ts'
import { ratingOf } from './floor.ts'
import type { PlanInput } from './plan.ts'
import { priceCall, sumOf, withBoughtStep, withOwnWork } from './request-total.ts'
import type { ScoreTerms } from './score.ts'
import type { Bid, Sum } from './scored.ts'
import type { Slot } from './standing.ts'
import type { Reason, RequestTotal, Snapshot } from './types.ts'

/** The bids of a kind of request, and what they stand on. */
export interface Bids {
  readonly bySlot: (Bid | Reason)[]
  ground: Ground | undefined
  /** Whose bid the next request may change although the ground is the same. */
  moving: readonly Slot[]
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

export const noBids = (): Bids => ({ bySlot: [], ground: undefined, moving: [] })

/** The bid of each slot, or why it makes none; by the index of the slot, and valid until the next call. */
export function bidsOf(
  { slots, bids }: { readonly slots: readonly Slot[]; readonly bids: Bids },
  input: PlanInput,
  terms: ScoreTerms,
): readonly (Bid | Reason)[] {
  const { bySlot, ground, moving } = bids
  const stands = ground !== undefined && isGround(ground, input, terms)
  for (const slot of stands ? moving : slots) bySlot[slot.index] = bidOf(slot, input, terms)
  if (stands) return bySlot
  bids.ground = groundOf(slots, input, terms)
  bids.moving = slots.filter(isMoving)
  return bySlot
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

/** Its price follows the prompt or what was bought before; or another offer changes its pictures, whose price may do so. */
const isMoving = ({ candidate, full }: Slot): boolean =>
  (full.rules !== undefined && (full.rules.byRequest || full.rules.sku.byVolume)) || boughtStepOf(candidate) !== undefined

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
