import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'

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

  test('a gateway without a bucket loads no client of one', { timeout: 60_000 }, async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'halftone-lazy-'))
    onTestFinished(() => rm(cwd, { recursive: true, force: true }))
    const env = { PATH: process.env['PATH'] ?? '', HALFTONE_PORT: '0', HALFTONE_DATA_DIR: join(cwd, 'data') }
    const child = spawn(process.execPath, ['--import', here('./log-loads.mjs'), here('./start-cli.ts'), 'serve'], { cwd, env })
    onTestFinished(() => void child.kill('SIGKILL'))
    let loaded = ''
    child.stderr.on('data', (chunk: Buffer) => {
      loaded += chunk.toString()
    })
    await new Promise<void>((listening) => {
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (said.includes('http://')) listening()
      })
    })
    expect(loaded).toContain('/src/compose/stores.ts')
    expect(loaded).not.toMatch(/client-s3|\/src\/blobs\/s3/)
  })
})
