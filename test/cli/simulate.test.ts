import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DOUBLE_KEY, startGatewayDouble } from './gateway-double.ts'
import { runCli } from './run-cli.ts'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'halftone-simulate-'))
  await writeFile(join(cwd, 'policy.yaml'), 'routes:\n  cheapest: { objective: cost, models: [sandbox/flat, sandbox/mega] }\n')
  const row = {
    model: 'sandbox/flat',
    n: 2,
    offer: 'sandbox:sandbox/flat',
    outcome: 'succeeded',
    latency_ms: 900,
    cost_usd: '0.5',
  }
  const lines = ['2026-11-02T10:00:00Z', '2026-11-09T10:00:00Z'].map((at) => JSON.stringify({ at, ...row }))
  await writeFile(join(cwd, 'trace.jsonl'), `${lines.join('\n')}\n`)
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

const simulate = (...args: readonly string[]) =>
  runCli(['simulate', '--policy', 'policy.yaml', '--route', 'cheapest', ...args], { cwd })

test('a trace is priced by another route, without a gateway', async () => {
  const { code, stdout, stderr } = await simulate('--trace', 'trace.jsonl')
  expect(stderr).toBe('')
  expect(code).toBe(0)
  for (const text of ['2 requests, 4 pictures, $1', 'With cheapest', 'sandbox:sandbox/']) expect(stdout).toContain(text)
})

test('as JSON, of a part of the time', async () => {
  const { stdout } = await simulate('--trace', 'trace.jsonl', '--from', '2026-11-05', '--json')
  const answer = JSON.parse(stdout) as {
    object: string
    recorded: { requests: number; cost_usd: string }
    simulated: { cost_usd: string }
  }
  expect(answer).toMatchObject({ object: 'simulation', recorded: { requests: 1, cost_usd: '0.500000' } })
  expect(Number(answer.simulated.cost_usd)).toBeGreaterThan(0)
})

test('the ledger of a running gateway is a trace as well', async () => {
  const gateway = await startGatewayDouble()
  try {
    const args = ['simulate', '--policy', 'policy.yaml', '--route', 'cheapest', '--trace', 'ledger', '--json']
    const { code, stdout, stderr } = await runCli(args, { cwd, env: { HALFTONE_URL: gateway.url, HALFTONE_KEY: DOUBLE_KEY } })
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ object: 'simulation' })
  } finally {
    await gateway.close()
  }
})

test('a line that is wrong is named, and nothing is printed as a result', async () => {
  await writeFile(join(cwd, 'wrong.jsonl'), '{"at":"2026-11-02","model":"m","cost_usd":0.5}\n')
  const { code, stdout, stderr } = await simulate('--trace', 'wrong.jsonl')
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('Line 1 of the trace: cost_usd must be')
})
