import { expect, test } from 'vitest'
import { charge, newBudget, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'
import { expectConsistent } from './invariants.ts'

const CENT = 10_000_000n
const DAY = 86_400_000_000

export function budgetRules(opened: () => OpenedLedger): void {
  const stateOf = async (id: string, atUs = T0) => {
    const states = await opened().ledger.read.budgetStates(atUs)
    return states.find((state) => state.budget.id === id)
  }

  test('200 parallel reserves never overshoot, and exactly those that fit are accepted in arrival order', async () => {
    const { ledger, owner, harness } = opened()
    await ledger.admin.putBudget(newBudget('race', { limitNanoUsd: 50n * CENT }))
    const results = await Promise.all(
      Array.from({ length: 200 }, () => ledger.reserve(newReserve(owner, { budgetIds: ['race'], holdNanoUsd: CENT }))),
    )
    expect(results.map((result) => result.kind)).toEqual([...Array(50).fill('reserved'), ...Array(150).fill('budget_exceeded')])
    expect(await stateOf('race')).toMatchObject({ heldNanoUsd: 50n * CENT, spentNanoUsd: 0n })
    await expectConsistent(harness)
  })

  test('a refusal names the first budget in ascending id, what remains and when it resets, and writes nothing', async () => {
    const { ledger, owner } = opened()
    await ledger.admin.putBudget(newBudget('b-wide', { limitNanoUsd: 100n * CENT }))
    await ledger.admin.putBudget(newBudget('c-month', { limitNanoUsd: 3n * CENT, period: 'month' }))
    await ledger.admin.putBudget(newBudget('d-total', { limitNanoUsd: 1n * CENT, period: 'total' }))
    const reserve = newReserve(owner, { budgetIds: ['d-total', 'c-month', 'b-wide'], holdNanoUsd: 4n * CENT })
    expect(await ledger.reserve(reserve)).toEqual({
      kind: 'budget_exceeded',
      budgetId: 'c-month',
      limitNanoUsd: 3n * CENT,
      remainingNanoUsd: 3n * CENT,
      resetsAtUs: Date.UTC(2026, 11, 1) * 1000,
    })
    expect(await ledger.read.request(reserve.request.id)).toBeUndefined()
    expect(await stateOf('b-wide')).toMatchObject({ heldNanoUsd: 0n })
    expect(await ledger.reserve(newReserve(owner, { budgetIds: ['d-total'], holdNanoUsd: 2n * CENT }))).toMatchObject({
      budgetId: 'd-total',
      resetsAtUs: null,
    })
  })

  test('a settle in the same batch frees what it did not spend for the reserves after it', async () => {
    const { ledger, owner } = opened()
    await ledger.admin.putBudget(newBudget('frees', { limitNanoUsd: 5n * CENT }))
    const first = newReserve(owner, { budgetIds: ['frees'], holdNanoUsd: 5n * CENT })
    await ledger.reserve(first)
    const [before, , after] = await Promise.all([
      ledger.reserve(newReserve(owner, { budgetIds: ['frees'], holdNanoUsd: 4n * CENT })),
      ledger.settle(newSettle(first, { charges: [charge(CENT)] })),
      ledger.reserve(newReserve(owner, { budgetIds: ['frees'], holdNanoUsd: 4n * CENT })),
    ])
    expect([before.kind, after.kind]).toEqual(['budget_exceeded', 'reserved'])
  })

  test('a soft budget counts and never refuses; an unknown budget id is ignored', async () => {
    const { ledger, owner } = opened()
    await ledger.admin.putBudget(newBudget('soft', { limitNanoUsd: 1n, hard: false }))
    expect(await ledger.reserve(newReserve(owner, { budgetIds: ['soft', 'no-such'], holdNanoUsd: CENT }))).toEqual({
      kind: 'reserved',
      softBudgetsOver: ['soft'],
    })
    expect(await stateOf('soft')).toMatchObject({ heldNanoUsd: CENT })
  })

  test('sandbox money has counters of its own and never uses up real money', async () => {
    const { ledger, owner, harness } = opened()
    await ledger.admin.putBudget(newBudget('mixed', { limitNanoUsd: 2n * CENT }))
    const pretend = newReserve(owner, { budgetIds: ['mixed'], holdNanoUsd: 2n * CENT, sandbox: true })
    await ledger.reserve(pretend)
    await ledger.settle(newSettle(pretend, { charges: [charge(2n * CENT)] }))
    const real = newReserve(owner, { budgetIds: ['mixed'], holdNanoUsd: 2n * CENT })
    expect(await ledger.reserve(real)).toEqual({ kind: 'reserved' })
    expect(await stateOf('mixed')).toMatchObject({
      spentNanoUsd: 0n,
      heldNanoUsd: 2n * CENT,
      sandboxSpentNanoUsd: 2n * CENT,
      sandboxHeldNanoUsd: 0n,
    })
    expect(await ledger.read.totals({ sandbox: true })).toMatchObject({ costNanoUsd: 2n * CENT, requests: 1 })
    expect((await ledger.read.totals({ sandbox: false })).costNanoUsd % (2n * CENT)).not.toBe(1n)
    await expectConsistent(harness)
  })

  test('money belongs to the period of the reservation, even when it settles in the next', async () => {
    const { ledger, owner, harness } = opened()
    await ledger.admin.putBudget(newBudget('midnight', { limitNanoUsd: 5n * CENT }))
    const reserve = newReserve(owner, { budgetIds: ['midnight'], holdNanoUsd: 5n * CENT })
    await ledger.reserve(reserve)
    const tomorrow = T0 + DAY
    const next = newReserve(owner, { budgetIds: ['midnight'], holdNanoUsd: 5n * CENT, attempt: { createdUs: tomorrow } })
    expect(await ledger.reserve(next)).toEqual({ kind: 'reserved' })
    await ledger.settle(newSettle(reserve, { settledUs: tomorrow, charges: [charge(3n * CENT)] }))
    expect(await stateOf('midnight', T0)).toMatchObject({ spentNanoUsd: 3n * CENT, heldNanoUsd: 0n })
    expect(await stateOf('midnight', tomorrow)).toMatchObject({ spentNanoUsd: 0n, heldNanoUsd: 5n * CENT })
    await expectConsistent(harness)
  })

  test('a limit that changes applies at once to what is already spent; a new period kind starts its own counter', async () => {
    const { ledger, owner } = opened()
    await ledger.admin.putBudget(newBudget('moves', { limitNanoUsd: 10n * CENT }))
    await ledger.reserve(newReserve(owner, { budgetIds: ['moves'], holdNanoUsd: 6n * CENT }))
    await ledger.admin.putBudget(newBudget('moves', { limitNanoUsd: 6n * CENT }))
    expect(await ledger.reserve(newReserve(owner, { budgetIds: ['moves'], holdNanoUsd: 1n }))).toMatchObject({
      remainingNanoUsd: 0n,
    })
    await ledger.admin.deleteBudget('moves')
    await ledger.admin.putBudget(newBudget('moves', { limitNanoUsd: 6n * CENT }))
    expect(await stateOf('moves')).toMatchObject({ heldNanoUsd: 6n * CENT })
    await ledger.admin.putBudget(newBudget('moves', { limitNanoUsd: 6n * CENT, period: 'month' }))
    expect(await stateOf('moves')).toMatchObject({ heldNanoUsd: 0n })
  })

  test('edited, deleted and made again while money is held: every hold is given back, and a limit holds from the next reserve', async () => {
    const { ledger, owner, harness } = opened()
    const { admin } = ledger
    const reserveOf = (holdNanoUsd: bigint) => newReserve(owner, { budgetIds: ['edited'], holdNanoUsd })
    const changes: readonly (() => Promise<unknown>)[] = [
      () => admin.putBudget(newBudget('edited', { limitNanoUsd: 30n * CENT })),
      () => admin.putBudget(newBudget('edited', { limitNanoUsd: 2n * CENT })),
      () => admin.putBudget(newBudget('edited', { limitNanoUsd: 30n * CENT, period: 'month' })),
      () => admin.deleteBudget('edited'),
    ]
    const kept: ReturnType<typeof reserveOf>[] = []
    for (let round = 0; round < 12; round += 1) {
      const wanted = Array.from({ length: 8 }, () => reserveOf(CENT))
      const settles = kept.splice(0, 4).map((reserve) => ledger.settle(newSettle(reserve, { charges: [charge(CENT / 2n)] })))
      const [, ...results] = await Promise.all([
        changes[round % changes.length]?.(),
        ...wanted.map((each) => ledger.reserve(each)),
        ...settles,
      ])
      kept.push(...wanted.filter((_, index) => results[index]?.kind === 'reserved'))
    }
    expect(kept.length).toBeGreaterThan(20)
    await admin.putBudget(newBudget('edited', { limitNanoUsd: 0n }))
    expect(await ledger.reserve(reserveOf(1n))).toMatchObject({ kind: 'budget_exceeded', remainingNanoUsd: 0n })
    for (const reserve of kept) await ledger.settle(newSettle(reserve, { state: 'voided', charges: [], imagesMade: 0 }))
    const periods = await harness.query(
      "SELECT period, held_nano_usd, spent_nano_usd FROM budget_periods WHERE budget_id = 'edited' ORDER BY period",
    )
    expect(periods.map(({ period, held_nano_usd }) => [period, held_nano_usd])).toEqual([
      ['day', 0n],
      ['month', 0n],
    ])
    for (const { spent_nano_usd } of periods) expect(Number(spent_nano_usd)).toBeGreaterThan(0)
    await expectConsistent(harness)
  })

  test('an overflow of a counter fails the command and leaves the counter as it was', async () => {
    const { ledger, owner } = opened()
    await ledger.admin.putBudget(newBudget('huge', { limitNanoUsd: 1n, hard: false }))
    const max = 2n ** 63n - 1n
    await ledger.reserve(newReserve(owner, { budgetIds: ['huge'], holdNanoUsd: max }))
    await expect(ledger.reserve(newReserve(owner, { budgetIds: ['huge'], holdNanoUsd: 1n }))).rejects.toMatchObject({
      code: 'storage_failed',
    })
    expect(await stateOf('huge')).toMatchObject({ heldNanoUsd: max })
  })

  test('random reserves, settles, voids and unknowns replay to the same balances', async () => {
    const { ledger, owner, harness } = opened()
    await ledger.admin.putBudget(newBudget('mix-a', { limitNanoUsd: 40n * CENT }))
    await ledger.admin.putBudget(newBudget('mix-b', { limitNanoUsd: 25n * CENT, period: 'month' }))
    let seed = 7
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31
      return seed % below
    }
    const one = async () => {
      const budgetIds = [['mix-a'], ['mix-b'], ['mix-b', 'mix-a']][random(3)] ?? []
      const reserve = newReserve(owner, { budgetIds, holdNanoUsd: BigInt(1 + random(3)) * CENT, sandbox: random(5) === 0 })
      if ((await ledger.reserve(reserve)).kind !== 'reserved') return
      const state = (['settled', 'voided', 'unknown', 'open'] as const)[random(4)]
      if (state === 'open' || state === undefined) return
      const charges = state === 'settled' ? [charge(BigInt(random(Number(reserve.attempt.holdNanoUsd) + 1)))] : []
      await ledger.settle(newSettle(reserve, { state, charges, imagesMade: charges.length }))
    }
    for (let round = 0; round < 5; round += 1) await Promise.all(Array.from({ length: 40 }, one))
    await expectConsistent(harness)
    for (const id of ['mix-a', 'mix-b']) {
      const state = await stateOf(id)
      expect((state?.spentNanoUsd ?? 0n) + (state?.heldNanoUsd ?? 0n)).toBeLessThanOrEqual(state?.budget.limitNanoUsd ?? 0n)
    }
  })
}
