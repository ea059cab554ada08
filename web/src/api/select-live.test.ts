import { describe, expect, it } from 'vitest'
import type { RequestSummaryWire } from '../../../src/contract/records.ts'
import { mergeSummary, type RequestPage } from './select-live.ts'

const row = (id: string, change: Partial<RequestSummaryWire> = {}): RequestSummaryWire =>
  ({ id, outcome: null, finished_at: null, project_id: 'default', cost_usd: '0.00', ...change }) as RequestSummaryWire
const page = (ids: string, next_cursor: string | null): RequestPage => ({
  object: 'list',
  data: ids.split('').map((id) => row(id)),
  next_cursor,
})
const ids = (pages: readonly RequestPage[]) => pages.map((each) => each.data.map((one) => one.id).join(''))

describe('live requests', () => {
  it('a new request comes first', () => {
    expect(ids(mergeSummary([page('dc', 'c'), page('ba', null)], row('e')))).toEqual(['edc', 'ba'])
  })

  it('one that arrives late is put where its id belongs', () => {
    expect(ids(mergeSummary([page('db', 'b'), page('a', null)], row('c')))).toEqual(['dcb', 'a'])
  })

  it('one older than what is loaded waits for its page', () => {
    expect(ids(mergeSummary([page('dc', 'c')], row('a')))).toEqual(['dc'])
    expect(ids(mergeSummary([page('dc', null)], row('a')))).toEqual(['dca'])
  })

  it('into an empty list', () => {
    expect(ids(mergeSummary([{ object: 'list', data: [], next_cursor: null }], row('a')))).toEqual(['a'])
  })

  it('a known request is replaced where it stands', () => {
    const finished = row('c', { outcome: 'succeeded', finished_at: 'now' })
    const pages = mergeSummary([page('dc', 'c'), page('ba', null)], finished)
    expect(ids(pages)).toEqual(['dc', 'ba'])
    expect(pages[0]?.data[1]).toBe(finished)
  })

  it('a finished request never goes back to running', () => {
    const finished = row('a', { outcome: 'succeeded', finished_at: 'now' })
    const pages = mergeSummary(mergeSummary([page('a', null)], finished), row('a'))
    expect(pages[0]?.data[0]?.outcome).toBe('succeeded')
  })

  it('filters hold: a stranger stays out and one that changed leaves', () => {
    expect(ids(mergeSummary([page('b', null)], row('c'), { outcome: 'refused' }))).toEqual(['b'])
    expect(ids(mergeSummary([page('b', null)], row('b', { outcome: 'succeeded' }), { outcome: 'refused' }))).toEqual([''])
    expect(ids(mergeSummary([page('b', null)], row('c', { project_id: 'x' }), { project_id: 'default' }))).toEqual(['b'])
  })
})
