import { expect, test } from 'vitest'
import { newAsset, newFinish, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

export function groupRules(opened: () => OpenedLedger): void {
  const inGroup = (group: string, offer: string, more: object = {}) =>
    newReserve(opened().owner, {
      request: { projectId: 'looks', group, n: 2, decision: { consistency: { seed: 42 } }, ...more },
      attempt: { offer, settings: { size: '1024x1024', quality: 'high' } },
    })
  const look = (group: string, sinceUs = 0) => opened().ledger.read.groupLook({ projectId: 'looks', group, sinceUs })

  test('a group looks like what made its first picture, not like what was tried before it', async () => {
    const { ledger } = opened()
    const failed = inGroup('catalogue', 'acme:acme/failed')
    const made = inGroup('catalogue', 'acme:acme/made')
    const later = inGroup('catalogue', 'acme:acme/later')
    for (const reserve of [failed, made, later]) await ledger.reserve(reserve)
    expect(await look('catalogue')).toMatchObject({ offer: 'acme:acme/failed', made: false })
    await ledger.settle(
      newSettle(failed, { outcome: 'refused', imagesMade: 0, charges: [], finish: newFinish({ outcome: 'refused' }) }),
    )
    for (const reserve of [later, made]) await ledger.settle(newSettle(reserve, { finish: newFinish() }))
    expect(await look('catalogue')).toMatchObject({
      requestId: made.request.id,
      made: true,
      offer: 'acme:acme/made',
      quality: 'high',
      seed: 42,
      images: 6,
      createdUs: T0,
    })
  })

  test('it ends with its time, and is of one project and of pictures that are painted', async () => {
    const { ledger } = opened()
    const enlarged = inGroup('posters', 'acme:acme/upscaler', { operation: 'upscale' })
    const foreign = inGroup('posters', 'acme:acme/painter', { projectId: 'others' })
    for (const reserve of [enlarged, foreign]) {
      await ledger.reserve(reserve)
      await ledger.settle(newSettle(reserve, { finish: newFinish() }))
    }
    expect(await look('posters')).toBeUndefined()
    expect(await look('catalogue', T0 + 1)).toBeUndefined()
  })

  test('a picture is known by its bytes to the project that it was made for', async () => {
    const { ledger } = opened()
    const reserve = inGroup('known', 'acme:acme/painter')
    await ledger.reserve(reserve)
    const asset = newAsset({ sha256: 'c'.repeat(64) })
    await ledger.settle(newSettle(reserve, { assets: [asset], finish: newFinish() }))
    const madeBy = (projectId: string) => ledger.read.madeBy({ projectId, sha256: asset.sha256 })
    expect(await madeBy('looks')).toEqual({ offer: 'acme:acme/painter', quality: 'high' })
    expect(await madeBy('others')).toBeUndefined()
  })

  test('requests of a route on trial are read whole, in order, with what they cost', async () => {
    const { ledger, owner } = opened()
    const reserves = Array.from({ length: 1_003 }, (_, index) =>
      newReserve(owner, { request: { route: index % 2 ? 'trial' : 'trial:observed', decision: { index } } }),
    )
    await Promise.all(reserves.map((reserve) => ledger.reserve(reserve)))
    const running = newReserve(owner, { request: { route: 'trial' } })
    await ledger.reserve(running)
    await Promise.all(reserves.map((reserve) => ledger.settle(newSettle(reserve, { finish: newFinish() }))))
    const seen: unknown[] = []
    let cost = 0n
    for await (const row of ledger.read.observations({ routes: ['trial', 'trial:observed'], sinceUs: T0 })) {
      seen.push(row.decision['index'])
      cost += row.costNanoUsd
    }
    expect(seen).toEqual(reserves.map((_, index) => index))
    const one = await ledger.read.request(reserves[0]?.request.id ?? '')
    expect(cost).toBe((one?.costNanoUsd ?? 0n) * BigInt(reserves.length))
  })
}
