import { describe, expect, it } from 'vitest'
import { bodyOf, filtersIn, joinExact, parseExploreSearch, valuesIn } from './select-explore.ts'
import { isChanged, newId, queryOf, searchOf } from './select-views.ts'

describe('a question in the URL', () => {
  it.each([
    [{}, {}],
    [{ rows: 'model', measure: 'cost_usd', show: 'bars' }, {}],
    [
      { rows: 'tag:campaign', cols: 'quality', grain: 'day', measure: 'images', show: 'pivot', model: 'a,b' },
      { rows: 'tag:campaign', cols: 'quality', grain: 'day', measure: 'images', show: 'pivot', model: 'a,b' },
    ],
    [{ rows: 'colour', cols: 'model', grain: 'year', show: 'pie', colour: 'red', model: '' }, {}],
    [{ rows: 'none' }, { rows: 'none' }],
    [
      { rows: 'key', key: 7 },
      { rows: 'key', key: '7' },
    ],
  ])('%o is read as %o', (search, read) => {
    expect(parseExploreSearch(search)).toEqual(read)
  })

  it.each([[['a', 'b']], [['a,b', '50%', '%2C']], [['']], [['', 'x']]])('the values %j come back as they went in', (values) => {
    expect(valuesIn(joinExact(values))).toEqual(values)
  })

  it('is asked of the API as it stands', () => {
    const search = parseExploreSearch({ cols: 'quality', 'tag:campaign': 'summer', quality: '(none)', measure: 'latency_p95_ms' })
    expect(bodyOf(search)).toEqual({
      period: '30d',
      group_by: ['model', 'quality'],
      grain: 'none',
      filters: { 'tag:campaign': ['summer'], quality: [''] },
      measures: ['cost_usd', 'latency_p95_ms'],
      sort: 'latency_p95_ms',
      order: 'desc',
      limit: 40,
    })
    expect(filtersIn(search)).toHaveLength(2)
  })

  it('against time there are as many groups as colours, and the rest is one exact row', () => {
    expect(bodyOf(parseExploreSearch({ grain: 'day' })).limit).toBe(7)
    expect(bodyOf(parseExploreSearch({ grain: 'day', show: 'table' })).limit).toBe(500)
  })
})

describe('a saved view', () => {
  it('opens as what it was saved from, whatever stands in it', () => {
    const search = parseExploreSearch({ rows: 'tag:a b', model: 'x=1&y,z', money: 'sandbox', from: '2026-11-01' })
    const view = { id: 'v1', query: queryOf(search) }
    expect(searchOf(view)).toEqual({ ...search, view: 'v1' })
    expect(isChanged(view, searchOf(view))).toBe(false)
    expect(isChanged(view, { ...searchOf(view), show: 'table' })).toBe(true)
  })

  it('is stored without the view it came from', () => {
    expect(queryOf({ cols: 'quality', view: 'v1' })).toBe('cols=quality')
    expect(queryOf({})).toBe('')
  })

  it('has an id made of its name, and of two with one name each its own', () => {
    expect(newId('Übersicht: May!', 36)).toBe('bersicht-may-10')
    expect(newId('\u65e5\u672c', 1)).toBe('view-1')
  })
})
