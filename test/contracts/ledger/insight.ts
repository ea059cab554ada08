/** Sums by day, distributions, scans, and what is kept to ask again. */
import { expect, test } from 'vitest'
import { addSums, zeroSums } from '../../../src/core/insight/explore.ts'
import type { StoredDimension } from '../../../src/core/insight/rules.ts'
import type { SumsQuery } from '../../../src/ports/ledger.ts'
import { MOST_NAMES_A_DAY } from '../../../src/storage/migrations/insight-cubes.ts'
import { newFinish, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import { grouped, recount } from '../../support/recount.ts'
import type { OpenedLedger } from '../ledger.ts'
import { allDimensions, DAY, dayUs, expectFineEqualsRows, readFine, whole } from './insight-fine.ts'
import { live } from './insight-life.ts'
import { insightMigrationRules } from './insight-migration.ts'
import { expectConsistent } from './invariants.ts'

/** Hundreds of commits or questions: what runs on after its time would write into the tests that follow. */
const PATIENT_MS = 120_000

export function insightRules(opened: () => OpenedLedger): void {
  test(
    'after every kind of end each sum by day equals the rows it summarises',
    async () => {
      await live(opened(), 260)
      await expectConsistent(opened().harness)
    },
    PATIENT_MS,
  )

  const dimensions: readonly StoredDimension[] = [
    'offer',
    'operation',
    'size',
    'quality',
    'route',
    'project',
    'key',
    'outcome',
    'prompt_class',
  ]
  const totalOf = async (query: SumsQuery) => {
    const answer = await opened().ledger.insight.sums(query)
    return answer?.cells.map(({ sums }) => sums).reduce(addSums, zeroSums)
  }

  test('any two dimensions, and any one with a name of its own, add up to everything there is', async () => {
    const { ledger } = opened()
    const everything = await totalOf({ ...whole, grain: 'none', dimensions: [] })
    const totals = await ledger.read.totals({ sandbox: false })
    expect(everything?.costNanoUsd).toBe(totals.costNanoUsd)
    const cells = (await ledger.insight.sums({ ...whole, grain: 'none', dimensions: ['kind'] }))?.cells ?? []
    expect(cells.reduce((sum, { sums }) => sum + sums.provisionalNanoUsd, 0n)).toBe(totals.unknownNanoUsd)
    for (const [index, first] of dimensions.entries())
      for (const second of dimensions.slice(index + 1))
        expect(await totalOf({ ...whole, grain: 'day', dimensions: [first, second] }), `${first} x ${second}`).toEqual(everything)
    for (const named of [['end_customer'], ['group', 'project'], ['tag:campaign', 'offer'], ['baseline']] as const)
      expect(await totalOf({ ...whole, grain: 'none', dimensions: named }), named.join()).toEqual(everything)
    expect(await totalOf({ ...whole, grain: 'hour', dimensions: ['offer', 'key'] })).toEqual(everything)
  })

  test(
    'the finest sums by any two dimensions are what the rows say, to the nano-dollar and the wait',
    async () => {
      const { ledger, harness } = opened()
      const rows = await recount((sql) => harness.query(sql), false)
      const pairs = allDimensions.flatMap((first, index) =>
        allDimensions.slice(index + 1).map((second) => [first, second] as const),
      )
      const asked: readonly (readonly StoredDimension[])[] = [...pairs, [], ['tag:campaign'], allDimensions]
      for (const dimensions of asked)
        for (const grain of ['none', 'day', 'hour'] as const)
          await expectFineEqualsRows(ledger.insight, rows, { ...whole, grain, dimensions })
      const filters = [
        { dimension: 'end_customer', values: ['ann', ''] },
        { dimension: 'tag:campaign', values: ["win'ter"] },
        { dimension: 'route', values: ['auto'] },
      ] as const
      const narrow = { ...whole, fromUs: dayUs - 3 * DAY, toUs: dayUs - DAY, filters }
      await expectFineEqualsRows(ledger.insight, rows, {
        ...narrow,
        grain: 'day',
        dimensions: filters.map(({ dimension }) => dimension),
      })
      expect(rows.facts.length).toBeGreaterThan(500)
      const total = rows.facts.map(({ sums }) => sums).reduce(addSums)
      for (const column of ['accepted', 'rejected', 'images', 'delivered'] as const)
        expect(total[column], column).toBeGreaterThan(0)
    },
    PATIENT_MS,
  )

  test('cubes and the finest sums say the same', async () => {
    const { ledger } = opened()
    const pairs: readonly (readonly StoredDimension[])[] = [
      ['offer', 'outcome'],
      ['project', 'end_customer'],
      ['offer', 'tag:campaign'],
      ['group', 'project'],
    ]
    for (const dimensions of pairs) {
      const query = { ...whole, grain: 'day', dimensions } as const
      const asked = { ...whole, dimensions, stepUs: DAY }
      const { facts } = await readFine(ledger.insight, { ...query, wants: 'sums' })
      const cells = (await ledger.insight.sums(query))?.cells ?? []
      expect(
        grouped(
          cells.map((cell) => ({ ...cell, sums: addSums(zeroSums, cell.sums) })),
          asked,
        ),
        dimensions.join(),
      ).toEqual(grouped(facts, asked))
    }
  })

  test('what no sums are kept by is said, not guessed', async () => {
    const { insight } = opened().ledger
    expect(await insight.sums({ ...whole, grain: 'none', dimensions: ['end_customer', 'offer'] })).toBeUndefined()
    expect(await insight.sums({ ...whole, grain: 'none', dimensions: ['tag:other'] })).toBeUndefined()
    expect(
      await insight.distribution({ ...whole, grain: 'none', measure: 'latency', dimensions: ['offer', 'key'] }),
    ).toBeUndefined()
  })

  test('filters pick values, in the empty one what has none', async () => {
    const { insight } = opened().ledger
    const ask = async (values: readonly string[]) =>
      (
        await insight.sums({
          ...whole,
          grain: 'none',
          dimensions: ['end_customer'],
          filters: [{ dimension: 'end_customer', values }],
        })
      )?.cells.map(({ values: own }) => own.end_customer)
    expect(await ask(['ann'])).toEqual(['ann'])
    expect((await ask(['', 'bob']))?.sort()).toEqual(['', 'bob'])
  })

  test('a day has rows for a bounded number of end customers; the rest is one row and no money is lost', async () => {
    const { ledger, owner, harness } = opened()
    const query = {
      sandbox: true,
      fromUs: dayUs + DAY,
      toUs: dayUs + 2 * DAY,
      grain: 'none',
      dimensions: ['end_customer'],
    } as const
    await Promise.all(
      Array.from({ length: MOST_NAMES_A_DAY + 20 }, async (_, index) => {
        const reserve = newReserve(owner, { sandbox: true, request: { endCustomer: `c-${index}` } })
        await ledger.reserve(reserve)
        await ledger.settle(newSettle(reserve, { settledUs: T0 + DAY, finish: newFinish({ finishedUs: T0 + DAY }) }))
      }),
    )
    const cells = (await ledger.insight.sums(query))?.cells ?? []
    expect(cells).toHaveLength(MOST_NAMES_A_DAY + 1)
    expect(cells.find(({ values }) => values.end_customer === '\u0001')?.sums).toMatchObject({ requests: 20, images: 20 })
    const stored = await harness.query(
      `SELECT CAST(sum(cost_nano_usd) AS TEXT) AS cost FROM insight_days WHERE cube = 'end_customer' AND day_us = ${query.fromUs}`,
    )
    expect(stored).toEqual([{ cost: String(BigInt(MOST_NAMES_A_DAY + 20) * 40_000_000n) }])
  })

  test('views and rules have versions, an audit row each, and refuse a change of what was changed meanwhile', async () => {
    const { ledger, harness } = opened()
    const { insight } = ledger
    const put = (name: string, expectedVersion?: number) =>
      insight.putObject({
        kind: 'view',
        id: 'mine',
        document: { name },
        ...(expectedVersion !== undefined && { expectedVersion }),
      })
    expect(await put('one')).toMatchObject({ version: 1, document: { name: 'one' } })
    expect(await put('two', 1)).toMatchObject({ version: 2 })
    await expect(put('three', 1)).rejects.toMatchObject({ code: 'conflict' })
    expect(await insight.objects('view')).toMatchObject([{ id: 'mine', version: 2, document: { name: 'two' } }])
    expect(await insight.objects('tag_rule')).toEqual([])
    expect(await insight.deleteObject({ kind: 'view', id: 'mine' })).toBe(true)
    expect(await insight.deleteObject({ kind: 'view', id: 'mine' })).toBe(false)
    expect(await put('four')).toMatchObject({ version: 4 })
    expect(await harness.query("SELECT action FROM audit WHERE object_id = 'mine' ORDER BY id")).toEqual(
      ['create', 'update', 'delete', 'create'].map((action) => ({ action: `view.${action}` })),
    )
    await expect(harness.query("UPDATE insight_objects SET actor = 'x'")).rejects.toThrow('insert-only')
  })

  insightMigrationRules(opened)
}
