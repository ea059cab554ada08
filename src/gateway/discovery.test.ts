import { describe, expect, it } from 'vitest'
import type { Offer } from '../core/offer.ts'
import type { Clock } from '../ports/clock.ts'
import type { DiscoveredOffers, Provider } from '../ports/provider.ts'
import { type Discovered, discoverOffers, offersOf, startDiscovery } from './discovery.ts'

const offer = (id: string): Offer => ({ id }) as Offer
const provider = (answers: readonly DiscoveredOffers[]): Provider => {
  const left = [...answers]
  return {
    name: 'mine',
    type: 'mine',
    offers: [offer('known')],
    run: () => Promise.reject(new Error('not called')),
    close: async () => undefined,
    discover: async () => left.shift() ?? { ok: false, message: 'asked too often' },
  }
}
const signal = new AbortController().signal
const found = (...ids: string[]): DiscoveredOffers => ({ ok: true, offers: ids.map(offer) })
const clock = { nowUs: () => 7 }

describe('what a server says it serves', () => {
  it('is what it offers; one that cannot be asked offers what its type knows', async () => {
    const asked = provider([found('a', 'b')])
    const { discover: _, ...silent } = asked
    const discovered = await discoverOffers([asked, { ...silent, name: 'other' }], new Map(), clock, signal)
    expect(offersOf(asked, discovered)).toEqual([offer('a'), offer('b')])
    expect(offersOf({ ...silent, name: 'other' }, discovered)).toEqual([offer('known')])
  })

  it('stays in force while the server does not answer, and the problem is told', async () => {
    const asked = provider([found('a'), { ok: false, message: 'gone' }])
    const first = await discoverOffers([asked], new Map(), clock, signal)
    const second = await discoverOffers([asked], first, clock, signal)
    expect(second.get('mine')).toEqual({ offers: [offer('a')], askedUs: 7, problem: 'gone' })
  })
})

it('only other offers replace the state; the same ones and a silent server do not', async () => {
  const asked = provider([found('a'), { ok: false, message: 'gone' }, found('a', 'b')])
  let discovered: Discovered = new Map([['mine', { offers: [offer('a')], askedUs: 0 }]])
  const changes: boolean[] = []
  let finish: () => void = () => undefined
  const over = new Promise<void>((resolve) => {
    finish = resolve
  })
  const immediate: Clock = { nowUs: () => 7, monotonicMs: () => 0, sleep: () => Promise.resolve() }
  const running = startDiscovery({
    clock: immediate,
    log: { info() {}, warn() {}, error() {} },
    current: () => ({ providers: new Map([['mine', asked]]), discovered }),
    async onAnswer(next, changed) {
      changes.push(changed)
      discovered = next
      if (changes.length === 3) {
        finish()
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  })
  await over
  await running.close()
  expect(changes.slice(0, 3)).toEqual([false, false, true])
})
