/** A few minutes of `npm run crash` in seconds, with another seed each time; a failure names it. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/test-database.ts'
import type { CrashReport } from './report.ts'
import { type CrashOptions, runCrashes } from './suite.ts'

/** As many runs as fit, one at least. */
const RUNS = 1_000
const TEST_TIMEOUT_MS = 180_000

async function crash(options: Omit<CrashOptions, 'runs' | 'seed'>): Promise<{ report: CrashReport; repeat: string }> {
  const seed = Math.floor(Math.random() * 1e9)
  const report = await runCrashes({ runs: RUNS, seed, freshEvery: 4, ...options })
  return { report, repeat: `seed ${seed}, run ${report.runs - 1} of ${JSON.stringify(options)}` }
}

test('killed at random, one gateway on SQLite keeps a ledger that equals the bill', { timeout: TEST_TIMEOUT_MS }, async () => {
  const { report, repeat } = await crash({ nodes: 1, limitMs: 12_000 })
  expect(report.problems, repeat).toEqual([])
  expect(report.billedCalls).toBeGreaterThan(0)
})

test('killed at random, three nodes on one PostgreSQL do the same', { timeout: TEST_TIMEOUT_MS }, async () => {
  const { report, repeat } = await crash({ nodes: 3, limitMs: 8_000, createDatabase: createTestDatabase })
  expect(report.problems, repeat).toEqual([])
  expect(report.billedCalls).toBeGreaterThan(0)
})

test('a bill without a call and a charge that was deleted do not pass', { timeout: TEST_TIMEOUT_MS }, async () => {
  let deleted = ''
  const { report } = await crash({
    nodes: 1,
    limitMs: 1,
    tamper({ dataDir, bills }) {
      bills.push({ attemptId: 'nobody', model: 'steady', prompt: 'not asked for', images: 1 })
      const db = new DatabaseSync(join(dataDir, 'ledger.db'))
      const row = db.prepare(`SELECT id, attempt_id FROM charges WHERE sandbox = 0 AND amount_nano_usd > 0 LIMIT 1`).get()
      deleted = String(row?.['attempt_id'])
      db.exec('DROP TRIGGER charges_no_delete')
      db.prepare('DELETE FROM charges WHERE id = ?').run(String(row?.['id']))
      db.close()
    },
  })
  const found = report.problems.join('\n')
  expect(found).toContain('LOST: "not asked for" was billed and has no attempt (nobody)')
  expect(found).toContain(`attempt ${deleted}`)
  expect(found).toMatch(/budget everything .* has spent/)
  expect(found).toMatch(/rollups of .*: cost/)
})
