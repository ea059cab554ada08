import { expect, test } from 'vitest'
import type { Consumption, NewLot, ReserveCommand } from '../../../src/ports/ledger.ts'
import { charge, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

const DAY_US = 86_400_000_000

const newLot = (id: string, more: Partial<NewLot> = {}): NewLot => ({
  id,
  provider: 'acme',
  commitment: `commitment-${id}`,
  kind: 'prepaidCredits',
  startsUs: T0 - DAY_US,
  expiresUs: T0 + DAY_US,
  meter: null,
  capacity: 100n,
  paidNanoUsd: 80n,
  nativeAmount: '100',
  nativeUnit: 'nano-USD',
  source: 'a test',
  managedBy: 'file',
  ...more,
})

const using = (commitments: readonly string[], images = 1n, scope = 'sku-1'): Consumption => ({
  scope,
  usage: { 'images.out': images * 1_000_000n },
  commitments,
})

export function commitmentRules(opened: () => OpenedLedger): void {
  const settle = async (amount: bigint, consumption: Consumption, more: Parameters<typeof newSettle>[1] = {}) => {
    const { ledger, owner } = opened()
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve, { charges: [charge(amount)], consumption, ...more }))
    return reserve
  }
  const lotsOf = async (prefix: string) => {
    const lots = await opened().ledger.commitments.lots({ closed: true })
    return Object.fromEntries(lots.filter(({ id }) => id.startsWith(prefix)).map(({ id, remaining }) => [id, remaining]))
  }
  const drawsOf = async ({ attempt }: ReserveCommand) =>
    (await opened().ledger.read.request(attempt.requestId))?.attemptRows[0]?.draws.map(({ lotId, coveredNanoUsd }) => [
      lotId,
      coveredNanoUsd,
    ])

  test('a settle counts towards the volumes of its account, scope, meter and day, once', async () => {
    const { ledger } = opened()
    const reserve = await settle(5n, using([], 3n, 'counted'))
    await ledger.settle(newSettle(reserve, { charges: [charge(5n)], consumption: using([], 3n, 'counted') }))
    await settle(5n, using([], 4n, 'counted'))
    await settle(5n, using([], 1n, 'counted'), { settledUs: T0 - 40 * DAY_US })
    const count = async (sinceUs: number, exceptNode?: string) =>
      (await ledger.commitments.volumes({ sinceUs, ...(exceptNode !== undefined && { exceptNode }) })).filter(
        ({ scope }) => scope === 'counted',
      )
    const row = { provider: 'acme', scope: 'counted', meter: 'images.out' }
    expect(await count(T0 - 30 * DAY_US)).toEqual([{ ...row, quantity: 7_000_000n }])
    expect(await count(0)).toEqual([{ ...row, quantity: 8_000_000n }])
    expect(await count(0, 'node-1')).toEqual([])
  })

  test('what was billed but not charged, or charged nothing, counts towards no volume', async () => {
    const { ledger } = opened()
    await settle(0n, using([], 1n, 'free'), { state: 'voided', charges: [] })
    await settle(0n, using([], 1n, 'free'), { state: 'unknown', charges: [] })
    expect((await ledger.commitments.volumes({ sinceUs: 0 })).filter(({ scope }) => scope === 'free')).toEqual([])
  })

  test('credits are drawn from the lot that expires first, and the next one pays the rest', async () => {
    const { ledger } = opened()
    const commitment = 'first-expiring'
    await ledger.commitments.putLots([
      newLot('order-endless', { commitment, expiresUs: null }),
      newLot('order-late', { commitment, expiresUs: T0 + 2 * DAY_US }),
      newLot('order-soon', { commitment }),
      newLot('order-other', { commitment: 'someone-else' }),
    ])
    const before = await ledger.read.totals({ sandbox: false })
    const reserve = await settle(130n, using([commitment]))
    const after = await ledger.read.totals({ sandbox: false })
    // 80 of 100 was paid for each lot.
    expect([after.coveredNanoUsd - before.coveredNanoUsd, after.drawnNanoUsd - before.drawnNanoUsd]).toEqual([130n, 104n])
    expect(await drawsOf(reserve)).toEqual([
      ['order-soon', 100n],
      ['order-late', 30n],
    ])
    expect(await lotsOf('order-')).toEqual({ 'order-soon': 0n, 'order-late': 70n, 'order-endless': 100n, 'order-other': 100n })
    expect(await ledger.read.request(reserve.attempt.requestId)).toMatchObject({ costNanoUsd: 130n })
  })

  test('beyond the last lot the charge stays uncovered', async () => {
    const { ledger } = opened()
    await ledger.commitments.putLots([newLot('over')])
    expect(await drawsOf(await settle(250n, using(['commitment-over'])))).toEqual([['over', 100n]])
    expect(await drawsOf(await settle(5n, using(['commitment-over'])))).toEqual([])
  })

  test('settles at the same time never draw more than a lot holds', async () => {
    const { ledger, harness } = opened()
    await ledger.commitments.putLots([newLot('race', { capacity: 100n })])
    await Promise.all(Array.from({ length: 40 }, () => settle(7n, using(['commitment-race']))))
    expect(await lotsOf('race')).toEqual({ race: 0n })
    const [sum] = await harness.query(
      "SELECT sum(covered_nano_usd) AS covered, sum(effective_nano_usd) AS effective FROM credit_draws WHERE lot_id = 'race'",
    )
    expect([BigInt(sum!['covered'] as bigint), BigInt(sum!['effective'] as bigint)]).toEqual([100n, 80n])
  })

  test('a lot of a quantity covers whole calls until it is used up', async () => {
    const { ledger } = opened()
    await ledger.commitments.putLots([
      newLot('batch', { kind: 'batchPrepay', meter: 'images.out', capacity: 3_000_000n, paidNanoUsd: 90n }),
    ])
    expect(await drawsOf(await settle(100n, using(['commitment-batch'], 2n)))).toEqual([['batch', 100n]])
    expect(await drawsOf(await settle(100n, using(['commitment-batch'], 2n)))).toEqual([['batch', 50n]])
  })

  test('evidence that nothing was billed gives the credits back', async () => {
    const { ledger } = opened()
    await ledger.commitments.putLots([newLot('back')])
    const reserve = await settle(60n, using(['commitment-back']))
    const evidence = {
      evidenceId: 'e-back',
      source: 'invoice',
      atUs: T0 + DAY_US / 2,
      charges: [],
      outcome: 'error',
      assets: [],
    } as const
    await ledger.reconcile({ attemptId: reserve.attempt.id, ...evidence })
    await ledger.reconcile({ attemptId: reserve.attempt.id, ...evidence })
    expect(await lotsOf('back')).toEqual({ back: 100n })
    expect(await drawsOf(reserve)).toEqual([
      ['back', 60n],
      ['back', -60n],
    ])
  })

  test('a late settle that corrects a guess draws and counts like any other', async () => {
    const { ledger, owner } = opened()
    await ledger.commitments.putLots([newLot('late')])
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve, { state: 'unknown', charges: [] }))
    await ledger.settle(newSettle(reserve, { charges: [charge(40n)], consumption: using(['commitment-late'], 1n, 'late') }))
    expect(await drawsOf(reserve)).toEqual([['late', 40n]])
    expect((await ledger.commitments.volumes({ sinceUs: 0 })).find(({ scope }) => scope === 'late')?.quantity).toBe(1_000_000n)
  })

  test('draws made outside Halftone are recorded once by their evidence, up to what is left', async () => {
    const { ledger } = opened()
    await ledger.commitments.putLots([newLot('shared')])
    const outside = { lotId: 'shared', atUs: T0, source: 'statement' }
    expect(await ledger.commitments.drawOutside({ ...outside, id: 'line-1', amount: 70n })).toEqual({ drawn: 70n })
    expect(await ledger.commitments.drawOutside({ ...outside, id: 'line-1', amount: 70n })).toEqual({ drawn: 70n })
    expect(await ledger.commitments.drawOutside({ ...outside, id: 'line-2', amount: 70n })).toEqual({ drawn: 30n })
    expect(await lotsOf('shared')).toEqual({ shared: 0n })
    await expect(ledger.commitments.drawOutside({ ...outside, lotId: 'none', id: 'line-3', amount: 1n })).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  test('what is left of a lot at its end is a breakage charge, posted once; draws and breakage add up to what was paid', async () => {
    const { ledger, harness } = opened()
    const ends = { expiresUs: T0 + 3_000_000 }
    await ledger.commitments.putLots([newLot('ending', ends), newLot('ending-used', ends)])
    await settle(33n, using(['commitment-ending']))
    await settle(100n, using(['commitment-ending-used']))
    expect(await ledger.commitments.closeLots({ atUs: ends.expiresUs - 1 })).toEqual([])
    const before = await ledger.read.totals({ sandbox: false })
    expect(await ledger.commitments.closeLots({ atUs: ends.expiresUs })).toEqual([
      { lotId: 'ending', breakageNanoUsd: 54n },
      { lotId: 'ending-used', breakageNanoUsd: 0n },
    ])
    expect(await ledger.commitments.closeLots({ atUs: ends.expiresUs })).toEqual([])
    const rows = await harness.query(
      "SELECT kind, amount_nano_usd, attempt_id, incurred_us FROM charges WHERE rate_id LIKE 'ending%'",
    )
    expect(rows).toEqual([{ kind: 'breakage', amount_nano_usd: 54n, attempt_id: '', incurred_us: BigInt(ends.expiresUs) }])
    const after = await ledger.read.totals({ sandbox: false })
    expect(after.costNanoUsd - before.costNanoUsd).toBe(54n)
    expect(after).toMatchObject({ coveredNanoUsd: before.coveredNanoUsd, drawnNanoUsd: before.drawnNanoUsd })
    // The charge of a call that comes too late is not covered by what has ended.
    expect(await drawsOf(await settle(10n, using(['commitment-ending'])))).toEqual([])
  })

  test('a lot that is put again keeps what was drawn; its new size and end apply', async () => {
    const { ledger } = opened()
    await ledger.commitments.putLots([newLot('grown')])
    await settle(30n, using(['commitment-grown']))
    await ledger.commitments.putLots([newLot('grown', { capacity: 150n })])
    await ledger.commitments.putLots([newLot('grown', { capacity: 150n })])
    expect(await lotsOf('grown')).toEqual({ grown: 120n })
    await expect(ledger.commitments.putLots([newLot('grown', { meter: 'steps' })])).rejects.toMatchObject({ code: 'conflict' })
  })

  test('draws are evidence: the database refuses to change them', async () => {
    const { ledger, harness } = opened()
    await ledger.commitments.putLots([newLot('kept')])
    await settle(30n, using(['commitment-kept']))
    await expect(harness.query("DELETE FROM credit_draws WHERE lot_id = 'kept'")).rejects.toThrow(/insert-only/)
  })
}
