import { describe, expect, it } from 'vitest'
import { isSameJson, type JsonRecord, jsonChanges } from './json-diff.ts'

const lines = (before: JsonRecord | null, after: JsonRecord | null) =>
  jsonChanges(before, after).map(({ path, kind, before: old, after: now }) => [path, kind, old, now])

describe('changes between two objects', () => {
  it.each<[string, JsonRecord | null, JsonRecord | null, unknown[]]>([
    ['nothing', { a: 1, b: { c: [1] } }, { b: { c: [1] }, a: 1 }, []],
    ['a value', { a: 1 }, { a: 2 }, [['a', 'changed', '1', '2']]],
    ['a type', { a: 1 }, { a: '1' }, [['a', 'changed', '1', '"1"']]],
    ['null is a value', { a: null }, {}, [['a', 'removed', 'null', '']]],
    ['a new object', null, { a: 1 }, [['a', 'added', '', '1']]],
    ['a deleted object', { a: 1 }, null, [['a', 'removed', '1', '']]],
    [
      'inside',
      { a: { b: 1, c: 2 } },
      { a: { b: 1, d: 3 } },
      [
        ['a.c', 'removed', '2', ''],
        ['a.d', 'added', '', '3'],
      ],
    ],
    ['a list of plain values as a whole', { a: ['x', 'y'] }, { a: ['y'] }, [['a', 'changed', '["x", "y"]', '["y"]']]],
    ['a list of objects by place', { a: [{ b: 1 }, { b: 2 }] }, { a: [{ b: 1 }, { b: 3 }] }, [['a[1].b', 'changed', '2', '3']]],
    ['a name that objects inherit', {}, { constructor: 1 }, [['constructor', 'added', '', '1']]],
  ])('%s', (_, before, after, expected) => expect(lines(before, after)).toEqual(expected))

  it('the order of members does not matter, that of lists does', () => {
    expect(isSameJson({ a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 })).toBe(true)
    expect(isSameJson({ a: [1, 2] }, { a: [2, 1] })).toBe(false)
  })
})
