/** A call and its hedge: they race for the same images, and the loser is settled all the same. */
import { HalftoneError } from '../core/error.ts'
import {
  earnHedge,
  type HedgeAllowance,
  mayHedge,
  type NextStep,
  type PlannedCall,
  type Policy,
  type RunningCall,
  spendHedge,
} from '../core/routing/index.ts'
import type { AttemptResult } from '../ports/provider.ts'
import type { FinishedCall, ReservedCall } from './conclude.ts'
import { type Beside, type CallContext, runCall } from './run-call.ts'

export interface Race {
  /** A call has brought pictures. */
  readonly isOver: boolean
  /** Told of every answer as it arrives: the first with pictures wins, and false is returned for it and for failures before. */
  isLost(call: ReservedCall, result: AttemptResult): boolean
  /** Aborts when another call has won, if that stops the billing of this one. */
  signalFor(call: ReservedCall): AbortSignal
}

export function createRace(): Race {
  let winner: ReservedCall | undefined
  const losing = new Map<ReservedCall, AbortController>()
  return {
    get isOver() {
      return winner !== undefined
    },
    isLost(call, result) {
      if (winner) return true
      if (result.kind === 'failed') return false
      winner = call
      for (const [other, controller] of losing) {
        if (other !== call && other.candidate.offer.capabilities.cancelStopsBilling)
          controller.abort(new HalftoneError('cancelled', 'Another call was first.'))
      }
      return false
    },
    signalFor(call) {
      const controller = new AbortController()
      losing.set(call, controller)
      return controller.signal
    },
  }
}

export interface HedgedRound {
  readonly context: CallContext
  readonly first: ReservedCall
  /** What is done to the pictures of either call. */
  readonly steps: Pick<Beside, 'ownStep'>
  /** What core makes of the calls under way. */
  next(running: readonly RunningCall[]): NextStep
  /** Undefined: a budget or a quote has no room for it, and the first call stays alone. */
  reserve(call: PlannedCall): Promise<ReservedCall | undefined>
  /** Settle what has ended; `others` still run, `isLast` when nothing does or will. */
  settle(done: FinishedCall, others: readonly ReservedCall[], isLast: boolean): Promise<void>
}

/** Resolves when a call has won and is settled, or when every call has failed. A loser runs on and settles by itself. */
export async function runHedged({ context, first, steps, next, reserve, settle }: HedgedRound): Promise<void> {
  const { clock, log } = context.services
  const race = createRace()
  const running = new Map<ReservedCall, number>()
  const ended = new AbortController()
  let isReserving = false
  let win: () => void = () => undefined
  const won = new Promise<void>((resolve) => {
    win = resolve
  })
  const launch = async (call: ReservedCall): Promise<void> => {
    running.set(call, clock.monotonicMs())
    const done = await runCall(context, call, { ...steps, race })
    running.delete(call)
    ended.abort()
    await settle(done, [...running.keys()], running.size === 0 && !isReserving)
    if (!done.isSurplus && done.record.imagesMade > 0) win()
  }
  const hedge = async (): Promise<void> => {
    const call = await momentToHedge(() => next(runningCalls(running, clock.monotonicMs())), clock, ended.signal)
    if (!call) return
    isReserving = true
    const second = await reserve(call).finally(() => {
      isReserving = false
    })
    if (!second) return
    context.hedges.take()
    context.notes.push({
      code: 'hedged',
      message: `${first.candidate.offer.id} was slow to answer, so ${second.candidate.offer.id} was asked as well; both are paid for.`,
    })
    await launch(second)
  }
  const calls = [launch(first), hedge()]
  const ends = Promise.allSettled(calls)
  context.onLeftRunning(
    ends.then((results) => {
      for (const result of results)
        if (result.status === 'rejected') log.error({ err: result.reason, requestId: context.requestId }, 'a hedged call failed')
    }),
  )
  const everyCall = ends.then((results) => {
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  })
  // After a win nobody waits for the others, and what becomes of them is logged above.
  everyCall.catch(() => undefined)
  await Promise.race([won, everyCall])
}

/** Waits until core says now; undefined: the call has ended before, or there is no such moment. */
async function momentToHedge(
  next: () => NextStep,
  clock: CallContext['services']['clock'],
  ended: AbortSignal,
): Promise<PlannedCall | undefined> {
  for (;;) {
    if (ended.aborted) return undefined
    const step = next()
    if (step.kind !== 'call') return undefined
    if (step.afterMs <= 0) return step.calls[0]
    try {
      await clock.sleep(step.afterMs, ended)
    } catch {
      return undefined
    }
  }
}

const runningCalls = (running: ReadonlyMap<ReservedCall, number>, nowMs: number): readonly RunningCall[] =>
  [...running].map(([{ call }, startedMs]) => ({
    candidate: call.candidate,
    kind: call.kind,
    n: call.n,
    elapsedMs: nowMs - startedMs,
  }))

export interface Hedges {
  /** A request of the route begins; what it gets says whether it may be hedged. */
  begin(policy: Policy): CallContext['hedges']
}

/** The shares of hedged requests, by route, of this node; they start anew with the process, with nothing to spend. */
export function createHedges(): Hedges {
  const left = new Map<string, HedgeAllowance>()
  const leftOf = (route: string): HedgeAllowance => left.get(route) ?? 0
  return {
    begin({ route, hedge }) {
      if (!hedge) return { isLeft: () => false, take: () => undefined }
      left.set(route, earnHedge(leftOf(route), hedge))
      return {
        isLeft: () => mayHedge(leftOf(route)),
        take: () => void left.set(route, spendHedge(leftOf(route))),
      }
    },
  }
}
