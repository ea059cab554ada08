import { v7 as uuidv7 } from 'uuid'
import { expect, test } from 'vitest'
import { charge, newAsset, newAttempt, newBudget, newFinish, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'
import { expectConsistent } from './invariants.ts'

const INT64_MAX = 2n ** 63n - 1n

export function settleRules(opened: () => OpenedLedger): void {
  const budgetOf = async (id: string) => {
    const states = await opened().ledger.read.budgetStates(T0)
    const state = states.find((candidate) => candidate.budget.id === id)
    if (!state) throw new Error(`no budget ${id}`)
    return { spent: state.spentNanoUsd, held: state.heldNanoUsd }
  }

  test('a settled attempt has its charges, asset, event and finished request, and its hold is spent', async () => {
    const { ledger, owner, harness } = opened()
    await ledger.admin.putBudget(newBudget('settled'))
    const reserve = newReserve(owner, { budgetIds: ['settled'] })
    expect(await ledger.reserve(reserve)).toEqual({ kind: 'reserved' })
    expect(await budgetOf('settled')).toEqual({ spent: 0n, held: 50_000_000n })
    const running = await ledger.read.request(reserve.request.id)
    expect(running).toMatchObject({ costStatus: 'pending', finishedUs: null, attemptRows: [{ state: 'dispatched' }] })
    const charges = [charge(40_000_000n), charge(2_000_000n, { kind: 'adjustment', description: 'markup 5 %' })]
    expect(await ledger.settle(newSettle(reserve, { charges, assets: [newAsset()] }))).toEqual({ kind: 'settled' })
    expect(await budgetOf('settled')).toEqual({ spent: 42_000_000n, held: 0n })
    const record = await ledger.read.request(reserve.request.id)
    expect(record).toMatchObject({
      costNanoUsd: 42_000_000n,
      costStatus: 'final',
      outcome: 'succeeded',
      response: { created: 1 },
      images: [{ width: 1024, expired: false }],
      attemptRows: [{ state: 'settled', events: [{ kind: 'settled' }] }],
    })
    expect(
      record?.attemptRows[0]?.charges.map(
        ({ id: _id, attemptId: _a, correctsMonthUs: _m, incurredUs: _i, postedUs: _p, reverses: _r, corrects: _c, ...line }) =>
          line,
      ),
    ).toEqual(charges)
    await expectConsistent(harness)
  })

  test('settling twice changes nothing and is recorded', async () => {
    const { ledger, owner, harness } = opened()
    await ledger.admin.putBudget(newBudget('twice'))
    const reserve = newReserve(owner, { budgetIds: ['twice'] })
    await ledger.reserve(reserve)
    const settle = newSettle(reserve, { assets: [newAsset({ sha256: 'b'.repeat(64) })] })
    const both = await Promise.all([ledger.settle(settle), ledger.settle(settle)])
    expect(both).toEqual([{ kind: 'settled' }, { kind: 'late', state: 'settled' }])
    expect(await ledger.settle(settle)).toEqual({ kind: 'late', state: 'settled' })
    const record = await ledger.read.request(reserve.request.id)
    expect(record?.attemptRows[0]?.charges).toHaveLength(1)
    expect(record?.attemptRows[0]?.events.map((event) => event.kind)).toEqual(['settled', 'late_settle', 'late_settle'])
    expect(record?.assets).toHaveLength(1)
    expect(await budgetOf('twice')).toEqual({ spent: 40_000_000n, held: 0n })
    await expectConsistent(harness)
  })

  test('a settle above its hold is recorded in full', async () => {
    const { ledger, owner } = opened()
    await ledger.admin.putBudget(newBudget('above', { limitNanoUsd: 60_000_000n }))
    const reserve = newReserve(owner, { budgetIds: ['above'] })
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve, { charges: [charge(90_000_000n)], findings: ['above hold'] }))
    expect(await budgetOf('above')).toEqual({ spent: 90_000_000n, held: 0n })
    expect(await ledger.reserve(newReserve(owner, { budgetIds: ['above'], holdNanoUsd: 1n }))).toMatchObject({
      kind: 'budget_exceeded',
      remainingNanoUsd: 0n,
    })
  })

  test('a voided attempt releases its hold and costs nothing', async () => {
    const { ledger, owner, harness } = opened()
    await ledger.admin.putBudget(newBudget('voided'))
    const reserve = newReserve(owner, { budgetIds: ['voided'] })
    await ledger.reserve(reserve)
    const finish = newFinish({ outcome: 'rate_limited', httpStatus: 429, imagesReturned: 0 })
    await ledger.settle(
      newSettle(reserve, { state: 'voided', outcome: 'rate_limited', billed: 'no', charges: [], imagesMade: 0, finish }),
    )
    expect(await budgetOf('voided')).toEqual({ spent: 0n, held: 0n })
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({ costNanoUsd: 0n, costStatus: 'final' })
    await expectConsistent(harness)
  })

  test('a void with charges is refused and nothing changes', async () => {
    const { ledger, owner } = opened()
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await expect(ledger.settle(newSettle(reserve, { state: 'voided' }))).rejects.toMatchObject({ code: 'internal_error' })
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({ attemptRows: [{ state: 'dispatched' }] })
  })

  test('an unknown outcome counts its hold as a provisional charge until evidence replaces it', async () => {
    const { ledger, owner, harness } = opened()
    await ledger.admin.putBudget(newBudget('unknown'))
    const reserve = newReserve(owner, { budgetIds: ['unknown'] })
    await ledger.reserve(reserve)
    const finish = newFinish({ outcome: 'timeout', httpStatus: 504, imagesReturned: 0 })
    await ledger.settle(
      newSettle(reserve, { state: 'unknown', outcome: 'timeout', billed: 'unknown', charges: [], imagesMade: 0, finish }),
    )
    expect(await budgetOf('unknown')).toEqual({ spent: 50_000_000n, held: 0n })
    const unknown = await ledger.read.unknownAttempts({ limit: 100 })
    expect(unknown.find((attempt) => attempt.id === reserve.attempt.id)?.charges).toMatchObject([
      { kind: 'provisional', provenance: 'estimated', amountNanoUsd: 50_000_000n },
    ])
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({ costStatus: 'unknown', costNanoUsd: 50_000_000n })
    await expectConsistent(harness)

    const evidence = {
      attemptId: reserve.attempt.id,
      atUs: T0 + 86_400_000_000,
      evidenceId: 'invoice-7',
      source: 'invoice',
      charges: [charge(41_000_000n, { provenance: 'invoiced' })],
      outcome: 'succeeded' as const,
      assets: [],
    }
    await ledger.reconcile(evidence)
    await ledger.reconcile(evidence)
    await Promise.all([ledger.reconcile(evidence), ledger.reconcile(evidence)])
    const record = await ledger.read.request(reserve.request.id)
    expect(record).toMatchObject({ costNanoUsd: 41_000_000n, costStatus: 'final' })
    expect(record?.attemptRows[0]).toMatchObject({ state: 'reconciled', outcome: 'succeeded' })
    const charges = record?.attemptRows[0]?.charges ?? []
    expect(charges.map((line) => [line.kind, line.amountNanoUsd])).toEqual([
      ['provisional', 50_000_000n],
      ['reversal', -50_000_000n],
      ['usage', 41_000_000n],
    ])
    expect(charges[1]?.reverses).toBe(charges[0]?.id)
    expect(charges.map((line) => line.incurredUs)).toEqual(charges.map(() => T0 + 1_500_000))
    expect(charges[2]?.postedUs).toBe(evidence.atUs)
    expect(await budgetOf('unknown')).toEqual({ spent: 41_000_000n, held: 0n })
    await expectConsistent(harness)
  })

  test('better evidence reverses the charges of the evidence before it', async () => {
    const { ledger, owner, harness } = opened()
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await ledger.settle(
      newSettle(reserve, { state: 'unknown', outcome: 'unknown', billed: 'unknown', charges: [], imagesMade: 0 }),
    )
    const evidence = { attemptId: reserve.attempt.id, atUs: T0 + 9, source: 'operator', outcome: 'error' as const, assets: [] }
    await ledger.reconcile({ ...evidence, evidenceId: 'first', charges: [charge(7n)] })
    await ledger.reconcile({ ...evidence, evidenceId: 'second', charges: [] })
    const record = await ledger.read.request(reserve.request.id)
    expect(record?.costNanoUsd).toBe(0n)
    expect(record?.attemptRows[0]?.charges.filter((line) => line.kind === 'reversal')).toHaveLength(2)
    await expectConsistent(harness)
  })

  test('a second settle that knows what the first did not becomes the evidence', async () => {
    const { ledger, owner, harness } = opened()
    await ledger.admin.putBudget(newBudget('knows'))
    const reserve = newReserve(owner, { budgetIds: ['knows'] })
    await ledger.reserve(reserve)
    await ledger.settle(
      newSettle(reserve, { state: 'unknown', outcome: 'unknown', billed: 'unknown', charges: [], imagesMade: 0 }),
    )
    const late = newSettle(reserve, { assets: [newAsset({ sha256: 'c'.repeat(64) })] })
    expect(await ledger.settle(late)).toEqual({ kind: 'late', state: 'reconciled' })
    expect(await ledger.settle(late)).toEqual({ kind: 'late', state: 'reconciled' })
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({ costNanoUsd: 40_000_000n, costStatus: 'final' })
    expect((await ledger.read.request(reserve.request.id))?.assets).toHaveLength(1)
    expect(await budgetOf('knows')).toEqual({ spent: 40_000_000n, held: 0n })
    await expectConsistent(harness)
  })

  test('a running attempt cannot be reconciled', async () => {
    const { ledger, owner } = opened()
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    const evidence = { attemptId: reserve.attempt.id, atUs: T0, evidenceId: 'e', source: 'operator', charges: [], assets: [] }
    await expect(ledger.reconcile({ ...evidence, outcome: 'error' })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('attempts the ledger does not hold are errors of their own command only', async () => {
    const { ledger, owner } = opened()
    const known = newReserve(owner)
    await ledger.reserve(known)
    const stranger = newSettle(newReserve(owner))
    const [ok, refused] = await Promise.allSettled([ledger.settle(newSettle(known)), ledger.settle(stranger)])
    expect(ok).toMatchObject({ status: 'fulfilled', value: { kind: 'settled' } })
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } })
  })

  test('fallback attempts of one request are added up, each in its own row', async () => {
    const { ledger, owner, harness } = opened()
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await ledger.settle(
      newSettle(reserve, {
        outcome: 'refused',
        stage: 'after',
        imagesMade: 0,
        charges: [charge(5n)],
        finish: undefined as never,
      }),
    )
    const second = newAttempt(owner, {
      requestId: reserve.request.id,
      sequence: 2,
      kind: 'fallback',
      offer: 'other:acme/painter',
    })
    await ledger.reserve({ attempt: second, budgetIds: [] })
    await ledger.settle(newSettle({ ...reserve, attempt: second }, { charges: [charge(8n)] }))
    const record = await ledger.read.request(reserve.request.id)
    expect(record).toMatchObject({ costNanoUsd: 13n, attempts: 2, offer: 'other:acme/painter' })
    expect(record?.attemptRows.map((row) => [row.outcome, row.stage])).toEqual([
      ['refused', 'after'],
      ['succeeded', null],
    ])
    await expectConsistent(harness)
  })

  test('a settled attempt without a price is unpriced, never free', async () => {
    const { ledger, owner } = opened()
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve, { charges: [] }))
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({ costStatus: 'unpriced' })
  })

  test('what is not known about money is counted: billed without a price, and of unknown outcome', async () => {
    const { ledger, owner } = opened()
    const span = { fromUs: T0 - 1_000_000, toUs: T0 + 86_400_000_000, sandbox: false }
    const counted = async () => {
      const { unpricedAttempts, unknownAttempts } = await ledger.read.reports.money(span)
      return [unpricedAttempts, unknownAttempts]
    }
    const [unpricedBefore = 0, unknownBefore = 0] = await counted()
    // Ids say when a call began.
    const reserve = () => newReserve(owner, { attempt: { id: uuidv7({ msecs: T0 / 1_000 }) } })
    const [unpriced, unbilled, priced, unknown] = [reserve(), reserve(), reserve(), reserve()]
    await Promise.all([unpriced, unbilled, priced, unknown].map((each) => ledger.reserve(each)))
    await ledger.settle(newSettle(unpriced, { charges: [] }))
    await ledger.settle(newSettle(unbilled, { charges: [], billed: 'no', outcome: 'error' }))
    await ledger.settle(newSettle(priced))
    await ledger.settle(newSettle(unknown, { state: 'unknown', outcome: 'unknown', billed: 'unknown', charges: [] }))
    expect(await counted()).toEqual([unpricedBefore + 1, unknownBefore + 1])
  })

  test('a charge of zero and an estimated charge keep their meaning', async () => {
    const { ledger, owner } = opened()
    const free = newReserve(owner)
    const estimated = newReserve(owner)
    await Promise.all([ledger.reserve(free), ledger.reserve(estimated)])
    await ledger.settle(newSettle(free, { charges: [charge(0n)] }))
    await ledger.settle(newSettle(estimated, { charges: [charge(3n, { provenance: 'estimated' })] }))
    expect(await ledger.read.request(free.request.id)).toMatchObject({ costNanoUsd: 0n, costStatus: 'final' })
    expect(await ledger.read.request(estimated.request.id)).toMatchObject({ costStatus: 'estimated' })
  })

  test('quotes, any script, a NUL, half a surrogate pair and int64 extremes are stored without harm', async () => {
    const { ledger, owner } = opened()
    const prompt = `'; DROP TABLE charges; -- "ß" 图 🦊 \\ {"a":null} $1 ?`
    const reserve = newReserve(owner, {
      holdNanoUsd: INT64_MAX,
      request: {
        content: { prompt: `${prompt}\u0000\ud800`, promptHmac: null, parameters: { text: `${prompt}\u0000` }, features: {} },
        tags: { "it's": 'a "tag", \\ {x} ,NULL', empty: '', null: 'NULL' },
        endCustomer: 'O\u2019Brien, "NULL" {}',
      },
    })
    expect(await ledger.reserve(reserve)).toEqual({ kind: 'reserved' })
    await ledger.settle(newSettle(reserve, { charges: [charge(INT64_MAX), charge(-INT64_MAX)], errorMessage: 'NULL' }))
    const record = await ledger.read.request(reserve.request.id)
    expect(record?.prompt).toBe(`${prompt}\ufffd\ufffd`)
    expect(record?.parameters).toEqual({ text: `${prompt}\u0000` })
    expect(record?.tags).toEqual(reserve.request.tags)
    expect(record?.endCustomer).toBe('O\u2019Brien, "NULL" {}')
    expect(record?.attemptRows[0]?.errorMessage).toBe('NULL')
    expect(record?.attemptRows[0]?.charges.map((line) => line.amountNanoUsd)).toEqual([INT64_MAX, -INT64_MAX])
    expect(record?.attemptRows[0]?.holdNanoUsd).toBe(INT64_MAX)
  })

  test('an amount beyond int64 fails its own command and no other', async () => {
    const { ledger, owner } = opened()
    const [bad, good] = [newReserve(owner, { holdNanoUsd: 2n ** 63n }), newReserve(owner)]
    const [refused, ok] = await Promise.allSettled([ledger.reserve(bad), ledger.reserve(good)])
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'storage_failed' } })
    expect(ok).toMatchObject({ status: 'fulfilled', value: { kind: 'reserved' } })
    expect(await ledger.read.request(bad.request.id)).toBeUndefined()
  })

  test('charges, events and holds cannot be changed, and attempts cannot go back', async () => {
    const { ledger, owner, harness } = opened()
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve))
    for (const sql of [
      'UPDATE charges SET amount_nano_usd = 0',
      'DELETE FROM charges',
      "UPDATE attempt_events SET kind = 'x'",
      'DELETE FROM attempt_events',
      `UPDATE attempts SET state = 'dispatched' WHERE id = '${reserve.attempt.id}'`,
      `UPDATE attempts SET state = 'voided' WHERE id = '${reserve.attempt.id}'`,
    ]) {
      await expect(harness.query(sql), sql).rejects.toThrow(/insert-only|forward/)
    }
  })

  test('a request without another settle is finished once', async () => {
    const { ledger, owner, harness } = opened()
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve, { finish: undefined as never }))
    const finish = newFinish({ outcome: 'error', httpStatus: 500, errorCode: 'internal_error' })
    await ledger.finishRequest({ requestId: reserve.request.id, finish })
    await ledger.finishRequest({ requestId: reserve.request.id, finish: newFinish() })
    await ledger.finishRequest({ requestId: uuidv7(), finish })
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({ outcome: 'error', httpStatus: 500 })
    await expectConsistent(harness)
  })

  test('a repeat that was answered by a finished request is counted with what it would have cost again', async () => {
    const { ledger, owner, harness } = opened()
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await ledger.countRepeat({ requestId: reserve.request.id, savedNanoUsd: 1n })
    await ledger.settle(newSettle(reserve))
    for (const savedNanoUsd of [40_000_000n, 40_000_001n])
      await ledger.countRepeat({ requestId: reserve.request.id, savedNanoUsd })
    await ledger.countRepeat({ requestId: uuidv7(), savedNanoUsd: 1n })
    const sql = `SELECT duplicates_prevented, duplicates_nano_usd FROM requests WHERE id = '${reserve.request.id}'`
    expect(Object.values((await harness.query(sql))[0] ?? {}).map(String)).toEqual(['2', '80000001'])
    await expectConsistent(harness)
  })

  test('a job id is stored before polling, and its event is kept', async () => {
    const { ledger, owner } = opened()
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await ledger.recordJob({ attemptId: reserve.attempt.id, jobId: 'job-1', resume: { url: 'https://x' }, atUs: T0 })
    const record = await ledger.read.request(reserve.request.id)
    expect(record?.attemptRows[0]).toMatchObject({ jobId: 'job-1', state: 'dispatched', events: [{ kind: 'job' }] })
  })
}
