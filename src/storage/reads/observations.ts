/** Requests that a route on trial served or watched, with what they cost. */
import type { Kysely } from 'kysely'
import type { LedgerReader } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { parseObject, toSum } from './decode.ts'

/** Also the bound on the list of ids in one query. */
const PAGE = 500

export const createObservationReads = (db: Kysely<Database>): Pick<LedgerReader, 'observations'> => ({
  async *observations({ routes, sinceUs }) {
    let after = ''
    for (;;) {
      const rows = await db
        .selectFrom('requests')
        .select(['id', 'decision', 'images_returned'])
        .where('route', 'in', routes)
        .where('created_us', '>=', BigInt(sinceUs))
        .where('finished_us', 'is not', null)
        .where('record_deleted_us', 'is', null)
        .where('id', '>', after)
        .orderBy('id')
        .limit(PAGE)
        .execute()
      const costs = await costsOf(
        db,
        rows.map((row) => row.id),
      )
      for (const row of rows) {
        const decision = parseObject(row.decision)
        yield { decision, images: Number(row.images_returned), costNanoUsd: costs.get(row.id) ?? 0n }
      }
      after = rows.at(-1)?.id ?? ''
      if (rows.length < PAGE) return
    }
  },
})

async function costsOf(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('attempts')
    .innerJoin('charges', 'charges.attempt_id', 'attempts.id')
    .select(({ fn }) => ['attempts.request_id', fn.sum<bigint>('charges.amount_nano_usd').as('cost')])
    .where('attempts.request_id', 'in', ids)
    .groupBy('attempts.request_id')
    .execute()
  return new Map(rows.map((row) => [row.request_id, toSum(row.cost)]))
}
