import { describe, expect, it } from 'vitest'
import {
  healthText,
  type OfferRow,
  parseModelsSearch,
  qualityText,
  rowId,
  selectFrontier,
  selectRows,
  sortOf,
  sortText,
} from './select-offers.ts'

const row = (offer: string, changes: Partial<OfferRow> = {}): OfferRow => ({
  offer,
  provider: offer.slice(0, offer.indexOf(':')),
  model: offer.slice(offer.indexOf(':') + 1),
  quality: null,
  configured: true,
  images: 10,
  attempts: 10,
  spend_usd: '1.00',
  cost_per_image_usd: '0.10',
  success_share: 1,
  refusal_share: 0,
  accepted: 0,
  rejected: 0,
  acceptance_share: null,
  coverage: null,
  cost_per_accepted_usd: null,
  latency_p50_ms: 1,
  latency_p95_ms: 2,
  quality_score: 1000,
  quality_prior: { score: 1010, margin: 10, as_of: '2026-10-07', source: 'a board' },
  place: 'dominated',
  health: null,
  list_price: '$0.10 per image',
  price_checked_at: '2026-11-01',
  price_age_days: 21,
  price_stale: false,
  price_history: [],
  ...changes,
})

describe('the URL', () => {
  it('keeps what fits, leaves out the rest and what is usual', () => {
    expect(
      parseModelsSearch({
        q: ' flux ',
        provider: 'fal,openai',
        place: 'frontier,nowhere',
        used: 'all',
        sort: '-p95',
        money: 'real',
        x: 1,
      }),
    ).toEqual({ q: 'flux', provider: 'fal,openai', place: 'frontier', used: 'all', sort: '-p95', money: 'real' })
    expect(parseModelsSearch({ sort: '-spend', place: 'x', q: '', used: 'some', period: '30d' })).toEqual({})
  })

  it.each(['-spend', 'offer', '-p95'])('says the order %s and reads it again', (sort) => {
    expect(sortText(sortOf(parseModelsSearch({ sort })))).toBe(sort)
  })
})

describe('rows', () => {
  const rows = [
    row('fal:acme/flux', { place: 'frontier' }),
    row('fal:acme/flux', { quality: 'high' }),
    row('openai:acme/other', { provider: 'openai' }),
    row('openai:acme/idle', { attempts: 0, spend_usd: '0.00', images: 0 }),
  ]

  it('leave out offers nobody called, until they are asked for', () => {
    expect(selectRows(rows, {})).toHaveLength(3)
    expect(selectRows(rows, { used: 'all' })).toHaveLength(4)
  })

  it.each([
    [{ q: 'FLUX high' }, ['fal:acme/flux\nhigh']],
    [{ provider: 'openai' }, ['openai:acme/other\n']],
    [{ place: 'frontier' }, ['fal:acme/flux\n']],
  ])('are narrowed by %j', (search, ids) => {
    expect(selectRows(rows, search).map(rowId)).toEqual(ids)
  })

  it('count charges without an attempt as use', () => {
    expect(selectRows([row('a:b/c', { attempts: 0, spend_usd: '0.01' })], {})).toHaveLength(1)
  })
})

describe('cost against quality', () => {
  const frontier = selectFrontier([
    row('fal:acme/good', { place: 'frontier', cost_per_image_usd: '0.20', quality_score: 1100 }),
    row('fal:acme/cheap', { place: 'frontier', cost_per_image_usd: '0.01', quality_score: 900 }),
    row('a:acme/same'),
    row('b:acme/same', { provider: 'b' }),
    row('fal:acme/new', { place: 'unrated', quality_score: null, quality_prior: null }),
    row('fal:acme/free', { cost_per_image_usd: '0.00' }),
    row('fal:acme/none', { cost_per_image_usd: null, place: null }),
  ])

  it('joins the frontier from the cheapest to the best', () => {
    expect(frontier.path.map(({ name }) => name)).toEqual(['cheap', 'good'])
    expect(frontier.path.map(({ y }) => y)).toEqual([900, 1100])
  })

  it('names a model that two providers sell by its provider, and finds the row of a dot again', () => {
    expect(frontier.points.map(({ name }) => name)).toEqual(['good', 'cheap', 'same (a)', 'same (b)'])
    expect(frontier.byName.get('same (b)')?.offer).toBe('b:acme/same')
  })

  it('draws the interval of the prior, lists the unrated, and leaves out what has no cost on a scale of doublings', () => {
    expect(frontier.points[0]?.spread).toEqual([1000, 1020])
    expect(frontier.unrated.map(({ offer }) => offer)).toEqual(['fal:acme/new'])
    expect([...frontier.byName.keys()]).not.toContain('free')
  })

  it('says quality with its margin, or that nobody measured it', () => {
    expect(qualityText(row('a:b'))).toBe('1010 \u00b1 10')
    expect(qualityText(row('a:b', { quality_prior: null }))).toBe('1000')
    expect(qualityText(row('a:b', { quality_prior: null, quality_score: null }))).toBe('not rated')
  })
})

it.each([
  [{ configured: false }, 'not configured'],
  [{ health: null }, 'not called yet'],
  [{ health: { state: 'open', blocked_until: null, in_flight: 0 } }, 'resting after failures'],
  [{ health: { state: 'half_open', blocked_until: null, in_flight: 0 } }, 'trying again'],
  [{ health: { state: 'closed', blocked_until: '2026-11-22T00:01:00Z', in_flight: 0 } }, 'waiting for its limit'],
  [{ health: { state: 'closed', blocked_until: '2026-11-21T00:00:00Z', in_flight: 2 } }, 'well, 2 running'],
] as const)('health %j reads: %s', (changes, text) => {
  expect(healthText(row('a:b', changes), Date.parse('2026-11-22T00:00:00Z')).text).toBe(text)
})
