import { describe, expect, it } from 'vitest'
import type { OfferHealth } from '../core/routing/index.ts'
import { callEvents, type StoreFailure, watchBreakers, watchDisk, watchImages, watchLedger } from './alert-sources.ts'
import type { FinishedCall } from './conclude.ts'

const health = (state: OfferHealth['state']): OfferHealth => ({ state, inFlight: 0, blockedUntilUs: 0 })
const MINUTE_US = 60_000_000

describe('breakers', () => {
  const states: Record<string, OfferHealth['state']> = { 'a:x/y': 'closed' }
  const watch = watchBreakers(
    { view: () => new Map(Object.entries(states).map(([offer, state]) => [offer, health(state)])) },
    'n1',
  )
  const kinds = (nowUs: number) => watch(nowUs).map(({ kind }) => kind)

  it('tell once that they opened and once that they closed; a probe is neither', () => {
    expect(kinds(0)).toEqual([])
    states['a:x/y'] = 'open'
    expect(kinds(1)).toEqual(['breaker.opened'])
    expect(kinds(2)).toEqual([])
    states['a:x/y'] = 'half_open'
    expect(kinds(3)).toEqual([])
    states['a:x/y'] = 'closed'
    expect(kinds(4)).toEqual(['breaker.closed'])
    expect(kinds(5)).toEqual([])
  })

  it('of two nodes have the same name within a quarter of an hour, and another one later', () => {
    const at = (node: string, nowUs: number): string | undefined =>
      watchBreakers({ view: () => new Map([['a:x/y', health('open')]]) }, node)(nowUs)[0]?.name
    expect(at('n1', MINUTE_US)).toBe(at('n2', 2 * MINUTE_US))
    expect(at('n1', MINUTE_US)).not.toBe(at('n1', 20 * MINUTE_US))
  })
})

describe('disk and ledger', () => {
  it.each([
    [true, true, undefined],
    [false, true, 'warning'],
    [false, false, 'critical'],
  ] as const)('store %s, dispatch %s: %s', (store, dispatch, severity) => {
    const events = watchDisk({ mayStore: () => store, mayDispatch: () => dispatch }, 'n1')(0)
    expect(events[0]?.severity).toBe(severity)
  })

  it('a ledger is behind when its queue is long three looks in a row', () => {
    const queues = [900, 900, 3, 900, 900, 900]
    const watch = watchLedger(() => ({ queuedCommands: queues.shift() ?? 0, commits: 0, commands: 0 }), 'n1')
    expect([1, 2, 3, 4, 5, 6].map((at) => watch(at).length)).toEqual([0, 0, 0, 0, 0, 1])
  })
})

describe('the bucket of pictures', () => {
  it('is told of once when it fails and once when it is mended, with the window of the beginning', () => {
    let failure: StoreFailure | undefined
    const watch = watchImages(() => failure, 'n1')
    const told = (nowUs: number) => watch(nowUs).map(({ kind, severity, name }) => [kind, severity, name])
    expect(told(0)).toEqual([])
    failure = { sinceUs: 20 * MINUTE_US, why: 'no answer' }
    expect(told(21 * MINUTE_US)).toEqual([['images.unreachable', 'critical', 'images.unreachable/1']])
    failure = { sinceUs: 20 * MINUTE_US, why: 'a wrong key' }
    expect(told(22 * MINUTE_US)).toEqual([])
    failure = undefined
    expect(told(99 * MINUTE_US)).toEqual([['images.reachable', 'info', 'images.reachable/1']])
    expect(told(100 * MINUTE_US)).toEqual([])
  })
})

describe('a finished call', () => {
  const call = (more: object): FinishedCall =>
    ({
      reserved: { attempt: { offer: 'a:x/y', provider: 'a', id: 't1', requestId: 'r1', holdNanoUsd: 40_000_000n } },
      result: { kind: 'done' },
      settlement: { kind: 'charged', totalNanoUsd: 40_000_000n, provenance: 'metered', findings: [] },
      ...more,
    }) as unknown as FinishedCall
  const charged = (totalNanoUsd: bigint, provenance = 'metered', findings: readonly string[] = []) => ({
    settlement: { kind: 'charged', totalNanoUsd, provenance, findings },
  })
  const failed = (code: string) => ({ result: { kind: 'failed', failure: { code } }, settlement: { kind: 'free' } })
  it.each([
    ['as quoted', {}, []],
    ['estimated', charged(1n, 'estimated', ['The provider reported no usage; the charge is an estimate.']), []],
    ['above its hold', charged(40_000_001n), ['price.finding']],
    ['reported otherwise than priced', charged(1n, 'reported', ['The provider charged 1 USD']), ['price.finding']],
    ['with a refused key', failed('provider_auth'), ['provider.key_rejected']],
    ['without credit', failed('provider_quota'), ['provider.no_credit']],
    ['that timed out', failed('provider_timeout'), []],
  ])('%s', (_, more, kinds) => {
    expect(callEvents(call(more), 0).map(({ kind }) => kind)).toEqual(kinds)
  })
})
