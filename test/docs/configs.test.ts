import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { referenceKeys } from '../../src/config/reference.ts'
import { permissions } from '../../src/core/access/roles.ts'
import { providerTypes } from '../../src/providers/index.ts'
import { type ConfigFolder, createConfigFolder } from '../support/config.ts'
import { readPages, root } from './pages.ts'

/** A block marked `yaml` and nothing else is a whole halftone.yaml; another file is named behind it. */
const blocks = readPages()
  .flatMap((page) => page.fences)
  .filter((fence) => fence.info === 'yaml')
const example = { page: 'examples/halftone.yaml', line: 1, text: readFileSync(join(root, 'examples/halftone.yaml'), 'utf8') }

/** Every variable that the text mentions, set to something. */
const environmentOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/\$\{([A-Z_0-9]+)|env: ([A-Z_0-9]+)/g)].map(([, name, other]) => [name ?? other ?? '', 'sk-documented']),
  )

describe('configurations in the documentation', () => {
  let folder: ConfigFolder
  beforeAll(async () => {
    folder = await createConfigFolder()
  })
  afterAll(() => folder.remove())

  test('are found', () => {
    expect(blocks.length).toBeGreaterThan(8)
  })

  test.each([...blocks, example])('$page:$line loads', async ({ text }) => {
    const { config } = await folder.load(text, { env: environmentOf(text), providerTypes: providerTypes })
    expect(config.routes['auto']).toBeDefined()
  })

  test('one with a misspelt key would be seen', async () => {
    const [block] = blocks.filter(({ text }) => text.includes('baseUrl:'))
    const broken = block?.text.replace('baseUrl:', 'baseURL:') ?? ''
    const failure = await folder.failure(broken, { env: environmentOf(broken), providerTypes: providerTypes })
    expect(failure.message).toContain('baseURL')
  })
})

test('configuration keys named in running text exist', () => {
  const known = new Set(referenceKeys().map(({ path }) => path))
  const sections = [...known].filter((path) => !/[.[]/.test(path)).join('|')
  const key = new RegExp(`\`((?:${sections})\\.[A-Za-z<>[\\].]+)(?::[^\`]*)?\``, 'g')
  const named = readPages().flatMap(({ path, prose }) => [...prose.matchAll(key)].map(([, name = '']) => ({ path, name })))
  expect(named.length).toBeGreaterThan(25)
  // Free names below a key (`providers.<name>`, `aliases.<alias>`) are not keys of their own.
  // Permissions have the same form.
  const exists = (name: string): boolean =>
    Object.hasOwn(permissions, name) || known.has(name) || [...known].some((path) => path.startsWith(`${name}.`))
  expect(named.filter(({ name }) => !exists(name))).toEqual([])
})
