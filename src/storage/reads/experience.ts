/** What the router learned before this process started, summed from the rollups. */
import type { Kysely } from 'kysely'
import type { Outcome } from '../../core/outcome.ts'
import type { Operation, SizeClass } from '../../core/request.ts'
import type { LedgerReader } from '../../ports/ledger.ts'
import { hourOf } from '../batch/rollup.ts'
import type { Database } from '../schema.ts'
import { toSum } from './decode.ts'

export const createExperienceReads = (db: Kysely<Database>): Pick<LedgerReader, 'experience'> => ({
  experience: async (sinceUs) => {
    const since = BigInt(hourOf(sinceUs))
    const attempts = await db
      .selectFrom('rollups')
      .select(({ fn }) => [
        'offer',
        'quality',
        'operation',
        'size_class',
        'prompt_class',
        'outcome',
        fn.sum<bigint>('attempts').as('attempts'),
        fn.sum<bigint>('cost_nano_usd').as('cost'),
        fn.sum<bigint>('accepted').as('accepted'),
        fn.sum<bigint>('rejected').as('rejected'),
      ])
      .where('hour_us', '>=', since)
      .groupBy(['offer', 'quality', 'operation', 'size_class', 'prompt_class', 'outcome'])
      .orderBy('offer')
      .execute()
    const latencies = await db
      .selectFrom('rollup_latency')
      .select(({ fn }) => ['offer', 'quality', 'bucket', fn.sum<bigint>('attempts').as('attempts')])
      .where('hour_us', '>=', since)
      .groupBy(['offer', 'quality', 'bucket'])
      .orderBy('offer')
      .execute()
    return {
      attempts: attempts.map((row) => ({
        offer: row.offer,
        quality: row.quality,
        operation: row.operation as Operation,
        sizeClass: row.size_class as SizeClass,
        promptClass: row.prompt_class,
        outcome: row.outcome as Outcome,
        attempts: Number(toSum(row.attempts)),
        costNanoUsd: toSum(row.cost),
        accepted: Number(toSum(row.accepted)) / 1_000,
        rejected: Number(toSum(row.rejected)) / 1_000,
      })),
      latencies: latencies.map((row) => ({
        offer: row.offer,
        quality: row.quality,
        bucket: Number(row.bucket),
        attempts: Number(toSum(row.attempts)),
      })),
    }
  },
})
