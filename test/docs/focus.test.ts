import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { focusColumns } from '../../src/core/export/focus/columns.ts'
import { model12 } from '../../src/core/export/focus/model-1-2.ts'
import { chargeKinds } from '../../src/core/outcome.ts'

const page = readFileSync(new URL('../../docs/reference/focus.md', import.meta.url), 'utf8')
const words = { String: 'text', Decimal: 'decimal', DateTime: 'time', Json: 'JSON' } as const

test('the reference of FOCUS has every column in order, with its type and whether it may be null', () => {
  const documented = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| (yes|no) \| \S/gm)].map(([, ...cells]) => cells)
  expect(documented).toEqual(focusColumns('1.3').map(({ name, type, nullable }) => [name, words[type], nullable ? 'yes' : 'no']))
})

test('the reference of FOCUS says what becomes of each kind of charge, and how many rules there are', () => {
  const rows = page.slice(page.indexOf('## Rows'), page.indexOf('## Sums'))
  expect(chargeKinds.filter((kind) => !rows.includes(`\`${kind}\``))).toEqual([])
  expect(page).toContain(`the ${model12.length} rules`)
})
