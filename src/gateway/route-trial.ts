/** A route tried on requests of the past: what it would have chosen, and what that would have cost. Calls nobody. */
import { setImmediate } from 'node:timers/promises'
import { candidateKey } from '../core/offer.ts'
import { qualities, type Size } from '../core/request.ts'
import { isBelowFloor, observedName, type Policy, type Snapshot } from '../core/routing/index.ts'
import { type Decided, type ReplayResult, startReplay } from '../core/simulation/replay.ts'
import type { TraceRow } from '../core/simulation/trace.ts'
import type { PastRequest } from '../ports/ledger.ts'
import type { QualityView } from './quality-feed.ts'
import type { GatewayServices, GatewayState } from './state.ts'

export interface RouteTrialInput {
  readonly policy: Policy
  readonly state: GatewayState
  readonly services: Pick<GatewayServices, 'ledger' | 'clock'>
  /** What was said about pictures counts as it does now. */
  readonly quality: QualityView
  readonly sinceUs: number
  /** `route`: those that this route served or watched; `all`: every request. */
  readonly of: 'route' | 'all'
  /** Most requests, the newest ones. */
  readonly limit: number
  /** Most time it may take, reading included. */
  readonly timeMs: number
  readonly signal: AbortSignal
}

interface Choices {
  readonly requests: number
  readonly images: number
  /** Expected for what the route would do, so a number. */
  readonly costNanoUsd: number
}

interface Example {
  readonly id: string
  readonly atUs: number
  readonly model: string
  readonly thenOffer: string
  readonly thenNanoUsd: bigint
  readonly nowOffer: string
  readonly nowQuality: string | undefined
  readonly nowNanoUsd: number
}

interface Promises {
  readonly belowFloor: number
  readonly late: number
}

export interface RouteTrial {
  readonly replay: ReplayResult
  /** False: the limit or the time ended it before the beginning of the period. */
  readonly complete: boolean
  readonly oldestUs: number | undefined
  readonly byOfferThen: ReadonlyMap<string, Choices>
  readonly changed: number
  /** Whose first choice is another offer, biggest difference of cost first. */
  readonly examples: readonly Example[]
  /** As it was; `belowFloor` against the floor of the route, whoever served it. */
  readonly before: Promises
  /** As expected. */
  readonly after: Promises
}

const EXAMPLES = 10
/** The event loop gets its turn between slices of this length. */
const SLICE_MS = 20

export async function tryRoute(input: RouteTrialInput): Promise<RouteTrial> {
  const { policy, state, services } = input
  const { clock } = services
  const untilMs = clock.monotonicMs() + input.timeMs
  // Half of the time is for reading, the rest for deciding.
  const { rows, complete } = await readPast(input, untilMs - input.timeMs / 2)
  const { offers, quality, qualityLevels, prices } = state
  const corrections = input.quality.correctionsFor(undefined)
  const facts = { offers, quality, qualityLevels, ...(corrections && { corrections }) }
  const gate = input.quality.gateOf(policy.route)
  const replay = startReplay({ snapshot: facts, prices, policy, changes: [], gate })
  const tally = new Tally(policy, facts)
  let sliceEndsMs = clock.monotonicMs() + SLICE_MS
  let inTime = true
  for (const past of rows) {
    tally.add(past, replay.add(rowOf(past)))
    const nowMs = clock.monotonicMs()
    if (nowMs < sliceEndsMs) continue
    inTime = nowMs < untilMs
    if (!inTime) break
    input.signal.throwIfAborted()
    await setImmediate()
    sliceEndsMs = clock.monotonicMs() + SLICE_MS
  }
  return { replay: replay.result(), complete: complete && inTime, oldestUs: rows[0]?.createdUs, ...tally.result() }
}

/** The newest ones, in the order of time. */
async function readPast(
  { policy, state, services, sinceUs, of, limit, signal }: RouteTrialInput,
  untilMs: number,
): Promise<{ readonly rows: readonly PastRequest[]; readonly complete: boolean }> {
  const rows: PastRequest[] = []
  const sandbox = state.offers.every((offer) => offer.sandbox)
  const routes = of === 'route' ? [policy.route, observedName(policy.route)] : undefined
  for await (const row of services.ledger.routes.past({ sinceUs, sandbox, ...(routes && { routes }) })) {
    signal.throwIfAborted()
    if (rows.length === limit || services.clock.monotonicMs() > untilMs) return { rows: rows.reverse(), complete: false }
    rows.push(row)
  }
  return { rows: rows.reverse(), complete: true }
}

function rowOf({
  id,
  createdUs,
  model,
  operation,
  n,
  parameters,
  prompt,
  inputs,
  offer,
  outcome,
  ...row
}: PastRequest): TraceRow {
  // As `gateway/request-row.ts` stored it.
  const { size, quality } = parameters as { readonly size?: Size; readonly quality?: string }
  const known = qualities.find((each) => each === quality)
  return {
    id,
    atUs: createdUs,
    model,
    operation,
    n,
    inputs,
    outcome: outcome === 'succeeded' || outcome === 'partial' ? 'succeeded' : outcome === 'refused' ? 'refused' : 'failed',
    costNanoUsd: row.costNanoUsd,
    ...(size && { size }),
    ...(known && { quality: known }),
    ...(prompt !== null && prompt !== '' && { prompt }),
    ...(offer !== undefined && { offer }),
    ...(row.latencyUs !== null && { latencyMs: row.latencyUs / 1_000 }),
  }
}

type FloorFacts = Pick<Snapshot, 'quality' | 'qualityLevels' | 'corrections'>

class Tally {
  readonly #policy: Policy
  readonly #facts: FloorFacts
  readonly #byOffer = new Map<string, Choices>()
  #changed = 0
  #examples: Example[] = []
  #belowThen = 0
  #belowNow = 0
  #lateThen = 0
  #lateNow = 0

  constructor(policy: Policy, facts: FloorFacts) {
    this.#policy = policy
    this.#facts = facts
  }

  add(past: PastRequest, { row, plan, expectedNanoUsd = 0, served }: Decided): void {
    const { deadlineMs } = this.#policy
    // Of an easy prompt the lower one.
    const { floor } = plan.policy
    if (floor !== undefined && served && !served.offer.sandbox && isBelowFloor(served, floor, this.#facts)) this.#belowThen += 1
    if (deadlineMs !== undefined && (row.latencyMs ?? 0) > deadlineMs) this.#lateThen += 1
    const then = past.offer ?? 'none'
    const sum = this.#byOffer.get(then) ?? { requests: 0, images: 0, costNanoUsd: 0 }
    this.#byOffer.set(then, {
      requests: sum.requests + 1,
      images: sum.images + row.n,
      costNanoUsd: sum.costNanoUsd + Number(row.costNanoUsd),
    })
    if (plan.kind === 'none') return
    const [{ candidate, allIn }] = plan.attempts
    this.#lateNow += allIn?.missChance ?? 0
    if (floor !== undefined && !candidate.offer.sandbox && isBelowFloor(candidate, floor, this.#facts)) this.#belowNow += 1
    if (served && candidateKey(served) === candidateKey(candidate)) return
    if (candidate.offer.id === past.offer && served === undefined) return
    this.#changed += 1
    this.#keep({
      id: past.id,
      atUs: past.createdUs,
      model: past.model,
      thenOffer: then,
      thenNanoUsd: past.costNanoUsd,
      nowOffer: candidate.offer.id,
      nowQuality: candidate.settings.quality,
      nowNanoUsd: expectedNanoUsd,
    })
  }

  #keep(example: Example): void {
    const difference = ({ thenNanoUsd, nowNanoUsd }: Example): number => Math.abs(Number(thenNanoUsd) - nowNanoUsd)
    this.#examples = [...this.#examples, example].sort((a, b) => difference(b) - difference(a)).slice(0, EXAMPLES)
  }

  result(): Pick<RouteTrial, 'byOfferThen' | 'changed' | 'examples' | 'before' | 'after'> {
    return {
      byOfferThen: this.#byOffer,
      changed: this.#changed,
      examples: this.#examples,
      before: { belowFloor: this.#belowThen, late: this.#lateThen },
      after: { belowFloor: this.#belowNow, late: this.#lateNow },
    }
  }
}
