import { expect, test } from 'vitest'
import { testCandidate, testRequest } from '../../../test/providers/attempt.ts'
import type { JsonObject } from '../../core/json.ts'
import { google } from '../google.ts'
import { type ExtraRules, mergeExtra } from './extra.ts'

const candidate = testCandidate({ offers: google.offers({ name: 'account', type: 'google' }) })
const merged = (ours: JsonObject, extra: JsonObject, rules: ExtraRules = {}) => {
  const { parameters, warnings } = mergeExtra(ours, testRequest({ extraBody: { google: extra } }), candidate, rules)
  return [parameters, warnings.map(({ param }) => param)]
}

test.each([
  ['what the client adds passes untouched', { a: 1 }, { b: [2] }, {}, { a: 1, b: [2] }, []],
  ['what Halftone sends stays', { a: 1 }, { a: 2 }, {}, { a: 1 }, ['a']],
  ['reserved members are left out', { a: 1 }, { b: 2 }, { reserved: new Set(['b']) }, { a: 1 }, ['b']],
  ['an object of ours is closed', { a: { x: 1 } }, { a: { y: 2 } }, {}, { a: { x: 1 } }, ['a']],
  [
    'an open one takes further members',
    { a: { x: 1 } },
    { a: { x: 9, y: 2 } },
    { open: new Set(['a']) },
    { a: { x: 1, y: 2 } },
    ['a.x'],
  ],
  [
    'reserved members are found inside open ones',
    { a: { b: { x: 1 } } },
    { a: { b: { y: 2, z: 3 } } },
    { open: new Set(['a', 'a.b']), reserved: new Set(['a.b.y']) },
    { a: { b: { x: 1, z: 3 } } },
    ['a.b.y'],
  ],
  [
    'an open one is not replaced by another kind of value',
    { a: { x: 1 } },
    { a: 5 },
    { open: new Set(['a']) },
    { a: { x: 1 } },
    ['a'],
  ],
] as const)('%s', (_, ours, extra, rules, parameters, dropped) => {
  expect(merged(ours, extra, rules)).toEqual([parameters, dropped])
})

test('the name of the account goes before the type of the provider', () => {
  const request = testRequest({ extraBody: { google: { a: 1, b: 1 }, account: { a: 2 } } })
  expect(mergeExtra({}, request, candidate).parameters).toEqual({ a: 2, b: 1 })
})
