import { describe, expect, it } from 'vitest'
import type { ProviderOfferWire, ProviderWire } from '../../../../src/contract/providers.ts'
import {
  lastErrorOf,
  offerState,
  parseProvidersSearch,
  remediesOf,
  spendOf,
  stateOf,
  totalsOf,
  verifiedOf,
} from './select-providers.ts'

const offer = (changes: Partial<ProviderOfferWire> = {}): ProviderOfferWire => ({
  offer: 'acme:acme/brush',
  model: 'acme/brush',
  priced: true,
  assumed: false,
  retired_at: null,
  breaker: 'closed',
  resting: null,
  blocked_until: null,
  in_flight: 0,
  concurrency_limit: null,
  calls: 1,
  last_error: null,
  verified: null,
  ...changes,
})
const provider = (changes: Partial<ProviderWire> = {}): ProviderWire => ({
  name: 'acme',
  object: 'provider',
  type: 'acme',
  managed_by: 'file',
  disabled: false,
  sandbox: false,
  host: 'api.acme.example',
  documentation: null,
  unpriced: 0,
  keys: { total: 2, resting: 0, rests_until: null },
  places: null,
  queue: null,
  discovery: null,
  tested: null,
  findings: [],
  offers: [offer()],
  ...changes,
})
const wrong = { level: 'wrong', message: 'has no API key', remedy: 'Set ACME_KEY.' } as const
const tested = (ok: boolean) => ({ at: '2026-11-22T00:00:00Z', ok, message: 'x' })

describe('the state of an account is the worst thing that is true of it', () => {
  it.each([
    ['Disabled', { disabled: true, findings: [wrong] }],
    ['Not usable', { findings: [wrong] }],
    ['Key or address fails', { findings: [wrong], tested: tested(false) }],
    ['Resting', { offers: [offer({ breaker: 'open' })] }],
    ['1 of 2 offers resting', { offers: [offer({ breaker: 'open' }), offer()] }],
    ['Keys resting', { keys: { total: 1, resting: 1, rests_until: null } }],
    ['1 of 2 keys resting', { keys: { total: 2, resting: 1, rests_until: null } }],
    ['In use', {}],
    ['Reachable', { offers: [offer({ calls: 0 })], tested: tested(true) }],
    ['Not tried yet', { offers: [offer({ calls: 0 })] }],
    ['Ready', { sandbox: true, offers: [offer({ calls: 0 })] }],
  ] as const)('%s', (text, changes) => {
    expect(
      stateOf(
        provider({
          ...changes,
          offers: [...('offers' in changes ? changes.offers : [offer()])],
          findings: [...('findings' in changes ? changes.findings : [])],
        }),
      ).text,
    ).toBe(text)
  })

  it('an offer at a limit of our own is not one that fails', () => {
    const busy = offer({ resting: 'rate', blocked_until: '2026-11-22T00:00:01Z' })
    expect(stateOf(provider({ offers: [busy] })).text).toBe('In use')
    expect(offerState(busy).text).toBe('waiting for its rate limit')
  })
})

it.each([
  [{ retired_at: '2026-12-01' }, 'retires 2026-12-01'],
  [{ priced: false }, 'unpriced, never chosen'],
  [{ breaker: 'open' }, 'open: resting after failures'],
  [{ breaker: 'half_open' }, 'half open: trying one call'],
  [{ resting: 'concurrency' }, 'as many calls as it bears'],
  [{ blocked_until: '2026-11-22T00:00:01Z' }, 'asked to wait'],
  [{ calls: 0 }, 'closed, not called yet'],
  [{}, 'closed'],
] as const)('an offer %j is %s', (changes, text) => {
  expect(offerState(offer(changes)).text).toBe(text)
})

it('remedies stand worst first, without what is in order', () => {
  const notice = { level: 'notice', message: 'unpriced', remedy: null } as const
  const ok = { level: 'ok', message: 'fine', remedy: null } as const
  expect(remediesOf({ findings: [ok, notice, wrong] })).toEqual([wrong, notice])
})

it('totals count what a person looks for', () => {
  const data = [
    provider({ findings: [wrong], unpriced: 2 }),
    provider({ disabled: true, offers: [] }),
    provider({ offers: [offer({ in_flight: 3, breaker: 'open' }), offer()] }),
  ]
  expect(totalsOf({ data })).toEqual({ accounts: 3, usable: 1, offers: 3, unpriced: 2, running: 3, resting: 1, toMend: 1 })
})

it('verification and the last error are those of its offers, the newest last', () => {
  const verified = (at: string, departures: string[]) => ({ at, request_id: null, cost_usd: '0.01', departures })
  const offers = [
    offer({
      verified: verified('2026-11-02T00:00:00Z', []),
      last_error: { at: '2026-11-01T00:00:00Z', code: 'a', message: 'x' },
    }),
    offer({
      verified: verified('2026-11-01T00:00:00Z', ['other size']),
      last_error: { at: '2026-11-03T00:00:00Z', code: 'b', message: 'y' },
    }),
    offer(),
  ]
  expect(verifiedOf({ offers })).toEqual({ count: 2, asSaid: 1, last: '2026-11-02T00:00:00Z' })
  expect(lastErrorOf({ offers })?.code).toBe('b')
  expect(lastErrorOf({ offers: [] })).toBeNull()
})

it.each([
  ['0.25', '0.25'],
  ['$2', '2'],
  ['0', undefined],
  ['-1', undefined],
  ['all', undefined],
])('%j as the most to spend is %j', (text, sent) => {
  expect(spendOf(text)).toBe(sent)
})

it('the URL names the open account', () => {
  expect(parseProvidersSearch({ name: 'acme', x: 1 })).toEqual({ name: 'acme' })
  expect(parseProvidersSearch({})).toEqual({})
})
