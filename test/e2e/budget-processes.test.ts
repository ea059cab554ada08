/** Hard budgets under real concurrency: gateways as processes of their own, 200 requests at once on each, and what goes wrong on the way. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BudgetWire } from '../../src/contract/admin.ts'
import { parseUsd } from '../../src/core/money.ts'
import { ADMIN_KEY } from '../crash/configuration.ts'
import { type GatewayProcess, startGateway } from '../crash/gateway-process.ts'
import { compatibleProvider, PRICE } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'
import { createTestDatabase } from '../support/test-database.ts'

/** Pictures that the budget pays for, to the cent. */
const PICTURES = 120
const LIMIT = parseUsd(PRICE) * BigInt(PICTURES)
const REQUESTS = 200

let folder: string
let double: ProviderDouble
let processes: GatewayProcess[]
const cleanUp: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-budget-'))
  double = await startProviderDouble()
  processes = []
})
afterEach(async () => {
  await Promise.all(processes.map((child) => (child.ended ? undefined : child.drain())))
  await double.close()
  for (const clean of cleanUp.splice(0)) await clean()
  await rm(folder, { recursive: true, force: true })
})

/** `leaseMs` as usual: on a busy machine a short one is lost, and a node without a lease turns everybody away. */
async function start(count: number, databaseUrl?: string, leaseMs = 15_000): Promise<readonly string[]> {
  const configFile = join(folder, 'halftone.yaml')
  const config = {
    providers: { double: compatibleProvider(double, { retries: 0, timeoutMs: 1_500 }) },
    budgets: [
      { id: 'all', period: 'total', limitUsd: Number(PRICE) * PICTURES },
      { id: 'shop', scope: 'tag', scopeValue: 'shop=1', period: 'total', limitUsd: 1_000 },
    ],
    log: { level: 'error' },
  }
  await writeFile(configFile, JSON.stringify(config))
  const urls: string[] = []
  for (let index = 0; index < count; index += 1) {
    const dataDir = join(folder, `data-${index}`)
    await mkdir(dataDir)
    const child = startGateway({ dataDir, configFile, leaseMs, ...(databaseUrl !== undefined && { databaseUrl }) })
    processes.push(child)
    urls.push(await child.started)
  }
  return urls
}

const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', 'x-halftone-tags': 'shop=1' }

/** The status, and the code of an error; `left` where no answer came. */
async function ask(url: string, signal?: AbortSignal): Promise<string> {
  const body = JSON.stringify({ model: 'acme/painter', prompt: 'a red fox', size: '64x64' })
  try {
    const answer = await fetch(`${url}/v1/images/generations`, { method: 'POST', headers, body, ...(signal && { signal }) })
    const { error } = (await answer.json()) as { error?: { code: string } }
    return error ? `${answer.status} ${error.code}` : String(answer.status)
  } catch {
    return 'left'
  }
}

async function budgetsOf(url: string): Promise<readonly BudgetWire[]> {
  const answer = await fetch(`${url}/v1/halftone/budgets`, { headers })
  return ((await answer.json()) as { data: BudgetWire[] }).data
}

const crowd = (urls: readonly string[]): Promise<string[]> =>
  Promise.all(urls.flatMap((url) => Array.from({ length: REQUESTS }, () => ask(url))))

const counted = (answers: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1
  return counts
}

describe('with known prices the overshoot is exactly 0', () => {
  const exactly = async (urls: readonly string[]): Promise<void> => {
    const answers = counted(await crowd(urls))
    expect(answers).toEqual({ 200: PICTURES, '429 insufficient_quota': urls.length * REQUESTS - PICTURES })
    expect(double.billed).toHaveLength(PICTURES)
    for (const url of urls) {
      for (const budget of await budgetsOf(url)) {
        expect([parseUsd(budget.held_usd), parseUsd(budget.spent_usd)]).toEqual([0n, LIMIT])
      }
    }
  }

  it('200 requests at once on each of 4 processes on one PostgreSQL', async () => {
    const database = await createTestDatabase()
    cleanUp.push(() => database.drop())
    await exactly(await start(4, database.url))
  }, 120_000)

  it('200 requests at once on one process on SQLite', async () => {
    await exactly(await start(1))
  }, 120_000)
})

it('after refusals, timeouts, broken connections, clients that leave and a killed process nothing is held, and no limit is passed', async () => {
  const database = await createTestDatabase()
  cleanUp.push(() => database.drop())
  const [kept = '', killed = ''] = await start(2, database.url, 4_000)
  double.enqueue(
    ...Array.from({ length: 30 }, (_, index) => {
      const refusal = { status: 400, body: { error: { code: 'content_policy_violation', message: 'No.' } } }
      return [refusal, { fault: 'hang' }, { fault: 'reset_after' }, { fault: 'reset_before' }, { status: 500 }, { delayMs: 300 }][
        index % 6
      ] as object
    }),
  )
  const leaving = Array.from({ length: 40 }, (_, index) => ask(kept, AbortSignal.timeout(20 + index * 10)))
  const onKilled = Array.from({ length: 60 }, () => ask(killed))
  const staying = Array.from({ length: 60 }, () => ask(kept))
  await new Promise((resolve) => setTimeout(resolve, 400))
  await processes[1]?.kill()
  await Promise.all([...leaving, ...onKilled, ...staying])
  const deadline = Date.now() + 30_000
  let budgets = await budgetsOf(kept)
  while (budgets.some(({ held_usd }) => parseUsd(held_usd) !== 0n) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    budgets = await budgetsOf(kept)
  }
  expect(budgets.map(({ held_usd }) => parseUsd(held_usd))).toEqual([0n, 0n])
  const [all] = budgets
  expect(parseUsd(all?.spent_usd ?? '0')).toBeLessThanOrEqual(LIMIT)
  // What was billed is in the ledger, if only as a provisional charge.
  const billed = parseUsd(PRICE) * BigInt(double.billed.length)
  expect(parseUsd(all?.spent_usd ?? '0')).toBeGreaterThanOrEqual(billed)
}, 120_000)
