import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { evidenceOf } from './evidence.ts'

const bodyOf = (value: JsonValue) => evidenceOf({ status: 200, headers: {}, body: { kind: 'json', value } }).body
const long = 'x'.repeat(2_000)
const cut = `${'x'.repeat(1_024)}…`

describe('what is kept of a body', () => {
  const cases: readonly (readonly [rule: string, value: JsonValue, kept: JsonObject])[] = [
    ['a short one is kept as it came', { id: 'a', usage: { tokens: [1, 2] } }, { id: 'a', usage: { tokens: [1, 2] } }],
    ['one that is no object stands in one', ['a', 1], { value: ['a', 1] }],
    ['a long text is cut, wherever it stands', { a: [{ b: long }], c: 'short' }, { a: [{ b: cut }], c: 'short' }],
    [
      'many short texts are no long one',
      { list: Array(100).fill('fifteen letters') },
      { list: Array(100).fill('fifteen letters') },
    ],
    ['one that is large after that is left out', { list: Array(20).fill(long) }, { omitted: 'larger than 16 KiB' }],
  ]
  test.each(cases)('%s', (_rule, value, kept) => {
    expect(bodyOf(value)).toEqual(kept)
  })
})
