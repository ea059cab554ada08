import { afterEach, beforeEach, expect, test } from 'vitest'
import { newReserve } from '../../test/support/ledger-rows.ts'
import type { PostgresDatabase } from '../../test/support/postgres.ts'
import { createTestDatabase } from '../../test/support/test-database.ts'
import type { Ledger } from '../ports/ledger.ts'
import { openPostgresLedger } from '../storage/index.ts'
import { systemClock } from '../system-clock.ts'
import { createBlobGuard } from './blob-guard.ts'
import { type NodeLife, startNodeLife } from './node-life.ts'
import type { GatewayServices } from './state.ts'

const LEASE_MS = 3_000

let database: PostgresDatabase
const ledgers: Ledger[] = []
const lives: NodeLife[] = []
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(async () => {
  await Promise.all(lives.splice(0).map((life) => life.close()))
  await Promise.all(ledgers.splice(0).map((ledger) => ledger.close()))
  await database.drop()
})

/** A node on the shared database, and a cable that can be pulled. */
async function startNode(nodeId: string) {
  const ledger = await openPostgresLedger({ url: database.url, now: () => systemClock.nowUs(), declaredTags: [] })
  ledgers.push(ledger)
  const { epoch, recovery } = await ledger.openNode({ nodeId, leaseMs: LEASE_MS })
  const node = { id: nodeId, epoch, isCut: false, isLost: false, looked: 0 }
  const reachable =
    <Args extends readonly unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (node.isCut) throw new Error('the database cannot be reached')
      return call(...args)
    }
  const services = {
    node,
    clock: systemClock,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    blobGuard: createBlobGuard(),
    unsettled: { retry: () => Promise.resolve() },
    purchases: { sync: () => Promise.resolve() },
    ledger: {
      ...ledger,
      renewNode: reachable(ledger.renewNode),
      recoverExpired: reachable(() => {
        node.looked += 1
        return ledger.recoverExpired()
      }),
    },
    // The life of a node touches nothing else within these seconds.
  } as unknown as GatewayServices
  lives.push(
    startNodeLife({
      services,
      current: () => {
        throw new Error('no job can be asked about here')
      },
      budgets: { refresh: () => Promise.resolve() } as Parameters<typeof startNodeLife>[0]['budgets'],
      monthPlan: { refresh: () => Promise.resolve() },
      leaseMs: LEASE_MS,
      recovery,
      maxImageBytes: Number.MAX_SAFE_INTEGER,
      onLeaseLost() {
        node.isLost = true
      },
      onLedger: () => undefined,
    }),
  )
  return node
}

const wait = (ms: number) => systemClock.sleep(ms)

test('after a database was away for longer than a lease, whoever is back first does not take the others for dead', async () => {
  const first = await startNode('first')
  const second = await startNode('second')
  first.isCut = true
  second.isCut = true
  await wait(LEASE_MS * 2)
  first.isCut = false
  const { looked } = first
  await wait(LEASE_MS * 0.9)
  second.isCut = false
  await expect.poll(() => first.looked, { timeout: 20_000 }).toBeGreaterThan(looked)
  await wait(LEASE_MS)
  expect([first.isLost, second.isLost]).toEqual([false, false])
}, 60_000)

test('a node that stays away is still taken over', async () => {
  const first = await startNode('first')
  const second = await startNode('second')
  second.isCut = true
  await expect.poll(() => first.looked, { timeout: 20_000 }).toBeGreaterThan(2)
  second.isCut = false
  await expect.poll(() => second.isLost, { timeout: 20_000 }).toBe(true)
  expect(first.isLost).toBe(false)
}, 60_000)

test('a job of a node that died is polled beside the look for others that die', async () => {
  const ledger = await openPostgresLedger({ url: database.url, now: () => systemClock.nowUs(), declaredTags: [] })
  ledgers.push(ledger)
  const dead = { nodeId: 'dead', ...(await ledger.openNode({ nodeId: 'dead', leaseMs: LEASE_MS })) }
  const { request, attempt } = newReserve(dead)
  await ledger.reserve({ request, attempt, budgetIds: [] })
  await ledger.recordJob({ attemptId: attempt.id, jobId: 'j', resume: {}, atUs: systemClock.nowUs() })
  const first = await startNode('first')
  const owner = async () => (await ledger.read.request(request.id))?.attemptRows[0]?.nodeId
  await expect.poll(owner, { timeout: 20_000 }).toBe('first')
  const { looked } = first
  await expect.poll(() => first.looked, { timeout: 20_000 }).toBeGreaterThan(looked + 1)
}, 60_000)
