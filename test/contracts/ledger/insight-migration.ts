/** Sums of a ledger that was written before there were sums: the migrations make them from the rows. */
import { expect, test } from 'vitest'
import { fineTables } from '../../../src/storage/migrations/014-fine.ts'
import { cubes, daySums } from '../../../src/storage/migrations/insight-cubes.ts'
import { recount } from '../../support/recount.ts'
import type { OpenedLedger } from '../ledger.ts'
import { expectFineEqualsRows, whole } from './insight-fine.ts'

/** Run last: the tables of the sums are dropped and made again, and the ledger stays closed. */
export function insightMigrationRules(opened: () => OpenedLedger): void {
  test('a ledger from before gets the same finest sums when it is migrated', async () => {
    const { ledger, harness } = opened()
    const rows = await recount((sql) => harness.query(sql), false)
    await ledger.close()
    for (const table of Object.keys(fineTables)) await harness.query(`DROP TABLE ${table}`)
    await harness.query('DELETE FROM schema_migrations WHERE version = 14')
    const again = await harness.open()
    try {
      for (const dimensions of [
        ['end_customer', 'offer'],
        ['tag:other', 'outcome'],
        ['group', 'tag:campaign'],
        ['size', 'key'],
        [],
      ] as const)
        for (const grain of ['none', 'hour'] as const)
          await expectFineEqualsRows(again.insight, rows, { ...whole, grain, dimensions })
    } finally {
      await again.close()
    }
  })

  test('a ledger from before gets the same sums when it is migrated', async () => {
    const { ledger, harness } = opened()
    const snapshot = async () => {
      const sums = (columns: readonly string[]) => columns.map((column) => `CAST(sum(${column}) AS TEXT) AS ${column}`).join(', ')
      const counted = daySums.filter((column) => column !== 'accepted' && column !== 'rejected')
      const grouped = 'cube, sandbox, day_us, d1, d2, d3, d4, d5, d6, d7, d8, d9'
      const some = counted.map((column) => `sum(${column}) <> 0`).join(' OR ')
      // Words from before are not split by what the sums by hour do not know.
      const known = Object.keys(cubes).filter((cube) => !['kind', 'end_customer', 'group', 'baseline', 'tag'].includes(cube))
      return {
        sums: await harness.query(
          `SELECT ${grouped}, ${sums(counted)} FROM insight_days WHERE sandbox = 0 GROUP BY ${grouped} HAVING ${some} ORDER BY ${grouped}`,
        ),
        words: await harness.query(
          `SELECT ${grouped}, ${sums(['accepted', 'rejected'])} FROM insight_days WHERE cube IN (${known.map((cube) => `'${cube}'`).join()})
           GROUP BY ${grouped} HAVING sum(accepted) <> 0 OR sum(rejected) <> 0 ORDER BY ${grouped}`,
        ),
        bars: await harness.query(
          `SELECT measure, cube, sandbox, day_us, d1, d2, bucket, CAST(sum(entries) AS TEXT) AS entries, CAST(sum(amount) AS TEXT) AS amount
           FROM insight_histograms WHERE measure <> 'duration' GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(entries) <> 0 ORDER BY 1, 2, 3, 4, 5, 6, 7`,
        ),
      }
    }
    const before = await snapshot()
    expect(before.sums.length).toBeGreaterThan(100)
    await harness.query(
      `UPDATE requests SET decision = '{"baseline":{"name":"' || baseline || '","offer":"o","expectedUsd":"0.100000001"}}' WHERE baseline IS NOT NULL`,
    )
    // A prevented duplicate had no price then.
    await ledger.close()
    for (const table of ['insight_days', 'insight_histograms', 'insight_names', 'insight_objects'])
      await harness.query(`DROP TABLE ${table}`)
    for (const column of ['baseline', 'baseline_nano_usd']) await harness.query(`ALTER TABLE requests DROP COLUMN ${column}`)
    await harness.query('ALTER TABLE requests RENAME COLUMN duplicates_nano_usd TO kept')
    await harness.query('DROP FUNCTION insight_objects_refuse_change').catch(() => undefined)
    await harness.query('DELETE FROM schema_migrations WHERE version = 5')
    const again = await harness.open()
    await again.close()
    const after = await snapshot()
    const priceless = (rows: readonly Record<string, unknown>[]) => rows.map(({ duplicates_nano_usd: _, ...row }) => row)
    expect(priceless(after.sums)).toEqual(priceless(before.sums))
    expect(after.words).toEqual(before.words)
    expect(after.bars).toEqual(before.bars)
  })
}
