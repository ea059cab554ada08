/** Sums by hour, from the rollups, with the charges that belong to no attempt. */
import { type Kysely, sql } from 'kysely'
import type { LedgerInsight, SumsCell, SumsQuery } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { plainColumns, startOf, toSums } from './insight-rows.ts'

export async function readHours(db: Kysely<Database>, query: SumsQuery): ReturnType<LedgerInsight['sums']> {
  const wanted = query.dimensions.map((dimension) => ({ dimension, column: plainColumns[dimension] ?? '' }))
  if (wanted.some(({ column }) => column === '')) return undefined
  const filters = (query.filters ?? []).map(
    ({ dimension, values }) => sql` AND ${sql.ref(plainColumns[dimension] ?? '')} IN (${sql.join(values)})`,
  )
  const groups = ['hour_us', ...wanted.map(({ column }) => column)].map((column) => sql.ref(column))
  const good = sql`outcome IN ('succeeded', 'partial')`
  const { rows } = await sql<Record<string, string | bigint>>`
    SELECT ${sql.join(groups)}, sum(requests) AS requests, sum(CASE WHEN ${good} THEN requests ELSE 0 END) AS delivered,
      sum(attempts) AS attempts, sum(CASE WHEN ${good} THEN attempts ELSE 0 END) AS attempts_succeeded, sum(images) AS images,
      sum(cost_nano_usd) AS cost_nano_usd, sum(provisional_nano_usd) AS provisional_nano_usd, sum(accepted) AS accepted,
      sum(rejected) AS rejected, sum(duplicates_prevented) AS duplicates_prevented
    FROM rollups WHERE hour_us >= ${BigInt(query.fromUs)} AND hour_us < ${BigInt(query.toUs)} AND sandbox = ${query.sandbox ? 1n : 0n}
    ${filters.length > 0 ? sql.join(filters, sql``) : sql``} GROUP BY ${sql.join(groups)}`.execute(db)
  const cells = rows.map((row) => ({
    values: Object.fromEntries(wanted.map(({ dimension, column }) => [dimension, String(row[column] ?? '')])),
    atUs: Number(row['hour_us']),
    sums: toSums(row),
  }))
  return { source: 'hour', cells: [...cells, ...(await looseCharges(db, query))] }
}

/** They have no value in any dimension. */
export async function looseCharges(
  db: Kysely<Database>,
  { sandbox, fromUs, toUs, grain, dimensions, filters = [] }: SumsQuery,
): Promise<readonly SumsCell[]> {
  if (filters.some(({ values }) => !values.includes(''))) return []
  const rows = await db
    .selectFrom('charges')
    .select(['incurred_us', 'amount_nano_usd'])
    .where('attempt_id', '=', '')
    .where('sandbox', '=', sandbox ? 1n : 0n)
    .where('incurred_us', '>=', BigInt(fromUs))
    .where('incurred_us', '<', BigInt(toUs))
    .execute()
  return rows.map((row) => ({
    values: Object.fromEntries(dimensions.map((dimension) => [dimension, ''])),
    atUs: startOf(grain, Number(row.incurred_us)),
    sums: toSums({ cost_nano_usd: row.amount_nano_usd }),
  }))
}
