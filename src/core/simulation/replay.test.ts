import { describe, expect, test } from 'vitest'
import { bookOf, offerOf, pricesOf, rateOf, skuOf } from '../../../test/support/pricing.ts'
import type { Policy } from '../routing/index.ts'
import { type ReplayInput, replayTrace } from './replay.ts'
import { parseTraceLine } from './trace.ts'

const cheap = offerOf('acme/cheap', 'acme')
const dear = offerOf('acme/dear', 'acme')
const prices = pricesOf(
  bookOf([
    skuOf({ id: 'cheap', model: 'acme/cheap', rates: [rateOf({ id: 'cheap/image', price: '0.01' })] }),
    skuOf({ id: 'dear', model: 'acme/dear', rates: [rateOf({ id: 'dear/image', price: '0.04' })] }),
  ]),
)
const policy: Policy = {
  route: 'r',
  objective: 'cost',
  maxAttempts: 3,
  retries: 1,
  fallbackOnRefusal: true,
  payTwice: 'never',
  fallback: true,
}
const input: ReplayInput = {
  snapshot: {
    offers: [cheap, dear],
    quality: new Map([
      ['acme/dear', 1_100],
      ['acme/cheap', 900],
    ]),
    qualityLevels: new Map([['high', 1_000]]),
  },
  prices,
  policy,
  changes: [],
}
const line = (more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    at: '2026-11-02T10:00:00Z',
    model: 'acme/dear',
    n: 2,
    offer: dear.id,
    outcome: 'succeeded',
    cost_usd: '0.08',
    ...more,
  })
const rows = (...lines: readonly string[]) => lines.map((text, index) => parseTraceLine(text, index + 1))

describe('a replay', () => {
  test('prices every request by the policy and leaves what was paid as it is', () => {
    const { recorded, simulated, simulatedByOffer } = replayTrace(rows(line(), line()), input)
    expect(recorded).toEqual({ requests: 2, pictures: 4, costNanoUsd: 160_000_000 })
    expect([...simulatedByOffer.keys()]).toEqual([cheap.id])
    expect(simulated.costNanoUsd).toBeGreaterThanOrEqual(40_000_000)
    expect(simulated.costNanoUsd).toBeLessThan(42_000_000)
  })

  test('holds easy prompts to the lower floor of the policy, the same ones each time', () => {
    const gated = { ...input, policy: { ...policy, floor: 'high', easyFloor: 'low' } }
    const levels = new Map([...input.snapshot.qualityLevels, ['low', 800] as const])
    const withLevels = { ...gated, snapshot: { ...gated.snapshot, qualityLevels: levels } }
    const trace = rows(
      line({ prompt: 'a red fox' }),
      line({ prompt: 'exactly three red cubes to the left of two blue balls' }),
      ...Array.from({ length: 20 }, (_, index) => line({ prompt: `a fox beside a tree ${'x'.repeat(index)}` })),
    )
    const result = replayTrace(trace, withLevels)
    expect(result.simulatedByOffer.get(cheap.id)?.requests).toBe(result.easy)
    expect(result.easy).toBeGreaterThanOrEqual(1)
    expect(result.simulatedByOffer.get(dear.id)?.requests).toBeGreaterThanOrEqual(1)
    expect(replayTrace(trace, withLevels)).toEqual(result)
  })

  test('leaves out what is rejected too often under the floor', () => {
    const floored = { ...input, policy: { ...policy, floor: 'acme/cheap' } }
    const until = Date.UTC(2027, 0, 1) * 1_000
    const corrections = new Map([
      ['acme/cheap', { failsAt: 900, rejected: 3, accepted: 0, sinceUs: 0, failsSinceUs: 0, untilUs: until }],
    ])
    expect([...replayTrace(rows(line()), floored).simulatedByOffer.keys()]).toEqual([cheap.id])
    const corrected = { ...floored, snapshot: { ...input.snapshot, corrections } }
    expect([...replayTrace(rows(line()), corrected).simulatedByOffer.keys()]).toEqual([dear.id])
  })

  test('keeps the floor of the policy', () => {
    const { simulatedByOffer } = replayTrace(rows(line()), { ...input, policy: { ...policy, floor: 'high' } })
    expect([...simulatedByOffer.keys()]).toEqual([dear.id])
  })

  test('a change of price counts from its date on', () => {
    const changes = [{ model: 'acme/cheap', factor: 10, fromUs: Date.parse('2026-11-03') * 1_000 }]
    const { simulatedByOffer } = replayTrace(rows(line(), line({ at: '2026-11-03T00:00:00Z' })), { ...input, changes })
    expect([...simulatedByOffer].map(([offer, { requests }]) => [offer, requests])).toEqual([
      [cheap.id, 1],
      [dear.id, 1],
    ])
  })

  test('learns from the trace: an offer that refuses nearly always and bills for it is left', () => {
    const refused = Array.from({ length: 150 }, () =>
      line({ model: 'acme/cheap', offer: cheap.id, outcome: 'refused', cost_usd: '0.01' }),
    )
    const { simulatedByOffer } = replayTrace(rows(...refused, line()), input)
    expect(simulatedByOffer.get(dear.id)?.requests).toBeGreaterThan(0)
  })

  test('what nobody can serve is counted with its reason and compared with nothing', () => {
    const result = replayTrace(rows(line({ size: '4096x4096' }), line()), { ...input, policy: { ...policy, floor: 'unknown' } })
    expect(result.simulated.requests).toBe(0)
    expect(result.recordedOfServed.requests).toBe(0)
    expect([...result.unserved.values()].reduce((sum, count) => sum + count, 0)).toBe(2)
  })
})

describe('a line of a trace', () => {
  const wrong: readonly [says: string, text: string][] = [
    ['is not JSON', '{'],
    ['an object', '[]'],
    ['at must be', '{"model":"m","cost_usd":"1"}'],
    ['cost_usd must be', '{"at":"2026-01-01","model":"m"}'],
    ['cost_usd must be', '{"at":"2026-01-01","model":"m","cost_usd":0.04}'],
    ['size must be', '{"at":"2026-01-01","model":"m","cost_usd":"1","size":"big"}'],
    ['n must be', '{"at":"2026-01-01","model":"m","cost_usd":"1","n":0}'],
    ['pictures must be one of', '{"at":"2026-01-01","model":"m","cost_usd":"1","pictures":1}'],
  ]
  for (const [says, text] of wrong) {
    test(`${text} is refused by line and field`, () => {
      expect(() => parseTraceLine(text, 7)).toThrow(new RegExp(`Line 7 .*${says}`))
    })
  }
})
