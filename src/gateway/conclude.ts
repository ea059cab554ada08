import { describeStep, type FinishingStep } from '../core/finishing.ts'
import type { Candidate, Warning } from '../core/offer.ts'
import type { ChargeLine, Outcome } from '../core/outcome.ts'
import { settleCharges } from '../core/pricing/index.ts'
import type { Settlement } from '../core/pricing/types.ts'
import type { ImageRequest } from '../core/request.ts'
import type { AttemptRecord, PlannedCall } from '../core/routing/index.ts'
import type { Consumption, NewAsset, NewAttempt } from '../ports/ledger.ts'
import type { AttemptResult } from '../ports/provider.ts'
import { storeOutputs } from './assets.ts'
import type { Stepped } from './bought-step.ts'
import type { Caller } from './execution.ts'
import { type Finished, finishImages } from './finishing.ts'
import type { NotHeld, OwnStep } from './own-step.ts'
import type { GatewayServices, GatewayState } from './state.ts'

/** What concluding a call needs besides the call: the same while it runs and when it is resumed after a crash. */
export interface ConcludeContext {
  readonly services: GatewayServices
  readonly state: GatewayState
  readonly request: ImageRequest
  readonly promptComplexity: number
  readonly caller: Pick<Caller, 'assetTtlDays'>
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
  /** What it counts towards, and what may pay for it. */
  readonly consumption: Consumption | undefined
  readonly assets: readonly NewAsset[]
  readonly outcome: Outcome
  readonly durationUs: number
  readonly warnings: readonly Warning[]
  /** Another call of the request was first: it is paid for, and its pictures are thrown away. */
  readonly isSurplus?: boolean
  /** Calls that were made for its pictures, settled already. */
  readonly steps?: readonly FinishedCall[]
}

/** How a call ended. */
export interface CallEnd {
  readonly result: AttemptResult
  readonly durationUs: number
  /** Another call of the request was first. */
  readonly isSurplus?: boolean
  /** What became of its pictures elsewhere. */
  readonly stepped?: Stepped
  /** Present where finishing here has a price. */
  readonly own?: OwnStep | NotHeld
}

/** Keep the images, then work out what happened and what it cost. */
export async function concludeCall(
  work: ConcludeContext,
  reserved: ReservedCall,
  { result: bought, durationUs, isSurplus = false, stepped, own }: CallEnd,
): Promise<FinishedCall> {
  const { attempt, candidate } = reserved
  if (isSurplus) return concludeSurplus(work, reserved, bought, durationUs)
  const { finishing } = candidate
  const made = bought.kind === 'done' ? (stepped?.images ?? bought.images) : []
  const wanted = finishing && made.length > 0 ? finishing : undefined
  const startedMs = work.services.clock.monotonicMs()
  const notHeld = typeof own === 'string' ? own : undefined
  const finished = wanted && notHeld === undefined ? await finishTraced(work.services, made, wanted) : undefined
  const seconds = (work.services.clock.monotonicMs() - startedMs) / 1_000
  const ownCall = own && typeof own !== 'string' ? await settleOwn(work.services, own, finished, seconds) : undefined
  const result = bought.kind === 'done' ? { ...bought, images: finished?.images ?? made } : bought
  const originals = new Map([...(finished?.originals ?? []), ...(stepped?.originals ?? [])])
  // Bytes are kept before the row that names them is written; a store that fails must not lose the paid picture.
  const assets =
    // What a step returns goes on to the call that it was made for.
    result.kind === 'done' && reserved.call.kind !== 'step'
      ? await storeOutputs(work.services, {
          images: result.images,
          firstImage: attempt.firstImage,
          caller: work.caller,
          originals,
        })
      : []
  const outcome = outcomeOf(bought, attempt.imagesWanted)
  const failure = result.kind === 'failed' ? result.failure : stepped?.failure
  const record: AttemptRecord = {
    candidate: reserved.call.candidate,
    kind: reserved.call.kind,
    round: reserved.round,
    imagesWanted: attempt.imagesWanted,
    imagesMade: result.kind === 'done' ? result.images.length : 0,
    ...(failure && { failure }),
  }
  // They are kept, and nobody reads them again.
  const unread = [...(finished?.originals.values() ?? []), ...(stepped?.originals.values() ?? [])]
  await Promise.all(unread.map(({ body }) => body.dispose()))
  const settlement = settle(work, reserved, bought, { outcome, durationUs })
  return {
    reserved,
    record,
    result,
    settlement,
    // At once, so that the next call is priced after this one.
    consumption: work.services.purchases.settled(candidate.offer, settlement),
    assets,
    outcome,
    warnings:
      bought.kind === 'done'
        ? [
            ...bought.warnings,
            ...returnedDifferences(bought.images, candidate),
            ...(finished?.warnings ?? []),
            ...(wanted && notHeld ? [notDone(wanted, notHeld)] : []),
            ...(stepped?.by === undefined ? [] : [stepWarnings[stepped.kind](candidate.offer.id, stepped.by)]),
          ]
        : [],
    durationUs,
    ...((stepped || ownCall) && { steps: [...(stepped?.steps ?? []), ...(ownCall ? [ownCall] : [])] }),
  }
}

const reasons = {
  over_budget: 'A budget has no room for it.',
  over_limit: 'The quote or the max cost of the request leaves nothing for it.',
  not_written: 'The ledger could not be written.',
} as const satisfies Record<NotHeld, string>

const notDone = (steps: readonly FinishingStep[], why: NotHeld): Warning => ({
  code: 'finishing_failed',
  message: `Not done: ${steps.map(describeStep).join(', ')}. ${reasons[why]}`,
})

/** The pictures are there: a ledger that cannot be told of our own work is no reason to lose them. Recovery settles what stays open. */
async function settleOwn(
  { log }: GatewayServices,
  own: OwnStep,
  finished: Finished | undefined,
  seconds: number,
): Promise<FinishedCall | undefined> {
  try {
    return await own.settle(finished?.originals.size ?? 0, seconds)
  } catch (err) {
    log.error({ err }, 'the work of this machine on a picture could not be settled')
    return undefined
  }
}

const stepWarnings: Readonly<Record<Stepped['kind'], (maker: string, by: string) => Warning>> = {
  cut_out: (maker, by) => ({
    code: 'cut_out',
    param: 'background',
    message: `${maker} made the picture and ${by} cut it out of its background; both are paid for.`,
  }),
  upscale: (maker, by) => ({
    code: 'upscaled',
    param: 'size',
    message: `${maker} made the picture and ${by} enlarged it; both are paid for.`,
  }),
}

/** A call that lost against a hedge, or a hedge that lost: the money is the same, only the pictures go. */
async function concludeSurplus(
  work: ConcludeContext,
  reserved: ReservedCall,
  result: AttemptResult,
  durationUs: number,
): Promise<FinishedCall> {
  const { attempt, candidate, call, round } = reserved
  if (result.kind === 'done') await Promise.all(result.images.map(({ body }) => body.dispose()))
  const outcome = outcomeOf(result, attempt.imagesWanted)
  const settlement = settle(work, reserved, result, { outcome, durationUs })
  return {
    reserved,
    record: {
      candidate: call.candidate,
      kind: call.kind,
      round,
      imagesWanted: attempt.imagesWanted,
      imagesMade: 0,
      ...(result.kind === 'failed' && { failure: result.failure }),
    },
    result,
    settlement,
    consumption: work.services.purchases.settled(candidate.offer, settlement),
    assets: [],
    outcome,
    warnings: [],
    durationUs,
    isSurplus: true,
  }
}

function finishTraced(
  services: GatewayServices,
  ...rest: Rest<Parameters<typeof finishImages>>
): ReturnType<typeof finishImages> {
  const { telemetry } = services
  if (!telemetry) return finishImages(services, ...rest)
  return telemetry.tracer.part('finish', {}, () => finishImages(services, ...rest))
}

type Rest<List extends readonly unknown[]> = List extends readonly [unknown, ...infer Others] ? Others : never

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

function settle(
  { services, state, request, promptComplexity }: ConcludeContext,
  { candidate, attempt }: ReservedCall,
  result: AttemptResult,
  { outcome, durationUs }: { readonly outcome: Outcome; readonly durationUs: number },
): Settlement {
  // The price was pinned at intent; what was really made decides the quantity.
  const { usage, reportedCost } = result.kind === 'done' ? result : result.failure
  const made = result.kind === 'done' ? result.images.length : 0
  return settleCharges(state.prices, {
    candidate,
    request,
    promptComplexity,
    atUs: attempt.pricedAtUs,
    ...services.purchases.inputsFor(candidate.offer),
    wallMs: result.evidence.timings?.totalMs ?? durationUs / 1_000,
    outcome,
    imagesMade: made,
    // An error page is an answer; a connection that broke after a good status is none.
    answered: (result.evidence.httpStatus ?? 0) >= 400,
    billed: result.kind === 'done' ? 'yes' : result.failure.billed,
    ...(result.kind === 'failed' && result.failure.stage && { stage: result.failure.stage }),
    ...(usage && { usage }),
    ...(reportedCost && { reportedCost }),
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

export const chargesOf = (settlement: Settlement): readonly ChargeLine[] =>
  settlement.kind === 'charged' ? settlement.lines : []
