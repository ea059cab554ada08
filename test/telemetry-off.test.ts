/** What telemetry costs those who do not use it: nothing is loaded. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
// The library behind `/metrics` requires the CommonJS form of the API, which does nothing by itself; ours would be the other one.
const isTelemetry = (url: string): boolean =>
  /\/node_modules\/@opentelemetry\/(?!api\/dist\/.*\.cjs$)|\/src\/telemetry\/(sdk|telemetry)\.ts$/.test(url)

/** Every module that a gateway of its own process loads from its start over one picture to its end. */
async function loadedByGateway(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'halftone-telemetry-'))
  const child = spawn(process.execPath, ['--import', here('cli/log-loads.mjs'), here('cli/start-cli.ts'), 'serve', '--json'], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      HALFTONE_DATA_DIR: join(folder, 'data'),
      HALFTONE_PORT: '0',
      HALFTONE_ADMIN_KEY: 'telemetry-test-key-0123456789',
      HALFTONE_LOG_LEVEL: 'silent',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  try {
    const url = await listening(child.stdout, ended)
    const answer = await fetch(`${url}/v1/images/generations`, {
      method: 'POST',
      headers: { authorization: 'Bearer telemetry-test-key-0123456789', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'sandbox/flat', prompt: 'a harbour', size: '256x256' }),
    })
    expect(answer.status, await answer.text()).toBe(200)
  } finally {
    child.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  return [...log.matchAll(/^load (\S+)$/gm)].map(([, url]) => url ?? '')
}

async function listening(stdout: NodeJS.ReadableStream, ended: Promise<unknown>): Promise<string> {
  let output = ''
  const report = new Promise<string>((resolve) => {
    stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.endsWith('}\n')) resolve(output)
    })
  })
  const early = ended.then((): never => {
    throw new Error(`the gateway ended before it listened: ${output}`)
  })
  early.catch(() => undefined)
  const { url } = JSON.parse(await Promise.race([report, early])) as { readonly url: string }
  return url
}

describe('without an endpoint', () => {
  test('no module of OpenTelemetry is loaded, from the start over a picture to the end', { timeout: 180_000 }, async () => {
    const loaded = await loadedByGateway({})
    expect(loaded.some((url) => url.endsWith('/src/compose/telemetry.ts'))).toBe(true)
    expect(loaded.filter(isTelemetry)).toEqual([])
  })

  test('with one they are, so that the rule above looks at something', { timeout: 180_000 }, async () => {
    const loaded = await loadedByGateway({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
    expect(loaded.filter(isTelemetry).length).toBeGreaterThan(20)
  })

  test('nor are they where it is switched off', { timeout: 180_000 }, async () => {
    const loaded = await loadedByGateway({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'true' })
    expect(loaded.filter(isTelemetry)).toEqual([])
  })
})
