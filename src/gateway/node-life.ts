/** The background life of a node: its lease, recovery of what crashed nodes left, expiry, free disk. */
import type { Clock } from '../ports/clock.ts'
import type { RecoveryReport } from '../ports/ledger.ts'
import type { BudgetIndex } from './budget-index.ts'
import type { MonthPlanFeed } from './month-plan.ts'
import { resumeAll } from './recovery.ts'
import type { GatewayServices, GatewayState } from './state.ts'
import { sweep } from './sweep.ts'

export interface NodeLife {
  close(): Promise<void>
}

export interface NodeLifeOptions {
  readonly services: GatewayServices
  readonly current: () => GatewayState
  readonly budgets: BudgetIndex
  readonly monthPlan: Pick<MonthPlanFeed, 'refresh'>
  readonly leaseMs: number
  /** Most bytes of kept images; above it those nearest to their end go early. */
  readonly maxImageBytes: number
  /** What `openNode` found. */
  readonly recovery: RecoveryReport
  /** The lease was lost: this node must stop dispatching at once. */
  onLeaseLost(): void
  /** Told every few seconds; false when for a whole lease nothing could be written. */
  onLedger(isWritable: boolean): void
}

const SWEEP_EVERY_MS = 60_000
const REFRESH_EVERY_MS = 5_000
/** Sums by day move slowly; a change of prices or routes plans again at once. */
const PLAN_EVERY_MS = 600_000

export function startNodeLife(options: NodeLifeOptions): NodeLife {
  const { services, budgets } = options
  const { ledger, log, node } = services
  const stop = new AbortController()
  const resuming = new Set<Promise<void>>()
  /** Beside everything else: a job may take a day, and other nodes die meanwhile. */
  const resume = (report: RecoveryReport): void => {
    const work = resumeAll(options, report, stop.signal)
      .catch((err: unknown) => log.error({ err }, 'recovered jobs could not be resumed; the next start resumes them'))
      .finally(() => resuming.delete(work))
    resuming.add(work)
  }
  resume(options.recovery)
  const every = (ms: number, what: string, work: () => Promise<void>): Promise<void> =>
    (async () => {
      while (!stop.signal.aborted) {
        await services.clock.sleep(ms, stop.signal).catch(() => undefined)
        if (!stop.signal.aborted)
          await work().catch((err: unknown) => log.error({ err }, `${what} failed; it will be tried again`))
      }
    })()
  let isLost = false
  const judgement = createJudgement(services.clock, options.leaseMs)
  const loops = [
    every(options.leaseMs / 3, 'renewing the lease', async () => {
      if (isLost) return
      if (await ledger.renewNode({ nodeId: node.id, epoch: node.epoch, leaseMs: options.leaseMs })) return judgement.renewed()
      isLost = true
      log.error({ nodeId: node.id }, 'the lease of this node was taken over; it stops dispatching')
      options.onLeaseLost()
    }),
    // Beside the renewal, which may hang for as long as the database is away.
    every(options.leaseMs / 3, 'watching the ledger', async () => options.onLedger(isLost || judgement.isFresh())),
    every(options.leaseMs, 'recovering expired nodes', async () => {
      // What a lost node took over, the next one would have to take over again.
      if (!isLost && judgement.isSound()) resume(await ledger.recoverExpired())
    }),
    every(REFRESH_EVERY_MS, 'settling what could not be settled', () => services.unsettled.retry()),
    every(REFRESH_EVERY_MS, 'reading budgets', () => budgets.refresh()),
    every(REFRESH_EVERY_MS, 'reading volumes and lots', () => services.purchases.sync()),
    every(PLAN_EVERY_MS, 'planning the month', () => options.monthPlan.refresh()),
    every(SWEEP_EVERY_MS, 'sweeping', () => sweep(services, options.maxImageBytes)),
  ]
  return {
    async close() {
      stop.abort()
      await Promise.all(loops)
      await services.unsettled.retry()
      await Promise.all(resuming)
    },
  }
}

/**
 * Whether this node may take others for dead. One that could not renew its own lease in time was paused, or the database was
 * away for everybody: then the others get a lease's time to come back before they are judged.
 */
function createJudgement(clock: Pick<Clock, 'monotonicMs'>, leaseMs: number) {
  let renewedMs = clock.monotonicMs()
  let soundFromMs = renewedMs
  const isFresh = (): boolean => clock.monotonicMs() - renewedMs < leaseMs
  return {
    isFresh,
    renewed(): void {
      const nowMs = clock.monotonicMs()
      if (nowMs - renewedMs >= leaseMs) soundFromMs = nowMs + leaseMs
      renewedMs = nowMs
    },
    isSound: (): boolean => isFresh() && clock.monotonicMs() >= soundFromMs,
  }
}
