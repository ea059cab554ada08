import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

async function loadedBy(args: readonly string[]): Promise<string[]> {
  const { stderr } = await promisify(execFile)(process.execPath, [
    '--import',
    here('./log-loads.mjs'),
    here('./start-cli.ts'),
    ...args,
  ])
  return [...stderr.matchAll(/^load (\S+)$/gm)].map(([, url]) => url ?? '')
}

describe('a quick start', () => {
  test('help and version load no command and nothing heavy', async () => {
    for (const args of [['--version'], ['--help']]) {
      const loaded = await loadedBy(args)
      expect(loaded.some((url) => url.endsWith('/src/cli/program.ts'))).toBe(true)
      expect(
        loaded.filter((url) => /\/src\/cli\/commands\/|\/(zod|undici|fastify|pino|@clack|cli-table3|yaml)\//.test(url)),
      ).toEqual([])
    }
  })

  test('a command loads neither the other commands nor the server', async () => {
    const loaded = await loadedBy(['receipt', '--help'])
    expect(loaded.filter((url) => url.includes('/src/cli/commands/')).map((url) => url.split('/').at(-1))).toEqual(['receipt.ts'])
    expect(
      loaded.filter((url) => /\/src\/(compose|server|gateway|storage|config\/index)|\/(undici|fastify|pino|@clack)\//.test(url)),
    ).toEqual([])
  })
})
