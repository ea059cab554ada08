import { expect, test } from 'vitest'
import type { Ledger, SettledAttempt } from '../../../src/ports/ledger.ts'
import { charge, newAsset, newBudget, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import { bookOf } from '../../support/pricing.ts'
import type { OpenedLedger } from '../ledger.ts'
import { expectConsistent } from './invariants.ts'

const correction = (amountNanoUsd: bigint) => charge(amountNanoUsd, { kind: 'correction', rateId: 'rate-2', priceBook: 'book-2' })

export function priceRules(opened: () => OpenedLedger): void {
  const everySettled = async (ledger: Ledger): Promise<readonly SettledAttempt[]> => {
    const rows: SettledAttempt[] = []
    let cursor: string | undefined
    do {
      const page = await ledger.prices.settled({ sinceUs: T0, limit: 2, ...(cursor !== undefined && { cursor }) })
      rows.push(...page.rows)
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    return rows
  }
  const settled = async (budget: string, overrides: Parameters<typeof newSettle>[1] = {}) => {
    const { ledger, owner } = opened()
    await ledger.admin.putBudget(newBudget(budget, { limitNanoUsd: 10n ** 12n }))
    const reserve = newReserve(owner, {
      budgetIds: [budget],
      request: { inputs: [newAsset({ role: 'image', width: 640, height: 480 })] },
    })
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve, overrides))
    const record = await ledger.read.request(reserve.request.id)
    const charges = record?.attemptRows[0]?.charges ?? []
    return { reserve, charges, attemptId: reserve.attempt.id, standing: charges.map(({ id }) => id) }
  }
  const spent = async (budget: string) => {
    const { ledger } = opened()
    const states = await ledger.read.budgetStates(T0)
    return states.find((state) => state.budget.id === budget)?.spentNanoUsd
  }

  test('a correction is a new charge that names the old one; budget, rollup and total move in the same commit', async () => {
    const { ledger, harness } = opened()
    const { attemptId, standing, reserve, charges } = await settled('corrected')
    const [corrects = ''] = standing
    const command = {
      attemptId,
      atUs: T0 + 9e9,
      standing,
      corrections: [{ line: correction(-4_000_000n), corrects }],
      evidence: { priceBook: 'b2' },
    }
    expect(await ledger.prices.correct(command)).toEqual({ kind: 'corrected' })
    const record = await ledger.read.request(reserve.request.id)
    expect(record).toMatchObject({ costNanoUsd: 36_000_000n, costStatus: 'final' })
    expect(record?.attemptRows[0]?.charges).toEqual([
      ...charges,
      expect.objectContaining({
        kind: 'correction',
        corrects,
        reverses: null,
        amountNanoUsd: -4_000_000n,
        priceBook: 'book-2',
        incurredUs: T0 + 1_500_000,
        postedUs: T0 + 9e9,
      }),
    ])
    expect(record?.attemptRows[0]?.events.at(-1)).toMatchObject({ kind: 'corrected', data: { priceBook: 'b2' } })
    expect(await spent('corrected')).toBe(36_000_000n)
    await expectConsistent(harness)
  })

  test('the same correction again posts nothing: other charges stand by now', async () => {
    const { ledger, harness } = opened()
    const { attemptId, standing } = await settled('twice')
    const command = {
      attemptId,
      atUs: T0,
      standing,
      corrections: [{ line: correction(1n), corrects: standing[0] ?? '' }],
      evidence: {},
    }
    const results = await Promise.all([
      ledger.prices.correct(command),
      ledger.prices.correct(command),
      ledger.prices.correct(command),
    ])
    expect(results.map(({ kind }) => kind).sort()).toEqual(['changed', 'changed', 'corrected'])
    expect(await spent('twice')).toBe(40_000_001n)
    await expectConsistent(harness)
  })

  test('evidence after a correction reverses both', async () => {
    const { ledger, harness } = opened()
    const { attemptId, standing, reserve } = await settled('evidence')
    await ledger.prices.correct({
      attemptId,
      atUs: T0,
      standing,
      corrections: [{ line: correction(5n), corrects: standing[0] ?? '' }],
      evidence: {},
    })
    const invoice = { source: 'invoice', outcome: 'succeeded', assets: [] } as const
    await ledger.reconcile({
      ...invoice,
      attemptId,
      atUs: T0,
      evidenceId: 'i-1',
      charges: [charge(70n, { provenance: 'invoiced' })],
    })
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({ costNanoUsd: 70n })
    await expectConsistent(harness)
  })

  test('what a prepaid lot paid for is left alone', async () => {
    const { ledger, harness } = opened()
    await ledger.commitments.putLots([
      {
        id: 'lot-p',
        provider: 'acme',
        commitment: 'prepaid-p',
        kind: 'prepaidCredits',
        startsUs: T0 - 1,
        expiresUs: null,
        meter: null,
        capacity: 10n ** 10n,
        paidNanoUsd: 10n ** 10n,
        nativeAmount: '10',
        nativeUnit: 'USD',
        source: 'test',
        managedBy: 'file',
      },
    ])
    const consumption = { scope: 'acme/painter', usage: { 'images.out': 1_000_000n }, commitments: ['prepaid-p'] }
    const { attemptId, standing } = await settled('lots', { consumption })
    const corrections = [{ line: correction(1n), corrects: standing[0] ?? '' }]
    expect(await ledger.prices.correct({ attemptId, atUs: T0, standing, corrections, evidence: {} })).toEqual({ kind: 'drawn' })
    expect(await spent('lots')).toBe(40_000_000n)
    await expectConsistent(harness)
  })

  test('only settled attempts are corrected', async () => {
    const { ledger, owner } = opened()
    const running = newReserve(owner)
    await ledger.reserve(running)
    const command = { atUs: T0, standing: [], corrections: [], evidence: {} }
    await expect(ledger.prices.correct({ ...command, attemptId: running.attempt.id })).rejects.toMatchObject({ code: 'conflict' })
    await expect(ledger.prices.correct({ ...command, attemptId: 'nobody' })).rejects.toMatchObject({ code: 'not_found' })
  })

  test('settled attempts come oldest first, page by page, with what their price was worked out from', async () => {
    const { ledger } = opened()
    const reportedCost = { amount: '0.05', unit: 'USD', source: 'usage.cost' }
    const { attemptId, standing } = await settled('inputs', {
      reportedCost,
      usage: { 'images.out': '1', 'tokens.text.in': '12' },
    })
    const rows = await everySettled(ledger)
    expect(rows.map(({ attempt }) => attempt.id)).toEqual(rows.map(({ attempt }) => attempt.id).sort())
    expect(new Set(rows.map(({ attempt }) => attempt.state))).toEqual(new Set(['settled']))
    expect(rows.find(({ attempt }) => attempt.id === attemptId)).toMatchObject({
      reportedCost,
      attempt: { usage: { 'images.out': '1', 'tokens.text.in': '12' }, charges: [{ id: standing[0] }] },
      request: {
        operation: 'generate',
        n: 1,
        prompt: 'a red fox',
        features: { words: 3 },
        inputs: [{ role: 'image', width: 640, height: 480 }],
      },
    })
    const reported = await ledger.prices.settled({ sinceUs: T0, limit: 100, reported: true })
    expect(reported.rows.map(({ attempt }) => attempt.id)).toEqual([attemptId])
    expect(await ledger.prices.settled({ sinceUs: T0 + 1, limit: 100 })).toEqual({ rows: [], nextCursor: null })
  })

  test('a book is kept once under its hash and found by it', async () => {
    const { ledger } = opened()
    const kept = { hash: 'a'.repeat(64), name: 'acme', isOverlay: false, book: bookOf(), keptUs: T0 }
    await ledger.prices.keep([kept])
    await ledger.prices.keep([{ ...kept, keptUs: T0 + 5 }])
    expect(await ledger.prices.kept([kept.hash, 'b'.repeat(64)])).toEqual([kept])
    expect(await ledger.prices.kept([])).toEqual([])
  })

  test('a draft is replaced by its id, and books are no drafts', async () => {
    const { ledger } = opened()
    const draft = { id: 'd1', provider: 'acme', version: 1, createdUs: T0, closedUs: null, document: { status: 'open' } }
    await ledger.prices.putDraft(draft)
    await ledger.prices.putDraft({ ...draft, version: 2, closedUs: T0 + 1, document: { status: 'rejected' } })
    expect(await ledger.prices.drafts()).toEqual([{ ...draft, version: 2, closedUs: T0 + 1, document: { status: 'rejected' } }])
  })
}
