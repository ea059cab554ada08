/**
 * A larger ledger from a seeded one, without writing its requests: what several nodes summed is copied under the names of further nodes, and the
 * sums are multiplied. The number of rows then grows with the nodes alone, because by day and hour they are bounded by what there is to
 * tell apart. Requests, attempts and charges stay those of the seed.
 */
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { type TableName, tables } from '../../src/storage/schema.ts'

export const summed = [
  'rollups',
  'rollup_latency',
  'rollup_tags',
  'insight_days',
  'insight_histograms',
  'insight_fine_days',
  'insight_fine_hours',
  'insight_fine_waits',
] as const satisfies readonly TableName[]
export const base = ['requests', 'attempts', 'charges'] as const satisfies readonly TableName[]

export interface RawDatabase {
  run(sql: string): Promise<void>
  count(table: TableName): Promise<number>
  close(): Promise<void>
}

export async function openSqlite(file: string): Promise<RawDatabase> {
  const db = new DatabaseSync(file)
  return {
    run: async (sql) => db.exec(sql),
    count: async (table) => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']),
    close: async () => db.close(),
  }
}

export async function openPostgres(url: string): Promise<RawDatabase> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return {
    run: async (sql) => void (await client.query(sql)),
    count: async (table) => Number((await client.query(`SELECT count(*) AS n FROM ${table}`)).rows[0]?.n),
    close: () => client.end(),
  }
}

/** Sums as if `nodes` nodes had each handled `factor` times what the seed's node did. */
export async function grow(
  db: RawDatabase,
  { nodes, factor }: { readonly nodes: number; readonly factor: number },
): Promise<void> {
  for (const table of summed) {
    const { sums, others } = columnsOf(table)
    if (factor > 1) await db.run(`UPDATE ${table} SET ${sums.map((column) => `${column} = ${column} * ${factor}`).join(', ')}`)
    for (let node = 2; node <= nodes; node += 1) {
      const copied = [...others, ...sums].join(', ')
      await db.run(
        `INSERT INTO ${table} (${copied}, node_id) SELECT ${copied}, 'seed-${node}' FROM ${table} WHERE node_id = 'seed'`,
      )
    }
  }
  await db.run('ANALYZE')
}

/** Integers that are no part of the key are sums. */
function columnsOf(table: (typeof summed)[number]): { readonly sums: readonly string[]; readonly others: readonly string[] } {
  const { columns, key } = tables[table]
  const keys = new Set<string>(key)
  const names = Object.keys(columns).filter((column) => column !== 'node_id')
  return { sums: names.filter((column) => !keys.has(column)), others: names.filter((column) => keys.has(column)) }
}
