/** Groups and edits: requests that must look like what was made before stay at the offer that made it. */
import { createHash } from 'node:crypto'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import { formatUsd } from '../core/money.ts'
import { quoteJob } from '../core/pricing/index.ts'
import {
  cheapestOf,
  DEFAULT_GROUP_FAILURE,
  followLook,
  type Look,
  type Plan,
  type PlannedAttempt,
  policyOfLook,
  preferMaker,
  seedOf,
} from '../core/routing/index.ts'
import type { GroupLook } from '../ports/ledger.ts'
import { type DecideInput, decide, planAlone } from './decide.ts'
import type { ExecuteInput } from './execution.ts'
import type { GatewayServices } from './state.ts'

/** A group is forgotten so long after its first request: the next one chooses anew. */
const GROUP_DAYS = 30
const GROUP_US = GROUP_DAYS * 86_400_000_000
/** Groups remembered by this node; the others are read from the ledger. */
const REMEMBERED = 10_000
/** Who waits for the offer of a group looks again so often, and gives up after this time where no deadline is stated. */
const LOOK_AGAIN_MS = 500
const WAIT_MS = 60_000
const SEED_SPACE = 2 ** 30

export interface Consistency {
  readonly because: 'group' | 'edit'
  readonly group?: string
  /** `first` chose; `followed` stayed; `switched` could not. */
  readonly role: 'first' | 'followed' | 'switched'
  readonly look?: Look
  /** Of the group; a picture's own is this and its place. */
  readonly seed?: number
  readonly groupSize?: number
  readonly cheapest?: PlannedAttempt
  readonly chosen?: PlannedAttempt
}

export interface LookedAfter {
  readonly plan: Plan
  readonly consistency?: Consistency
  /** To be sent where the offer takes one. */
  readonly seed?: number
}

interface Known {
  readonly look: Look
  readonly familySeed: number
  readonly createdUs: number
  /** Its first picture is made: nothing can change the look any more. */
  readonly settled: boolean
  nextImage: number
}

export interface Groups {
  /** The plan of a request, held to the look of its group or of the picture that it edits. `refresh` gives prices and health anew. */
  decide(deciding: DecideInput, clientGone: AbortSignal, refresh: () => DecideInput): Promise<LookedAfter>
  /** The same for a request that is only looked at: it neither waits nor takes a place, and founds no group. */
  preview(deciding: DecideInput): Promise<LookedAfter>
  /** A request of the group has ended. */
  ended(input: Pick<ExecuteInput, 'request' | 'caller'>): void
}

type GroupServices = Pick<GatewayServices, 'ledger' | 'clock'>

export function createGroups({ ledger, clock }: GroupServices): Groups {
  const known = new Map<string, Known>()

  async function find(projectId: string, group: string, nowUs: number): Promise<Known | undefined> {
    const key = groupKey(projectId, group)
    const remembered = known.get(key)
    if (remembered && remembered.createdUs > nowUs - GROUP_US) return remembered
    known.delete(key)
    const stored = await ledger.read.groupLook({ projectId, group, sinceUs: nowUs - GROUP_US })
    // Another request of this node may have chosen while the ledger was asked.
    return known.get(key) ?? (stored && remember(key, fromStored(stored, projectId, group)))
  }

  function remember(key: string, entry: Known): Known {
    known.set(key, entry)
    const [oldest] = known.keys()
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest)
    return entry
  }

  async function waitFor(look: Look, deciding: DecideInput, clientGone: AbortSignal, refresh: () => DecideInput): Promise<Plan> {
    const { groupFailure = DEFAULT_GROUP_FAILURE, deadlineMs = WAIT_MS } = deciding.policy
    const until = clock.monotonicMs() + (deciding.input.options.deadlineMs ?? Math.min(deadlineMs, WAIT_MS))
    let plan = followed(deciding, look)
    while (groupFailure === 'wait' && isResting(plan) && clock.monotonicMs() + LOOK_AGAIN_MS < until && !clientGone.aborted) {
      await clock.sleep(LOOK_AGAIN_MS)
      plan = followed(refresh(), look)
    }
    return plan
  }

  async function inGroup(
    deciding: DecideInput,
    group: string,
    clientGone: AbortSignal,
    refresh: () => DecideInput,
  ): Promise<LookedAfter> {
    const { request, options, caller } = deciding.input
    const key = groupKey(caller.projectId, group)
    const entry = await find(caller.projectId, group, deciding.nowUs)
    const free = decide(deciding)
    if (!entry) {
      const plan = options.groupSize === undefined ? free : cheapestForAll(free, deciding, options.groupSize)
      if (plan.kind === 'none') return { plan }
      const look = lookOf(plan.attempts[0])
      const familySeed = request.seed ?? familySeedOf(caller.projectId, group)
      remember(key, { look, familySeed, createdUs: deciding.nowUs, settled: false, nextImage: request.n })
      return held(
        plan,
        free,
        {
          because: 'group',
          group,
          role: 'first',
          look,
          seed: familySeed,
          ...(options.groupSize && { groupSize: options.groupSize }),
        },
        0,
      )
    }
    const { look, familySeed } = entry
    // Only of a request that goes ahead: one that waits for room is decided again.
    const takePlace = (): number => {
      entry.nextImage += request.n
      return entry.nextImage - request.n
    }
    if (!policyOfLook(deciding.policy, look, request.quality))
      return held(free, free, { because: 'group', group, role: 'switched', look, seed: familySeed }, takePlace())
    const plan = followLook(await waitFor(look, deciding, clientGone, refresh), free, look)
    if (plan.kind === 'none') {
      // Who does not wait for the group may still have to wait for a limit of ours.
      if (isResting(plan) && deciding.policy.groupFailure === 'error') return { plan }
      throw cannotFollow(group, look, plan)
    }
    return held(plan, free, { because: 'group', group, role: roleOf(plan, look), look, seed: familySeed }, takePlace())
  }

  return {
    async decide(deciding, clientGone, refresh) {
      const { request, caller } = deciding.input
      const { group } = request.attribution
      if (group !== undefined && isPainting(request)) return inGroup(deciding, group, clientGone, refresh)
      const edited = request.operation === 'edit' ? request.inputs.find(({ role }) => role === 'image') : undefined
      if (!edited || deciding.input.options.order || deciding.policy.route === 'direct') return { plan: decide(deciding) }
      const maker = await ledger.read.madeBy({ projectId: caller.projectId, sha256: edited.sha256 })
      const free = decide(deciding)
      if (!maker || free.kind === 'none') return { plan: free }
      const plan = preferMaker(free, maker)
      return held(plan, free, { because: 'edit', role: roleOf(plan, maker), look: maker }, 0)
    },
    async preview(deciding) {
      const { request, options, caller } = deciding.input
      const { group } = request.attribution
      const free = decide(deciding)
      if (group === undefined || !isPainting(request)) return { plan: free }
      const entry = await find(caller.projectId, group, deciding.nowUs)
      if (!entry) {
        const plan = options.groupSize === undefined ? free : cheapestForAll(free, deciding, options.groupSize)
        const look = plan.kind === 'none' ? {} : { look: lookOf(plan.attempts[0]) }
        return held(plan, free, { because: 'group', group, role: 'first', ...look }, 0)
      }
      const { look } = entry
      const isFree = !policyOfLook(deciding.policy, look, request.quality)
      const plan = isFree ? free : followLook(followed(deciding, look), free, look)
      return held(plan, free, { because: 'group', group, role: roleOf(plan, look), look }, 0)
    },
    ended({ request, caller }) {
      const { group } = request.attribution
      const entry = group === undefined ? undefined : known.get(groupKey(caller.projectId, group))
      if (group === undefined || !entry || entry.settled || !isPainting(request)) return
      // What really made it may be a fallback, or nothing: the ledger says so to the next one.
      known.delete(groupKey(caller.projectId, group))
    },
  }
}

/** Under the policy of the request, held to what the group looks like, whatever was said about its pictures meanwhile. */
function followed(deciding: DecideInput, look: Look): Plan {
  const policy = policyOfLook(deciding.policy, look, deciding.input.request.quality)
  return policy ? planAlone({ ...deciding, policy, keepsLook: true }) : decide(deciding)
}

const lookOf = ({ candidate: { offer, settings } }: PlannedAttempt): Look => ({
  offer: offer.id,
  ...(settings.quality && { quality: settings.quality }),
})

const roleOf = (plan: Plan, { offer }: Look): Consistency['role'] =>
  plan.kind === 'plan' && plan.attempts[0].candidate.offer.id === offer ? 'followed' : 'switched'

const groupKey = (projectId: string, group: string): string => `${projectId}\n${group}`

const isPainting = ({ operation }: ExecuteInput['request']): boolean =>
  operation === 'generate' || operation === 'edit' || operation === 'variation'

const isResting = (plan: Plan): boolean => plan.kind === 'none' && plan.eliminated.some(({ reason }) => reason === 'unhealthy')

/** The same on every node, without asking anybody. */
const familySeedOf = (projectId: string, group: string): number =>
  1 + (createHash('sha256').update(groupKey(projectId, group)).digest().readUInt32BE(0) % SEED_SPACE)

const fromStored = (stored: GroupLook, projectId: string, group: string): Known => ({
  look: { offer: stored.offer, ...(stored.quality && { quality: stored.quality }) },
  familySeed: stored.seed ?? familySeedOf(projectId, group),
  createdUs: stored.createdUs,
  settled: stored.made,
  nextImage: stored.images,
})

function held(plan: Plan, free: Plan, consistency: Consistency, index: number): LookedAfter {
  if (plan.kind === 'none') return { plan }
  const [chosen] = plan.attempts
  const cheapest = cheapestOf(free)
  return {
    plan,
    consistency: { ...consistency, chosen, ...(cheapest && { cheapest }) },
    ...(consistency.seed !== undefined && { seed: seedOf(consistency.seed, index) }),
  }
}

/** For the cheapest route: volume tiers, credits and minimums decide over all pictures that are planned, not over the first alone. */
function cheapestForAll(plan: Plan, { state, input, purchases, features, nowUs }: DecideInput, count: number): Plan {
  if (plan.kind === 'none' || plan.policy.objective !== 'cost' || input.options.order) return plan
  const priced = plan.attempts.map((attempt) => {
    const { candidate } = attempt
    const quote = quoteJob(state.prices, {
      candidate,
      offer: candidate.offer,
      request: input.request,
      promptComplexity: features.complexity,
      atUs: nowUs,
      count,
      perRequest: input.request.n,
      concurrency: state.settings.maxConcurrentRequests,
      ...purchases.inputsFor(candidate.offer),
    })
    return { attempt, totalNanoUsd: quote.kind === 'priced' ? quote.expectedNanoUsd : null }
  })
  const [first = plan.attempts[0], ...rest] = priced
    .toSorted((a, b) => compare(a.totalNanoUsd, b.totalNanoUsd))
    .map(({ attempt }) => attempt)
  return { ...plan, attempts: [first, ...rest], warnings: first.candidate.warnings }
}

/** What has no price for the whole group stands last. */
function compare(a: bigint | null, b: bigint | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return a < b ? -1 : a > b ? 1 : 0
}

function cannotFollow(group: string, { offer, quality }: Look, plan: Extract<Plan, { kind: 'none' }>): HalftoneError {
  const why = plan.eliminated.find((each) => each.offer === offer)
  const made = `Group "${group}" is made by ${offer}${quality ? ` at ${quality}` : ''}, which cannot serve this request: ${why?.detail ?? 'it is not configured any more'}.`
  const ways = 'Send another group, or let its route switch (groupFailure: switch-and-mark).'
  return isResting(plan)
    ? new HalftoneError('provider_rate_limited', `${made} ${ways}`, { retryAfterMs: 10_000 })
    : new HalftoneError('no_eligible_offer', `${made} ${ways}`, { param: why?.param ?? 'x-halftone-group' })
}

/** As the decision keeps it; receipts read it. */
export function consistencyToJson({ because, group, role, look, seed, groupSize, cheapest, chosen }: Consistency): JsonObject {
  const cost = chosen && cheapest ? chosen.total.expectedNanoUsd - cheapest.total.expectedNanoUsd : 0n
  return {
    because,
    role,
    group: group ?? null,
    offer: look?.offer ?? null,
    quality: look?.quality ?? null,
    cheapest: cheapest?.candidate.offer.id ?? null,
    costUsd: formatUsd(cost),
    ...(seed !== undefined && { seed }),
    ...(groupSize !== undefined && { groupSize }),
  }
}
