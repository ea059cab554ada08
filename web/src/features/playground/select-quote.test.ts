import { describe, expect, it } from 'vitest'
import type { CandidateQuote, QuoteResponse } from '../../../../src/contract/quote.ts'
import { checkedText, selectQuote } from './select-quote.ts'

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
