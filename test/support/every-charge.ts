/** A ledger with every kind of charge there is, made by the ledger's own commands. */
import type { ExportEntry } from '../../src/core/export/entries.ts'
import type { FocusRow, FocusVersion } from '../../src/core/export/focus/columns.ts'
import { focusRows } from '../../src/core/export/focus/rows.ts'
import type { ChargeLine } from '../../src/core/outcome.ts'
import type { Ledger, NewLot, SettleCommand } from '../../src/ports/ledger.ts'
import { charge, newReserve, newSettle, type Owner, T0 } from './ledger-rows.ts'

const HOUR_US = 3_600_000_000
const DAY_US = 24 * HOUR_US
/** The month before that of T0, and the end of the month of T0. */
export const FROM_US = Date.UTC(2026, 9, 1) * 1_000
export const TO_US = Date.UTC(2027, 0, 1) * 1_000

/** Text that a spreadsheet would run, and that breaks careless CSV. */
export const HOSTILE = '=HYPERLINK("http://x","a,b")\r\n+1'

const lot = (id: string, more: Partial<NewLot>): NewLot => ({
  id,
  provider: 'acme',
  commitment: `c-${id}`,
  kind: 'prepaidCredits',
  startsUs: T0 - DAY_US,
  expiresUs: T0 + DAY_US,
  meter: null,
  capacity: 1_000_000_000n,
  paidNanoUsd: 799_999_999n,
  nativeAmount: '1',
  nativeUnit: 'USD',
  source: 'a test',
  managedBy: 'file',
  ...more,
})

const hour = Math.floor(T0 / HOUR_US) * HOUR_US

const lots: readonly NewLot[] = [
  lot('credits', {}),
  lot('endless', { expiresUs: null, capacity: 50_000_000n, paidNanoUsd: 33_333_333n }),
  lot('floor', { kind: 'minimumSpend', capacity: 250_000_000n, paidNanoUsd: 250_000_000n }),
  lot('rack', {
    kind: 'reservedCapacity',
    meter: 'gpu.seconds',
    startsUs: hour,
    expiresUs: hour + HOUR_US,
    capacity: 3_600_000_000n,
    paidNanoUsd: 2_490_000_001n,
  }),
  lot('batch', { kind: 'batchPrepay', meter: 'images.out', capacity: 3_000_000n, paidNanoUsd: 100_000_000n }),
]

/** Every kind of charge, purchase and draw; some are corrected in their month and some later. */
export async function everyCharge(ledger: Ledger, owner: Owner): Promise<void> {
  await ledger.admin.putProject({
    id: 'project-1',
    name: HOSTILE,
    promptMode: 'full',
    assetTtlDays: 30,
    tags: {},
    managedBy: 'api',
  })
  const settle = async (
    charges: readonly ChargeLine[],
    more: Partial<SettleCommand> = {},
    request: Parameters<typeof newReserve>[1] = {},
  ) => {
    const reserve = newReserve(owner, request)
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve, { charges, ...more }))
    return reserve.attempt.id
  }
  const uses = (commitment: string, usage: Record<string, bigint> = { 'images.out': 1_000_000n }) => ({
    consumption: { scope: 'sku', usage, commitments: [`c-${commitment}`] },
  })
  await ledger.commitments.putLots(lots)

  const tokens = charge(126_720_000n, { meter: 'tokens.image.out', quantity: '4224', nativeAmount: '0.12672', rateId: 'tokens' })
  const markup = charge(6_336_001n, { kind: 'adjustment', rateId: 'markup', nativeAmount: '0.006336001' })
  const { meter: _meter, quantity: _quantity, ...fee } = markup
  const discount = { ...fee, amountNanoUsd: -10_000_003n, nativeAmount: '-0.010000003', rateId: 'batch-discount' }
  await settle(
    [tokens, fee],
    {},
    { request: { tags: { sku: '4711', 'halftone/project': 'fake', note: HOSTILE }, endCustomer: HOSTILE, group: 'g' } },
  )
  await settle([tokens, discount])
  await settle([charge(33_333_333n, { quantity: '7', nativeAmount: '0.0333333333', description: HOSTILE })])
  await settle([charge(26_000_000n, { nativeAmount: '2.6', nativeUnit: 'credits', fxRate: '0.01', fxSource: 'book' })])
  await settle([charge(43_600_000n, { nativeAmount: '0.04', nativeUnit: 'EUR', fxRate: '1.09', fxSource: 'book' })])
  await settle([charge(0n, { nativeAmount: '0' })])
  await settle(
    [charge(5_000_000n, { quantity: '0', nativeAmount: '0.005' })],
    {},
    { attempt: { offer: 'acme:acme/painter@eu-west-1+priority' } },
  )
  await settle([], { state: 'voided', charges: [] })
  await settle([
    charge(1n, { kind: 'step', nativeAmount: '0.000000001' }),
    charge(2n, { kind: 'storage', meter: 'storage.gb_days', nativeAmount: '0.000000002' }),
  ])
  await settle([charge(9_000_000n)], {}, { sandbox: true })

  // Paid from lots: wholly, in part, from two at once, and with a discount beside.
  await settle([tokens, fee], uses('credits'))
  await settle([tokens, discount], uses('endless'))
  await settle([charge(80_000_000n), charge(40_000_000n, { meter: 'images.in', rateId: 'in' })], {
    consumption: { scope: 'sku', usage: { 'images.out': 2_000_000n }, commitments: ['c-endless', 'c-credits'] },
  })
  await settle([charge(70_000_000n)], uses('floor'))
  await settle([charge(160_000_000n, { quantity: '4' })], uses('batch', { 'images.out': 4_000_000n }))
  const gpu = (seconds: bigint, amount: bigint) =>
    charge(amount, {
      meter: 'gpu.seconds',
      quantity: String(seconds),
      rateId: 'gpu',
      nativeAmount: `0.${amount.toString().padStart(9, '0')}`,
    })
  await settle([gpu(700n, 484_166_667n)], uses('rack', { 'gpu.seconds': 700_000_000n }))
  await settle(
    [gpu(1_100n, 760_833_333n)],
    { ...uses('rack', { 'gpu.seconds': 1_100_000_000n }) },
    { request: { tags: { team: 'red' } } },
  )
  await ledger.commitments.drawOutside({
    id: 'statement-1',
    lotId: 'credits',
    amount: 100_000_000n,
    atUs: T0,
    source: 'statement',
  })

  // Unknown, then evidence; evidence that a call paid from a lot was not billed; a better invoice in the next month.
  const unknown = () => settle([], { state: 'unknown', charges: [], billed: 'unknown' })
  await unknown()
  const evidence = { source: 'invoice', outcome: 'succeeded', assets: [] } as const
  await ledger.reconcile({
    ...evidence,
    attemptId: await unknown(),
    atUs: T0 + HOUR_US,
    evidenceId: 'e-1',
    charges: [charge(41_000_000n)],
  })
  await ledger.reconcile({
    ...evidence,
    attemptId: await settle([tokens, fee], uses('credits')),
    atUs: T0 + HOUR_US,
    evidenceId: 'e-2',
    charges: [],
  })
  const october = { settledUs: T0 - 30 * DAY_US }
  const late = await settle([tokens, discount], october)
  await ledger.reconcile({
    ...evidence,
    attemptId: late,
    atUs: T0,
    evidenceId: 'e-3',
    charges: [charge(125_000_000n, { provenance: 'invoiced' })],
  })

  // A price that was wrong, in the month and after it.
  for (const [index, more] of [{}, october].entries()) {
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve, more))
    const record = await ledger.read.request(reserve.request.id)
    const standing = record?.attemptRows[0]?.charges.map(({ id }) => id) ?? []
    const line = charge(index === 0 ? -4_000_000n : 3_000_000n, {
      kind: 'correction',
      nativeAmount: index === 0 ? '-0.004' : '0.003',
    })
    const corrections = [{ line, corrects: standing[0] ?? '' }]
    await ledger.prices.correct({ attemptId: reserve.attempt.id, atUs: T0 + HOUR_US, standing, corrections, evidence: {} })
  }
  await ledger.commitments.closeLots({ atUs: T0 + 2 * DAY_US })
}

export async function entriesOf(ledger: Ledger, sandbox = false): Promise<readonly ExportEntry[]> {
  const entries: ExportEntry[] = []
  for await (const entry of ledger.exports.entries({ fromUs: FROM_US, toUs: TO_US, sandbox })) entries.push(entry)
  return entries
}

export const rowsOf = (entries: readonly ExportEntry[], version: FocusVersion): readonly FocusRow[] =>
  entries.flatMap((entry) => focusRows(entry, { version, providerTypeOf: () => 'acme' }))
