/** `halftone/prices`: the shipped books as a module. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import * as shipped from '../../prices/index.js'

const folder = resolve(import.meta.dirname, '../../prices')
const read = (name: string): { provider?: string } => JSON.parse(readFileSync(join(folder, name), 'utf8'))

test('the module has every book of the folder but the sandbox, each once', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  const providers = files.flatMap((name) => read(name).provider ?? []).filter((provider) => provider !== 'sandbox')
  expect(providers.length).toBeGreaterThan(28)
  expect(shipped.books.map((book) => (book as { provider: string }).provider).sort()).toEqual(providers.sort())
  expect(shipped.fx).toEqual(read('fx.json'))
})
