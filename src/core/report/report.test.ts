import { describe, expect, it } from 'vitest'
import { atOnce } from '../../../test/support/steps.ts'
import type { Capabilities } from '../capability.ts'
import type { Offer } from '../offer.ts'
import { compilePriceBooks, type HashedBook } from '../pricing/index.ts'
import type { Quality } from '../request.ts'
import type { Policy } from '../routing/index.ts'
import { alternativesOf, listOffers, repriced, type WhatIfBasis } from './alternatives.ts'
import { commitmentChanges, type OwnedLot } from './commitments.ts'
import type { PastCall } from './past-call.ts'
import { mostSaving, startWhatIf } from './what-if.ts'

const capabilities: Capabilities = {
  operations: ['generate'],
  sizes: { kind: 'list', sizes: [1024, 2048].map((edge) => ({ width: edge, height: edge })) },
  defaultSize: { width: 1024, height: 1024 },
  qualities: ['low', 'medium', 'high'],
  defaultQuality: 'medium',
  maxN: 4,
  formats: ['png'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 1000,
  parameters: [],
  cancelStopsBilling: false,
  asyncJobs: false,
}
const offerOf = (provider: string, tier?: string): Offer => ({
  id: `${provider}:acme/painter${tier === undefined ? '' : `+${tier}`}`,
  provider,
  providerType: provider,
  model: 'acme/painter',
  wireModel: 'painter',
  capabilities,
  sandbox: false,
  ...(tier !== undefined && { tier }),
})
const offers = [offerOf('one'), offerOf('two'), offerOf('one', 'batch')]

/** Dollars per picture: the second price of each is in force from October on. */
const book = (provider: string, prices: Readonly<Record<string, readonly [string, string]>>, tier?: string): HashedBook => ({
  hash: `${provider}${tier ?? ''}`,
  book: {
    provider,
    unit: 'USD',
    source: { url: 'https://example.com', kind: 'official' as const, checkedAt: '2026-09-01' },
    skus: (tier === undefined ? [undefined] : [undefined, tier]).map((lane) => ({
      id: `painter${lane ?? ''}`,
      model: 'acme/painter',
      ...(lane !== undefined && { tier: lane }),
      rates: Object.entries(prices).flatMap(([quality, [before, after]]) =>
        [before, after].map((price, index) => ({
          id: `${quality}-${index}${lane ?? ''}`,
          meter: 'images.out' as const,
          when: { quality: quality as Quality },
          price: lane === undefined ? price : String(Number(price) / 2),
          effectiveFrom: index === 0 ? '2026-01-01' : '2026-10-01',
          ...(index === 0 && { effectiveTo: '2026-10-01' }),
        })),
      ),
      billedPolicy: {
        success: '1',
        refusedBefore: '0',
        refusedAfter: '0',
        providerError: '0',
        timeout: 'unknown' as const,
        cancelled: 'unknown' as const,
      },
    })),
  },
})
const prices = compilePriceBooks({
  books: [
    book('one', { low: ['0.01', '0.02'], medium: ['0.04', '0.05'], high: ['0.10', '0.20'] }, 'batch'),
    book('two', { low: ['0.03', '0.03'], medium: ['0.03', '0.03'], high: ['0.30', '0.30'] }),
  ],
  fx: [],
})
const policy = (route: string, rest: Partial<Policy> = {}): [string, Policy] => [
  route,
  {
    route,
    objective: 'cost',
    maxAttempts: 1,
    retries: 0,
    fallbackOnRefusal: false,
    payTwice: 'never',
    fallback: false,
    ...rest,
  },
]
const basis: WhatIfBasis = {
  offers: listOffers(offers),
  prices,
  routes: new Map([policy('shop'), policy('night', { everyLane: true })]),
}

let made = 0
const call = (
  quality: 'low' | 'medium' | 'high',
  more: { at?: string; route?: string; asked?: boolean; n?: number; slice?: number; repeats?: true } = {},
): PastCall => ({
  id: `call-${++made}`,
  offer: 'one:acme/painter',
  settings: { size: { width: 1024, height: 1024 }, format: 'png', quality, n: more.n ?? 1 },
  atUs: Date.parse(`${more.at ?? '2026-11-05'}T00:00:00Z`) * 1_000,
  chargedNanoUsd: 200_000_000n,
  slice: more.slice ?? 0,
  ...(more.repeats && { repeats: more.repeats }),
  request: {
    model: 'acme/painter',
    route: more.route ?? 'shop',
    operation: 'generate',
    parameters: { operation: 'generate', model: 'acme/painter', n: 1, extraBody: {}, ...(more.asked !== false && { quality }) },
    features: { complexity: 0.5, chars: 9 },
    prompt: 'a red fox',
    inputs: [],
  },
})
const ways = (past: PastCall) => {
  const again = repriced(past, basis)
  return again ? alternativesOf(past, again, basis) : []
}

describe('other ways to have bought a call', () => {
  it('take the next cheaper value of one parameter, at the prices of that moment', () => {
    for (const [at, now, then] of [
      ['2026-09-05', 100_000_000n, 40_000_000n],
      ['2026-11-05', 200_000_000n, 50_000_000n],
    ] as const) {
      const quality = ways(call('high', { at })).find(({ kind }) => kind === 'quality')
      expect(quality).toMatchObject({ from: 'high', to: 'medium', nowNanoUsd: now, thenNanoUsd: then, chosenBy: 'client' })
    }
  })
  it('say where nobody asked for the value', () =>
    expect(ways(call('medium', { asked: false })).find(({ kind }) => kind === 'quality')?.chosenBy).toBe('default'))
  it('leave out what has no cheaper value', () => expect(ways(call('low')).map(({ kind }) => kind)).not.toContain('quality'))
  it('count a picture less', () =>
    expect(ways(call('low', { n: 2 })).find(({ kind }) => kind === 'n')).toMatchObject({ from: '2', to: '1' }))
  it('name other offers of the same model, dearer ones too', () =>
    expect(ways(call('high')).filter(({ kind }) => kind === 'offer')).toMatchObject([
      { to: 'two:acme/painter', thenNanoUsd: 300_000_000n },
    ]))
  it('offer a lane only to routes whose requests have a day', () => {
    expect(ways(call('high')).map(({ kind }) => kind)).not.toContain('batch')
    expect(ways(call('high', { route: 'night' })).find(({ kind }) => kind === 'batch')?.thenNanoUsd).toBe(100_000_000n)
  })
  it('are none for an offer that is gone', () =>
    expect(repriced({ ...call('high'), offer: 'gone:acme/painter' }, basis)).toBeUndefined())
})

const study = (calls: readonly PastCall[], sample?: { slices: number; population: number }) => {
  const input = { ...basis, offers, quality: new Map(), qualityLevels: new Map(), ...(sample && { sample }) }
  const work = startWhatIf(input)
  for (const each of calls) work.add(each)
  return atOnce(work.result())
}

describe('a study of past calls', () => {
  it('adds up exactly where all were looked at', () => {
    const { parameters } = study([call('high'), call('high'), call('medium')])
    const high = parameters.find(({ effect }) => effect.from === 'high')
    expect([high?.calls, high?.savedNanoUsd, high?.errorNanoUsd]).toEqual([2, 300_000_000n, 0n])
  })
  it('scales a sample to all calls, and says how far it may be off', () => {
    const calls = (['high', 'high', 'low', 'low'] as const).map((quality, slice) => call(quality, { slice }))
    const { parameters, chargedNanoUsd } = study(calls, { slices: 4, population: 400 })
    const high = parameters.find(({ effect }) => effect.from === 'high')
    expect(high?.savedNanoUsd).toBe(30_000_000_000n)
    // Savings of 0.15, 0.15, 0 and 0 around their mean of 0.075, for 400 calls: 1.96 * 400 / 4 * sqrt(4 / 3 * 4 * 0.075 ** 2 * 0.99).
    expect(Number(high?.errorNanoUsd)).toBeCloseTo(33.77e9, -8)
    expect(chargedNanoUsd).toBe(80_000_000_000n)
  })
  it('knows less from calls that came together', () => {
    const errorOf = (slices: readonly number[]) => {
      const calls = (['high', 'high', 'low', 'low'] as const).map((quality, index) =>
        call(quality, { slice: slices[index] ?? 0 }),
      )
      const { parameters } = study(calls, { slices: 4, population: 400 })
      return Number(parameters.find(({ effect }) => effect.from === 'high')?.errorNanoUsd)
    }
    expect(errorOf([0, 0, 1, 1])).toBeGreaterThan(errorOf([0, 1, 2, 3]) * 1.3)
    // Slices that are all alike tell of no difference.
    expect(errorOf([0, 1, 0, 1])).toBe(0)
  })
  it('adds up what was charged for the same words again', () => {
    const { changes } = study([call('low'), call('low', { repeats: true })])
    expect(changes.find(({ effect }) => effect.kind === 'repeats')).toMatchObject({ calls: 1, savedNanoUsd: 200_000_000n })
  })
  it('counts dearer calls against a change of offer', () => {
    const { changes } = study([call('medium'), call('high')])
    expect(changes.map(({ effect }) => effect.kind)).not.toContain('offer')
    expect(study([call('medium')]).changes.find(({ effect }) => effect.kind === 'offer')?.savedNanoUsd).toBe(20_000_000n)
  })
  it('is no change to order fewer or smaller pictures', () =>
    expect(study([call('low', { n: 4 })]).changes.map(({ effect }) => effect.kind)).not.toContain('n'))
})

describe('the changes that save most', () => {
  const saving = (...entries: [string, bigint][]) => ({
    savedNanoUsd: entries.reduce((sum, [, each]) => sum + each, 0n),
    savings: new Map(entries),
  })
  const scale = (amount: bigint): bigint => amount

  it('never count a call twice', () => {
    const all = saving(['a', 5n], ['b', 5n])
    const half = saving(['a', 6n])
    const other = saving(['c', 3n])
    const chosen = atOnce(mostSaving([half, all, other], { count: 3, scale }))
    expect(chosen.map(({ savedNanoUsd, furtherNanoUsd }) => [savedNanoUsd, furtherNanoUsd])).toEqual([
      [10n, 10n],
      [3n, 3n],
    ])
  })
  it('add more beside another one that takes away calls which they make dearer', () => {
    const chosen = atOnce(mostSaving([saving(['a', 9n]), saving(['a', -4n], ['b', 7n])], { count: 3, scale }))
    expect(chosen.map(({ savedNanoUsd, furtherNanoUsd }) => [savedNanoUsd, furtherNanoUsd])).toEqual([
      [9n, 9n],
      [3n, 7n],
    ])
  })
  it('add nothing for a change that touches no single call', () =>
    expect(atOnce(mostSaving([{ savedNanoUsd: 9n }], { count: 3, scale }))).toMatchObject([
      { savedNanoUsd: 9n, furtherNanoUsd: 0n },
    ]))
})

describe('changes of commitments', () => {
  const lot = (more: Partial<OwnedLot>): OwnedLot => ({
    id: 'lot',
    kind: 'prepaidCredits',
    provider: 'one',
    commitment: 'credits',
    startsUs: 0,
    expiresUs: 50,
    meter: null,
    capacity: 100n,
    remaining: 0n,
    paidNanoUsd: 90n,
    ...more,
  })
  const ask = (lots: readonly OwnedLot[], spent: bigint) =>
    commitmentChanges({ lots, fromUs: 0, toUs: 100, uncovered: new Map([['one', spent]]) })

  it('give back what ended unused', () =>
    expect(ask([lot({ remaining: 40n })], 0n)).toMatchObject([{ kind: 'smaller_lot', savedNanoUsd: 36n }]))
  it('buy whole lots for what was paid without them', () =>
    expect(ask([lot({})], 250n)).toMatchObject([{ kind: 'another_lot', lots: 2, savedNanoUsd: 20n }]))
  it('are none without a discount or enough spend', () => {
    expect(ask([lot({ paidNanoUsd: 100n })], 250n)).toEqual([])
    expect(ask([lot({})], 99n)).toEqual([])
  })
})
