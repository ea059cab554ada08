/** Ledgers of every earlier schema, with rows in them, opened by this release. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seedLedger } from '../../scripts/seed/seed.ts'
import { migrateSqlite, openWriter } from '../../src/storage/dialects/sqlite-files.ts'
import { migratePostgres, schemaVersion } from '../../src/storage/index.ts'
import { fineSums, shapeColumns, waitSums } from '../../src/storage/migrations/014-fine.ts'
import { migrations } from '../../src/storage/migrations/index.ts'
import { expectConsistent } from '../contracts/ledger/invariants.ts'
import { createTestDatabase } from '../support/test-database.ts'

type Row = Record<string, unknown>
type Query = (sql: string) => Promise<Row[]>

let folder: string
let whole: DatabaseSync

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-upgrade-'))
  const untilUs = Date.UTC(2026, 10, 22, 12) * 1_000
  await seedLedger({ requests: 90, days: 12, seed: 7, images: 0, untilUs, dataDir: join(folder, 'whole') })
  const path = join(folder, 'whole', 'ledger.db')
  billOne(new DatabaseSync(path))
  whole = new DatabaseSync(path, { readOnly: true })
}, 300_000)
afterAll(async () => {
  whole.close()
  await rm(folder, { recursive: true, force: true })
})

/** The seed knows every price: here one call that failed was billed all the same, and nobody knows how much. */
function billOne(db: DatabaseSync): void {
  db.exec('DROP TRIGGER attempts_forward_only')
  db.exec(`UPDATE attempts SET state = 'settled', billed = 'yes', unpriced = 1
    WHERE state = 'voided' AND NOT EXISTS (SELECT 1 FROM charges WHERE charges.attempt_id = attempts.id)`)
  db.close()
}

const queryOf =
  (db: DatabaseSync): Query =>
  async (sql) => {
    const statement = db.prepare(sql)
    statement.setReadBigInts(true)
    return statement.all().map((row) =>
      // As PostgreSQL's driver gives them.
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value])),
    )
  }

/** What a ledger of that time had in a table: rows of the whole one, without what came later. Some stand there from the migration on. */
function rowsOf(table: string, columns: readonly string[]): readonly (readonly unknown[])[] {
  const known = whole.prepare(`SELECT name FROM pragma_table_info('${table}')`).all()
  if (known.length === 0) return []
  const statement = whole.prepare(`SELECT ${columns.join(', ')} FROM ${table}`)
  statement.setReadBigInts(true)
  return statement.all().map((row) => Object.values(row))
}

const jsonOf = (value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

/** Sums of the finest grain, by what their shapes and labels say. */
async function fineOf(query: Query): Promise<unknown> {
  const shape = shapeColumns.map((column) => `s.${column}`).join(', ')
  const of = (table: string, time: string, sums: readonly string[], label: string) =>
    query(`SELECT f.sandbox, f.${time}, ${shape}${label}, ${sums.map((sum) => `CAST(sum(f.${sum}) AS TEXT) AS ${sum}`).join(', ')}
      FROM ${table} f JOIN insight_shapes s ON s.id = f.shape ${label && 'JOIN insight_labels l ON l.id = f.label'}
      GROUP BY f.sandbox, f.${time}, ${shape}${label} HAVING ${sums.map((sum) => `sum(f.${sum}) <> 0`).join(' OR ')}
      ORDER BY f.sandbox, f.${time}, ${shape}${label}`)
  const label = ', l.end_customer, l.request_group'
  return {
    days: await of('insight_fine_days', 'day_us', fineSums, label),
    hours: await of('insight_fine_hours', 'hour_us', [...fineSums, ...waitSums], label),
    waits: await of('insight_fine_waits', 'day_us', waitSums, ''),
  }
}

const notUsed = () => Promise.reject(new Error('not used here'))
const expectUpgraded = async (query: Query): Promise<void> => {
  await expectConsistent({ query, clock: { nowUs: 0 }, open: notUsed, expireLease: notUsed, manyNodes: false, dispose: notUsed })
  const fine = (await fineOf(query)) as { readonly days: readonly unknown[] }
  expect(fine.days.length).toBeGreaterThan(20)
  expect(fine).toEqual(await fineOf(queryOf(whole)))
  const unpriced = 'SELECT id FROM attempts WHERE unpriced = 1'
  expect(await query(unpriced)).toHaveLength(1)
  expect(await query(unpriced)).toEqual(await queryOf(whole)(unpriced))
  expect(await query(`SELECT CAST(sum(amount_nano_usd) AS TEXT) AS sum FROM charges`)).toEqual(
    await queryOf(whole)(`SELECT CAST(sum(amount_nano_usd) AS TEXT) AS sum FROM charges`),
  )
}

const earlier = migrations.slice(0, -1).map(({ version }) => version)

test.each(earlier)(
  'an embedded ledger of schema %i keeps every row, and its sums are those of its rows',
  async (version) => {
    const dataDir = join(folder, `at-${version}`)
    const db = openWriter(dataDir)
    const known = migrations.filter((migration) => migration.version <= version)
    await migrateSqlite(db, 0, known)
    const tables = db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('schema_migrations', 'schema_floors')")
      .all()
    db.exec('BEGIN')
    for (const { name } of tables) {
      const columns = db
        .prepare(`SELECT name FROM pragma_table_info('${name}')`)
        .all()
        .map((column) => String(column['name']))
      const insert = db.prepare(
        `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING`,
      )
      for (const row of rowsOf(String(name), columns)) insert.run(...(row as (string | bigint | null)[]))
    }
    db.exec('COMMIT')
    expect(await migrateSqlite(db, 1)).toMatchObject({ from: version, to: schemaVersion })
    await expectUpgraded(queryOf(db))
    db.close()
  },
  120_000,
)

test.each([1, 4, 9, 13, 16])(
  'a PostgreSQL ledger of schema %i keeps every row, and its sums are those of its rows',
  async (version) => {
    const database = await createTestDatabase()
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    try {
      await migratePostgres(
        database.url,
        0,
        migrations.filter((migration) => migration.version <= version),
      )
      const { rows: tables } = await client.query(
        "SELECT table_name AS name, json_agg(column_name ORDER BY ordinal_position) AS columns FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN ('schema_migrations', 'schema_floors') GROUP BY 1",
      )
      await client.query('BEGIN')
      for (const { name, columns } of tables as { name: string; columns: string[] }[]) {
        if (name === 'nodes') continue
        const rows = rowsOf(name, columns).map((row) =>
          Object.fromEntries(columns.map((column, index) => [column, jsonOf(row[index])])),
        )
        await client.query(
          `INSERT INTO ${name} SELECT * FROM json_populate_recordset(NULL::${name}, $1) ON CONFLICT DO NOTHING`,
          [JSON.stringify(rows)],
        )
      }
      await client.query('COMMIT')
      expect(await migratePostgres(database.url, 1)).toMatchObject({ from: version, to: schemaVersion })
      await expectUpgraded(async (sql) => (await client.query(sql)).rows)
    } finally {
      await client.end()
      await database.drop()
    }
  },
  240_000,
)
