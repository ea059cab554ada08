import { describe, expect, it } from 'vitest'
import type { CandidateQuote, QuoteResponse } from '../../../../src/contract/records.ts'
import { selectQuote } from './select-quote.ts'

const candidate = (offer: string, usd: string, eligible = true): CandidateQuote => ({
  offer,
  model: 'm',
  provider: 'p',
  sandbox: true,
  size: '1024x1024',
  quality: null,
  min_usd: usd,
  expected_usd: usd,
  max_usd: usd,
  lines: [],
  spread: [],
  checked_at: '2026-11-01',
  eligible,
})

const quote = (candidates: CandidateQuote[]): QuoteResponse => ({
  object: 'quote',
  route: 'auto',
  n: 1,
  price_book: 'b',
  candidates,
  eliminated: [],
})

describe('a quote as shown', () => {
  it('the choice is the first eligible candidate, even when a cheaper one is not eligible', () => {
    const view = selectQuote(quote([candidate('cheap', '0.01', false), candidate('chosen', '0.02'), candidate('dear', '0.05')]))
    expect(view.chosen?.offer).toBe('chosen')
    expect(view.alternatives.map((other) => [other.candidate.offer, other.delta])).toEqual([
      ['cheap', '\u2212$0.01'],
      ['dear', '+$0.03'],
    ])
  })

  it('without an eligible candidate there is no choice and no difference to it', () => {
    const view = selectQuote(quote([candidate('only', '0.01', false)]))
    expect(view.chosen).toBeUndefined()
    expect(view.alternatives[0]?.delta).toBe('')
  })

  it('more alternatives than fit are counted', () => {
    expect(selectQuote(quote('abcdefg'.split('').map((offer) => candidate(offer, '0.01')))).more).toBe(2)
  })
})
