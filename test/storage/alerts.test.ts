/** Budget alerts of two nodes on one ledger: told once, tried again with the same id, given up at last. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hashOf } from '../../src/gateway/alert-channels.ts'
import { budgetEvents } from '../../src/gateway/alert-sources.ts'
import { type Alerts, startAlerts } from '../../src/gateway/alerts.ts'
import type { Ledger } from '../../src/ports/ledger.ts'
import { openSqliteLedger } from '../../src/storage/index.ts'
import { newBudget, T0 } from '../support/ledger-rows.ts'

let dir: string
let ledger: Ledger
let nowUs = T0
const nodes: Alerts[] = []

beforeEach(async () => {
  nowUs = T0
  dir = await mkdtemp(join(tmpdir(), 'halftone-alerts-'))
  ledger = await openSqliteLedger({ dataDir: dir, now: () => nowUs })
})
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.close()))
  await ledger.close()
  await rm(dir, { recursive: true, force: true })
})

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const budget = newBudget('b', { period: 'total', limitNanoUsd: 100n })
const posted: { id: string; atUs: number }[] = []
const hook = {
  type: 'webhook',
  name: 'hook',
  url: 'https://alerts.example/a',
  key: Buffer.from('key'),
  minSeverity: 'info',
} as const
const clockOf = () => ({
  nowUs: () => nowUs,
  monotonicMs: () => performance.now(),
  sleep: async (_ms: number, signal?: AbortSignal) => {
    await new Promise((resolve) => setTimeout(resolve, 2))
    signal?.throwIfAborted()
  },
})
const start = (id: string, usedNanoUsd: () => bigint, post: () => Promise<number>) => {
  const use = () => ({ limitNanoUsd: 100n, usedNanoUsd: usedNanoUsd(), periodStartUs: 0, periodEndUs: null, isReached: false })
  const clock = clockOf()
  nodes.push(
    startAlerts({
      services: { ledger, clock, log: silent, node: { id, epoch: 1 }, random: () => 0 },
      channels: () => [hook],
      maxPerHour: () => 3_600,
      look: async (atUs) => budgetEvents({ uses: () => [{ budget, use: use() }] }, false, atUs),
      senders: {
        post: async (_url, headers) => {
          posted.push({ id: headers['webhook-id'] ?? '', atUs: nowUs })
          return post()
        },
        mail: async () => undefined,
      },
    }),
  )
}
const until = async (condition: () => boolean): Promise<void> => {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 2_000) throw new Error(`waited in vain: ${JSON.stringify(posted)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
const pause = () => new Promise((resolve) => setTimeout(resolve, 60))

test('a change that is told once is not lost when the ledger cannot be written at that moment', async () => {
  posted.length = 0
  let looks = 0
  const broken = { ...ledger, jobs: { ...ledger.jobs, add: () => Promise.reject(new Error('the disk is full')) } }
  const services = { clock: clockOf(), log: silent, node: { id: 'a', epoch: 1 }, random: () => 0 }
  let current: Ledger = broken
  nodes.push(
    startAlerts({
      services: {
        ...services,
        get ledger() {
          return current
        },
      },
      channels: () => [hook],
      maxPerHour: () => 3_600,
      look: async () => {
        looks += 1
        return looks === 1 ? [{ kind: 'quality.recovered', severity: 'info', name: 'once', title: 'It is back', data: {} }] : []
      },
      senders: {
        post: async (_url, headers) => {
          posted.push({ id: headers['webhook-id'] ?? '', atUs: nowUs })
          return 204
        },
        mail: async () => undefined,
      },
    }),
  )
  await until(() => looks >= 1)
  await pause()
  current = ledger
  await until(() => posted.length >= 1)
  await pause()
  expect(posted).toHaveLength(1)
})

test('two nodes tell each threshold once, whenever it is reached', async () => {
  posted.length = 0
  let used = 55n
  for (const id of ['a', 'b'])
    start(
      id,
      () => used,
      async () => 204,
    )
  await until(() => posted.length >= 1)
  await pause()
  expect(posted).toHaveLength(1)
  used = 85n
  await until(() => posted.length >= 2)
  await pause()
  expect(new Set(posted.map(({ id }) => id)).size).toBe(2)
  expect(posted).toHaveLength(2)
})

test('a delivery that fails is tried again after growing waits with the same id, and given up after the eighth', async () => {
  posted.length = 0
  let fails = true
  start(
    'a',
    () => 50n,
    async () => {
      if (fails) throw new Error('nobody listens')
      return 503
    },
  )
  await until(() => posted.length === 1)
  await pause()
  expect(posted).toHaveLength(1)
  for (const [index, seconds] of [10, 60, 300, 1_800, 7_200, 21_600, 43_200].entries()) {
    fails = index % 2 === 0
    nowUs += (seconds - 1) * 1_000_000
    await pause()
    expect(posted).toHaveLength(index + 1)
    nowUs += 1_000_000
    await until(() => posted.length === index + 2)
  }
  nowUs += 1e12
  await pause()
  expect(posted).toHaveLength(8)
  expect(new Set(posted.map(({ id }) => id)).size).toBe(1)
})

test('a channel that hangs holds up neither the others nor what is looked at, and no shutdown', async () => {
  const taken: string[] = []
  let looks = 0
  const slow = { ...hook, name: 'slow', url: 'https://hangs.example/a' }
  const node = startAlerts({
    services: { ledger, clock: clockOf(), log: silent, node: { id: 'a', epoch: 1 }, random: () => 0 },
    channels: () => [slow, hook],
    maxPerHour: () => 3_600,
    look: async () => {
      looks += 1
      return []
    },
    senders: {
      async post(url, _headers, body, signal) {
        if (url === slow.url)
          await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        taken.push(JSON.parse(body).title)
        return 204
      },
      mail: async () => undefined,
    },
  })
  nodes.push(node)
  const raise = (name: string) => node.raise([{ kind: 'quality.recovered', severity: 'info', name, title: name, data: {} }])
  raise('first')
  await until(() => taken.includes('first'))
  const before = looks
  raise('second')
  await until(() => taken.includes('second') && looks > before)
  const closing = performance.now()
  await node.close()
  expect(performance.now() - closing).toBeLessThan(5_000)
  expect(taken).toEqual(['first', 'second'])
  // What it was not told waits for the next try.
  const claim = { kind: '', nodeId: 'b', nowUs: nowUs + 10_000_000, leaseUntilUs: nowUs + 20_000_000, limit: 9 }
  const kinds = await Promise.all(
    [slow, hook].map((channel) => ledger.jobs.claim({ ...claim, kind: `alert ${hashOf(channel.url)}` })),
  )
  expect(kinds.map((jobs) => jobs.map(({ tries }) => tries))).toEqual([[1, 2], []])
})
