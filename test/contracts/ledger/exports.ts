import { beforeAll, expect, test } from 'vitest'
import type { ExportCharge } from '../../../src/core/export/entries.ts'
import { type FocusRow, focusColumns, focusVersions } from '../../../src/core/export/focus/columns.ts'
import { createFocusEvaluator } from '../../../src/core/export/focus/evaluate.ts'
import { focusRows } from '../../../src/core/export/focus/rows.ts'
import { formatUsd, parseUsd } from '../../../src/core/money.ts'
import { chargeKinds } from '../../../src/core/outcome.ts'
import { entriesOf, everyCharge, FROM_US, rowsOf, TO_US } from '../../support/every-charge.ts'
import { charge, newReserve, newSettle } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

const withoutList = ({
  ListCost: _cost,
  ListUnitPrice: _price,
  PricingCurrencyListUnitPrice: _native,
  ...row
}: FocusRow): Partial<FocusRow> => row

export function exportRules(opened: () => OpenedLedger): void {
  beforeAll(() => everyCharge(opened().ledger, opened().owner))
  const sum = (rows: readonly FocusRow[], column: 'BilledCost' | 'EffectiveCost' | 'x_LedgerCost') =>
    rows.reduce((total, row) => total + parseUsd(row[column] ?? ''), 0n)

  test.each(focusVersions)('every kind of charge has rows that break no rule of FOCUS %s', async (version) => {
    const rows = rowsOf(await entriesOf(opened().ledger), version)
    const columns = focusColumns(version).map(({ name }) => name)
    const evaluator = createFocusEvaluator(version, columns)
    for (const row of rows) evaluator.row(row)
    const report = evaluator.finish()
    expect(report.violations).toEqual([])
    expect(report.recommendations).toEqual([])
    expect(report.rows).toBeGreaterThan(40)
    // The ledger knows these kinds by now; those of no attempt are written by nobody yet.
    const kinds = new Set(rows.map((row) => row.x_ChargeKind))
    expect(chargeKinds.filter((kind) => !kinds.has(kind))).toEqual([])
    expect(new Set(rows.map((row) => row.ChargeCategory))).toEqual(new Set(['Usage', 'Credit', 'Adjustment', 'Purchase']))
  })

  test.each(focusVersions)(
    'list prices of their own break no rule of FOCUS %s, share out to the nano-dollar, and change nothing else',
    async (version) => {
      const entries = await entriesOf(opened().ledger)
      // A fifth more for what is metered, in nano-dollars that no part divides evenly; nothing is known of the rest.
      const listOf = ({ kind, amountNanoUsd: amount }: ExportCharge) => (kind === 'usage' ? (amount * 6n) / 5n + 1n : undefined)
      const options = { version, providerTypeOf: () => 'acme' }
      const rows = entries.flatMap((entry) => focusRows(entry, { ...options, listOf }))
      const evaluator = createFocusEvaluator(
        version,
        focusColumns(version).map(({ name }) => name),
      )
      for (const row of rows) evaluator.row(row)
      expect(evaluator.finish().violations).toEqual([])
      const plain = entries.flatMap((entry) => focusRows(entry, options))
      expect(rows.map(withoutList)).toEqual(plain.map(withoutList))
      for (const row of rows)
        if (row.ChargeCategory !== 'Usage') expect([row.x_ChargeId, row.ListCost]).toEqual([row.x_ChargeId, row.ContractedCost])
      let listed = 0
      for (const entry of entries)
        for (const charge of entry.kind === 'attempt' ? entry.charges : []) {
          const own = rows.filter((row) => row.x_ChargeId === charge.id && row.ChargeCategory === 'Usage')
          const list = listOf(charge)
          if (list === undefined || own.length === 0 || charge.incurredUs !== (entry.kind === 'attempt' ? entry.incurredUs : 0))
            continue
          expect(formatUsd(own.reduce((total, row) => total + parseUsd(row.ListCost ?? ''), 0n))).toBe(formatUsd(list))
          listed += own.length
        }
      expect(listed).toBeGreaterThan(20)
    },
  )

  test('the rows add up to the ledger, to the nano-dollar', async () => {
    const { ledger, harness } = opened()
    const rows = rowsOf(await entriesOf(ledger), '1.3')
    const totals = await ledger.read.totals({ sandbox: false })
    const ofCategory = (category: string) => rows.filter((row) => row.ChargeCategory === category)
    const outside = rows.filter((row) => row.x_ChargeKind === 'outside')
    const unused = rows.filter((row) => row.CommitmentDiscountStatus === 'Unused')
    expect(sum(rows, 'x_LedgerCost')).toBe(totals.costNanoUsd)
    expect(sum(rows, 'EffectiveCost') - sum(outside, 'EffectiveCost')).toBe(
      totals.costNanoUsd - totals.coveredNanoUsd + totals.drawnNanoUsd,
    )
    expect(sum(rows, 'BilledCost') - sum(ofCategory('Purchase'), 'BilledCost')).toBe(
      totals.costNanoUsd - totals.coveredNanoUsd - sum(unused, 'EffectiveCost'),
    )
    const [paid] = await harness.query('SELECT sum(paid_nano_usd) AS paid FROM credit_lots')
    expect(sum(ofCategory('Purchase'), 'BilledCost')).toBe(BigInt(String(paid?.['paid'])))
  })

  test('what a commitment cost is spread over its use and what was left, exactly, once its lots ended', async () => {
    const rows = rowsOf(await entriesOf(opened().ledger), '1.3')
    for (const id of ['acme/c-credits', 'acme/c-floor', 'acme/c-rack', 'acme/c-batch', 'acme/c-endless']) {
      const ofIt = rows.filter((row) => row.CommitmentDiscountId === id)
      expect([id, sum(ofIt, 'EffectiveCost')]).toEqual([id, sum(ofIt, 'BilledCost')])
    }
  })

  test('reserved hours are split: the ratios of an hour add up to the whole, and tags move to the part', async () => {
    const rows = rowsOf(await entriesOf(opened().ledger), '1.3').filter((row) => row.AllocatedMethodId !== null)
    expect(rows).toHaveLength(3)
    const ratios = rows.map((row) => JSON.parse(row.AllocatedMethodDetails ?? '').Elements[0].AllocatedRatio)
    expect(ratios.reduce((total: number, ratio: number) => total + ratio, 0)).toBeCloseTo(1, 12)
    expect(rows.filter((row) => row.AllocatedResourceId === null).map((row) => row.CommitmentDiscountStatus)).toEqual(['Unused'])
    expect(rows.map((row) => row.Tags)).toEqual([null, null, null])
    expect(rows.filter((row) => (row.AllocatedTags ?? '').includes('"team":"red"'))).toHaveLength(1)
  })

  test('sandbox money is exported only when asked for, and alone', async () => {
    const { ledger } = opened()
    expect(rowsOf(await entriesOf(ledger), '1.2').filter((row) => row.x_Sandbox === 'true')).toEqual([])
    const sandbox = rowsOf(await entriesOf(ledger, true), '1.2')
    expect(sandbox.map((row) => [row.BilledCost, row.x_Sandbox])).toEqual([[formatUsd(9_000_000n), 'true']])
  })

  test('a correction of an earlier month is billed in the month it was posted in, and names the one it corrects', async () => {
    const rows = rowsOf(await entriesOf(opened().ledger), '1.2').filter((row) => row.ChargeClass === 'Correction')
    expect(rows.length).toBeGreaterThanOrEqual(4)
    for (const row of rows)
      expect(row).toMatchObject({
        BillingPeriodStart: '2026-11-01T00:00:00Z',
        x_CorrectedPeriodStart: '2026-10-01T00:00:00Z',
        ChargePeriodStart: expect.stringMatching(/^2026-10/),
      })
  })

  test('the order stays, whatever the page, and days cut nothing in two', async () => {
    const { ledger } = opened()
    const whole = rowsOf(await entriesOf(ledger), '1.3')
    expect(rowsOf(await entriesOf(ledger), '1.3')).toEqual(whole)
    const days = await ledger.exports.days({ fromUs: FROM_US, toUs: TO_US, sandbox: false })
    const parts: FocusRow[] = []
    for (const { dayUs } of days)
      for await (const entry of ledger.exports.entries({ fromUs: dayUs, toUs: dayUs + 86_400_000_000, sandbox: false }))
        parts.push(...rowsOf([entry], '1.3'))
    expect(parts).toEqual(whole)
  })

  test('a day says that it changed when anything is posted to it later', async () => {
    const { ledger, owner } = opened()
    const query = { fromUs: FROM_US, toUs: TO_US, sandbox: false }
    const before = await ledger.exports.days(query)
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve, { settledUs: FROM_US + 5, charges: [charge(1n), charge(-1n)] }))
    const after = await ledger.exports.days(query)
    const changed = after.filter(({ dayUs, content }) => before.find((day) => day.dayUs === dayUs)?.content !== content)
    expect(changed.map(({ dayUs }) => dayUs)).toEqual([FROM_US])
  })
}
