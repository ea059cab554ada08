import { describe, expect, it } from 'vitest'
import {
  clearedSearch,
  filtersOf,
  isFiltered,
  latencyText,
  parseDetailSearch,
  parseRequestsSearch,
  promptText,
  splitOffer,
} from './select-requests.ts'

const now = Date.parse('2026-11-22T12:00:00Z')

describe('the requests page', () => {
  it.each([
    [{ outcome: 'refused' }, { outcome: 'refused' }],
    [{ outcome: 'refused,made-up,error' }, { outcome: 'refused,error' }],
    [{ project_id: 'p1', outcome: 7, view: 'list' }, { project_id: 'p1' }],
    [
      { view: 'gallery', q: '  red fox ' },
      { view: 'gallery', q: 'red fox' },
    ],
    [{ min: 0.01, max: 'much' }, { min: '0.01' }],
    [{ tag: 'campaign=summer' }, { tag: 'campaign=summer' }],
    [{ tag: 'campaign' }, {}],
    [{ project_id: 'x'.repeat(65), q: 'y'.repeat(201) }, {}],
  ])('%o keeps what fits', (search, kept) => {
    expect(parseRequestsSearch(search)).toEqual(kept)
  })

  it('stands for a query of the API; offers are told from models by their colon', () => {
    const search = parseRequestsSearch({
      model: 'openai/gpt-image-2,sandbox:sandbox/flat',
      customer: 'c1',
      q: 'a',
      period: 'today',
      max: 2,
    })
    expect(filtersOf(search, now)).toEqual({
      model: 'openai/gpt-image-2',
      offer: 'sandbox:sandbox/flat',
      end_customer: 'c1',
      since: '2026-11-22T00:00:00.000Z',
      max_cost_usd: '2',
    })
  })

  it('a view narrows nothing', () => {
    expect(isFiltered({ view: 'gallery' })).toBe(false)
    expect(isFiltered({ period: '7d' })).toBe(true)
    expect(clearedSearch({ view: 'gallery', q: 'fox' })).toEqual({ view: 'gallery' })
  })

  it('the first tab is not in the URL', () => {
    expect(parseDetailSearch({ tab: 'attempts' })).toEqual({ tab: 'attempts' })
    expect(parseDetailSearch({ tab: 'receipt' })).toEqual({})
    expect(parseDetailSearch({ tab: 'nothing' })).toEqual({})
  })

  it('a missing prompt, a running request and an offer say what they are', () => {
    expect(promptText({ prompt: null, operation: 'generate', route: 'auto' })).toBe('Prompt not kept')
    expect(promptText({ prompt: '', operation: 'remove_background', route: 'auto' })).toBe('No prompt: remove background')
    expect(promptText({ prompt: null, operation: 'generate', route: 'import:openai' })).toBe('Imported from openai')
    const started = new Date(now - 1_500).toISOString()
    expect(latencyText({ latency_ms: null, finished_at: null, created_at: started }, now)).toBe('1.5 s')
    expect(latencyText({ latency_ms: null, finished_at: started, created_at: started }, now)).toBe('not measured')
    expect(splitOffer('p:a/b')).toEqual({ provider: 'p', model: 'a/b' })
    expect(splitOffer('a/b')).toEqual({ provider: '', model: 'a/b' })
  })
})
