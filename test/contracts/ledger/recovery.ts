import { expect, test } from 'vitest'
import type { Ledger } from '../../../src/ports/ledger.ts'
import { charge, newAsset, newAttempt, newBudget, newFinish, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { LedgerHarness, OpenedLedger } from '../ledger.ts'
import { expectConsistent } from './invariants.ts'

/** Each test has a node of its own that dies, and a survivor that takes over. */
export function recoveryRules(opened: () => OpenedLedger): void {
  let serial = 0
  const deadNode = async (ledger: Ledger) => {
    serial += 1
    const nodeId = `doomed-${serial}`
    const { epoch } = await ledger.openNode({ nodeId, leaseMs: 60_000 })
    return { nodeId, epoch }
  }
  /** The node stops renewing; another one opens (or finds it expired) and recovers. */
  const takeOver = async ({ harness, ledger }: { harness: LedgerHarness; ledger: Ledger }, nodeId: string) => {
    await harness.expireLease(nodeId)
    serial += 1
    const survivor = `survivor-${serial}`
    const { epoch, recovery } = await ledger.openNode({ nodeId: survivor, leaseMs: 60_000 })
    return { owner: { nodeId: survivor, epoch }, recovery }
  }

  test('intents are voided, dispatched attempts become unknown, jobs are handed over once, requests are finished', async () => {
    const { ledger, harness } = opened()
    const doomed = await deadNode(ledger)
    await ledger.admin.putBudget(newBudget('recovery', { limitNanoUsd: 10n ** 12n }))
    const options = { budgetIds: ['recovery'] }
    const queued = newReserve(doomed, { ...options, attempt: { state: 'intent' } })
    const sent = newReserve(doomed, { ...options, idempotency: { scope: 'crash', fingerprint: 'f', expiresUs: T0 + 9e9 } })
    const polled = newReserve(doomed, options)
    for (const reserve of [queued, sent, polled]) await ledger.reserve(reserve)
    await ledger.recordJob({ attemptId: polled.attempt.id, jobId: 'job-9', resume: { poll: 'u' }, atUs: T0 })
    const { owner, recovery } = await takeOver({ ledger, harness }, doomed.nodeId)
    expect(recovery).toEqual({
      voided: [queued.attempt.id],
      unknown: [sent.attempt.id],
      resumable: [
        {
          attemptId: polled.attempt.id,
          requestId: polled.request.id,
          offer: polled.attempt.offer,
          jobId: 'job-9',
          resume: { poll: 'u' },
        },
      ],
    })
    expect(await ledger.recoverExpired()).toEqual({ voided: [], unknown: [], resumable: [] })
    expect(await ledger.read.request(queued.request.id)).toMatchObject({ outcome: 'unknown', httpStatus: 500, costNanoUsd: 0n })
    expect(await ledger.read.request(sent.request.id)).toMatchObject({
      httpStatus: 500,
      costStatus: 'unknown',
      costNanoUsd: 50_000_000n,
    })
    expect(await ledger.read.request(polled.request.id)).toMatchObject({ finishedUs: null, attemptRows: [owner] })
    await expectConsistent(harness)
    // It may have been billed: the same key never pays for it again.
    expect(
      await ledger.reserve(newReserve(owner, { idempotency: { scope: 'crash', fingerprint: 'f', expiresUs: T0 + 9e9 } })),
    ).toEqual({ kind: 'idempotent', requestId: sent.request.id, sameFingerprint: true, finished: true })
    expect(await ledger.read.request(sent.request.id)).toMatchObject({ response: { error: { code: 'internal_error' } } })
    expect(await ledger.settle(newSettle({ ...polled, attempt: { ...polled.attempt, ...owner } }))).toEqual({ kind: 'settled' })
    expect(await ledger.read.request(polled.request.id)).toMatchObject({ outcome: 'succeeded', costNanoUsd: 40_000_000n })
    await expectConsistent(harness)
  })

  test('a late settle corrects the guess of recovery and ends its request as it really ended', async () => {
    const { ledger, harness } = opened()
    const doomed = await deadNode(ledger)
    await ledger.admin.putBudget(newBudget('late', { limitNanoUsd: 10n ** 12n }))
    const reserve = newReserve(doomed, { budgetIds: ['late'] })
    await ledger.reserve(reserve)
    await takeOver({ ledger, harness }, doomed.nodeId)
    const settle = newSettle(reserve, { assets: [newAsset({ sha256: '7'.repeat(64) })], charges: [charge(33n)] })
    expect(await ledger.settle(settle)).toEqual({ kind: 'late', state: 'reconciled' })
    expect(await ledger.settle(settle)).toEqual({ kind: 'late', state: 'reconciled' })
    const record = await ledger.read.request(reserve.request.id)
    expect(record).toMatchObject({ outcome: 'succeeded', httpStatus: 200, costNanoUsd: 33n, costStatus: 'final' })
    expect(record?.assets).toHaveLength(1)
    expect(record?.attemptRows[0]?.events.map((event) => event.kind)).toEqual([
      'recovered',
      'late_settle',
      'reconciled',
      'late_settle',
    ])
    await expectConsistent(harness)
  })

  test('a late settle that does not know either ends its request as the client was told', async () => {
    const { ledger, harness } = opened()
    const doomed = await deadNode(ledger)
    const idempotency = { scope: 'late-unknown', fingerprint: 'same', expiresUs: T0 + 86_400_000_000 }
    const reserve = newReserve(doomed, { request: { fingerprint: 'same' }, idempotency })
    await ledger.reserve(reserve)
    const { owner } = await takeOver({ ledger, harness }, doomed.nodeId)
    const finish = newFinish({ outcome: 'timeout', httpStatus: 504, imagesReturned: 0, response: { error: 'provider_timeout' } })
    const unknown = { state: 'unknown', outcome: 'unknown', billed: 'unknown', charges: [], imagesMade: 0, finish } as const
    expect(await ledger.settle(newSettle(reserve, unknown))).toEqual({ kind: 'late', state: 'unknown' })
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({ httpStatus: 504, costNanoUsd: 50_000_000n })
    expect(await ledger.reserve(newReserve(owner, { request: { fingerprint: 'same' }, idempotency }))).toMatchObject({
      kind: 'idempotent',
      requestId: reserve.request.id,
      finished: true,
    })
    await expectConsistent(harness)
  })

  test('an answer that came late takes its idempotency key back, unless a repeat has taken it', async () => {
    const { ledger, harness } = opened()
    const scopes = ['late-free', 'late-taken']
    const keyed = (owner: { nodeId: string; epoch: number }, scope: string) =>
      newReserve(owner, {
        request: { fingerprint: scope },
        // Surely not billed as far as recovery can tell, so it lets the key go.
        attempt: { state: 'intent' },
        idempotency: { scope, fingerprint: scope, expiresUs: T0 + 86_400_000_000 },
      })
    const doomed = await deadNode(ledger)
    const [free, taken] = scopes.map((scope) => keyed(doomed, scope))
    await ledger.reserve(free!)
    await ledger.reserve(taken!)
    const { owner } = await takeOver({ ledger, harness }, doomed.nodeId)
    const repeat = keyed(owner, 'late-taken')
    expect(await ledger.reserve(repeat)).toEqual({ kind: 'reserved' })
    for (const reserve of [free!, taken!]) expect(await ledger.settle(newSettle(reserve))).toMatchObject({ kind: 'late' })
    expect(await ledger.reserve(keyed(owner, 'late-free'))).toEqual({
      kind: 'idempotent',
      requestId: free?.request.id,
      sameFingerprint: true,
      finished: true,
    })
    expect(await ledger.reserve(keyed(owner, 'late-taken'))).toMatchObject({ requestId: repeat.request.id, finished: false })
    await expectConsistent(harness)
  })

  test('an intent that was voided and billed all the same is charged when its settle arrives', async () => {
    const { ledger, harness } = opened()
    const doomed = await deadNode(ledger)
    const reserve = newReserve(doomed, { attempt: { state: 'intent' } })
    await ledger.reserve(reserve)
    await takeOver({ ledger, harness }, doomed.nodeId)
    expect(await ledger.settle(newSettle(reserve, { charges: [charge(12n)] }))).toEqual({ kind: 'late', state: 'reconciled' })
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({ costNanoUsd: 12n })
    await expectConsistent(harness)
  })

  test('a settle of the old owner of a resumed attempt is recorded, and the new owner settles it', async () => {
    const { ledger, harness } = opened()
    const doomed = await deadNode(ledger)
    const reserve = newReserve(doomed)
    await ledger.reserve(reserve)
    await ledger.recordJob({ attemptId: reserve.attempt.id, jobId: 'job', resume: null, atUs: T0 })
    const { owner } = await takeOver({ ledger, harness }, doomed.nodeId)
    expect(await ledger.settle(newSettle(reserve))).toEqual({ kind: 'late', state: 'dispatched' })
    expect(await ledger.settle(newSettle({ ...reserve, attempt: { ...reserve.attempt, ...owner } }))).toEqual({ kind: 'settled' })
    const record = await ledger.read.request(reserve.request.id)
    expect(record?.costNanoUsd).toBe(40_000_000n)
    expect(record?.attemptRows[0]?.events.map((event) => event.kind)).toEqual(['job', 'claimed', 'late_settle', 'settled'])
    await expectConsistent(harness)
  })

  test('a node that lost its lease can neither renew it nor reserve', async () => {
    const { ledger, harness } = opened()
    const doomed = await deadNode(ledger)
    expect(await ledger.renewNode({ ...doomed, leaseMs: 60_000 })).toBe(true)
    await takeOver({ ledger, harness }, doomed.nodeId)
    expect(await ledger.renewNode({ ...doomed, leaseMs: 60_000 })).toBe(false)
    await expect(ledger.reserve(newReserve(doomed))).rejects.toMatchObject({ code: 'draining' })
  })

  test('a lease that ran out unnoticed is renewed: a machine that slept goes on', async () => {
    const { ledger, harness } = opened()
    const sleeper = await deadNode(ledger)
    const before = newReserve(sleeper)
    await ledger.reserve(before)
    await harness.expireLease(sleeper.nodeId)
    expect(await ledger.renewNode({ ...sleeper, leaseMs: 60_000 })).toBe(true)
    expect(await ledger.recoverExpired()).toEqual({ voided: [], unknown: [], resumable: [] })
    expect(await ledger.settle(newSettle(before))).toEqual({ kind: 'settled' })
    expect(await ledger.reserve(newReserve(sleeper))).toEqual({ kind: 'reserved' })
  })

  test('a node that looks for dead ones is not dead itself, however late it is', async () => {
    const { ledger, harness } = opened()
    const sleeper = await deadNode(ledger)
    const reserve = newReserve(sleeper)
    await ledger.reserve(reserve)
    await harness.expireLease(sleeper.nodeId)
    expect(await ledger.recoverExpired()).toEqual({ voided: [], unknown: [], resumable: [] })
    expect(await ledger.renewNode({ ...sleeper, leaseMs: 60_000 })).toBe(true)
    expect(await ledger.settle(newSettle(reserve))).toEqual({ kind: 'settled' })
  })

  test('opening a node again under its old name fences the old epoch', async () => {
    const { ledger } = opened()
    const before = await deadNode(ledger)
    const reserve = newReserve(before)
    await ledger.reserve(reserve)
    const again = await ledger.openNode({ nodeId: before.nodeId, leaseMs: 60_000 })
    expect(again.epoch).toBeGreaterThan(before.epoch)
    expect(again.recovery.unknown).toEqual([reserve.attempt.id])
    await expect(ledger.reserve(newReserve(before))).rejects.toMatchObject({ code: 'draining' })
  })

  test('a request that died between two attempts is finished, and its settled attempt keeps its charge', async () => {
    const { ledger, harness } = opened()
    const doomed = await deadNode(ledger)
    const reserve = newReserve(doomed)
    await ledger.reserve(reserve)
    const { finish: _later, ...settle } = newSettle(reserve, { outcome: 'refused', charges: [charge(6n)], imagesMade: 0 })
    await ledger.settle(settle)
    await takeOver({ ledger, harness }, doomed.nodeId)
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({ httpStatus: 500, costNanoUsd: 6n, costStatus: 'final' })
    await expectConsistent(harness)
  })

  test('a request with a resumable attempt stays open while its other attempts are recovered', async () => {
    const { ledger, harness } = opened()
    const doomed = await deadNode(ledger)
    const reserve = newReserve(doomed)
    await ledger.reserve(reserve)
    await ledger.recordJob({ attemptId: reserve.attempt.id, jobId: 'job', resume: null, atUs: T0 })
    const hedge = newAttempt(doomed, { requestId: reserve.request.id, sequence: 2, kind: 'hedge' })
    await ledger.reserve({ attempt: hedge, budgetIds: [] })
    const { owner, recovery } = await takeOver({ ledger, harness }, doomed.nodeId)
    expect(recovery).toMatchObject({ unknown: [hedge.id], resumable: [{ attemptId: reserve.attempt.id }] })
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({ finishedUs: null })
    await ledger.settle(newSettle({ ...reserve, attempt: { ...reserve.attempt, ...owner } }, { finish: newFinish() }))
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({ outcome: 'succeeded', costStatus: 'unknown' })
    await expectConsistent(harness)
  })

  test('a request with several jobs ends with the last of them, and each is charged once', async () => {
    const { ledger, harness } = opened()
    const doomed = await deadNode(ledger)
    await ledger.admin.putBudget(newBudget('several', { limitNanoUsd: 10n ** 12n }))
    const first = newReserve(doomed, { request: { n: 3 }, budgetIds: ['several'] })
    await ledger.reserve(first)
    const others = [2, 3].map((sequence) => ({
      ...first,
      attempt: newAttempt(doomed, { requestId: first.request.id, sequence, firstImage: sequence - 1 }),
    }))
    for (const { attempt, budgetIds } of others) await ledger.reserve({ attempt, budgetIds })
    const all = [first, ...others]
    for (const { attempt } of all) await ledger.recordJob({ attemptId: attempt.id, jobId: attempt.id, resume: {}, atUs: T0 })
    const { owner, recovery } = await takeOver({ ledger, harness }, doomed.nodeId)
    expect(recovery.resumable.map(({ jobId }) => jobId).sort()).toEqual(all.map(({ attempt }) => attempt.id).sort())
    for (const [index, reserve] of all.entries()) {
      expect(await ledger.read.request(first.request.id)).toMatchObject({ finishedUs: null })
      const resumed = { ...reserve, attempt: { ...reserve.attempt, ...owner } }
      const asset = newAsset({ sha256: String(index + 1).repeat(64), index })
      const finish = newFinish({ outcome: 'succeeded', imagesReturned: 3 })
      const { finish: _finish, ...open } = newSettle(resumed, { charges: [charge(11n)], assets: [asset] })
      const command = index === all.length - 1 ? { ...open, finish } : open
      expect(await ledger.settle(command)).toEqual({ kind: 'settled' })
      // Told again, nothing is charged twice.
      await ledger.settle(command)
    }
    const record = await ledger.read.request(first.request.id)
    expect(record).toMatchObject({ outcome: 'succeeded', imagesReturned: 3, costNanoUsd: 33n, costStatus: 'final' })
    expect(record?.assets.map(({ index }) => index).sort()).toEqual([0, 1, 2])
    await expectConsistent(harness)
  })

  test('a node that closed cleanly leaves nothing to recover', async () => {
    const { ledger, harness } = opened()
    const doomed = await deadNode(ledger)
    const reserve = newReserve(doomed)
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve))
    await ledger.closeNode(doomed)
    const { recovery } = await takeOver({ ledger, harness }, doomed.nodeId)
    expect(recovery).toEqual({ voided: [], unknown: [], resumable: [] })
  })
}
