/** One call to one offer: reserve, run, settle. Contains no rule about money or choice; those are core's. */
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import { type BoughtStep, boughtStepOf, type Candidate, type Warning } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import { quoteCandidate } from '../core/pricing/index.ts'
import type { PricedQuote } from '../core/pricing/types.ts'
import { formatSize, type Operation, sizeClassOf } from '../core/request.ts'
import { type PlannedCall, requestAsSent } from '../core/routing/index.ts'
import type { NewAttempt, NewRequest, ReserveResult } from '../ports/ledger.ts'
import type { AttemptResult } from '../ports/provider.ts'
import type { Stepped } from './bought-step.ts'
import { concludeCall, type FinishedCall, type ReservedCall } from './conclude.ts'
import type { ExecuteInput } from './execution.ts'
import type { Consistency } from './groups.ts'
import type { HealthFeed } from './health-feed.ts'
import type { NotHeld, OwnStep } from './own-step.ts'
import type { Purse } from './purse.ts'
import type { Race } from './race.ts'
import type { GatewayServices, GatewayState } from './state.ts'
import { takeBack } from './take-back.ts'

export interface CallContext {
  readonly services: GatewayServices
  readonly state: GatewayState
  readonly health: HealthFeed
  /** Told of every finished attempt before it is settled; a step has an operation other than the request's. */
  onFinished(call: FinishedCall, operation?: Operation): void
  readonly input: ExecuteInput
  readonly requestId: string
  readonly promptComplexity: number
  readonly budgetIds: readonly string[]
  /** Told before the first call is made. */
  onDispatch(): void
  /** Told when the ledger says that a call passes the limit of a budget. */
  onBudgetReached(budgetId: string): void
  /** Warnings of the request as a whole; each once. */
  readonly notes: Warning[]
  readonly sandbox: boolean
  /** 0 to 1, drawn once per request for the jitter of its retries. */
  readonly jitter: number
  /** What the whole request is held to. */
  readonly purse: Purse
  /** What it has to look like. */
  readonly consistency?: Consistency
  /** Whether the route's share of hedged requests has room, and taking from it. */
  readonly hedges: { isLeft(): boolean; take(): void }
  /** The route pays again after a try that may have been billed. */
  readonly paysTwice: boolean
  /** Told of calls that run on after the answer: the node waits for them before it stops. */
  onLeftRunning(call: Promise<void>): void
}

/** Price the call as it will be made: a split asks for fewer images than the candidate it came from. */
function priceCall(context: CallContext, candidate: Candidate, atUs: number): PricedQuote {
  const { state, input, promptComplexity } = context
  const quote = quoteCandidate(state.prices, {
    candidate,
    request: input.request,
    promptComplexity,
    atUs,
    ...context.services.purchases.inputsFor(candidate.offer),
  })
  if (quote.kind === 'unpriced')
    throw new HalftoneError('unpriced', `${candidate.offer.id} has no known price: ${quote.reason}.`, { param: 'model' })
  return quote
}

export interface ReserveOptions {
  readonly call: PlannedCall
  readonly candidate: Candidate
  readonly round: number
  readonly sequence: number
  readonly firstImage: number
  /** Share of the client's max cost for this call, for offers without a maximum of their own. */
  readonly maxCostNanoUsd: bigint | undefined
  /** What it may cost with everything that is bought for its pictures; undefined: nothing is, or that has no known maximum. */
  readonly wholeNanoUsd: bigint | undefined
  /** On the first attempt. */
  readonly request?: NewRequest
  readonly idempotency?: { readonly scope: string; readonly fingerprint: string; readonly expiresUs: number }
}

/** Durable before the first byte: intent, holds and `dispatched` in one commit. */
export async function reserveCall(
  context: CallContext,
  options: ReserveOptions,
): Promise<{ readonly reserved: ReservedCall; readonly result: ReserveResult }> {
  const { services, state, requestId, budgetIds } = context
  const candidate: Candidate = { ...options.candidate, settings: { ...options.candidate.settings, n: options.call.n } }
  const nowUs = services.clock.nowUs()
  const quote = priceCall(context, candidate, nowUs)
  const attempt: NewAttempt = {
    id: services.newId(),
    requestId,
    sequence: options.sequence,
    kind: options.call.kind,
    state: 'dispatched',
    offer: candidate.offer.id,
    provider: candidate.offer.provider,
    providerType: candidate.offer.providerType,
    model: candidate.offer.model,
    settings: settingsToJson(candidate),
    imagesWanted: options.call.n,
    firstImage: options.firstImage,
    expectedNanoUsd: quote.expectedNanoUsd,
    holdNanoUsd: quote.maxNanoUsd ?? options.maxCostNanoUsd ?? quote.expectedNanoUsd,
    priceBook: state.prices.hash,
    pricedAtUs: nowUs,
    nodeId: services.node.id,
    epoch: services.node.epoch,
    createdUs: nowUs,
    sandbox: context.sandbox,
    class: {
      operation: context.input.request.operation,
      sizeClass: sizeClassOf(candidate.settings.size),
      quality: candidate.settings.quality ?? '',
    },
  }
  const { wholeNanoUsd } = options
  context.purse.take({
    attemptId: attempt.id,
    offer: attempt.offer,
    expectedNanoUsd: quote.expectedNanoUsd,
    maxNanoUsd: quote.maxNanoUsd,
    ...(wholeNanoUsd !== undefined && { wholeNanoUsd }),
  })
  let result: ReserveResult | undefined
  try {
    result = await services.ledger.reserve({
      attempt,
      budgetIds,
      ...(options.request && { request: options.request }),
      ...(options.idempotency && { idempotency: options.idempotency }),
    })
  } catch (error) {
    void takeBack(services, { attempt, isFirst: options.request !== undefined, error })
    throw error
  } finally {
    if (result?.kind !== 'reserved') context.purse.giveBack(attempt.id)
  }
  return { reserved: { call: options.call, attempt, candidate, round: options.round }, result }
}

/** Make the call and work out what it cost. Never rejects: a provider that throws is an attempt of unknown outcome. */
export function runCall(context: CallContext, reserved: ReservedCall, beside: Beside = {}): Promise<FinishedCall> {
  const { telemetry } = context.services
  if (!telemetry) return makeCall(context, reserved, beside)
  return telemetry.call(reserved, context.input, () => makeCall(context, reserved, beside))
}

/** What else is done for the same images. */
export interface Beside {
  /** The call competes with another. */
  readonly race?: Race
  /** Buys what is done to the pictures elsewhere, where the candidate is made of two calls. */
  buyStep?(made: ReservedCall, step: BoughtStep, result: Extract<AttemptResult, { kind: 'done' }>): Promise<Stepped>
  /** Holds the price of what this machine does to so many pictures, where it has one. */
  ownStep?(made: ReservedCall, pictures: number): Promise<OwnStep | NotHeld | undefined>
}

async function makeCall(context: CallContext, reserved: ReservedCall, { race, buyStep, ownStep }: Beside): Promise<FinishedCall> {
  const { services, state, health, input, promptComplexity } = context
  const { offer } = reserved.candidate
  const started = services.clock.monotonicMs()
  context.onDispatch()
  health.dispatched(offer.id, reserved.call.n)
  const result = race?.isOver ? notMade : await callProvider(context, reserved, race)
  // Told at once, before anything is awaited: two calls may end in the same moment, and only one of them answers.
  const isSurplus = race?.isLost(reserved, result) ?? false
  tellProgress(context, reserved, result.kind === 'done' ? 1 : 0)
  const durationUs = Math.round((services.clock.monotonicMs() - started) * 1_000)
  const { size, quality = '' } = reserved.candidate.settings
  health.finished(offer.id, result.kind === 'failed' ? result.failure : undefined, {
    kind: `${offer.model} ${formatSize(size)} ${quality}`,
    ms: durationUs / 1_000,
    headers: result.evidence.headers ?? {},
  })
  const step = boughtStepOf(reserved.candidate)
  const stepped = step && result.kind === 'done' && !isSurplus ? await buyStep?.(reserved, step, result) : undefined
  const pictures = result.kind === 'done' && !isSurplus ? (stepped?.images ?? result.images).length : 0
  const own = await ownStep?.(reserved, pictures)
  const done = await concludeCall({ services, state, request: input.request, promptComplexity, caller: input.caller }, reserved, {
    result,
    durationUs,
    isSurplus,
    ...(stepped && { stepped }),
    ...(own && { own }),
  })
  context.purse.settle(reserved.attempt.id, done.settlement)
  context.onFinished(done)
  return done
}

const tellProgress = ({ input, requestId }: CallContext, { attempt, call }: ReservedCall, share: number): void =>
  input.onProgress?.({ requestId, attemptId: attempt.id, images: call.n, share })

async function callProvider(context: CallContext, reserved: ReservedCall, race: Race | undefined): Promise<AttemptResult> {
  const { attempt, candidate } = reserved
  const { services, state, input } = context
  const provider = state.providers.get(candidate.offer.provider)
  const gone = cancelSignal(context, candidate)
  const started = services.clock.monotonicMs()
  const webhookUrl = candidate.offer.capabilities.asyncJobs ? services.webhooks.urlOf(attempt.id) : undefined
  const listener = webhookUrl === undefined ? undefined : services.webhooks.listen(attempt.id)
  const signal = race ? AbortSignal.any([gone, race.signalFor(reserved)]) : gone
  try {
    if (!provider) throw new Error(`provider ${candidate.offer.provider} is not configured`)
    const result = await provider.run(
      {
        attemptId: attempt.id,
        request: requestAsSent(candidate, input.request),
        candidate,
        firstImage: attempt.firstImage,
        ...(webhookUrl !== undefined && { webhookUrl }),
      },
      {
        signal,
        spool: services.spool,
        openInput(image) {
          const spooled = input.inputs.find((one) => one.input.sha256 === image.sha256)
          if (!spooled) throw new Error(`input ${image.sha256} was not spooled`)
          return spooled.body.open()
        },
        onSubmitted: ({ jobId, resume }) =>
          services.ledger.recordJob({ attemptId: attempt.id, jobId, resume, atUs: services.clock.nowUs() }),
        ...(listener && { woken: (signal) => listener.woken(signal) }),
        ...(input.onProgress && { onProgress: (share) => tellProgress(context, reserved, share) }),
        ...(input.stream && { onPartial: (image) => input.stream?.partial(image) ?? image.body.dispose() }),
      },
    )
    return signal.aborted ? result : cancelledElsewhere(result)
  } catch (cause) {
    services.log.error(
      { err: cause, attemptId: attempt.id, offer: candidate.offer.id },
      'a provider threw: its attempt is of unknown outcome',
    )
    const failure: AttemptFailure = {
      code: 'internal_error',
      message: 'The provider adapter failed.',
      retryable: false,
      billed: 'unknown',
    }
    return { kind: 'failed', failure, evidence: { timings: { totalMs: services.clock.monotonicMs() - started } } }
  } finally {
    listener?.close()
  }
}

/** Nobody here gave the call up: whoever stopped its job at the provider did not speak for the client. */
function cancelledElsewhere(result: AttemptResult): AttemptResult {
  if (result.kind !== 'failed' || result.failure.code !== 'cancelled') return result
  return { ...result, failure: { ...result.failure, code: 'provider_error', retryable: true } }
}

/** Its money was reserved while another call brought the pictures. */
const notMade: AttemptResult = {
  kind: 'failed',
  failure: { code: 'cancelled', message: 'Another call was first; this one was not made.', retryable: false, billed: 'no' },
  evidence: {},
}

function settingsToJson(candidate: Candidate): JsonObject {
  const { settings, finishing } = candidate
  const step = boughtStepOf(candidate)
  return {
    ...settings,
    size: { ...settings.size },
    // Plain data; an interface has no index signature.
    ...(finishing && { finishing: finishing as unknown as JsonObject[] }),
    ...(step && { boughtStep: { kind: step.kind, by: step.by.map(({ offer }) => offer.id) } }),
  }
}

const never = new AbortController().signal

/** A client that leaves aborts only what the settings let it abort, or what stops being billed by that. */
function cancelSignal({ input, state }: CallContext, { offer }: Candidate): AbortSignal {
  return state.settings.onDisconnect === 'cancel' || offer.capabilities.cancelStopsBilling ? input.clientGone : never
}
