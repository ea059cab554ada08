/** What the router learned before this process started, summed from the rollups. */
import type { Kysely } from 'kysely'
import type { Outcome } from '../../core/outcome.ts'
import type { Operation, SizeClass } from '../../core/request.ts'
import type { ExperienceRows, LedgerReader } from '../../ports/ledger.ts'
import { hourOf } from '../batch/rollup.ts'
import type { Database } from '../schema.ts'
import { toSum } from './decode.ts'

type AttemptSums = ExperienceRows['attempts'][number]

const classColumns = ['offer', 'quality', 'operation', 'size_class', 'prompt_class', 'outcome'] as const

export const createExperienceReads = (db: Kysely<Database>): Pick<LedgerReader, 'experience'> => ({
  experience: async (sinceUs) => {
    const since = BigInt(hourOf(sinceUs))
    const sumsOf = (table: 'rollups' | 'class_shifts') =>
      db
        .selectFrom(table)
        .select(({ fn }) => [
          ...classColumns,
          fn.sum<bigint>('attempts').as('attempts'),
          fn.sum<bigint>('cost_nano_usd').as('cost'),
          fn.sum<bigint>('accepted').as('accepted'),
          fn.sum<bigint>('rejected').as('rejected'),
        ])
        .where('hour_us', '>=', since)
        .groupBy(classColumns)
        .orderBy('offer')
        .execute()
    const [asRequests, shifts] = await Promise.all([sumsOf('rollups'), sumsOf('class_shifts')])
    const latencies = await db
      .selectFrom('rollup_latency')
      .select(({ fn }) => ['offer', 'quality', 'bucket', fn.sum<bigint>('attempts').as('attempts')])
      .where('hour_us', '>=', since)
      .groupBy(['offer', 'quality', 'bucket'])
      .orderBy('offer')
      .execute()
    return {
      attempts: merged([...asRequests, ...shifts]),
      latencies: latencies.map((row) => ({
        offer: row.offer,
        quality: row.quality,
        bucket: Number(row.bucket),
        attempts: Number(toSum(row.attempts)),
      })),
    }
  },
})

type SumRow = Pick<Database['rollups'], (typeof classColumns)[number]> &
  Readonly<Record<'attempts' | 'cost' | 'accepted' | 'rejected', bigint>>

/** Without classes that everything was taken out of. */
function merged(rows: readonly SumRow[]): readonly AttemptSums[] {
  const sums = new Map<string, AttemptSums>()
  for (const row of rows) {
    const key = classColumns.map((column) => row[column]).join('\n')
    const before = sums.get(key)
    sums.set(key, {
      offer: row.offer,
      quality: row.quality,
      operation: row.operation as Operation,
      sizeClass: row.size_class as SizeClass,
      promptClass: row.prompt_class,
      outcome: row.outcome as Outcome,
      attempts: (before?.attempts ?? 0) + Number(toSum(row.attempts)),
      costNanoUsd: (before?.costNanoUsd ?? 0n) + toSum(row.cost),
      accepted: (before?.accepted ?? 0) + Number(toSum(row.accepted)) / 1_000,
      rejected: (before?.rejected ?? 0) + Number(toSum(row.rejected)) / 1_000,
    })
  }
  return [...sums.values()].filter(
    ({ attempts, costNanoUsd, accepted, rejected }) => attempts !== 0 || costNanoUsd !== 0n || accepted !== 0 || rejected !== 0,
  )
}
