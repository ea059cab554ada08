import { describe, expect, it } from 'vitest'
import type { CandidateQuote, QuoteResponse } from '../../../../src/contract/quote.ts'
import { checkedText, selectGroup, selectQuote, selectWishes } from './select-quote.ts'

const candidate = (offer: string, usd: string, choice: number | null = 2): CandidateQuote => ({
  offer,
  model: 'm',
  provider: 'p',
  sandbox: true,
  lane: 'standard',
  size: '1024x1024',
  size_from: 'request',
  quality: null,
  quality_from: null,
  calls: 1,
  min_usd: usd,
  expected_usd: usd,
  max_usd: usd,
  marginal_usd: null,
  lines: [],
  spread: [],
  checked_at: '2026-11-01',
  age_days: 21,
  stale: false,
  eligible: choice !== null,
  choice,
  quality_score: null,
  frontier: false,
  finishing: [],
})

const quote = (candidates: CandidateQuote[]): QuoteResponse => ({
  object: 'quote',
  id: null,
  expires_at: null,
  max_usd: null,
  route: 'auto',
  n: 1,
  price_book: 'b',
  candidates,
  current: null,
  explained: null,
  group: null,
  job: null,
  eliminated: [],
})

describe('a quote as shown', () => {
  it('the choice is what would be tried first, even where others are cheaper', () => {
    const view = selectQuote(quote([candidate('cheap', '0.01'), candidate('chosen', '0.02', 1), candidate('dear', '0.05')]))
    expect(view.chosen?.offer).toBe('chosen')
    expect(view.alternatives.map((other) => [other.candidate.offer, other.delta])).toEqual([
      ['cheap', '\u2212$0.01'],
      ['dear', '+$0.03'],
    ])
  })

  it('without an eligible candidate there is no choice and no difference to it', () => {
    const view = selectQuote(quote([candidate('only', '0.01', null)]))
    expect(view.chosen).toBeUndefined()
    expect(view.alternatives[0]?.delta).toBe('')
  })

  it('a price that nobody checked for long says so wherever it is shown', () => {
    const fresh = candidate('only', '0.01')
    expect(checkedText(fresh)).toBe('Prices checked 2026-11-01')
    expect(checkedText({ ...fresh, age_days: 46, stale: true })).toBe('stale price: not checked for 46 days')
  })

  it('more alternatives than fit are counted', () => {
    expect(selectQuote(quote('abcdefg'.split('').map((offer, index) => candidate(offer, '0.01', index + 1)))).more).toBe(2)
  })
})

describe('the group of a quote', () => {
  const group = { name: 'autumn', role: 'followed', offer: 'a', quality: null, cheapest_offer: 'b', cost_usd: '0.01' } as const
  const whole = {
    lane: 'standard',
    calls: 40,
    allowance_usd: '0',
    allowance_from: 'assumed',
    allowance_attempts: 0,
    in_time: 'yes',
    duration_ms: null,
    reasons: [],
    eligible: true,
    quality_score: null,
    frontier: false,
    quality: null,
    size: '1024x1024',
  } as const
  const job = {
    count: 40,
    deadline_ms: null,
    candidates: [
      { ...whole, reasons: [], offer: 'b', min_usd: '0.4', expected_usd: '0.4', max_usd: '0.4' },
      { ...whole, reasons: [], offer: 'a', min_usd: '0.8', expected_usd: '0.81', max_usd: '0.9' },
    ],
  }

  it('says what looking alike costs, and what all of its pictures cost where they are made', () => {
    const view = selectGroup({ ...quote([candidate('b', '0.01'), candidate('a', '0.02', 1)]), group, job })
    expect(view).toEqual({
      text: 'It follows autumn: a gives the look. That is expected to cost $0.01 above the cheapest, b.',
      together: { count: 40, expectedUsd: '0.81', maxUsd: '0.9' },
    })
  })

  it.each([
    ['first', 'autumn has no pictures yet: this one would found its look, made by a.'],
    ['switched', 'It leaves the look of autumn, which is that of a.'],
  ] as const)('a %s one at the cheapest price costs nothing more', (role, text) => {
    const view = selectGroup({ ...quote([candidate('a', '0.02', 1)]), group: { ...group, role, cost_usd: '0' } })
    expect(view).toEqual({ text, together: undefined })
  })

  it('no group, nothing to say', () => expect(selectGroup(quote([candidate('a', '0.02', 1)]))).toBeUndefined())
})

describe('what wishes cost', () => {
  const wish = (constraint: string, adds: string | null, without: string | null, offers: number) => ({
    constraint,
    stated: 'x',
    adds_usd: adds,
    without_usd: without,
    offers_without: offers,
  })

  it('the dearest stands first, and what costs nothing is left out', () => {
    const constraints = [
      wish('seed', '0', '0.02', 3),
      wish('size', '0.01', '0.01', 4),
      wish('quality', '0.09', '0.01', 5),
      wish('model', '-0.01', '0.03', 9),
    ]
    const explained = { cheapest_usd: '0.02', offers_left: 2, constraints }
    expect(selectWishes({ ...quote([]), explained }).map(({ name, text }) => [name, text])).toEqual([
      ['quality x', 'adds $0.09; without it 5 offers rather than 2'],
      ['size x', 'adds $0.01; without it 4 offers rather than 2'],
    ])
  })

  it('where nothing meets them all, each says what giving it up would open', () => {
    const explained = {
      cheapest_usd: null,
      offers_left: 0,
      constraints: [wish('background', null, '0.04', 1), wish('size', null, null, 0)],
    }
    expect(selectWishes({ ...quote([]), explained })).toEqual([{ name: 'background x', text: 'without it 1 offer, from $0.04' }])
  })
})
