/** The runs of docs/guide/rehearsal.md, as it has them: its configuration, its script, its commands. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/gateway.ts'

const root = join(import.meta.dirname, '../..')
const page = await readFile(join(root, 'docs/guide/rehearsal.md'), 'utf8')

let gateway: TestGateway
let cwd: string
beforeAll(async () => {
  const [, config = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []
  expect(config).toContain('sturdy')
  gateway = await startTestGateway({ config })
  cwd = await mkdtemp(join(tmpdir(), 'halftone-rehearsal-'))
  await writeFile(join(cwd, 'halftone.yaml'), config)
})
afterAll(async () => {
  await gateway.close()
  await rm(cwd, { recursive: true, force: true })
})

test('one of two offers goes down under load, and the client sees no error', async () => {
  expect(page).toContain('npx node examples/one-goes-down.ts')
  const env = { ...process.env, HALFTONE_URL: gateway.url, HALFTONE_KEY: ADMIN_KEY }
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'examples/one-goes-down.ts'), '24'], { env })
  const [up = '', down = '', again = '', sum] = stdout.trim().split('\n')
  expect(up).toMatch(/^both are up: 24 requests, 0 errors, .*sandbox:sandbox\/flat \d/)
  expect(down).toMatch(/^sandbox\/flat is down: 24 requests, 0 errors, .*; sandbox:sandbox\/visual 24$/)
  // Without the breaker each request would take three tries: two at the one that is down.
  expect(Number(/(\d+) tries/.exec(down)?.[1])).toBeLessThan(3 * 24)
  expect(again).toMatch(/^both are up again: 24 requests, 0 errors/)
  expect(sum).toBe('errors that the client saw: 0')
  const attempts = await gateway.attempts()
  expect(attempts.filter(({ outcome }) => outcome === 'error').every(({ total_usd }) => total_usd === '0.00')).toBe(true)
}, 120_000)

test('a route on trial watches, and its report says what it would have saved', async () => {
  const lines = [...page.matchAll(/^halftone (.*)$/gm)].map((match) => match[1] ?? '')
  expect(lines).toHaveLength(3)
  const run = async (line: string): Promise<string> => {
    const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '')
    const { code, stdout, stderr } = await runCli(args, { cwd, env: { HALFTONE_URL: gateway.url, HALFTONE_KEY: ADMIN_KEY } })
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) })
    return stdout
  }
  const [make = '', explain = '', observe = ''] = lines
  expect(await run(make)).toContain('lighthouse.png')
  const explained = await run(explain)
  for (const text of ['served by sandbox/thinking, as named', 'Route would', 'Would save']) expect(explained).toContain(text)
  const report = await run(observe)
  for (const text of ['observing sandbox/thinking', 'sandbox:sandbox/visual']) expect(report).toContain(text)
}, 120_000)
