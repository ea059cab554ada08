/** Runs of the crash suite, one ledger after the other. */
import { startCrashProvider } from './provider.ts'
import { type CrashReport, emptyReport } from './report.ts'
import { Round, type Tamper } from './round.ts'
import { planRound } from './schedule.ts'
import { createWorld } from './world.ts'

export interface CrashOptions {
  readonly nodes: number
  readonly runs: number
  readonly seed: number
  /** The first run of the schedule, to repeat a part of it. */
  readonly from?: number
  readonly freshEvery?: number
  /** A new empty PostgreSQL database; absent: SQLite. */
  readonly createDatabase?: () => Promise<{ readonly url: string; drop(): Promise<void> }>
  /** No run begins after this many milliseconds. */
  readonly limitMs?: number
  onRun?(report: CrashReport): void
  /** Do wrong to the evidence before it is compared: the suite must see it. */
  readonly tamper?: Tamper
}

/** Run until done or until something is wrong; the first run with a problem is the last. */
export async function runCrashes(options: CrashOptions): Promise<CrashReport> {
  const { nodes, runs, seed, from = 0, freshEvery = 12, createDatabase, limitMs = Number.POSITIVE_INFINITY } = options
  const report = emptyReport()
  const provider = await startCrashProvider()
  const starts = { usualMs: 1_500 }
  const begun = performance.now()
  let round: Round | undefined
  try {
    for (let run = from; run < from + runs && performance.now() - begun < limitMs; run++) {
      const plan = planRound({ seed, nodes, freshEvery }, run)
      if (!round || plan.fresh) {
        await round?.world.close()
        provider.clear()
        const database = await createDatabase?.()
        const world = await createWorld({ nodes, doubleUrl: provider.baseUrl, starts, ...(database && { database }) })
        round = new Round(world, provider, report, options.tamper)
        await Promise.all(Array.from({ length: nodes }, (_, node) => world.start(node, node === 0 ? plan.firstKills : [])))
      }
      await round.run(plan)
      report.runs += 1
      options.onRun?.(report)
      if (report.problems.length > 0) break
    }
  } catch (error) {
    report.problems = [...report.problems, `the run broke off: ${error instanceof Error ? error.stack : String(error)}`]
  } finally {
    await round?.world.close()
    await provider.close()
  }
  return report
}
