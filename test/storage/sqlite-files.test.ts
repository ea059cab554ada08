import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backupSqlite, openSqliteLedger, restoreSqlite, schemaVersion, sqliteSchemaVersion } from '../../src/storage/index.ts'
import { tables } from '../../src/storage/schema.ts'
import { newBudget, newReserve, newSettle, T0 } from '../support/ledger-rows.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'halftone-files-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

const open = (directory = dataDir) => openSqliteLedger({ dataDir: directory, now: () => Date.now() * 1000 })

test('migrating is idempotent: a second open applies nothing and keeps every row', async () => {
  expect(sqliteSchemaVersion(dataDir)).toBe(0)
  const first = await open()
  await first.admin.putBudget(newBudget('kept'))
  await first.close()
  expect(sqliteSchemaVersion(dataDir)).toBe(schemaVersion)
  const second = await open()
  expect(await second.admin.budgets()).toHaveLength(1)
  await second.close()
  const db = new DatabaseSync(join(dataDir, 'ledger.db'))
  expect(db.prepare('SELECT count(*) AS n FROM schema_migrations').get()).toEqual({ n: schemaVersion })
  db.close()
})

test('the database has exactly the declared tables and columns', async () => {
  await (await open()).close()
  const db = new DatabaseSync(join(dataDir, 'ledger.db'))
  const names = db
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_migrations' ORDER BY name")
    .all()
  expect(names.map((row) => row['name'])).toEqual(Object.keys(tables).sort())
  for (const [table, spec] of Object.entries(tables)) {
    const columns = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all()
    expect(columns.map((row) => row['name'])).toEqual(Object.keys(spec.columns))
  }
  expect(names.length).toBeGreaterThan(20)
  db.close()
})

test('recovery, joining and listing read indexes, never a whole table that grows', async () => {
  await (await open()).close()
  const db = new DatabaseSync(join(dataDir, 'ledger.db'))
  const owner = 'SELECT 1 FROM nodes n WHERE n.node_id = x.node_id AND n.epoch = x.epoch AND n.closed_us IS NULL'
  for (const [sql, index] of [
    [`SELECT x.id FROM attempts x WHERE x.state IN ('intent', 'dispatched') AND NOT EXISTS (${owner})`, 'attempts_open'],
    [`SELECT x.id FROM requests x WHERE x.finished_us IS NULL AND NOT EXISTS (${owner})`, 'requests_open'],
    ["SELECT * FROM attempts WHERE state = 'unknown' ORDER BY id LIMIT 5", 'attempts_unknown'],
    ["SELECT count(*) FROM attempts WHERE id >= 'a' AND id < 'b' AND sandbox = 0 AND state = 'unknown'", 'attempts_unknown'],
    ["SELECT count(*) FROM attempts WHERE id >= 'a' AND id < 'b' AND sandbox = 0 AND unpriced = 1", 'attempts_unpriced'],
    ['SELECT sha256 FROM blobs WHERE refs <= 0 ORDER BY sha256 LIMIT 4', 'blobs_unreferenced'],
    ['SELECT id FROM assets WHERE deleted_us IS NULL AND expires_us <= 3 ORDER BY expires_us LIMIT 4', 'assets_expiry'],
    [
      "SELECT id FROM requests WHERE fingerprint = 'f' AND key_id = 'k' AND created_us >= 1 ORDER BY id DESC LIMIT 1",
      'requests_by_fingerprint',
    ],
    ["SELECT id FROM requests WHERE key_id = 'k' AND id < 'x' ORDER BY id DESC LIMIT 5", 'requests_by_key'],
    ["SELECT * FROM attempts WHERE request_id IN ('a', 'b')", 'attempts_by_request'],
    [
      'SELECT provenance, sum(amount_nano_usd) FROM charges WHERE sandbox = 0 AND incurred_us >= 1 AND incurred_us < 2 GROUP BY provenance',
      'COVERING INDEX charges_by_incurred',
    ],
  ] as const) {
    const [step] = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
    expect(String(step?.['detail']), sql).toContain(index)
  }
  db.close()
})

test('long questions have a thread of their own, which starts with the first of them and ends with the ledger', async () => {
  const threads = (): number => (process.report.getReport() as { workers: unknown[] }).workers.length
  const before = threads()
  const ledger = await open()
  await ledger.read.budgetStates(T0)
  expect(threads() - before).toBe(2)
  const { epoch } = await ledger.openNode({ nodeId: 'n', leaseMs: 60_000 })
  await ledger.reserve(newReserve({ nodeId: 'n', epoch }))
  expect((await ledger.read.requests({ limit: 1 })).rows).toHaveLength(1)
  expect(threads() - before).toBe(3)
  await ledger.close()
  expect(threads() - before).toBe(0)
  await expect(ledger.read.requests({ limit: 1 })).rejects.toThrow()
})

test('a database of a newer Halftone is refused and left as it is', async () => {
  await (await open()).close()
  const db = new DatabaseSync(join(dataDir, 'ledger.db'))
  db.exec(`INSERT INTO schema_migrations VALUES (${schemaVersion + 1}, 'future', 0)`)
  db.close()
  await expect(open()).rejects.toMatchObject({ code: 'schema_newer' })
  expect(sqliteSchemaVersion(dataDir)).toBe(schemaVersion + 1)
})

test('a second ledger on the same folder is refused, in this process and in another, until the first is gone', async () => {
  const ledger = await open()
  await expect(open()).rejects.toMatchObject({ code: 'data_dir_locked' })
  const child = startChild('reserve')
  expect(await once(child, 'message').then(([message]) => message)).toEqual({ failed: 'data_dir_locked' })
  child.kill('SIGKILL')
  await ledger.close()
  await (await open()).close()
})

test('a process killed while it reserves loses no acknowledged row, leaves no lock, and its attempts are recovered', async () => {
  const acknowledged: string[] = []
  for (let round = 0; round < 3; round += 1) {
    const child = startChild('reserve')
    let started = false
    child.on('message', (message: { reserved?: string }) => {
      started = true
      if (message.reserved) acknowledged.push(message.reserved)
    })
    while (!started) await new Promise((resolve) => setTimeout(resolve, 10))
    await new Promise((resolve) => setTimeout(resolve, 150 + round * 70))
    child.kill('SIGKILL')
    await once(child, 'exit')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(acknowledged.length).toBeGreaterThan(30)
  const ledger = await open()
  const { recovery } = await ledger.openNode({ nodeId: 'after', leaseMs: 60_000 })
  const db = new DatabaseSync(join(dataDir, 'ledger.db'), { readOnly: true })
  const stored = new Map(
    db
      .prepare('SELECT id, state FROM attempts')
      .all()
      .map((row) => [row['id'], row['state']]),
  )
  const budget = db.prepare('SELECT held_nano_usd AS held, spent_nano_usd AS spent FROM budget_periods').get()
  const provisional = db.prepare('SELECT sum(amount_nano_usd) AS sum FROM charges').get()
  db.close()
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
  expect(new Set(stored.values())).toEqual(new Set(['unknown']))
  expect(recovery.unknown.length).toBeGreaterThan(0)
  expect(budget).toEqual({ held: 0, spent: provisional?.['sum'] })
  await ledger.close()
}, 60_000)

test('a backup taken while the ledger is written is complete and can be restored; the old ledger is kept', async () => {
  const ledger = await open()
  const { epoch } = await ledger.openNode({ nodeId: 'n', leaseMs: 60_000 })
  const reserve = newReserve({ nodeId: 'n', epoch })
  await ledger.reserve(reserve)
  await ledger.settle(newSettle(reserve))
  const file = join(dataDir, 'backup.db')
  const writing = Array.from({ length: 200 }, () => ledger.reserve(newReserve({ nodeId: 'n', epoch })))
  backupSqlite(dataDir, file)
  await Promise.all(writing)
  expect(() => backupSqlite(dataDir, file)).toThrow(/never overwrites/)
  expect(() => restoreSqlite(dataDir, { from: file, nowUs: T0 })).toThrow(expect.objectContaining({ code: 'data_dir_locked' }))
  await ledger.close()
  const { replaced } = restoreSqlite(dataDir, { from: file, nowUs: T0 })
  expect(await readdir(dataDir)).toContain(replaced?.split('/').at(-1))
  const restored = await open()
  expect(await restored.read.request(reserve.request.id)).toMatchObject({ costNanoUsd: 40_000_000n })
  await restored.close()
})

test('a file that is no ledger is not restored', async () => {
  const file = join(dataDir, 'nonsense.db')
  await writeFile(file, 'not a database at all, but long enough to have a header of sorts'.repeat(20))
  expect(() => restoreSqlite(dataDir, { from: file, nowUs: T0 })).toThrow(expect.objectContaining({ code: 'conflict' }))
  expect(() => restoreSqlite(dataDir, { from: join(dataDir, 'missing'), nowUs: T0 })).toThrow(
    expect.objectContaining({ code: 'not_found' }),
  )
})

test('a ledger that is closed refuses commands and can be closed twice', async () => {
  const ledger = await open()
  await ledger.close()
  await ledger.close()
  await expect(ledger.recoverExpired()).rejects.toMatchObject({ code: 'draining' })
})

const startChild = (mode: string) =>
  fork(new URL('./sqlite-child.ts', import.meta.url), [dataDir, mode], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
