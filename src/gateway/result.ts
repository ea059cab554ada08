/** From finished calls to the request's row and the client's answer. */
import { type ErrorCode, errorCatalogue, HalftoneError } from '../core/error.ts'
import type { Warning } from '../core/offer.ts'
import { formatSize } from '../core/request.ts'
import type { Plan } from '../core/routing/index.ts'
import { type Meter, MICRO } from '../core/usage.ts'
import type { CostStatus, NewRequest, RequestFinish } from '../ports/ledger.ts'
import { chargesOf, type FinishedCall, type ReservedCall } from './conclude.ts'
import { type ExecuteResult, type OutputImage, type ResultSummary, summaryToJson } from './execution.ts'
import { floorOf } from './floor.ts'
import type { CallContext } from './run-call.ts'

export type UsablePlan = Extract<Plan, { kind: 'plan' }>

export interface ResultContext {
  readonly context: CallContext
  readonly plan: UsablePlan
  /** Of its row. */
  readonly request: Pick<NewRequest, 'id' | 'createdUs'>
  /** Calls that run on after the answer; they count with what they hold until they are settled. */
  readonly pending?: readonly ReservedCall[]
}

/** How the request ended, for its ledger row. */
export function finishOf(
  options: ResultContext,
  finished: readonly FinishedCall[],
  startedMs: number,
  refused?: HalftoneError,
): RequestFinish {
  const { services } = options.context
  const summary = summarize(options, finished)
  const images = finished.reduce((sum, call) => sum + call.record.imagesMade, 0)
  const last = finished.at(-1)
  const error = images > 0 ? undefined : (refused ?? errorOf(options, finished))
  const wanted = options.context.input.request.n
  return {
    finishedUs: services.clock.nowUs(),
    outcome: images === 0 ? failedOutcome(last) : images < wanted ? 'partial' : 'succeeded',
    httpStatus: error ? errorCatalogue[error.code].status : 200,
    imagesReturned: images,
    latencyUs: Math.round((services.clock.monotonicMs() - startedMs) * 1_000),
    warnings: summary.warnings,
    ...(error && { errorCode: error.code, errorMessage: error.message }),
    // A failure that cost nothing is not kept: repeating it is free.
    ...((images > 0 || isAtRisk(finished)) && {
      response: { ...summaryToJson(summary), ...(error && { error: { code: error.code, message: error.message } }) },
    }),
  }
}

/** A call that succeeded, whose pictures nobody could cut out, is a request that failed. */
const failedOutcome = (last: FinishedCall | undefined): RequestFinish['outcome'] =>
  !last || (last.record.failure && last.outcome === 'succeeded') ? 'error' : last.outcome

/** Every call, with those made for its pictures. */
export const allCalls = (finished: readonly FinishedCall[]): readonly FinishedCall[] =>
  finished.flatMap((call) => [call, ...(call.steps ?? [])])

const isAtRisk = (finished: readonly FinishedCall[]): boolean =>
  allCalls(finished).some((call) => call.settlement.kind !== 'free')

function errorOf({ request }: ResultContext, finished: readonly FinishedCall[]): HalftoneError {
  const last = finished.findLast((call) => call.record.failure)
  const failure = last?.record.failure
  const atRisk = isAtRisk(finished)
  const code: ErrorCode = failure?.code ?? 'provider_no_image'
  return new HalftoneError(code, failure?.message ?? 'The provider returned no image.', {
    requestId: request.id,
    billed: atRisk ? (finished.some((call) => call.settlement.kind === 'unknown') ? 'unknown' : 'yes') : 'no',
    retryable: !atRisk && (failure?.retryable ?? true),
    ...(failure?.param !== undefined && { param: failure.param }),
    ...(failure?.retryAfterMs !== undefined && { retryAfterMs: failure.retryAfterMs }),
  })
}

/** What the client gets; throws when there is no image. */
export function answerOf(
  options: ResultContext,
  finished: readonly FinishedCall[],
  refused: HalftoneError | undefined,
): ExecuteResult {
  const { request } = options
  const images = finished.flatMap(outputImages)
  if (images.length === 0) throw refused ?? errorOf(options, finished)
  return {
    requestId: request.id,
    createdUs: request.createdUs,
    images,
    summary: summarize(options, finished),
    dispose: () => disposeImages(finished),
  }
}

/** Nobody reads the pictures any more. */
export async function disposeImages(finished: readonly FinishedCall[]): Promise<void> {
  await Promise.all(
    finished.flatMap(({ result }) => (result.kind === 'done' ? result.images.map(({ body }) => body.dispose()) : [])),
  )
}

function outputImages({ result, assets, reserved }: FinishedCall): readonly OutputImage[] {
  if (result.kind === 'failed') return []
  return result.images.map((image, index) => ({
    assetId: assets.find((asset) => asset.index === reserved.attempt.firstImage + index)?.id ?? '',
    bytes: image.body.bytes,
    mediaType: image.mediaType,
    width: image.size.width,
    height: image.size.height,
    open: () => image.body.open(),
    ...(image.revisedPrompt !== undefined && { revisedPrompt: image.revisedPrompt }),
  }))
}

function summarize({ context, plan, pending = [] }: ResultContext, finished: readonly FinishedCall[]): ResultSummary {
  const made = finished.findLast((call) => call.record.imagesMade > 0) ?? finished.at(-1)
  const { offer, settings } = made?.reserved.candidate ?? plan.attempts[0].candidate
  const images = finished.reduce((sum, call) => sum + call.record.imagesMade, 0)
  const floor = floorOf(plan.policy, context.input, context.state)
  const first = made?.result.kind === 'done' ? made.result.images[0] : undefined
  return {
    offer: offer.id,
    costNanoUsd:
      allCalls(finished).reduce((sum, call) => sum + callCost(call), 0n) +
      pending.reduce((sum, { attempt }) => sum + attempt.holdNanoUsd, 0n),
    costStatus: costStatusOf(finished, pending),
    attempts: allCalls(finished).length + pending.length,
    cache: 'miss',
    sandbox: context.sandbox,
    warnings: requestWarnings(context, plan, finished, images),
    size: first && first.size.width > 0 ? formatSize(first.size) : formatSize(settings.size),
    ...(settings.quality && { quality: settings.quality }),
    ...(settings.background && { background: settings.background }),
    ...(floor && { floor }),
    format: first ? (first.mediaType.replace('image/', '').replace('svg+xml', 'svg') ?? settings.format) : settings.format,
    tokens: {
      textIn: tokens(finished, ['tokens.text.in', 'tokens.text.in.cached']),
      imageIn: tokens(finished, ['tokens.image.in', 'tokens.image.in.cached']),
      textOut: tokens(finished, ['tokens.text.out']),
      imageOut: tokens(finished, ['tokens.image.out']),
    },
  }
}

const tokens = (finished: readonly FinishedCall[], meters: readonly Meter[]): number => {
  let total = 0n
  for (const { result } of finished) {
    const usage = result.kind === 'done' ? result.usage : result.failure.usage
    for (const meter of meters) total += usage?.[meter] ?? 0n
  }
  return Number(total / MICRO)
}

/** An attempt of unknown outcome counts with what it holds: the same sum the ledger posts. */
const callCost = (call: FinishedCall): bigint => {
  switch (call.settlement.kind) {
    case 'charged':
      return call.settlement.totalNanoUsd
    case 'free':
      return 0n
    case 'unknown':
    case 'unpriced':
      return call.reserved.attempt.holdNanoUsd
  }
}

function costStatusOf(made: readonly FinishedCall[], pending: readonly ReservedCall[] = []): CostStatus {
  const finished = allCalls(made)
  if (finished.some((call) => call.settlement.kind === 'unpriced')) return 'unpriced'
  if (finished.some((call) => call.settlement.kind === 'unknown')) return 'unknown'
  if (pending.length > 0) return 'estimated'
  return finished.some((call) => chargesOf(call.settlement).some((line) => line.provenance === 'estimated'))
    ? 'estimated'
    : 'final'
}

function requestWarnings(
  { input, notes, consistency }: CallContext,
  plan: UsablePlan,
  finished: readonly FinishedCall[],
  images: number,
): readonly Warning[] {
  const used = finished.findLast((call) => call.record.imagesMade > 0)
  // What was left out for the offer that answered, not for the one that was planned first.
  const { warnings: dropped } = used?.reserved.candidate ?? plan.attempts[0].candidate
  const warnings = [...dropped, ...notes, ...finished.flatMap((call) => call.warnings)]
  if (images > 0 && images < input.request.n) {
    warnings.push({ code: 'partial_success', param: 'n', message: `${images} of ${input.request.n} images were made.` })
  }
  if (used && used.record.kind === 'fallback') {
    warnings.push({
      code: 'fallback_used',
      message: `${plan.attempts[0].candidate.offer.id} failed; ${used.reserved.candidate.offer.id} made the image.`,
    })
  }
  const { offer: maker } = consistency?.because === 'group' && consistency.role !== 'first' ? (consistency.look ?? {}) : {}
  if (used && maker !== undefined && used.reserved.candidate.offer.id !== maker) {
    warnings.push({
      code: 'group_switched',
      param: 'x-halftone-group',
      message: `Group "${consistency?.group}" is made by ${maker}; ${used.reserved.candidate.offer.id} made this picture.`,
    })
  }
  if (costStatusOf(finished) === 'estimated')
    warnings.push({ code: 'cost_estimated', message: 'The provider reported no usage; the cost is an estimate.' })
  if (allCalls(finished).some((call) => callCost(call) > call.reserved.attempt.holdNanoUsd)) {
    warnings.push({ code: 'cost_above_hold', message: 'The provider charged more than was held for the call.' })
  }
  return warnings
}
