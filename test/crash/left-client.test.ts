/** What the crash suite found: a client that leaves between two tries of its request, and a reserve whose answer is lost. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDiskBlobStore } from '../../src/blobs/disk.ts'
import { createSpool } from '../../src/blobs/spool.ts'
import { providerKnowledge } from '../../src/compose/modules.ts'
import { buildState } from '../../src/compose/state.ts'
import { loadConfig } from '../../src/config/index.ts'
import { HalftoneError } from '../../src/core/error.ts'
import { createBudgetIndex } from '../../src/gateway/budget-index.ts'
import { createExperienceFeed } from '../../src/gateway/experience-feed.ts'
import { createFeedback } from '../../src/gateway/feedback.ts'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { createHealthFeed } from '../../src/gateway/health-feed.ts'
import { createHolds } from '../../src/gateway/holds.ts'
import { createPurchases } from '../../src/gateway/purchases.ts'
import { nothingSaid } from '../../src/gateway/quality-feed.ts'
import { createQuotePins } from '../../src/gateway/quote-pin.ts'
import { createWebhooks } from '../../src/gateway/webhooks.ts'
import type { Ledger } from '../../src/ports/ledger.ts'
import { openSqliteLedger } from '../../src/storage/index.ts'
import { systemClock } from '../../src/system-clock.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'
import { requestOf } from '../support/request.ts'

let dir: string
let double: ProviderDouble
let ledger: Ledger
let client: AbortController
/** Called as each settle is about to be written. */
let onSettle: () => void
/** Called as the gateway waits before a retry. */
let onWait: () => void
/** Called when a reserve is durable, before anybody hears of it. */
let onReserved: () => void
let gateway: Gateway
let close: () => Promise<void>

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'halftone-left-'))
  double = await startProviderDouble({ script: { status: 500 } })
  ledger = await openSqliteLedger({ dataDir: dir, now: () => systemClock.nowUs(), declaredTags: [] })
  client = new AbortController()
  onSettle = () => undefined
  onWait = () => undefined
  onReserved = () => undefined
  const { epoch } = await ledger.openNode({ nodeId: 'node', leaseMs: 60_000 })
  const env = { HALFTONE_DATA_DIR: dir, OPENAI_API_KEY: 'sk-test' }
  const { config } = await loadConfig({ env, cwd: dir, ...providerKnowledge })
  const { openai } = config.providers
  if (!openai) throw new Error('the variable did not configure a provider')
  const state = await buildState({ ...config, providers: { openai: { ...openai, baseUrl: double.baseUrl } } }, systemClock)
  const spool = createSpool({ dir: join(dir, 'spool'), memoryBudgetBytes: 1_000_000 })
  const blobs = createDiskBlobStore({ dir: join(dir, 'blobs'), smallBlobs: 'database' })
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  let id = 0
  const services = {
    ledger: {
      ...ledger,
      async reserve(command) {
        const result = await ledger.reserve(command)
        onReserved()
        return result
      },
      settle: (command) => {
        onSettle()
        return ledger.settle(command)
      },
    } satisfies Ledger,
    blobs,
    spool,
    clock: {
      ...systemClock,
      sleep: (ms: number, signal?: AbortSignal) => {
        onWait()
        return systemClock.sleep(Math.min(ms, 20), signal)
      },
    },
    log,
    disk: { mayStore: () => true, mayDispatch: () => true },
    random: () => 0.5,
    newId: () => `id-${++id}`,
    node: { id: 'node', epoch },
    holds: createHolds(),
    webhooks: createWebhooks({ key: new Uint8Array(32), publicUrl: () => undefined }),
    purchases: await createPurchases({ ledger, clock: systemClock, nodeId: 'node', current: () => state }),
  }
  const experience = createExperienceFeed({ attempts: [], latencies: [] })
  gateway = createGateway({
    services: services as never,
    current: () => state,
    budgets: await createBudgetIndex({ ledger, clock: systemClock }),
    health: createHealthFeed(systemClock, () => 0.5),
    experience,
    quality: nothingSaid,
    feedback: createFeedback(services as never, { experience, quality: { refresh: () => Promise.resolve() } }),
    quotes: createQuotePins(new Uint8Array(32)),
    promptHmacKey: new Uint8Array(32),
  })
  close = async () => {
    for (const provider of state.providers.values()) await provider.close()
    await spool.close()
    await blobs.close()
  }
})

afterEach(async () => {
  await close()
  await ledger.close()
  await double.close()
  await rm(dir, { recursive: true, force: true })
})

const ask = () =>
  gateway.execute({
    request: requestOf({ model: 'openai/gpt-image-2' }),
    options: { allowUnsupported: false, bodyMetadata: true },
    caller: { keyId: 'key', projectId: 'default', tags: {}, promptMode: 'full', assetTtlDays: 30 },
    inputs: [],
    sdkRetry: 0,
    clientGone: client.signal,
  })

test.each([
  ['while the failed call is settled', () => (onSettle = () => client.abort())],
  ['during the pause before the retry', () => (onWait = () => client.abort())],
])('a client that leaves %s gets no retry bought, and its request ends', async (_, leave) => {
  leave()
  await expect(ask()).rejects.toMatchObject({ code: 'provider_error' })
  expect(double.calls).toHaveLength(1)
  const { rows } = await ledger.read.requests({ limit: 10 })
  expect(rows).toMatchObject([{ attempts: 1, outcome: 'error', errorCode: 'provider_error', finishedUs: expect.any(Number) }])
})

test('a reserve that was written although the ledger could not say so holds no money, and its request ends', async () => {
  onReserved = () => {
    throw new HalftoneError('storage_failed', 'it is not known whether it was kept')
  }
  await expect(ask()).rejects.toMatchObject({ code: 'storage_failed' })
  expect(double.calls).toHaveLength(0)
  const read = async () => {
    const { rows } = await ledger.read.requests({ limit: 10 })
    return rows.map(({ outcome, errorCode, finishedUs }) => [outcome, errorCode, finishedUs !== null])
  }
  await expect.poll(read, { timeout: 20_000 }).toEqual([['error', 'storage_failed', true]])
  const db = new DatabaseSync(join(dir, 'ledger.db'), { readOnly: true })
  expect(db.prepare('SELECT state, billed FROM attempts').all()).toEqual([{ state: 'voided', billed: 'no' }])
  expect(db.prepare('SELECT * FROM holds').all()).toEqual([])
  db.close()
})

test('a reserve that was not written leaves nothing to take back', async () => {
  await ledger.closeNode({ nodeId: 'node', epoch: 1 })
  await expect(ask()).rejects.toMatchObject({ code: 'draining' })
  expect((await ledger.read.requests({ limit: 10 })).rows).toEqual([])
})
