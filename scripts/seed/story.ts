/** One seeded request from its first commit to its last, as the commands that a gateway would have sent to the ledger. */
import { errorCatalogue } from '../../src/core/error.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { type Candidate, candidateKey } from '../../src/core/offer.ts'
import type { ChargeLine, Outcome } from '../../src/core/outcome.ts'
import type { Settlement } from '../../src/core/pricing/types.ts'
import { type AttemptRecord, afterAttempt, type PlannedCall } from '../../src/core/routing/index.ts'
import { createRandom } from '../../src/core/simulation/random.ts'
import { formatQuantity } from '../../src/core/usage.ts'
import { requestRow } from '../../src/gateway/request-row.ts'
import type { GatewayState } from '../../src/gateway/state.ts'
import type {
  FeedbackCommand,
  NewRequest,
  ReconcileCommand,
  RequestFinish,
  ReserveCommand,
  SettleCommand,
} from '../../src/ports/ledger.ts'
import { type Calendar, HOUR_US, isWithin } from './calendar.ts'
import type { Decision, Decisions } from './decisions.ts'
import { type Fate, fateOf } from './fate.ts'
import { CREDITS, KEPT_DAYS } from './shop.ts'
import type { Ask } from './traffic.ts'

export type Step =
  | { readonly kind: 'reserve'; readonly command: ReserveCommand }
  | { readonly kind: 'settle'; readonly command: SettleCommand }

/** What happens when the request is long over; done at the end of the day it falls on. */
export type Sequel =
  | { readonly kind: 'rate'; readonly atUs: number; readonly command: FeedbackCommand }
  | { readonly kind: 'reconcile'; readonly atUs: number; readonly command: ReconcileCommand }
  | { readonly kind: 'repeat'; readonly atUs: number; readonly requestId: string; readonly savedNanoUsd: bigint }

export interface Story {
  readonly ask: Ask
  /** In order: a reserve and its settle, for each call. */
  readonly steps: readonly Step[]
  readonly sequels: readonly Sequel[]
}

export interface StoryContext {
  readonly seed: number
  readonly state: GatewayState
  readonly calendar: Calendar
  readonly decisions: Decisions
  readonly owner: { readonly nodeId: string; readonly epoch: number }
  /** Asked once for each call of unknown outcome, oldest first: for some there never is evidence. */
  waitsForGood(): boolean
}

interface Call {
  readonly attemptId: string
  readonly planned: PlannedCall
  readonly candidate: Candidate
  readonly fate: Fate
  readonly settlement: Settlement
  readonly reserve: ReserveCommand
  readonly endUs: number
}

/** Undefined when no offer could have served it. */
export function tell(context: StoryContext, ask: Ask): Story | undefined {
  const random = createRandom(Math.imul(context.seed + 1, 0x9e3779b1) ^ Math.imul(ask.index + 1, 0x85ebca6b))
  const decision = context.decisions.of(ask.template, situationOf(context.calendar, ask, random))
  if (!decision) return undefined
  const request = rowOf(context, ask, { id: idAt(ask.atUs, random), decision })
  const calls = callsOf(context, ask, { request, decision, random })
  const finish = finishOf(ask, calls)
  return {
    ask,
    steps: calls.flatMap((call, index): readonly Step[] => [
      { kind: 'reserve', command: call.reserve },
      { kind: 'settle', command: settleOf(context, call, { random, ...(index === calls.length - 1 && { finish }) }) },
    ]),
    sequels: sequelsOf(context, ask, { request, calls, random }),
  }
}

/** A UUIDv7 of that instant. */
function idAt(atUs: number, random: () => number): string {
  const hex = (digits: number): string =>
    Math.floor(random() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0')
  const time = Math.floor(atUs / 1_000)
    .toString(16)
    .padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${'89ab'[Math.floor(random() * 4)]}${hex(3)}-${hex(6)}${hex(6)}`
}

const hardProjects = new Set(['app', 'labs'])
const splitting = new Set(['marketing', 'realtime-edit'])

function situationOf({ outage }: Calendar, { atUs, projectId, template }: Ask, random: () => number) {
  // Ten minutes in, breakers are open; a probe still goes through now and then.
  const out = isWithin(outage, atUs) && atUs > outage.fromUs + HOUR_US / 6 && random() < 0.97
  const direct = template.request.model.includes('/')
  return {
    atUs,
    ...(out && !direct && { resting: outage.provider }),
    hardBudget: hardProjects.has(projectId),
    // Only routes that split their traffic look at it.
    draw: splitting.has(template.request.model) ? Math.floor(random() * 8) : 0,
  }
}

/** Rows of one decision differ only in who asked, and when. */
const rows = new WeakMap<Decision, NewRequest>()

function rowOf(
  { state }: StoryContext,
  ask: Ask,
  { id, decision }: { readonly id: string; readonly decision: Decision },
): NewRequest {
  const { template, keyId, projectId, endCustomer, group, tags, atUs } = ask
  const row = rows.get(decision) ?? firstRow(state, ask, decision)
  rows.set(decision, row)
  return {
    ...row,
    id,
    createdUs: atUs,
    keyId,
    projectId,
    tags,
    fingerprint: `seed-${template.index}-${ask.index}`,
    ...(endCustomer !== undefined && { endCustomer }),
    ...(group !== undefined && { group }),
  }
}

const firstRow = (state: GatewayState, { template, keyId, projectId, atUs }: Ask, decision: Decision): NewRequest =>
  requestRow({
    id: '',
    input: {
      request: template.request,
      options: { allowUnsupported: true, bodyMetadata: true },
      caller: { keyId, projectId, tags: {}, promptMode: 'full', assetTtlDays: KEPT_DAYS },
      inputs: [],
      sdkRetry: 0,
      clientGone: never,
    },
    fingerprint: '',
    chosen: {
      plan: decision.plan,
      policy: decision.plan.policy,
      nowUs: atUs,
      features: template.features,
      tags: {},
      ...(decision.baseline && { baseline: decision.baseline }),
    },
    experience: 'seed/0/0',
    state,
    promptHmacKey: new Uint8Array(0),
  })

const never = new AbortController().signal

interface CallsInput {
  readonly request: NewRequest
  readonly decision: Decision
  readonly random: () => number
}

/** Calls until the request is served or nothing more may be tried: the gateway's own rules for retries and fallbacks. */
function callsOf(context: StoryContext, ask: Ask, input: CallsInput): readonly Call[] {
  const { plan } = input.decision
  const { n } = ask.template.request
  const calls: Call[] = []
  const records: AttemptRecord[] = []
  let atUs = ask.atUs
  for (let round = 1; ; round += 1) {
    const remainingMs = 120_000 - (atUs - ask.atUs) / 1_000
    const next = afterAttempt({ plan, n, records, remainingMs, random: input.random() })
    if (next.kind !== 'call') return calls
    const startUs = atUs + next.afterMs * 1_000
    let firstImage = records.reduce((sum, { imagesMade }) => sum + imagesMade, 0)
    for (const planned of next.calls) {
      const call = callOf(context, ask, { ...input, planned, startUs, firstImage, sequence: calls.length + 1 })
      firstImage += planned.n
      calls.push(call)
      const { fate } = call
      records.push({
        candidate: planned.candidate,
        kind: planned.kind,
        round,
        imagesWanted: planned.n,
        imagesMade: fate.imagesMade,
        ...(fate.failure && { failure: fate.failure }),
      })
      atUs = Math.max(atUs, call.endUs)
    }
  }
}

interface CallInput extends CallsInput {
  readonly planned: PlannedCall
  readonly startUs: number
  readonly firstImage: number
  readonly sequence: number
}

function callOf({ calendar, state, owner }: StoryContext, ask: Ask, input: CallInput): Call {
  const { request, decision, random, planned, startUs, firstImage, sequence } = input
  const candidate = decision.plan.attempts[planned.candidate]?.candidate ?? decision.plan.attempts[0].candidate
  const { offer } = candidate
  const fate = fateOf({ ask, offer, n: planned.n, atUs: startUs, calendar, random })
  const { failure, stage } = fate
  const settlement = decision.settle(candidate, planned.n, {
    outcome: fate.outcome,
    imagesMade: fate.imagesMade,
    answered: fate.answered && (fate.httpStatus ?? 0) >= 400,
    billed: failure ? failure.billed : 'yes',
    ...(stage && { stage }),
    ...(!failure && { usedSixteenths: 12 + Math.floor(random() * 8) }),
  })
  const quote = decision.quote(candidate, planned.n)
  const expected = quote?.expectedNanoUsd ?? 0n
  const attemptId = idAt(startUs, random)
  return {
    attemptId,
    planned,
    candidate,
    fate,
    settlement,
    endUs: startUs + fate.durationUs,
    reserve: {
      ...(sequence === 1 && { request }),
      budgetIds: budgetIdsOf(ask),
      attempt: {
        id: attemptId,
        requestId: request.id,
        sequence,
        kind: planned.kind,
        state: 'dispatched',
        offer: offer.id,
        provider: offer.provider,
        providerType: offer.providerType,
        model: offer.model,
        settings: settingsToJson(candidate, planned.n),
        imagesWanted: planned.n,
        firstImage,
        expectedNanoUsd: expected,
        holdNanoUsd: quote?.maxNanoUsd ?? expected,
        priceBook: state.prices.hash,
        pricedAtUs: startUs,
        createdUs: startUs,
        sandbox: false,
        ...owner,
      },
    },
  }
}

const budgetIdsOf = ({ projectId }: Ask): readonly string[] => {
  const own: Readonly<Record<string, string>> = { shop: 'shop-month', app: 'app-month', labs: 'labs-day' }
  const more = own[projectId]
  return more === undefined ? ['all-month'] : ['all-month', more]
}

/** Plain values; an interface has no index signature. */
const settingsToJson = ({ settings }: Candidate, n: number): JsonObject =>
  ({ ...settings, n, size: { ...settings.size } }) as unknown as JsonObject

interface SettleOptions {
  readonly random: () => number
  readonly finish?: RequestFinish
}

function settleOf({ owner }: StoryContext, call: Call, { random, finish }: SettleOptions): SettleCommand {
  const { fate, settlement, candidate } = call
  const { failure, stage, httpStatus } = fate
  const charged = settlement.kind === 'charged' ? settlement : undefined
  const providerRequestId = `req_${Math.floor(random() * 2 ** 48)
    .toString(16)
    .padStart(12, '0')}`
  return {
    attemptId: call.attemptId,
    requestId: call.reserve.attempt.requestId,
    ...owner,
    settledUs: call.endUs,
    state: charged ? 'settled' : settlement.kind === 'free' ? 'voided' : 'unknown',
    outcome: outcomeOf(call),
    billed: charged ? 'yes' : settlement.kind === 'free' ? 'no' : 'unknown',
    usage: charged && !failure ? usageText(charged) : {},
    charges: charged?.lines ?? [],
    ...(charged && {
      consumption: { ...charged.consumed, commitments: candidate.offer.provider === 'fal' ? [CREDITS] : [] },
    }),
    imagesMade: fate.imagesMade,
    assets: [],
    evidence: { ...(httpStatus !== undefined && { httpStatus }), timings: { totalMs: Math.round(fate.durationUs / 1_000) } },
    findings: charged?.findings ?? [],
    durationUs: fate.durationUs,
    ...(stage && { stage }),
    ...(failure && { errorCode: failure.code, errorMessage: failure.message }),
    ...(httpStatus !== undefined && { httpStatus, providerRequestId }),
    ...(finish && { finish }),
  }
}

const usageText = ({ consumed }: Extract<Settlement, { kind: 'charged' }>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(consumed.usage).map(([meter, quantity]) => [meter, formatQuantity(quantity)]))

const outcomeOf = ({ settlement, fate }: Call): Outcome =>
  settlement.kind === 'unknown' && fate.outcome === 'error' ? 'unknown' : fate.outcome

function finishOf(ask: Ask, calls: readonly Call[]): RequestFinish {
  const images = calls.reduce((sum, { fate }) => sum + fate.imagesMade, 0)
  const last = calls.at(-1)
  const endUs = Math.max(...calls.map((call) => call.endUs))
  const failure = images === 0 ? calls.findLast(({ fate }) => fate.failure)?.fate.failure : undefined
  const served = calls.find(({ fate }) => fate.imagesMade > 0)
  return {
    finishedUs: endUs,
    outcome: images === 0 ? (last ? outcomeOf(last) : 'error') : images < ask.template.request.n ? 'partial' : 'succeeded',
    httpStatus: failure ? errorCatalogue[failure.code].status : 200,
    imagesReturned: images,
    latencyUs: endUs - ask.atUs,
    warnings:
      served?.planned.kind === 'fallback'
        ? [
            {
              code: 'fallback_used',
              message: `${calls[0]?.candidate.offer.id} failed; ${served.candidate.offer.id} made the image.`,
            },
          ]
        : [],
    ...(failure && { errorCode: failure.code, errorMessage: failure.message }),
  }
}

interface SequelInput {
  readonly request: NewRequest
  readonly calls: readonly Call[]
  readonly random: () => number
}

/** Share of the requests whose pictures somebody judges. */
const JUDGED = 0.04

function sequelsOf(
  { calendar, state, waitsForGood }: StoryContext,
  ask: Ask,
  { request, calls, random }: SequelInput,
): readonly Sequel[] {
  const sequels: Sequel[] = []
  const maker = calls.find(({ fate }) => fate.imagesMade > 0)
  // Clients that wait long ask again; the gateway joins them to the call that runs.
  if (maker && random() < (isWithin(calendar.storm, ask.atUs) ? 0.25 : 0.004)) {
    const savedNanoUsd = calls.reduce(
      (sum, { settlement }) => sum + (settlement.kind === 'charged' ? settlement.totalNanoUsd : 0n),
      0n,
    )
    sequels.push({ kind: 'repeat', atUs: maker.endUs + 1, requestId: request.id, savedNanoUsd })
  }
  if (maker && random() < JUDGED) {
    const { candidate } = maker
    const score = state.quality.get(candidateKey(candidate)) ?? state.quality.get(candidate.offer.model) ?? 950
    const accepted = random() < 0.6 + Math.min(0.35, Math.max(0, (score - 800) / 1_000))
    const atUs = ask.atUs + Math.round((1 + 10 * random()) * HOUR_US)
    const command = { subject: { requestId: request.id }, keyId: ask.keyId, signal: 'explicit', atUs } as const
    sequels.push({ kind: 'rate', atUs, command: { ...command, verdict: accepted ? 'accept' : 'reject' } })
  }
  for (const call of calls) {
    if (call.settlement.kind !== 'unknown' || waitsForGood()) continue
    const atUs = ask.atUs + Math.round((20 + 30 * random()) * HOUR_US)
    const billed = random() < 0.5
    const evidence = {
      attemptId: call.attemptId,
      atUs,
      evidenceId: `invoice:${call.attemptId}`,
      source: 'invoice',
      assets: [],
    } as const
    const charges = billed ? invoiced(call) : []
    sequels.push({ kind: 'reconcile', atUs, command: { ...evidence, charges, outcome: outcomeOf(call) } })
  }
  return sequels.filter(({ atUs }) => atUs < calendar.endUs)
}

/** What was expected, as the provider's invoice has it. */
function invoiced({ reserve: { attempt } }: Call): readonly ChargeLine[] {
  const amount = attempt.expectedNanoUsd
  const native = `${amount / 1_000_000_000n}.${String(amount % 1_000_000_000n).padStart(9, '0')}`
  return [
    {
      kind: 'usage',
      amountNanoUsd: amount,
      nativeAmount: native,
      nativeUnit: 'USD',
      fxRate: '1',
      fxSource: 'USD',
      rateId: 'invoice',
      priceBook: attempt.priceBook,
      provenance: 'invoiced',
      description: `On the provider's invoice: $${native}`,
    },
  ]
}
