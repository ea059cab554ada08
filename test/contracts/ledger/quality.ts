import { v7 as uuidv7 } from 'uuid'
import { expect, test } from 'vitest'
import type { StoredGate } from '../../../src/core/routing/learning/spoken.ts'
import type { FeedbackCommand, NewAttempt, NewRequest } from '../../../src/ports/ledger.ts'
import { newAsset, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

export function qualityRules(opened: () => OpenedLedger): void {
  const gate: StoredGate = {
    easy: true,
    otherwise: 'standard',
    features: { numerals: 0, comparatives: 0, negations: 0, spatial: 1, attributePairs: 0, styleWords: 2, complexity: 0.1 },
  }
  /** A request of its own route, so that its words stand alone. */
  const made = async (request: Partial<NewRequest> = {}, attempt: Partial<NewAttempt> = {}, stored = 1) => {
    const { ledger, owner } = opened()
    const route = request.route ?? uuidv7()
    const reserve = newReserve(owner, { attempt, request: { qualityFloor: 'standard', ...request, route } })
    await ledger.reserve(reserve)
    const assets = Array.from({ length: stored }, (_, index) => newAsset({ index, sha256: uuidv7() }))
    await ledger.settle(newSettle(reserve, { assets, imagesMade: Math.max(1, stored) }))
    return { route, requestId: reserve.request.id, attemptId: reserve.attempt.id, assetIds: assets.map(({ id }) => id) }
  }
  const say = (requestId: string, more: Partial<FeedbackCommand> = {}) =>
    opened().ledger.feedback.rate({
      subject: { requestId },
      keyId: 'key-1',
      signal: 'explicit',
      verdict: 'reject',
      atUs: T0 + 3_000_000,
      ...more,
    })
  const words = async (route: string, sinceUs = T0) =>
    (await opened().ledger.quality.words({ sinceUs, limit: 10_000 })).filter((word) => word.route === route)

  test('a word about a picture tells its floor, what made it at which quality, and for whom it was said', async () => {
    const { route, requestId, assetIds } = await made({ endCustomer: 'ann', promptGate: gate })
    await say(requestId)
    const word = {
      picture: assetIds[0],
      requestId,
      projectId: 'project-1',
      route,
      product: 'acme/painter@medium',
      floor: 'standard',
      gate,
      accepted: 0,
      atUs: T0 + 3_000_000,
    }
    expect(await words(route)).toEqual([{ ...word, endCustomer: 'ann' }])
    // Whoever has a key of their own speaks for themselves.
    await say(requestId, { keyId: 'key-2', verdict: 'score', score: 250, atUs: T0 + 4_000_000 })
    expect(await words(route)).toEqual([
      { ...word, accepted: 0.25, atUs: T0 + 4_000_000 },
      { ...word, endCustomer: 'ann' },
    ])
    expect(await words(route, T0 + 4_000_000)).toHaveLength(1)
  })

  test('signals say nothing about floors, nor do words about pictures that were made under none', async () => {
    const { qualityFloor: _none, ...plain } = newReserve(opened().owner).request
    const withoutFloor = await opened().ledger.reserve(newReserve(opened().owner, { request: { ...plain, route: 'no-floor' } }))
    expect(withoutFloor.kind).toBe('reserved')
    const { route, requestId } = await made()
    await say(requestId, { signal: 'rerolled' })
    expect(await words(route)).toEqual([])
    expect(await words('no-floor')).toEqual([])
  })

  test('pictures that nobody stored are known by their call', async () => {
    const { route, requestId, attemptId } = await made({}, {}, 0)
    await say(requestId, { verdict: 'accept' })
    expect(await words(route)).toMatchObject([{ picture: attemptId, product: 'acme/painter@medium', accepted: 1 }])
  })

  test('a picture that was enlarged here is another product; one that another offer changed is nobody’s', async () => {
    const size = { width: 1024, height: 1024 }
    const finishing = [{ kind: 'resize', size: { width: 2048, height: 2048 }, fit: 'fill', enlarge: 2 }]
    const enlarged = await made({}, { settings: { size, format: 'png', n: 1, finishing } })
    const cut = await made({}, { settings: { size, quality: 'low', boughtStep: { kind: 'cut_out', by: ['acme:acme/cutter'] } } })
    await say(enlarged.requestId)
    await say(cut.requestId)
    expect(await words(enlarged.route)).toMatchObject([{ product: 'acme/painter~up2' }])
    expect(await words(cut.route)).toEqual([])
  })

  test('the newest words come first where there are more than asked for', async () => {
    const route = uuidv7()
    for (const atUs of [1, 2, 3].map((hour) => T0 + 1e12 + hour)) await say((await made({ route })).requestId, { atUs })
    const newest = await opened().ledger.quality.words({ sinceUs: T0, limit: 2 })
    expect(newest.map(({ atUs }) => atUs)).toEqual([T0 + 1e12 + 3, T0 + 1e12 + 2])
  })

  test('requests whose prompts were looked at are read by route, the newest in the order of time', async () => {
    const { ledger } = opened()
    const route = uuidv7()
    await made({ route })
    for (const n of [1, 2, 3]) await made({ route, n, promptGate: { ...gate, easy: n > 1 } })
    expect(await ledger.quality.gated({ route, limit: 2 })).toEqual([
      { gate, n: 2 },
      { gate, n: 3 },
    ])
    expect(await ledger.quality.gated({ route: 'another', limit: 2 })).toEqual([])
  })

  test('what was counted in a prompt goes with the texts of its request', async () => {
    const { ledger } = opened()
    const { route, requestId } = await made({ promptGate: gate })
    await ledger.erasure.erase({ subject: { requestId }, what: 'prompts', atUs: T0 + 9_000_000 })
    expect(await ledger.quality.gated({ route, limit: 2 })).toEqual([])
  })

  test('what was counted in a prompt goes when the texts of its request expire', async () => {
    const { ledger } = opened()
    const { content } = newReserve(opened().owner).request
    const { route } = await made({ promptGate: gate, content: { ...content, expiresUs: T0 + 1 } })
    expect(await ledger.quality.gated({ route, limit: 2 })).toHaveLength(1)
    await ledger.sweep({ nowUs: T0 + 2, limit: 1_000 })
    expect(await ledger.quality.gated({ route, limit: 2 })).toEqual([])
  })

  test('a reset is kept with its time and who asked for it, and the last one stands', async () => {
    const { ledger, harness } = opened()
    const product = `acme/${uuidv7()}@low`
    for (const atUs of [T0 + 5, T0 + 9, T0 + 9]) await ledger.quality.reset({ product, atUs })
    expect((await ledger.quality.resets(T0)).get(product)).toBe(T0 + 9)
    expect((await ledger.quality.resets(T0 + 10)).get(product)).toBeUndefined()
    expect(await harness.query(`SELECT action FROM audit WHERE object_id = '${product}'`)).toHaveLength(2)
  })
}
