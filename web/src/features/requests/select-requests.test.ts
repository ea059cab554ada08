import { describe, expect, it } from 'vitest'
import { latencyText, parseDetailSearch, parseRequestsSearch, promptText, splitOffer } from './select-requests.ts'

describe('the requests page', () => {
  it('known filters survive the URL and others are dropped', () => {
    expect(parseRequestsSearch({ outcome: 'refused', project_id: 'shop', page: 3 })).toEqual({
      outcome: 'refused',
      project_id: 'shop',
    })
    expect(parseRequestsSearch({ outcome: 'great', project_id: 7 })).toEqual({})
  })

  it('the receipt is the tab that needs no name', () => {
    expect(parseDetailSearch({ tab: 'receipt' })).toEqual({})
    expect(parseDetailSearch({ tab: 'decision' })).toEqual({ tab: 'decision' })
    expect(parseDetailSearch({ tab: 'nonsense' })).toEqual({})
  })

  it('a running request counts up; one that ended unmeasured says so', () => {
    const created_at = '2026-11-22T00:00:00Z'
    const now = Date.parse('2026-11-22T00:00:03Z')
    expect(latencyText({ latency_ms: null, finished_at: null, created_at }, now)).toBe('3.0 s')
    expect(latencyText({ latency_ms: 640, finished_at: created_at, created_at }, now)).toBe('640 ms')
    expect(latencyText({ latency_ms: null, finished_at: created_at, created_at }, now)).toBe('not measured')
  })

  it('a prompt that is not kept is said, an offer falls into its parts', () => {
    expect(promptText({ prompt: null })).toBe('Prompt not kept')
    expect(splitOffer('openai:openai/gpt-image-2@eu')).toEqual({ provider: 'openai', model: 'openai/gpt-image-2@eu' })
    expect(splitOffer('plain')).toEqual({ provider: '', model: 'plain' })
  })
})
