import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixtureNames } from '../../scripts/provider-matrix.ts'
import { describeCodecs } from '../../test/contracts/codec.ts'
import { testClock } from '../../test/providers/attempt.ts'
import { createProvider, providers } from './index.ts'

describeCodecs(Object.values(providers))

test('every provider file of this folder is in the registry under its own id, and has fixtures', async () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  const found: string[] = []
  for (const file of files) {
    const exported = Object.values((await import(join(import.meta.dirname, file))) as Record<string, unknown>)
    const definition = exported.find((value) => isDefinition(value))
    if (!definition) continue
    found.push(definition.id)
    expect(file, 'a file is named after its id').toBe(`${definition.id}.ts`)
    expect(fixtureNames(definition.id).length).toBeGreaterThan(0)
  }
  expect(found.sort()).toEqual(Object.keys(providers).sort())
  expect(found.length).toBeGreaterThan(1)
  for (const [type, definition] of Object.entries(providers)) expect(definition.id).toBe(type)
})

const isDefinition = (value: unknown): value is { readonly id: string } =>
  typeof value === 'object' && value !== null && 'encode' in value && 'decode' in value

test('a type that is not registered is refused', () => {
  expect(() => createProvider({ name: 'x', type: 'toString' }, { clock: testClock })).toThrow('no provider type')
})

test('an account without a base URL, where the codec has none, is refused by name', () => {
  expect(() => createProvider({ name: 'mine', type: 'openai-compatible' }, { clock: testClock })).toThrow(
    'providers.mine needs a baseUrl',
  )
})
