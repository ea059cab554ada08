import { expect, test } from 'vitest'
import { nearMatches } from './near-match.ts'

const known = ['timeoutMs', 'baseUrl', 'apiKey', 'models', 'prices', 'maxN', 'retries']

test.each<[string, string, string[]]>([
  ['one letter missing', 'timeotMs', ['timeoutMs']],
  ['two letters swapped', 'baesUrl', ['baseUrl']],
  ['another spelling of the same words', 'api_key', ['apiKey']],
  ['another case', 'MAX-N', ['maxN']],
  ['a singular', 'model', ['models']],
  ['nothing near', 'colour', []],
  ['no letters at all', '--', []],
  ['a very long text', 'x'.repeat(100_000), []],
])('%s', (_, name, expected) => {
  expect(nearMatches(name, known)).toEqual(expected)
})

test('the nearest comes first, equals in alphabetical order, and the limit holds', () => {
  expect(nearMatches('cat', ['hat', 'cart', 'bat', 'cat'], 3)).toEqual(['cat', 'bat', 'cart'])
})
