import { expect, test } from 'vitest'
import { newAsset, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'
import { expectConsistent } from './invariants.ts'

const DAY = 86_400_000_000

export function sweepRules(opened: () => OpenedLedger): void {
  test('expired assets give up their blobs when the last reference goes, a bounded number at a time', async () => {
    const { ledger, owner } = opened()
    const [shared, own] = ['d'.repeat(64), 'e'.repeat(64)]
    const [first, second] = [newReserve(owner), newReserve(owner)]
    const lasting = newAsset({ sha256: shared, expiresUs: T0 + 3 * DAY })
    await Promise.all([ledger.reserve(first), ledger.reserve(second)])
    const expiring = [newAsset({ sha256: shared, expiresUs: T0 + DAY }), newAsset({ sha256: own, expiresUs: T0 + DAY, index: 1 })]
    await ledger.settle(newSettle(first, { assets: expiring }))
    await ledger.settle(newSettle(second, { assets: [lasting] }))
    expect(await ledger.sweep({ nowUs: T0 + DAY - 1, limit: 100 })).toEqual({ deletedBlobs: [], more: false })
    expect(await ledger.sweep({ nowUs: T0 + DAY, limit: 1 })).toMatchObject({ more: true })
    const rest = await ledger.sweep({ nowUs: T0 + DAY, limit: 100 })
    const later = await ledger.sweep({ nowUs: T0 + DAY, limit: 100 })
    expect([...rest.deletedBlobs, ...later.deletedBlobs].filter((sha256) => sha256 === shared)).toEqual([])
    const record = await ledger.read.request(first.request.id)
    expect(record?.images.map((image) => image.expired)).toEqual([true, true])
    expect((await ledger.sweep({ nowUs: T0 + 3 * DAY, limit: 100 })).deletedBlobs).toContain(shared)
    // Named again until somebody says that they are gone.
    expect((await ledger.sweep({ nowUs: T0 + 3 * DAY, limit: 100 })).deletedBlobs).toEqual([shared, own])
    expect((await ledger.sweep({ nowUs: T0 + 3 * DAY, limit: 100, afterBlob: shared })).deletedBlobs).toEqual([own])
    const gone = { nowUs: T0 + 3 * DAY, limit: 100, goneBlobs: [shared, own] }
    expect(await ledger.sweep(gone)).toEqual({ deletedBlobs: [], more: false })
  })

  test('what was asked and answered goes at its time, and the money stays', async () => {
    const { ledger, owner, harness } = opened()
    const [kept, going] = [newReserve(owner), newReserve(owner)]
    const content = { prompt: 'a secret', promptHmac: null, parameters: {}, features: {} }
    await ledger.reserve({ ...kept, request: { ...kept.request, content } })
    await ledger.reserve({ ...going, request: { ...going.request, content: { ...content, expiresUs: T0 + 90 * DAY } } })
    for (const reserve of [kept, going]) await ledger.settle(newSettle(reserve))
    await ledger.sweep({ nowUs: T0 + 90 * DAY - 1, limit: 100 })
    expect((await ledger.read.request(going.request.id))?.prompt).toBe('a secret')
    const cost = (await ledger.read.request(going.request.id))?.costNanoUsd
    await ledger.sweep({ nowUs: T0 + 90 * DAY, limit: 100 })
    expect(await ledger.read.request(going.request.id)).toMatchObject({ prompt: null, response: null, costNanoUsd: cost })
    expect((await ledger.read.request(kept.request.id))?.prompt).toBe('a secret')
    await expectConsistent(harness)
  })

  test('a deleted blob was referenced by nothing, and a blob stored again counts from one', async () => {
    const { ledger, owner, harness } = opened()
    const sha256 = 'f'.repeat(64)
    const again = async (expiresUs: number) => {
      const reserve = newReserve(owner)
      await ledger.reserve(reserve)
      await ledger.settle(newSettle(reserve, { assets: [newAsset({ sha256, expiresUs })] }))
    }
    await again(T0 + DAY)
    expect((await ledger.sweep({ nowUs: T0 + DAY, limit: 100 })).deletedBlobs).toEqual([sha256])
    await ledger.sweep({ nowUs: T0 + DAY, limit: 100, goneBlobs: [sha256] })
    expect(await harness.query(`SELECT refs FROM blobs WHERE sha256 = '${sha256}'`)).toEqual([])
    await again(T0 + 2 * DAY)
    // Gone a moment ago, and stored again since.
    await ledger.sweep({ nowUs: T0 + DAY, limit: 100, goneBlobs: [sha256] })
    expect(await harness.query(`SELECT refs FROM blobs WHERE sha256 = '${sha256}'`)).toEqual([{ refs: 1n }])
  })

  test('an answer that can be replayed pins its images until its key expires', async () => {
    const { ledger, owner } = opened()
    const sha256 = '9'.repeat(64)
    const reserve = newReserve(owner, { idempotency: { scope: 'pin', fingerprint: 'f', expiresUs: T0 + 5 * DAY } })
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve, { assets: [newAsset({ sha256, expiresUs: T0 + DAY })] }))
    expect((await ledger.sweep({ nowUs: T0 + 4 * DAY, limit: 100 })).deletedBlobs).not.toContain(sha256)
    const due = { nowUs: T0 + 6 * DAY, limit: 100 }
    const { deletedBlobs: goneBlobs } = await ledger.sweep(due)
    expect(goneBlobs).toContain(sha256)
    await ledger.sweep({ ...due, goneBlobs })
    expect(
      await ledger.reserve(newReserve(owner, { idempotency: { scope: 'pin', fingerprint: 'f', expiresUs: T0 + 9 * DAY } })),
    ).toEqual({
      kind: 'reserved',
    })
  })

  test('above the cap the images nearest to their end go first, except those an answer still needs', async () => {
    const { ledger, owner } = opened()
    const made: string[] = []
    for (const [index, letter] of ['1', '2', '3', '4'].entries()) {
      const pinned = index === 0 ? { idempotency: { scope: 'keep', fingerprint: 'f', expiresUs: T0 + 5 * DAY } } : {}
      const reserve = newReserve(owner, pinned)
      await ledger.reserve(reserve)
      const sha256 = letter.repeat(64)
      const settle = newSettle(reserve, { assets: [newAsset({ sha256, bytes: 100, expiresUs: T0 + 9 * DAY + index })] })
      await ledger.settle(settle)
      made.push(sha256)
    }
    expect(await ledger.sweep({ nowUs: T0, limit: 100, maxBytes: 400 })).toEqual({ deletedBlobs: [], more: false })
    const gone = [made[1] ?? '', made[2] ?? '']
    expect((await ledger.sweep({ nowUs: T0, limit: 100, maxBytes: 250 })).deletedBlobs).toEqual(gone)
    expect((await ledger.sweep({ nowUs: T0, limit: 100, maxBytes: 250, goneBlobs: gone })).deletedBlobs).toEqual([])
  })

  test('content can be deleted without touching money', async () => {
    const { ledger, owner, harness } = opened()
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve))
    await harness.query(`UPDATE request_content SET expires_us = 1 WHERE request_id = '${reserve.request.id}'`)
    await ledger.sweep({ nowUs: T0, limit: 100 })
    expect(await ledger.read.request(reserve.request.id)).toMatchObject({
      prompt: null,
      response: null,
      costNanoUsd: 40_000_000n,
    })
  })
}
