import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'

/**
 * Folders where adding a thing is one file and one line in `index.ts`. A file is a member when its name or its text says so;
 * a member the registry does not import is a forgotten line.
 */
const REGISTRIES: readonly { readonly folder: string; readonly isMember: (file: string, source: string) => boolean }[] = [
  { folder: 'src/core/routing/strategies', isMember: (_, source) => /export const \w+: Strategy\b/.test(source) },
  {
    folder: 'src/providers',
    isMember: (file, source) =>
      file !== 'define-provider.ts' && /^export (const|function) [\s\S]*?\bdefineProvider\(/m.test(source),
  },
  { folder: 'src/storage/migrations', isMember: (file) => /^\d{3}-/.test(file) },
  { folder: 'src/providers/sandbox/scenes', isMember: (file) => file !== 'index.ts' },
]

function forgotten(registry: string, members: readonly string[]): string[] {
  return members.filter((file) => !registry.includes(`'./${file}'`))
}

describe('registries', () => {
  for (const { folder, isMember } of REGISTRIES) {
    test(`${folder}/index.ts has a line for every file`, () => {
      const files = globSync(`${folder}/*.ts`).map((file) => basename(file))
      const members = files.filter(
        (file) => file !== 'index.ts' && !file.endsWith('.test.ts') && isMember(file, readFileSync(join(folder, file), 'utf8')),
      )
      expect(members.length, `no member found in ${folder}`).toBeGreaterThan(0)
      expect(existsSync(join(folder, 'index.ts'))).toBe(true)
      expect(forgotten(readFileSync(join(folder, 'index.ts'), 'utf8'), members)).toEqual([])
    })
  }

  test('planted: a file without a line is named', () => {
    expect(forgotten("import { cost } from './cost.ts'", ['cost.ts', 'latency.ts'])).toEqual(['latency.ts'])
  })
})
