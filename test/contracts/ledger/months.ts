import { beforeAll, expect, test } from 'vitest'
import { focusColumns, focusVersions } from '../../../src/core/export/focus/columns.ts'
import { createFocusEvaluator } from '../../../src/core/export/focus/evaluate.ts'
import { parseUsd } from '../../../src/core/money.ts'
import { addUp, closeMonth, spanOfMonth } from '../../../src/gateway/months.ts'
import { systemClock } from '../../../src/system-clock.ts'
import { entriesOf, everyCharge, rowsOf } from '../../support/every-charge.ts'
import { charge, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

const DAY_US = 86_400_000_000
/** In October, of which the ledger learns more in November. */
const OCTOBER = T0 - 30 * DAY_US

export function monthRules(opened: () => OpenedLedger): void {
  const { fromUs, untilUs } = spanOfMonth('2026-10')
  const services = () => ({
    ledger: opened().ledger,
    clock: { ...systemClock, nowUs: () => opened().harness.clock.nowUs },
  })
  const close = (month: string, forced = false) => closeMonth(services(), month, forced)
  const settled = async (more: Parameters<typeof newSettle>[1] = {}) => {
    const reserve = newReserve(opened().owner)
    await opened().ledger.reserve(reserve)
    await opened().ledger.settle(newSettle(reserve, { settledUs: OCTOBER, ...more }))
    return reserve
  }
  const evidence = { source: 'invoice', outcome: 'succeeded', assets: [] } as const
  /** Money of a month by stored sums, by the finest of them, and by the charges. */
  const sumsOf = async (from: number, to: number) => {
    const { ledger } = opened()
    const span = { fromUs: from, toUs: to, sandbox: false }
    const stored = await ledger.insight.sums({ ...span, grain: 'none', dimensions: [] })
    let scanned = 0n
    for await (const { facts } of ledger.insight.fine({ ...span, grain: 'none', dimensions: ['project'], wants: 'sums' }))
      for (const { sums } of facts) scanned += sums.costNanoUsd
    const { totalNanoUsd } = await ledger.read.reports.money(span)
    return [stored?.cells.reduce((sum, { sums }) => sum + sums.costNanoUsd, 0n), scanned, totalNanoUsd]
  }
  let unknown: string
  let reconciled: string
  let rerated: { id: string; request: string }
  let before: Awaited<ReturnType<typeof addUp>>

  beforeAll(async () => {
    await everyCharge(opened().ledger, opened().owner)
    opened().harness.clock.nowUs = T0 + 3 * DAY_US
    reconciled = (await settled()).attempt.id
    const priced = await settled()
    rerated = { id: priced.attempt.id, request: priced.request.id }
    unknown = (await settled({ state: 'unknown', charges: [], billed: 'unknown' })).attempt.id
  })

  test('a month that is not over, or whose end is less than an hour away, cannot be closed', async () => {
    await expect(close('2026-11')).rejects.toMatchObject({ code: 'conflict' })
    await expect(close('2026-13')).rejects.toMatchObject({ code: 'invalid_value' })
  })

  test('calls of unknown outcome are named, and have to be forced', async () => {
    await expect(close('2026-10')).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(unknown) })
    expect(await opened().ledger.months.closed()).toEqual([])
    const closed = await close('2026-10', true)
    expect(closed).toMatchObject({ month: '2026-10', forced: true, unknown: [unknown] })
    before = await addUp({ ledger: opened().ledger }, { month: '2026-10', fromUs, untilUs })
    expect(closed.seal).toEqual({ ...before })
    expect(before.charges).toBeGreaterThan(3)
    expect(await opened().harness.query("SELECT action, object_id FROM audit WHERE action = 'month.close'")).toHaveLength(1)
  })

  test('it is closed once, in order, and never opened again', async () => {
    await expect(close('2026-10')).rejects.toMatchObject({ code: 'conflict' })
    await expect(close('2026-09')).rejects.toMatchObject({ code: 'conflict' })
    for (const statement of [
      "DELETE FROM month_closes WHERE month <> ''",
      "UPDATE month_closes SET until_us = 0 WHERE month <> ''",
    ])
      await expect(opened().harness.query(statement)).rejects.toThrow(/insert-only/)
  })

  test('every kind of late money is booked in the open month, names the closed one, and leaves it as it was', async () => {
    const { ledger } = opened()
    const was = await sumsOf(fromUs, untilUs)
    const atUs = T0 + 3 * DAY_US
    await ledger.reconcile({ ...evidence, attemptId: unknown, atUs, evidenceId: 'm-1', charges: [charge(41_000_001n)] })
    await ledger.reconcile({ ...evidence, attemptId: reconciled, atUs, evidenceId: 'm-2', charges: [] })
    const standing = (await ledger.read.attempt(rerated.id))?.charges.map(({ id }) => id) ?? []
    const line = charge(-3_000_007n, { kind: 'correction', nativeAmount: '-0.003000007' })
    const corrections = [{ line, corrects: standing[0] ?? '' }]
    await ledger.prices.correct({ attemptId: rerated.id, atUs, standing, corrections, evidence: {} })
    // Evidence about what was corrected before, a call settled late, spend recorded late, and a lot that ended then.
    await ledger.reconcile({ ...evidence, attemptId: rerated.id, atUs, evidenceId: 'm-3', charges: [charge(50_000_009n)] })
    await settled({ charges: [charge(7_000_011n)] })
    await ledger.commitments.putLots([
      {
        id: 'forgotten',
        provider: 'acme',
        commitment: 'c-forgotten',
        kind: 'prepaidCredits',
        startsUs: OCTOBER - DAY_US,
        expiresUs: OCTOBER,
        meter: null,
        capacity: 11_000_000n,
        paidNanoUsd: 10_000_003n,
        nativeAmount: '0.011',
        nativeUnit: 'USD',
        source: 'a test',
        managedBy: 'file',
      },
    ])
    await ledger.commitments.closeLots({ atUs })
    expect(await addUp({ ledger }, { month: '2026-10', fromUs, untilUs })).toEqual(before)
    expect(await sumsOf(fromUs, untilUs)).toEqual(was)
    const [stored, scanned, charges] = await sumsOf(untilUs, spanOfMonth('2026-11').untilUs)
    expect([stored, scanned]).toEqual([charges, charges])
    const late = await opened().harness.query('SELECT kind, corrects_month_us FROM charges WHERE corrects_month_us IS NOT NULL')
    expect(new Set(late.map((row) => row['kind']))).toEqual(new Set(['usage', 'reversal', 'correction', 'breakage']))
    expect(new Set(late.map((row) => Number(row['corrects_month_us'])))).toEqual(new Set([fromUs]))
  })

  test('a node whose clock stands in the closed month books late money after it all the same', async () => {
    const { ledger, harness } = opened()
    const span = { month: '2026-10', fromUs, untilUs }
    const was = await addUp({ ledger }, span)
    const nowUs = harness.clock.nowUs
    harness.clock.nowUs = OCTOBER
    try {
      const { attempt } = await settled({ charges: [charge(5_000_003n)] })
      const late = (await ledger.read.attempt(attempt.id))?.charges
      expect(late).toMatchObject([{ incurredUs: untilUs, correctsMonthUs: fromUs }])
      expect(await addUp({ ledger }, span)).toEqual(was)
    } finally {
      harness.clock.nowUs = nowUs
    }
  })

  test('reports name the corrected month', async () => {
    const { corrections } = await opened().ledger.read.reports.money({
      fromUs: untilUs,
      toUs: spanOfMonth('2026-11').untilUs,
      sandbox: false,
    })
    const [sum] = await opened().harness.query(
      'SELECT count(*) AS charges, sum(amount_nano_usd) AS cost FROM charges WHERE corrects_month_us IS NOT NULL',
    )
    expect(corrections).toEqual([
      { monthUs: fromUs, charges: Number(sum?.['charges']), costNanoUsd: BigInt(String(sum?.['cost'])) },
    ])
  })

  test.each(focusVersions)('FOCUS %s bills them in the open month, as corrections of the closed one', async (version) => {
    const rows = rowsOf(await entriesOf(opened().ledger), version)
    const ids = new Set(
      (await opened().harness.query('SELECT id FROM charges WHERE corrects_month_us IS NOT NULL')).map((row) => row['id']),
    )
    const late = rows.filter((row) => ids.has(row.x_ChargeId))
    expect(late.length).toBeGreaterThan(6)
    for (const row of late) {
      expect([row.ChargeClass, row.BillingPeriodStart, row.x_CorrectedPeriodStart]).toEqual([
        'Correction',
        '2026-11-01T00:00:00Z',
        '2026-10-01T00:00:00Z',
      ])
    }
    const evaluator = createFocusEvaluator(
      version,
      focusColumns(version).map(({ name }) => name),
    )
    for (const row of rows) evaluator.row(row)
    expect(evaluator.finish().violations).toEqual([])
    const total = rows.reduce((sum, row) => sum + parseUsd(row.x_LedgerCost ?? '0'), 0n)
    expect(total).toBe((await opened().ledger.read.totals({ sandbox: false })).costNanoUsd)
  })
}
