/** One request from plan to answer: the loop of calls that core's `afterAttempt` directs. */
import { HalftoneError } from '../core/error.ts'
import { formatUsd } from '../core/money.ts'
import { boughtStepOf } from '../core/offer.ts'
import {
  afterAttempt,
  type Hedging,
  type NextStep,
  type PlannedAttempt,
  type PlannedCall,
  type RunningCall,
} from '../core/routing/index.ts'
import type { NewRequest, ReserveResult } from '../ports/ledger.ts'
import { buyStep } from './bought-step.ts'
import type { FinishedCall, ReservedCall } from './conclude.ts'
import type { ExecuteResult } from './execution.ts'
import { reserveOwnStep } from './own-step.ts'
import { runHedged } from './race.ts'
import { answerOf, disposeImages, finishOf, type UsablePlan } from './result.ts'
import { type Beside, type CallContext, reserveCall, runCall } from './run-call.ts'
import { settleCall } from './settle-call.ts'
import { softBudgetWarning } from './soft-budget.ts'

export interface RunOptions {
  readonly context: CallContext
  readonly plan: UsablePlan
  /** Of the row in `RunStart`. */
  readonly request: Pick<NewRequest, 'id' | 'createdUs'>
  readonly idempotency?: { readonly scope: string; readonly fingerprint: string; readonly expiresUs: number }
  /** Called once the request exists in the ledger, before the first call is made. */
  onReserved(): Promise<void>
}

/** The ledger already knows this idempotency key; nothing was written. */
export class IdempotentRequest extends Error {
  readonly result: Extract<ReserveResult, { kind: 'idempotent' }>
  constructor(result: Extract<ReserveResult, { kind: 'idempotent' }>) {
    super('the idempotency key is taken')
    this.result = result
  }
}

export interface RunStart extends Omit<RunOptions, 'request'> {
  readonly newRequest: NewRequest
}

interface Progress {
  readonly startedMs: number
  readonly finished: FinishedCall[]
  sequence: number
  round: number
  /** Until it is in the ledger: a request that waits for minutes has no use for its decision. */
  unwritten: NewRequest | undefined
  /** A settle has ended the request in its own commit. */
  ended: boolean
  /** Calls that lost against their hedge, or hedges that lost, and still run. */
  pending: readonly ReservedCall[]
}

/** Run a planned request to its end. Rejects with a `HalftoneError` that says whether a repeat may pay twice. */
export function runRequest({ newRequest, ...options }: RunStart): Promise<ExecuteResult> {
  const { id, createdUs } = newRequest
  return runToEnd(
    { ...options, request: { id, createdUs } },
    {
      startedMs: options.context.services.clock.monotonicMs(),
      finished: [],
      sequence: 0,
      round: 0,
      unwritten: newRequest,
      ended: false,
      pending: [],
    },
  )
}

async function runToEnd(options: RunOptions, progress: Progress): Promise<ExecuteResult> {
  try {
    const refused = await runRounds(options, progress)
    if (!progress.ended) await endHalfWay(options, progress, refused)
    return answerOf({ ...options, pending: progress.pending }, progress.finished, refused)
  } catch (error) {
    await disposeImages(progress.finished)
    throw error
  }
}

/** Returns the refusal that ended it, if there was one. */
async function runRounds(options: RunOptions, progress: Progress): Promise<HalftoneError | undefined> {
  let refused: HalftoneError | undefined
  let step = nextStep(options, progress)
  while (step.kind === 'call' && !refused && !progress.ended) {
    if (step.afterMs > 0) await options.context.services.clock.sleep(step.afterMs)
    if (isPointless(options, progress)) break
    refused = await runRound(options, progress, step.calls)
    if (refused && progress.finished.length === 0) throw refused
    step = nextStep(options, progress)
  }
  return refused
}

/**
 * A budget ran out half way, and what was made goes to the client; or the client left when a retry was already decided. The
 * money is settled: a ledger that cannot be told of the end is no reason to lose the pictures, and is told later.
 */
async function endHalfWay(options: RunOptions, progress: Progress, refused: HalftoneError | undefined): Promise<void> {
  const { ledger, log, unsettled } = options.context.services
  const requestId = options.request.id
  const end = { requestId, finish: finishOf(options, progress.finished, progress.startedMs, refused) }
  try {
    await ledger.finishRequest(end)
  } catch (err) {
    unsettled.keepEnd(end)
    log.error({ err, requestId }, 'the end of a request could not be recorded; it is tried again')
  }
}

/** Rejects as the first that does, but not before all have ended: what they work with is still in use. */
async function allEnded(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

/** Reserve the calls in order, run them side by side. Returns the refusal of a budget, which ends the request. */
async function runRound(
  options: RunOptions,
  progress: Progress,
  calls: readonly PlannedCall[],
): Promise<HalftoneError | undefined> {
  const { context } = options
  progress.round += 1
  const reserved: ReservedCall[] = []
  let refused: HalftoneError | undefined
  let firstImage = progress.finished.reduce((sum, call) => sum + call.record.imagesMade, 0)
  for (const call of calls) {
    const place = { sequence: progress.sequence + 1, firstImage, round: progress.round }
    const outcome = await reserve(options, progress, call, place).catch((error: unknown) => {
      // What is reserved already must still be run and settled, and what has begun must end.
      if (progress.sequence === 0) throw error
      return asRefusal(error)
    })
    if (outcome instanceof HalftoneError) {
      refused = outcome
      break
    }
    progress.sequence += 1
    firstImage += call.n
    reserved.push(outcome)
    if (progress.sequence === 1) await options.onReserved()
  }
  const [only] = reserved
  if (only && reserved.length === 1 && mayBeHedged(options)) {
    await runBeside(options, progress, only)
    return refused
  }
  let running = reserved.length
  await allEnded(
    reserved.map(async (call) => {
      const done = await runCall(context, call, stepsOf(options, progress))
      progress.finished.push(done)
      running -= 1
      // The last call of a round knows what comes next, so a request that ends does so in the same commit.
      const ends = running === 0 && !refused && nextStep(options, progress).kind !== 'call'
      await settleCall(context.services, done, ends ? finishOf(options, progress.finished, progress.startedMs) : undefined)
      progress.ended ||= ends
    }),
  )
  return refused
}

/** What is done to pictures after their call, as attempts of the same request. */
function stepsOf({ context }: RunOptions, progress: Progress): Pick<Beside, 'buyStep' | 'ownStep'> {
  const nextSequence = (): number => {
    progress.sequence += 1
    return progress.sequence
  }
  return {
    buyStep: (made, step, result) => buyStep(context, made, step, result, nextSequence),
    ownStep: (made, pictures) => reserveOwnStep(context, made, pictures, nextSequence),
  }
}

/** A picture of a group has to come from its offer, parts of a stream that were sent are of one call, and two in a row are one way. */
const mayBeHedged = ({ context: { input, consistency }, plan }: RunOptions): boolean =>
  plan.policy.hedge !== undefined &&
  consistency === undefined &&
  input.stream === undefined &&
  plan.attempts.every(({ candidate }) => boughtStepOf(candidate) === undefined)

/** One call, and a hedge if core wants one. */
function runBeside(options: RunOptions, progress: Progress, first: ReservedCall): Promise<void> {
  const { context } = options
  return runHedged({
    context,
    first,
    steps: stepsOf(options, progress),
    next: (running) => nextStep(options, progress, running),
    async reserve(call) {
      progress.round += 1
      const { firstImage } = first.attempt
      // At once: a step of the first call may take the next place meanwhile.
      progress.sequence += 1
      const place = { sequence: progress.sequence, firstImage, round: progress.round }
      // The first call is under way: what stands against a second one is no reason to fail.
      const second = await reserve(options, progress, call, place).catch(asRefusal)
      return second instanceof HalftoneError ? undefined : second
    },
    async settle(done, others, isLast) {
      if (done.isSurplus) return settleCall(context.services, done, undefined)
      progress.finished.push(done)
      const isWon = done.record.imagesMade > 0
      if (isWon) progress.pending = others
      const ends = (isWon || isLast) && nextStep(options, progress).kind !== 'call'
      const told = { ...options, pending: progress.pending }
      await settleCall(context.services, done, ends ? finishOf(told, progress.finished, progress.startedMs) : undefined)
      progress.ended ||= ends
    },
  })
}

const asRefusal = (error: unknown): HalftoneError =>
  error instanceof HalftoneError
    ? error
    : new HalftoneError('storage_failed', 'The ledger could not reserve a call.', { cause: error })

interface Place {
  readonly sequence: number
  readonly firstImage: number
  readonly round: number
}

/** What the call may cost with all that is bought for its pictures; undefined: nothing is, or that has no known maximum. */
function wholeOf({ candidate, total }: PlannedAttempt, images: number, n: number): bigint | undefined {
  if (boughtStepOf(candidate) === undefined || total.maxNanoUsd === null) return undefined
  return (total.maxNanoUsd * BigInt(images)) / BigInt(n)
}

async function reserve(
  { context, plan, request, idempotency }: RunOptions,
  progress: Progress,
  call: PlannedCall,
  place: Place,
): Promise<ReservedCall | HalftoneError> {
  const { unwritten } = progress
  const planned = plan.attempts[call.candidate]
  if (!planned) throw new Error(`the plan has no candidate ${call.candidate}`)
  const limit = context.input.options.maxCostNanoUsd ?? plan.policy.maxCostNanoUsd
  const { reserved, result } = await reserveCall(context, {
    call,
    candidate: planned.candidate,
    ...place,
    wholeNanoUsd: wholeOf(planned, call.n, context.input.request.n),
    maxCostNanoUsd: limit === undefined ? undefined : (limit * BigInt(call.n)) / BigInt(context.input.request.n),
    ...(unwritten && { request: unwritten }),
    ...(unwritten && idempotency && { idempotency }),
  })
  switch (result.kind) {
    case 'reserved':
      progress.unwritten = undefined
      for (const id of result.softBudgetsOver ?? []) noteSoftBudget(context, id)
      return reserved
    case 'idempotent':
      throw new IdempotentRequest(result)
    case 'budget_exceeded': {
      context.onBudgetReached(result.budgetId)
      const resets =
        result.resetsAtUs === null ? 'It does not reset.' : `It resets at ${new Date(result.resetsAtUs / 1_000).toISOString()}.`
      return new HalftoneError(
        'insufficient_quota',
        `Budget "${result.budgetId}" has $${formatUsd(result.remainingNanoUsd)} of $${formatUsd(result.limitNanoUsd)} left; this call may cost $${formatUsd(reserved.attempt.holdNanoUsd)}. ${resets}`,
        { requestId: request.id },
      )
    }
  }
}

function noteSoftBudget({ notes, onBudgetReached }: CallContext, budgetId: string): void {
  onBudgetReached(budgetId)
  const warning = softBudgetWarning(budgetId)
  if (!notes.some(({ message }) => message === warning.message)) notes.push(warning)
}

/** Nobody is waiting any more, or the client has already seen part of a stream: nothing further is bought. */
const isPointless = ({ context: { input } }: RunOptions, { finished }: Progress): boolean =>
  finished.some((call) => call.record.failure) && (input.clientGone.aborted || input.stream?.started === true)

function nextStep(options: RunOptions, progress: Progress, running: readonly RunningCall[] = []): NextStep {
  const { context, plan } = options
  const { finished, startedMs } = progress
  const { input, services } = context
  const elapsedMs = services.clock.monotonicMs() - startedMs
  const step = afterAttempt({
    plan,
    n: input.request.n,
    records: finished.map((call) => call.record),
    remainingMs: (input.options.deadlineMs ?? Number.POSITIVE_INFINITY) - elapsedMs,
    // The same value for both looks at one round, or the commit and the loop could disagree.
    random: context.jitter,
    ...(running.length > 0 && { hedging: hedgingOf(options, running, elapsedMs) }),
  })
  const failure = finished.findLast((call) => call.record.failure)?.record.failure
  return step.kind === 'call' && failure && isPointless(options, progress) ? { kind: 'stop', failure } : step
}

function hedgingOf({ context, plan }: RunOptions, running: readonly RunningCall[], elapsedMs: number): Hedging {
  const { input, services, health, hedges } = context
  const nowUs = services.clock.nowUs()
  const maxCostNanoUsd = input.options.maxCostNanoUsd ?? plan.policy.maxCostNanoUsd
  return {
    running,
    deadlineLeftMs: (input.options.deadlineMs ?? plan.policy.deadlineMs ?? Number.POSITIVE_INFINITY) - elapsedMs,
    isAllowed: hedges.isLeft() && !input.clientGone.aborted,
    unavailable: new Set(
      [...health.view()].flatMap(([offer, { state, blockedUntilUs }]) =>
        state === 'open' || blockedUntilUs > nowUs ? [offer] : [],
      ),
    ),
    ...(maxCostNanoUsd !== undefined && { maxCostNanoUsd }),
  }
}
