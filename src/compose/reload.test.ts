import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Config, loadConfig } from '../config/index.ts'
import { providerKnowledge } from './modules.ts'
import { type Reloads, startReloads } from './reload.ts'

let dir: string
let reloads: Reloads
/** As a price set that was installed tells of itself. */
let otherPrices: () => void
/** Declared tags of what was put in force, in order; `refuse` is not put in force. */
const inForce: string[] = []
const problems = new Set<string>()
/** How often it was told that something could not be read or put in force. */
let errors: number
const soon = { timeout: 20_000 }

const tags = (...names: string[]): Promise<void> => write(`declaredTags: [${names.join(', ')}]`)
const write = (text: string): Promise<void> => writeFile(join(dir, 'halftone.yaml'), text)

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'halftone-reload-'))
  inForce.length = 0
  problems.clear()
  errors = 0
  await tags('first')
  const load = { env: { HALFTONE_DATA_DIR: dir }, cwd: dir, ...providerKnowledge }
  reloads = startReloads({
    load,
    loaded: await loadConfig(load),
    prices: {
      tell(listener: () => void) {
        otherPrices = listener
      },
    } as Parameters<typeof startReloads>[0]['prices'],
    log: {
      info: () => undefined,
      warn: () => undefined,
      error() {
        errors += 1
      },
    },
    problems,
    async swap({ declaredTags }: Config) {
      if (declaredTags.includes('refuse')) throw new Error('its objects are not those of the file')
      inForce.push(declaredTags.join(' '))
    },
  })
})
afterEach(async () => {
  await reloads.close()
  await rm(dir, { recursive: true, force: true })
})

test('a file that is wrong stays a problem while other things change', async () => {
  await write('declaredTags: 7')
  await expect.poll(() => problems.size, soon).toBe(1)
  otherPrices()
  await expect.poll(() => inForce, soon).toEqual(['first'])
  expect([...problems]).toEqual(['the changed configuration is not valid; the old one stays in force'])
  await tags('second')
  await expect.poll(() => [...inForce, ...problems], soon).toEqual(['first', 'second'])
}, 90_000)

test('a configuration that could not be put in force is no less of a problem when its file comes back to it', async () => {
  await tags('refuse')
  await expect.poll(() => problems.size, soon).toBe(1)
  await write('declaredTags: 7')
  await expect.poll(() => errors, soon).toBe(2)
  await tags('refuse')
  await expect.poll(() => errors, soon).toBe(3)
  expect(problems.size).toBe(1)
  await tags('first')
  await expect.poll(() => [...inForce, ...problems], soon).toEqual(['first'])
}, 90_000)
