import { readdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { clientVariables } from './client-environment.ts'
import { settings } from './environment.ts'
import { loadConfig } from './load.ts'
import { keysMarkdown, referenceKeys, variablesMarkdown } from './reference.ts'
import { configJsonSchema, type JsonSchema } from './schema-keys.ts'
import { restartKeys } from './watch.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8')
const page = await read('docs/reference/configuration.md')

/** Every path of the schema that has no inner price-book form, found without the reference's own walk. */
function schemaPaths(schema: JsonSchema, path = ''): string[] {
  const properties = Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
    const here = path === '' ? key : `${path}.${key}`
    return [here, ...schemaPaths(inner, here)]
  })
  const inner = schema.additionalProperties
  const named = typeof inner === 'object' ? schemaPaths(inner, `${path}.*`) : []
  const items = schema.items ? schemaPaths(schema.items, `${path}[]`) : []
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((choice) => schemaPaths(choice, path))
  return [...properties, ...named, ...items, ...choices]
}

/** The price book's own form and an area are documented where they are defined. */
const elsewhere = /\.prices\.\*\.(rates|adjustments|billedPolicy|estimates|commitments|contract|gpuPool|source)[.[]|\.sizes\./

describe('configuration.md', () => {
  test('lists every key of the schema and no other', () => {
    const documented = [...page.matchAll(/^\| `([a-z][^`]*)` \|/gim)]
      .map((match) => match[1]!)
      .filter((key) => !/^[A-Z_]+$/.test(key))
    const inSchema = schemaPaths(configJsonSchema()).filter((path) => !elsewhere.test(path))
    expect(inSchema.length).toBeGreaterThan(80)
    expect(documented.map((path) => path.replace(/<[^>]+>/g, '*')).sort()).toEqual(inSchema.sort())
  })

  test('has the type, default and meaning of today for each key', () => {
    expect(page).toContain(keysMarkdown())
    expect(referenceKeys().filter(({ description }) => !description.endsWith('.'))).toEqual([])
  })

  test('lists every environment variable and no other', () => {
    expect(page).toContain(variablesMarkdown())
    const named = new Set(
      [...page.matchAll(/`(HALFTONE_[A-Z_]+|OTEL_[A-Z_]+|DATABASE_URL|[A-Z]+_API_KEY)` \|/g)].map((match) => match[1]),
    )
    const known = settings.map(({ variable }) => variable)
    expect([...named].sort()).toEqual([...new Set([...known, ...Object.keys(clientVariables)])].sort())
  })

  test('names the keys that need a restart', () => {
    const reload = page.slice(page.indexOf('## Reload'), page.indexOf('Objects defined in the file'))
    for (const key of restartKeys) expect(reload).toContain(`\`${key}\``)
  })

  test('shows a problem as it is really printed', async () => {
    const { ConfigError, formatProblem } = await import('./problem.ts')
    const sample = {
      source: 'halftone.yaml',
      line: 3,
      column: 3,
      path: 'server.prot',
      message: 'is not a known key',
      remedy: 'Did you mean port?',
    }
    expect(page).toContain(formatProblem(sample))
    expect(new ConfigError([sample]).message).toBe(`The configuration has 1 problem:\n  ${formatProblem(sample)}`)
  })
})

test('the published JSON Schema is that of the code', async () => {
  expect(JSON.parse(await read('docs/reference/halftone.schema.json'))).toEqual(JSON.parse(JSON.stringify(configJsonSchema())))
})

test('the example loads without problems or warnings', async () => {
  const path = fileURLToPath(new URL('examples/halftone.yaml', root))
  const load = loadConfig({
    env: { HALFTONE_CONFIG: path, OPENAI_API_KEY: 'sk-example' },
    cwd: dirname(path),
    providerTypes: ['openai', 'openai-compatible', 'sandbox'],
    providerVariables: [{ variable: 'OPENAI_API_KEY', name: 'openai', type: 'openai', enables: true }],
  })
  const { config, warnings, file } = await load
  expect(file).toBe(path)
  expect(warnings).toEqual([])
  expect(Object.keys(config.providers)).toEqual(['openai', 'workstation'])
})

test('nothing else in the sources reads process.env', async () => {
  const allowed = /^(config\/|cli\/|compose\.ts$)|\.test\.ts$/
  const files = (await readdir(new URL('src/', root), { recursive: true })).filter((path) => path.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(40)
  const readers: string[] = []
  for (const path of files.filter((it) => !allowed.test(it))) {
    if ((await read(`src/${path}`)).includes('process.env')) readers.push(path)
  }
  expect(readers).toEqual([])
})
