import { expect, test } from 'vitest'
import { newFinish, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

const DAY = 86_400_000_000

export function idempotencyRules(opened: () => OpenedLedger): void {
  const keyed = (scope: string, fingerprint = 'same', createdUs = T0) =>
    newReserve(opened().owner, {
      attempt: { createdUs },
      idempotency: { scope, fingerprint, expiresUs: createdUs + DAY },
    })

  test('of many requests with one key, one is reserved and the others learn which', async () => {
    const { ledger } = opened()
    const reserves = Array.from({ length: 20 }, () => keyed('burst'))
    const results = await Promise.all(reserves.map((reserve) => ledger.reserve(reserve)))
    expect(results[0]).toEqual({ kind: 'reserved' })
    for (const result of results.slice(1)) {
      expect(result).toEqual({ kind: 'idempotent', requestId: reserves[0]?.request.id, sameFingerprint: true, finished: false })
    }
    expect(await ledger.read.request(reserves[1]!.request.id)).toBeUndefined()
  })

  test('a finished answer is replayed; another body under the same key is told apart', async () => {
    const { ledger } = opened()
    const first = keyed('replay')
    await ledger.reserve(first)
    await ledger.settle(newSettle(first))
    expect(await ledger.reserve(keyed('replay'))).toMatchObject({
      kind: 'idempotent',
      requestId: first.request.id,
      finished: true,
    })
    expect(await ledger.reserve(keyed('replay', 'other'))).toMatchObject({ sameFingerprint: false })
  })

  test('a failure without a stored answer releases the key', async () => {
    const { ledger } = opened()
    const first = keyed('released')
    await ledger.reserve(first)
    const { response: _none, ...finish } = newFinish({ outcome: 'error', httpStatus: 502 })
    await ledger.settle(newSettle(first, { state: 'voided', charges: [], imagesMade: 0, outcome: 'error', finish }))
    expect(await ledger.reserve(keyed('released', 'other'))).toEqual({ kind: 'reserved' })
  })

  test('an expired key is free again, and ending its old request does not touch the new owner', async () => {
    const { ledger } = opened()
    const old = keyed('expires')
    await ledger.reserve(old)
    const later = keyed('expires', 'later', T0 + 2 * DAY)
    expect(await ledger.reserve(later)).toEqual({ kind: 'reserved' })
    const { response: _none, ...finish } = newFinish({ outcome: 'error', httpStatus: 502 })
    await ledger.settle(newSettle(old, { finish }))
    expect(await ledger.reserve(keyed('expires', 'later', T0 + 2 * DAY))).toMatchObject({ requestId: later.request.id })
  })

  test('who holds which keys is told for many at once', async () => {
    const { ledger } = opened()
    const [one, two] = [keyed('held-1'), keyed('held-2')]
    await Promise.all([one, two].map((reserve) => ledger.reserve(reserve)))
    const held = await ledger.read.byScope(['held-2', 'nobody', 'held-1'])
    expect([...held].sort()).toEqual([
      ['held-1', one.request.id],
      ['held-2', two.request.id],
    ])
    expect(await ledger.read.byScope([])).toEqual(new Map())
  })

  test('the latest request of a key with a fingerprint is found for joining, with or without a key', async () => {
    const { ledger, owner } = opened()
    const reserve = newReserve(owner, { request: { fingerprint: 'join-me', keyId: 'key-join' } })
    await ledger.reserve(reserve)
    const query = { keyId: 'key-join', fingerprint: 'join-me', sinceUs: T0 - 1 }
    expect(await ledger.read.byFingerprint(query)).toEqual({ requestId: reserve.request.id, finished: false })
    await ledger.settle(newSettle(reserve))
    expect(await ledger.read.byFingerprint(query)).toEqual({ requestId: reserve.request.id, finished: true })
    expect(await ledger.read.byFingerprint({ ...query, keyId: 'someone-else' })).toBeUndefined()
    expect(await ledger.read.byFingerprint({ ...query, answered: true })).toEqual({
      requestId: reserve.request.id,
      finished: true,
    })
    // One that runs does not hide what was answered before.
    await ledger.reserve(newReserve(owner, { request: { fingerprint: 'join-me', keyId: 'key-join' } }))
    expect((await ledger.read.byFingerprint(query))?.finished).toBe(false)
    expect(await ledger.read.byFingerprint({ ...query, answered: true })).toEqual({
      requestId: reserve.request.id,
      finished: true,
    })
    expect(await ledger.read.byFingerprint({ ...query, sinceUs: T0 + 1 })).toBeUndefined()
  })
}
