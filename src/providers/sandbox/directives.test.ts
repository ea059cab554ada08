import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { outcomeDirectives, parseDirectives, settingDirectives } from './directives.ts'
import { sandboxModels } from './models.ts'

const reference = readFileSync(new URL('../../../docs/reference/sandbox.md', import.meta.url), 'utf8')
const rows = [...reference.matchAll(/^\| `\[sandbox:([a-z0-9-]+)(?:=\w+)?\]`/gm)].map((match) => match[1]!)

test('every directive has its row in the reference, and no other has', () => {
  expect(rows.toSorted()).toEqual([...Object.keys(outcomeDirectives), ...Object.keys(settingDirectives)].toSorted())
})

test('every model has its row in the reference, and no other has', () => {
  const documented = [...reference.matchAll(/^\| `sandbox\/(\w+)`/gm)].map((match) => match[1]!)
  expect(documented).toEqual([...sandboxModels.keys()])
})

const models = ['flat', 'mega']
test.each([
  ['a boat', {}, 'a boat'],
  ['  [sandbox:500]   a boat ', { outcome: '500' }, 'a boat'],
  ['[sandbox:429 retry-after=1.5] x', { outcome: '429', retryAfterMs: 1500 }, 'x'],
  ['[sandbox:slow=10] [sandbox:partial=2] x', { slowMs: 10, partial: 2 }, 'x'],
  ['[sandbox:500 fail-on=mega] x', {}, 'x'],
  ['[sandbox:500 fail-on=flat] x', { outcome: '500' }, 'x'],
  ['a [sandbox:500] boat', {}, 'a [sandbox:500] boat'],
] as const)('%j is parsed', (prompt, script, subject) => {
  expect(parseDirectives(prompt, 'flat', models)).toEqual({ script, subject })
})

test.each([
  '[sandbox:]',
  '[sandbox:oops]',
  '[sandbox:slow]',
  '[sandbox:slow=]',
  '[sandbox:slow=1e3]',
  '[sandbox:500=1]',
  '[sandbox:partial=11]',
  '[sandbox:__proto__]',
])('%s is an error at the prompt', (prefix) => {
  expect(() => parseDirectives(`${prefix} x`, 'flat', models)).toThrow(
    expect.objectContaining({ code: 'invalid_value', param: 'prompt' }),
  )
})
