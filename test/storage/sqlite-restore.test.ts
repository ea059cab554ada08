import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { restoringSqlite } from '../../src/storage/dialects/sqlite-restore.ts'
import { backupSqlite, checkBackup, openSqliteLedger, restoreSqlite } from '../../src/storage/index.ts'
import { newBudget } from '../support/ledger-rows.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-restore-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const at = (...parts: string[]) => join(folder, ...parts)
const open = (dataDir: string) => openSqliteLedger({ dataDir, now: () => Date.now() * 1000 })

/** A ledger with one budget, and one small image, both of the same name. */
async function make(dataDir: string, name: string): Promise<void> {
  const ledger = await open(dataDir)
  await ledger.admin.putBudget(newBudget(name))
  await ledger.close()
  mkdirSync(join(dataDir, 'blobs'))
  const db = new DatabaseSync(join(dataDir, 'blobs', 'small.db'))
  db.exec(`PRAGMA journal_mode = WAL; CREATE TABLE images (name TEXT); INSERT INTO images VALUES ('${name}')`)
  db.close()
}

async function nameOf(dataDir: string): Promise<{ ledger: string[]; images: unknown }> {
  const ledger = await open(dataDir)
  const budgets = await ledger.admin.budgets()
  await ledger.close()
  return { ledger: budgets.map(({ id }) => id), images: imageIn(join(dataDir, 'blobs', 'small.db')) }
}

function imageIn(path: string): unknown {
  const db = new DatabaseSync(path)
  const row = db.prepare('SELECT name FROM images').get()
  db.close()
  return row?.['name']
}

async function makeBoth(): Promise<{ from: string; beside: { target: string; from: string }[] }> {
  await make(at('past'), 'past')
  const from = at('backup.db')
  backupSqlite(at('past'), from)
  const images = at('backup.images')
  await cp(at('past', 'blobs', 'small.db'), images)
  await make(at('data'), 'present')
  return { from, beside: [{ target: join('blobs', 'small.db'), from: images }] }
}

test('killed at any step, the next start has one whole ledger, the old or the new, with its own images', async () => {
  const { from, beside } = await makeBoth()
  await cp(at('data'), at('dry'), { recursive: true })
  const steps = [...restoringSqlite(at('dry'), { from, beside, nowUs: 7 })]
  expect(steps.length).toBeGreaterThan(8)
  const decided = steps.indexOf('decided') + 1
  expect(decided).toBeGreaterThan(1)
  for (let after = 1; after <= steps.length; after += 1) {
    const dataDir = at(`data-${after}`)
    await cp(at('data'), dataDir, { recursive: true })
    const images = beside[0]?.from ?? ''
    const child = fork(new URL('./restore-child.ts', import.meta.url), [dataDir, from, images, String(after)], { execArgv: [] })
    const [, signal] = await once(child, 'exit')
    expect(signal).toBe('SIGKILL')
    const name = after < decided ? 'present' : 'past'
    expect([steps[after - 1], await nameOf(dataDir)]).toEqual([steps[after - 1], { ledger: [name], images: name }])
    const kept = readdirSync(dataDir, { recursive: true }).map(String)
    expect(kept.filter((each) => /restore(\.json|$)/.test(each))).toEqual([])
    expect(kept.filter((each) => each.includes('before-restore')).sort()).toEqual(
      name === 'past' ? ['blobs/small.db.before-restore-7', 'ledger.db.before-restore-7'] : [],
    )
    await rm(dataDir, { recursive: true })
  }
}, 300_000)

test('a log that was not folded comes along with the ledger that is kept', async () => {
  const { from } = await makeBoth()
  const open = new DatabaseSync(at('data', 'ledger.db'))
  open.exec("UPDATE budgets SET id = 'written last'")
  await cp(at('data'), at('copied'), { recursive: true })
  open.close()
  expect(existsSync(at('copied', 'ledger.db-wal'))).toBe(true)
  const { replaced } = restoreSqlite(at('copied'), { from, nowUs: 7 })
  expect((await nameOf(at('copied'))).ledger).toEqual(['past'])
  const kept = new DatabaseSync(replaced ?? '')
  expect(kept.prepare('SELECT id FROM budgets').get()).toEqual({ id: 'written last' })
  kept.close()
})

test('a ledger that is damaged is replaced, and kept as it was', async () => {
  const { from } = await makeBoth()
  await writeFile(at('data', 'ledger.db'), 'no database at all, whatever its name says'.repeat(100))
  expect(() => restoreSqlite(at('data'), { from, nowUs: 7 })).not.toThrow()
  expect((await nameOf(at('data'))).ledger).toEqual(['past'])
  expect(existsSync(at('data', 'ledger.db.before-restore-7'))).toBe(true)
})

test('while another program reads the ledger nothing is changed', async () => {
  const { from } = await makeBoth()
  const reader = new DatabaseSync(at('data', 'ledger.db'))
  reader.exec('BEGIN; SELECT count(*) FROM budgets')
  const writer = new DatabaseSync(at('data', 'ledger.db'))
  writer.exec("UPDATE budgets SET id = 'written last'")
  expect(() => restoreSqlite(at('data'), { from, nowUs: 7 })).toThrow(expect.objectContaining({ code: 'conflict' }))
  reader.close()
  writer.close()
  expect((await nameOf(at('data'))).ledger).toEqual(['written last'])
  expect(readdirSync(at('data')).filter((each) => each.includes('restore'))).toEqual([])
})

test('a copy that is damaged is refused before anything is changed, be it of the ledger or of images', async () => {
  const { from, beside } = await makeBoth()
  const damaged = at('damaged.db')
  await cp(from, damaged)
  const file = openSync(damaged, 'r+')
  writeSync(file, Buffer.alloc(4_096, 0xff), 0, 4_096, 8_192)
  const conflict = expect.objectContaining({ code: 'conflict' })
  expect(() => checkBackup(damaged)).toThrow(conflict)
  expect(() => restoreSqlite(at('data'), { from: damaged, beside, nowUs: 7 })).toThrow(conflict)
  await writeFile(at('nonsense'), 'x'.repeat(5_000))
  const images = [{ target: join('blobs', 'small.db'), from: at('nonsense') }]
  expect(() => restoreSqlite(at('data'), { from, beside: images, nowUs: 7 })).toThrow(conflict)
  expect(await nameOf(at('data'))).toEqual({ ledger: ['present'], images: 'present' })
})
