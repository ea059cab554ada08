import { describe, expect, it } from 'vitest'
import { parseRequestsSearch } from '../requests/select-requests.ts'
import { drillOf, ruledBy } from './select-drill.ts'
import { parseExploreSearch } from './select-explore.ts'

const period = { from: '2026-10-24T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z' }
const days = { from: '2026-10-24', to: '2026-11-22' }

describe('from a group to its requests', () => {
  it.each([
    [{}, ['openai/gpt-image-2'], null, { model: 'openai/gpt-image-2', ...days }],
    [{ rows: 'offer', cols: 'quality' }, ['fal:x/y', null], null, { model: 'fal:x/y', quality: 'none', ...days }],
    [{ rows: 'project', outcome: 'refused,error' }, ['shop'], null, { project_id: 'shop', outcome: 'refused,error', ...days }],
    [{ rows: 'tag:campaign' }, ['summer=1'], null, { tag: 'campaign=summer=1', ...days }],
    [{ grain: 'day' }, ['a/b'], '2026-11-03T00:00:00.000Z', { model: 'a/b', from: '2026-11-03', to: '2026-11-03' }],
    [{ grain: 'hour' }, ['a/b'], '2026-11-03T14:00:00.000Z', { model: 'a/b', from: '2026-11-03', to: '2026-11-03' }],
    [{ grain: 'month' }, ['a/b'], '2026-10-01T00:00:00.000Z', { model: 'a/b', from: '2026-10-24', to: '2026-10-31' }],
    [{ grain: 'month' }, ['a/b'], '2026-11-01T00:00:00.000Z', { model: 'a/b', from: '2026-11-01', to: '2026-11-22' }],
    [{ rows: 'none', size: '1k' }, [], null, { size: '1k', ...days }],
  ])('%o at %j, %s leads to %o', (search, key, at, found) => {
    const drill = drillOf(parseExploreSearch(search), { key, at, other: false }, period)
    expect(drill).toEqual({ search: found })
    expect(parseRequestsSearch({ ...found })).toEqual(found)
  })

  it.each([
    ['the rest', { rows: 'quality' }, { key: [], other: true }],
    ['charges without an attempt', {}, { key: [null], other: false }],
    ['nobody in particular', { rows: 'end_customer' }, { key: [null], other: false }],
    ['names beyond the bound', { rows: 'end_customer' }, { key: ['(beyond the daily bound)'], other: false }],
    ['a model and an offer', { rows: 'model', cols: 'offer' }, { key: ['a/b', 'p:a/b'], other: false }],
    ['a tag that a rule labels', { rows: 'tag:team' }, { key: ['x'], other: false }],
    ['no tag', { rows: 'tag:campaign' }, { key: [null], other: false }],
    ['two projects', { project: 'a,b' }, { key: ['x/y'], other: false }],
    ['a name with a comma', { rows: 'route' }, { key: ['a,b'], other: false }],
  ])('says why there is no list of %s', (_, search, place) => {
    expect(drillOf(parseExploreSearch(search), place, period, new Set(['team']))).toHaveProperty('why')
  })

  it('gives no list of a tag before the rules are known, and one of a tag that none rewrites', () => {
    const drill = (rules: Parameters<typeof ruledBy>[0]) =>
      drillOf(parseExploreSearch({ rows: 'tag:team' }), { key: ['x'], other: false }, period, ruledBy(rules))
    expect(drill(undefined)).toHaveProperty('why')
    expect(drill([{ key: 'team', enabled: true }])).toHaveProperty('why')
    expect(drill([{ key: 'team', enabled: false }])).not.toHaveProperty('why')
  })
})
