import { describe, expect, it } from 'vitest'
import { definedOnly, joinValues, textOf, toggleValue, valuesOf } from './filters.ts'

describe('filters in the URL', () => {
  it.each([
    ['a,b', ['a', 'b']],
    ['a,,a', ['a']],
    ['', []],
    [7, ['7']],
    [{ a: 1 }, []],
    ['x'.repeat(300), []],
  ])('%j holds %j', (value, values) => {
    expect(valuesOf(value)).toEqual(values)
  })

  it('a value goes in and out, and nothing leaves nothing in the URL', () => {
    expect(toggleValue(['a'], 'b')).toEqual(['a', 'b'])
    expect(joinValues(toggleValue(['a'], 'a'))).toBeUndefined()
    expect(definedOnly({ a: 1, b: undefined })).toEqual({ a: 1 })
  })

  it('one text is trimmed and bounded', () => {
    expect(textOf('  a fox ')).toBe('a fox')
    expect(textOf(2026)).toBe('2026')
    expect(textOf(' ')).toBeUndefined()
    expect(textOf('abc', 2)).toBeUndefined()
  })
})
