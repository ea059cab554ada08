import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DOUBLE_KEY, startGatewayDouble } from './gateway-double.ts'
import { runCli } from './run-cli.ts'

// Each runs a process of its own, and some decide on thousands of requests.
vi.setConfig({ testTimeout: 180_000 })

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

describe('GPUs to rent', () => {
  const HOUR_MS = 3_600_000
  beforeAll(async () => {
    // Three weeks: sixty pictures in each hour of the day, nothing at night.
    const rows = Array.from({ length: 21 * 24 }, (_, hour) => hour)
      .filter((hour) => hour % 24 >= 8 && hour % 24 < 20)
      .flatMap((hour) => Array.from({ length: 30 }, (_, part) => Date.UTC(2026, 10, 2) + (hour + part / 30) * HOUR_MS))
      .map((at) => ({ at: new Date(at).toISOString(), model: 'sandbox/flat', n: 2, cost_usd: '0.08' }))
    await writeFile(join(cwd, 'month.jsonl'), `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`)
  })
  const rent = async (gpus: string) => {
    const { code, stdout, stderr } = await simulate('--trace', 'month.jsonl', '--gpus', gpus, '--most-gpus', '2', '--json')
    expect([code, stderr]).toEqual([0, ''])
    return (JSON.parse(stdout) as { gpus: Record<string, number | string> }).gpus
  }

  test('are rented for the hours that pay, after a week that only teaches', async () => {
    const gpus = await rent('sandbox/flat=0.10/900')
    expect(gpus).toMatchObject({ requests: 21 * 12 * 30, images: 21 * 12 * 60, late: 0 })
    expect(gpus['hours']).toBe(2 * 7 * 12)
    expect(gpus['starts']).toBe(2 * 7)
    // The first minutes of a start make nothing.
    expect(Number(gpus['images_made']) / (2 * 7 * 12 * 60)).toBeGreaterThan(0.95)
    expect(Number(gpus['with_usd'])).toBeLessThan(Number(gpus['without_usd']))
  })

  test('are not rented where pictures cost less elsewhere, and the sum is then the same', async () => {
    const gpus = await rent('sandbox/flat=50/900')
    expect(gpus).toMatchObject({ hours: 0, images_made: 0, cost_usd: '0.000000' })
    expect(gpus['with_usd']).toBe(gpus['without_usd'])
  })

  test('are printed beside what the route would cost', async () => {
    const { stdout } = await simulate('--trace', 'month.jsonl', '--gpus', 'sandbox/flat=0.10/900')
    for (const text of ['Rented GPUs', '168 hours in 14 starts', '% busy', 'with GPUs']) expect(stdout).toContain(text)
  })

  test.each([
    ['a throughput is needed', 'sandbox/flat=0.10', 'USD per hour'],
    ['an hour for nothing is a slip', 'sandbox/flat=0/900', 'USD per hour'],
    ['the model has to be one of the policy file', 'acme/none=1/900', 'no offer is called acme/none'],
  ])('%s', async (_rule, gpus, says) => {
    const { code, stdout, stderr } = await simulate('--trace', 'trace.jsonl', '--gpus', gpus)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(says)
  })
})
