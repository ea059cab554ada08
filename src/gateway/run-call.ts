/** One call to one offer: reserve, run, settle. Contains no rule about money or choice; those are core's. */
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import type { Candidate, Warning } from '../core/offer.ts'
import type { AttemptFailure, ChargeLine, Outcome } from '../core/outcome.ts'
import { quoteCandidate, settleCharges } from '../core/pricing/index.ts'
import type { PricedQuote, Settlement } from '../core/pricing/types.ts'
import type { AttemptRecord, PlannedCall } from '../core/routing/index.ts'
import { formatQuantity, type Usage } from '../core/usage.ts'
import type { NewAsset, NewAttempt, NewRequest, RequestFinish, ReserveResult, SettleCommand } from '../ports/ledger.ts'
import type { AttemptResult } from '../ports/provider.ts'
import { storeOutputs } from './assets.ts'
import type { ExecuteInput } from './execution.ts'
import type { HealthFeed } from './health-feed.ts'
import type { GatewayServices, GatewayState } from './state.ts'

export interface CallContext {
  readonly services: GatewayServices
  readonly state: GatewayState
  readonly health: HealthFeed
  readonly input: ExecuteInput
  readonly requestId: string
  readonly promptComplexity: number
  readonly budgetIds: readonly string[]
  readonly sandbox: boolean
  /** 0 to 1, drawn once per request for the jitter of its retries. */
  readonly jitter: number
  /** Aborts what may be aborted: `onDisconnect: cancel`, or an offer whose bill stops. */
  readonly cancel: AbortSignal
}

/** A call whose money is durable in the ledger and which may now be made. */
export interface ReservedCall {
  readonly call: PlannedCall
  readonly attempt: NewAttempt
  readonly candidate: Candidate
  readonly round: number
}

export interface FinishedCall {
  readonly reserved: ReservedCall
  readonly record: AttemptRecord
  readonly result: AttemptResult
  readonly settlement: Settlement
  readonly assets: readonly NewAsset[]
  readonly outcome: Outcome
  readonly durationUs: number
  readonly warnings: readonly Warning[]
}

/** Price the call as it will be made: a split asks for fewer images than the candidate it came from. */
export function priceCall(context: CallContext, candidate: Candidate): PricedQuote {
  const { services, state, input, promptComplexity } = context
  const quote = quoteCandidate(state.prices, {
    candidate,
    request: input.request,
    promptComplexity,
    atUs: services.clock.nowUs(),
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
  const quote = priceCall(context, candidate)
  const nowUs = services.clock.nowUs()
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
  }
  const result = await services.ledger.reserve({
    attempt,
    budgetIds,
    ...(options.request && { request: options.request }),
    ...(options.idempotency && { idempotency: options.idempotency }),
  })
  return { reserved: { call: options.call, attempt, candidate, round: options.round }, result }
}

/** Make the call and work out what it cost. Never rejects: a provider that throws is an attempt of unknown outcome. */
export async function runCall(context: CallContext, reserved: ReservedCall): Promise<FinishedCall> {
  const { services, health, input } = context
  const { attempt, candidate } = reserved
  const started = services.clock.monotonicMs()
  health.dispatched(candidate.offer.id)
  const result = await callProvider(context, reserved)
  let assets: readonly NewAsset[] = []
  if (result.kind === 'done') {
    // Bytes are kept before the row that names them is written; a store that fails must not lose the paid picture.
    assets = await storeOutputs(services, { images: result.images, firstImage: attempt.firstImage, caller: input.caller })
  }
  const failure = result.kind === 'failed' ? result.failure : undefined
  health.finished(candidate.offer.id, failure)
  const imagesMade = result.kind === 'done' ? result.images.length : 0
  const outcome = outcomeOf(result, attempt.imagesWanted)
  const settlement = settle(context, reserved, result, outcome)
  const record: AttemptRecord = {
    candidate: reserved.call.candidate,
    kind: reserved.call.kind,
    round: reserved.round,
    imagesWanted: attempt.imagesWanted,
    imagesMade,
    ...(failure && { failure }),
  }
  const warnings = result.kind === 'done' ? [...result.warnings, ...returnedDifferences(result.images, candidate)] : []
  return {
    reserved,
    record,
    result,
    settlement,
    assets,
    outcome,
    warnings,
    durationUs: Math.round((services.clock.monotonicMs() - started) * 1_000),
  }
}

async function callProvider(context: CallContext, { attempt, candidate }: ReservedCall): Promise<AttemptResult> {
  const { services, state, input, cancel } = context
  const provider = state.providers.get(candidate.offer.provider)
  const started = services.clock.monotonicMs()
  const bodies = new Map(input.inputs.map(({ input: image, body }) => [image.sha256, body]))
  try {
    if (!provider) throw new Error(`provider ${candidate.offer.provider} is not configured`)
    return await provider.run(
      { attemptId: attempt.id, request: input.request, candidate, firstImage: attempt.firstImage },
      {
        signal: cancel,
        spool: services.spool,
        openInput(image) {
          const body = bodies.get(image.sha256)
          if (!body) throw new Error(`input ${image.sha256} was not spooled`)
          return body.open()
        },
        onSubmitted: ({ jobId, resume }) =>
          services.ledger.recordJob({ attemptId: attempt.id, jobId, resume, atUs: services.clock.nowUs() }),
        ...(input.stream && { onPartial: (image) => input.stream?.partial(image) ?? image.body.dispose() }),
      },
    )
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
  }
}

const outcomeByCode: Readonly<Record<string, Outcome>> = {
  content_refused: 'refused',
  provider_rejected: 'rejected',
  provider_rate_limited: 'rate_limited',
  provider_timeout: 'timeout',
  cancelled: 'cancelled',
}

function outcomeOf(result: AttemptResult, wanted: number): Outcome {
  if (result.kind === 'done') return result.images.length < wanted ? 'partial' : 'succeeded'
  return outcomeByCode[result.failure.code] ?? 'error'
}

function settle(context: CallContext, { candidate, attempt }: ReservedCall, result: AttemptResult, outcome: Outcome): Settlement {
  const { state, input, promptComplexity } = context
  // The price was pinned at intent; what was really made decides the quantity.
  const usage: Usage | undefined = result.kind === 'done' ? result.usage : result.failure.usage
  const made = result.kind === 'done' ? result.images.length : 0
  return settleCharges(state.prices, {
    candidate:
      made > 0 && made < candidate.settings.n ? { ...candidate, settings: { ...candidate.settings, n: made } } : candidate,
    request: input.request,
    promptComplexity,
    atUs: attempt.pricedAtUs,
    outcome,
    billed: result.kind === 'done' ? 'yes' : result.failure.billed,
    ...(result.kind === 'failed' && result.failure.stage && { stage: result.failure.stage }),
    ...(usage && { usage }),
    ...(result.kind === 'done' && result.reportedCost && { reportedCost: result.reportedCost }),
  })
}

/** What came back against what was asked for; the difference is a warning, never silence. */
function returnedDifferences(
  images: Extract<AttemptResult, { kind: 'done' }>['images'],
  { settings, offer }: Candidate,
): readonly Warning[] {
  const warnings: Warning[] = []
  for (const { size, mediaType } of images) {
    if (size.width > 0 && (size.width !== settings.size.width || size.height !== settings.size.height)) {
      warnings.push({
        code: 'size_differs',
        param: 'size',
        message: `${offer.id} returned ${size.width}x${size.height} instead of ${settings.size.width}x${settings.size.height}.`,
      })
    }
    if (!mediaType.startsWith(`image/${settings.format}`)) {
      warnings.push({
        code: 'format_differs',
        param: 'output_format',
        message: `${offer.id} returned ${mediaType} instead of ${settings.format}.`,
      })
    }
  }
  return warnings.filter((warning, index) => warnings.findIndex((other) => other.message === warning.message) === index)
}

const settingsToJson = ({ settings }: Candidate): JsonObject => ({ ...settings, size: { ...settings.size } })

/** The settle command of a finished call; `finish` ends the request in the same commit. */
export function settleCommand(context: CallContext, call: FinishedCall, finish: RequestFinish | undefined): SettleCommand {
  const { services } = context
  const { reserved, result, settlement, outcome } = call
  const failure = result.kind === 'failed' ? result.failure : undefined
  const usage = result.kind === 'done' ? result.usage : result.failure.usage
  return {
    attemptId: reserved.attempt.id,
    requestId: reserved.attempt.requestId,
    nodeId: reserved.attempt.nodeId,
    epoch: reserved.attempt.epoch,
    settledUs: services.clock.nowUs(),
    state: settledState(settlement),
    outcome: settlement.kind === 'unknown' && outcome === 'error' ? 'unknown' : outcome,
    billed: settlement.kind === 'charged' ? 'yes' : settlement.kind === 'free' ? 'no' : 'unknown',
    usage: Object.fromEntries(Object.entries(usage ?? {}).map(([meter, quantity]) => [meter, formatQuantity(quantity)])),
    charges: chargesOf(settlement),
    imagesMade: call.record.imagesMade,
    assets: call.assets,
    evidence: evidenceToJson(result),
    findings:
      settlement.kind === 'charged'
        ? settlement.findings
        : settlement.kind === 'unpriced'
          ? [`unpriced: ${settlement.reason}`]
          : [],
    durationUs: call.durationUs,
    ...(failure?.stage && { stage: failure.stage }),
    ...(failure && { errorCode: failure.code, errorMessage: failure.message }),
    ...(result.kind === 'done' && result.reportedCost && { reportedCost: result.reportedCost }),
    ...(result.evidence.httpStatus !== undefined && { httpStatus: result.evidence.httpStatus }),
    ...(result.evidence.providerRequestId !== undefined && { providerRequestId: result.evidence.providerRequestId }),
    ...(result.evidence.timings?.firstByteMs !== undefined && {
      firstByteUs: Math.round(result.evidence.timings.firstByteMs * 1_000),
    }),
    ...(finish && { finish }),
  }
}

/** Billed but without a known price is as unknown as an unknown outcome: unpriced is never zero. */
const settledState = (settlement: Settlement): SettleCommand['state'] =>
  settlement.kind === 'charged' ? 'settled' : settlement.kind === 'free' ? 'voided' : 'unknown'

export const chargesOf = (settlement: Settlement): readonly ChargeLine[] =>
  settlement.kind === 'charged' ? settlement.lines : []

function evidenceToJson({ evidence }: AttemptResult): JsonObject {
  return {
    ...(evidence.httpStatus !== undefined && { httpStatus: evidence.httpStatus }),
    ...(evidence.headers && { headers: { ...evidence.headers } }),
    ...(evidence.body && { body: evidence.body }),
    ...(evidence.timings && { timings: { ...evidence.timings } }),
  }
}
