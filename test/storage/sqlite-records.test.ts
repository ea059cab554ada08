/** Deleting records when something goes wrong in the middle, and when there are many. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Ledger } from '../../src/ports/ledger.ts'
import { openSqliteLedger } from '../../src/storage/index.ts'
import { newReserve, newSettle, T0 } from '../support/ledger-rows.ts'

const MONTH_US = 31 * 86_400_000_000
let dataDir: string
let ledger: Ledger
let epoch: number

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'halftone-records-'))
  ledger = await openSqliteLedger({ dataDir, now: () => T0 + MONTH_US })
  epoch = (await ledger.openNode({ nodeId: 'node-1', leaseMs: 60_000 })).epoch
})
afterEach(async () => {
  await ledger.close()
  await rm(dataDir, { recursive: true, force: true })
})

const make = async (): Promise<string> => {
  const reserve = newReserve({ nodeId: 'node-1', epoch }, { request: { recordExpiresUs: T0 } })
  await ledger.reserve(reserve)
  await ledger.settle(newSettle(reserve))
  return reserve.request.id
}
const sweep = (limit = 500) => ledger.sweep({ nowUs: T0 + MONTH_US, limit })

function rows(sql: string): readonly Record<string, unknown>[] {
  using db = new DatabaseSync(join(dataDir, 'ledger.db'), { timeout: 5_000 })
  return db.prepare(sql).all()
}
const run = (sql: string): void => {
  using db = new DatabaseSync(join(dataDir, 'ledger.db'), { timeout: 5_000 })
  db.exec(sql)
}

test('a sweep that fails in the middle leaves every record whole, and the next one deletes them', async () => {
  const ids = [await make(), await make()]
  const tables = ['requests', 'request_content', 'attempts', 'attempt_events', 'assets', 'blobs', 'feedback']
  const whole = () => tables.map((table) => rows(`SELECT * FROM ${table}`))
  const before = whole()
  // The last of its statements.
  run("CREATE TRIGGER boom BEFORE DELETE ON attempt_events BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
  await expect(sweep()).rejects.toThrow()
  expect(whole()).toEqual(before)
  run('DROP TRIGGER boom')
  await sweep()
  for (const id of ids) expect((await ledger.read.request(id))?.recordDeletedUs).toBe(T0 + MONTH_US)
})

test('what is due is found by its index, whatever else the ledger holds', () => {
  const plan = rows(
    'EXPLAIN QUERY PLAN SELECT id FROM requests WHERE record_expires_us <= 1 ORDER BY record_expires_us, id LIMIT 500',
  ).map((row) => String(row['detail']))
  expect(plan).toHaveLength(1)
  expect(plan[0]).toContain('requests_record_expiry')
})

test('requests without an end are in no index of ends', async () => {
  const reserve = newReserve({ nodeId: 'node-1', epoch })
  await ledger.reserve(reserve)
  await ledger.settle(newSettle(reserve))
  expect(await sweep()).toEqual({ deletedBlobs: [], more: false })
  expect((await ledger.read.request(reserve.request.id))?.recordDeletedUs).toBeNull()
})
