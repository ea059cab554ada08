/** How attempts ended, summed from the rollups: a question costs the same however many requests there were. */
import type { Kysely } from 'kysely'
import type { Outcome } from '../../core/outcome.ts'
import type { LedgerReader } from '../../ports/ledger.ts'
import { hourOf } from '../batch/rollup.ts'
import type { Database } from '../schema.ts'
import { toSum } from './decode.ts'

export const createTryReads = (db: Kysely<Database>): Pick<LedgerReader, 'tries'> => ({
  tries: async ({ sinceUs, sandbox, keyId }) => {
    const all = db
      .selectFrom('rollups')
      .select(({ fn }) => [
        'offer',
        'quality',
        'outcome',
        fn.sum<bigint>('attempts').as('attempts'),
        fn.sum<bigint>('images').as('images'),
        fn.sum<bigint>('cost_nano_usd').as('cost'),
        fn.sum<bigint>('duration_us').as('duration'),
      ])
      .where('hour_us', '>=', BigInt(hourOf(sinceUs)))
      .where('sandbox', '=', sandbox ? 1n : 0n)
      .groupBy(['offer', 'quality', 'outcome'])
      // Requests are counted under the offer they ended at, in rows without attempts.
      .having(({ fn }) => fn.sum<bigint>('attempts'), '>', 0n)
      .orderBy('offer')
      .orderBy('quality')
      .orderBy('outcome')
    const rows = await (keyId === undefined ? all : all.where('key_id', '=', keyId)).execute()
    return rows.map((row) => ({
      offer: row.offer,
      quality: row.quality,
      outcome: row.outcome as Outcome,
      attempts: Number(toSum(row.attempts)),
      images: Number(toSum(row.images)),
      costNanoUsd: toSum(row.cost),
      durationUs: Number(toSum(row.duration)),
    }))
  },
})
