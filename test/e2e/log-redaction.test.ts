/** A server of its own at the most verbose level, through everything that may go wrong: its log tells nobody's secret. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { compatibleProvider } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

const ADMIN = 'admin-key-that-is-tell-tale-0'
const PROVIDER_KEY = 'provider-key-that-is-tell-tale-1'
const HOOK_SECRET = 'webhook-secret-that-is-tell-tale-2'
const SLACK_PATH = 'T0/B0/tell-tale-slack-path'
const PROMPT = 'a tell-tale prompt about a fox'

const START = fileURLToPath(new URL('../cli/start-cli.ts', import.meta.url))

let double: ProviderDouble
let folder: string
let server: ChildProcess
let url: string
let log = ''
let output = ''
/** Learned on the way. */
const learned: string[] = []

beforeAll(async () => {
  double = await startProviderDouble()
  folder = await mkdtemp(join(tmpdir(), 'halftone-log-'))
  const config = {
    providers: { double: compatibleProvider(double, { retries: 0, apiKey: PROVIDER_KEY }) },
    alerts: {
      webhooks: [{ url: 'https://127.0.0.1:9/x?token=tell-tale-query', secret: HOOK_SECRET }],
      slack: [{ url: `https://127.0.0.1:9/services/${SLACK_PATH}` }],
    },
    telemetry: { endpoint: 'http://127.0.0.1:9', headers: { 'x-key': 'tell-tale-telemetry-key' }, propagate: true },
    budgets: [{ id: 'b', period: 'total', limitUsd: 0.01, hard: false }],
  }
  await writeFile(join(folder, 'halftone.yaml'), JSON.stringify(config))
  server = spawn(process.execPath, ['--no-warnings', START, 'serve', '--json', '--config', join(folder, 'halftone.yaml')], {
    env: {
      PATH: process.env['PATH'],
      HALFTONE_PORT: '0',
      HALFTONE_DATA_DIR: join(folder, 'data'),
      HALFTONE_ADMIN_KEY: ADMIN,
      HALFTONE_LOG_LEVEL: 'trace',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  server.stderr?.on('data', (chunk) => {
    log += String(chunk)
  })
  server.stdout?.on('data', (chunk) => {
    output += String(chunk)
  })
  for (const deadline = Date.now() + 60_000; !/http:\/\/127\.0\.0\.1:\d+/.test(output + log); ) {
    if (Date.now() > deadline || server.exitCode !== null) throw new Error(`it did not start: ${output} ${log}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  url = /http:\/\/127\.0\.0\.1:\d+/.exec(output + log)?.[0] ?? ''
  log = ''
}, 90_000)
afterAll(async () => {
  server?.kill('SIGKILL')
  await double?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const call = (path: string, body?: unknown, headers: Record<string, string> = { authorization: `Bearer ${ADMIN}` }) =>
  fetch(url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
const generate = (more: object = {}) => call('/v1/images/generations', { model: 'acme/painter', prompt: PROMPT, ...more })

it('no line holds a key, a prompt, a cookie or a signed link, and every line is JSON', { timeout: 120_000 }, async () => {
  const made = (await (await generate({ response_format: 'url' })).json()) as { data: { url: string }[] }
  const link = made.data[0]?.url ?? ''
  learned.push(link.slice(link.lastIndexOf('/') + 1))
  await fetch(link)
  await fetch(`${link}x`)
  const created = (await (await call('/v1/halftone/keys', { name: 'app' })).json()) as { secret: string }
  learned.push(created.secret)
  const signedIn = await call('/v1/halftone/session', { key: ADMIN }, {})
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
  learned.push(cookie.slice(cookie.indexOf('=') + 1))
  await call('/v1/halftone/status', undefined, { cookie })
  for (const script of [
    { status: 401, body: { error: { message: `Incorrect API key ${PROVIDER_KEY} for ${PROMPT}` } } },
    { status: 400, body: { error: { message: `Refused: ${PROMPT}`, code: 'content_policy_violation' } } },
    { status: 500, body: `<html>${PROMPT} ${PROVIDER_KEY}` },
    { fault: 'html_200' as const },
    { fault: 'truncate' as const },
    { fault: 'reset_after' as const },
  ]) {
    double.enqueue(script)
    await generate()
  }
  await call('/v1/images/generations', `{"prompt": "${PROMPT}"`)
  await generate({ model: `tell-tale-model` })
  await generate({ size: 'tell-tale-size' })
  await call('/v1/halftone/status', undefined, { authorization: 'Bearer tell-tale-wrong-key-1234' })
  await call('/v1/halftone/alerts/channels/slack-1/test', {})
  // A configuration that became wrong is told with its place.
  await writeFile(join(folder, 'halftone.yaml'), `providers: {double: {type: openai, apiKey: "tell-tale-new-key", typo: 1}}`)
  await new Promise((resolve) => setTimeout(resolve, 7_000))
  server.kill('SIGTERM')
  await new Promise((resolve) => server.once('exit', resolve))

  // The command line itself tells a person that it stops.
  const lines = log.split('\n').filter((line) => line !== '' && !line.startsWith('Stopping: '))
  expect(lines.length, log).toBeGreaterThan(3)
  expect(lines.filter((line) => !line.startsWith('{'))).toEqual([])
  expect(learned.filter((secret) => secret.length < 8)).toEqual([])
  const hidden = [ADMIN, PROVIDER_KEY, HOOK_SECRET, SLACK_PATH, PROMPT, 'tell-tale', 'Bearer ', ...learned]
  for (const secret of hidden)
    expect(
      lines.filter((line) => line.includes(secret)),
      secret,
    ).toEqual([])
})
