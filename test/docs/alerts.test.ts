import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { alertKinds } from '../../src/core/alert.ts'

test('the guide to alerts has every kind, in the words of the code, and no other', () => {
  const page = readFileSync(new URL('../../docs/guide/alerts.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z._]+)` \| [^|]+ \| ([^|]+) \|/gm)].map(([, kind, meaning]) => [kind, meaning])
  expect(rows.length).toBeGreaterThan(8)
  expect(rows).toEqual(Object.entries(alertKinds))
})
