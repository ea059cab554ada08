import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newBudget, newReserve, T0 } from '../../test/support/ledger-rows.ts'
import type { Provider } from '../ports/provider.ts'
import { openSqliteLedger } from '../storage/index.ts'
import { createHolds } from './holds.ts'
import { resumeAll } from './recovery.ts'
import type { GatewayServices, GatewayState } from './state.ts'

test('a job that is resumed while the configuration changes is polled before its provider is closed', async () => {
  const happened: string[] = []
  const provider = {
    run: async () => {
      happened.push('polled')
      throw new Error('enough is known')
    },
  } as Pick<Provider, 'run'> as Provider
  const holds = createHolds()
  const stop = new AbortController()
  let readRow: (row: object) => void = () => undefined
  const services = {
    holds,
    log: { warn: () => undefined, error: () => undefined },
    // The node stops before the job is tried again.
    clock: { monotonicMs: () => 0, sleep: async () => stop.abort() },
    webhooks: { listen: () => ({ close: () => undefined }) },
    ledger: { read: { request: () => new Promise((resolve) => (readRow = resolve)) } },
    // A resumed job touches nothing else before its provider answers.
  } as unknown as GatewayServices
  const providers = new Map([['acme', provider]])
  const state = { offers: [{ id: 'acme:m/n', provider: 'acme' }], providers } as unknown as GatewayState
  const job = { attemptId: 'a', requestId: 'r', offer: 'acme:m/n' as const, jobId: 'j', resume: null }
  const resumed = resumeAll({ services, current: () => state }, { voided: [], unknown: [], resumable: [job] }, stop.signal)
  const closed = holds.free(providers).then(() => happened.push('closed'))
  await new Promise((resolve) => setImmediate(resolve))
  readRow({ attemptRows: [{ id: 'a', settings: {} }], parameters: {}, prompt: '', tags: {} })
  await resumed
  await closed
  expect(happened).toEqual(['polled', 'closed'])
})

test('a job that nobody can ask about for an hour is of unknown outcome: its hold is a charge, its request ends, its key stays taken', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'halftone-given-up-'))
  const ledger = await openSqliteLedger({ dataDir, now: () => T0 })
  try {
    await ledger.admin.putBudget(newBudget('month'))
    const first = await ledger.openNode({ nodeId: 'n', leaseMs: 1_000 })
    const idempotency = { scope: 'key:fox', fingerprint: 'f', expiresUs: T0 + 3_600_000_000 }
    const reserve = newReserve({ nodeId: 'n', epoch: first.epoch }, { budgetIds: ['month'], holdNanoUsd: 7n, idempotency })
    await ledger.reserve(reserve)
    await ledger.recordJob({ attemptId: reserve.attempt.id, jobId: 'j', resume: {}, atUs: T0 })
    const { epoch, recovery } = await ledger.openNode({ nodeId: 'n', leaseMs: 1_000 })
    let nowMs = 0
    const services = {
      ledger,
      holds: createHolds(),
      node: { id: 'n', epoch },
      log: { warn: () => undefined, error: () => undefined },
      clock: {
        nowUs: () => T0,
        monotonicMs: () => nowMs,
        async sleep(ms: number) {
          nowMs += ms
        },
      },
    } as unknown as GatewayServices
    const state = { offers: [], providers: new Map() } as unknown as GatewayState
    await resumeAll({ services, current: () => state }, recovery, new AbortController().signal)
    expect(nowMs).toBe(3_600_000)
    const record = await ledger.read.request(reserve.request.id)
    expect(record).toMatchObject({
      outcome: 'unknown',
      costNanoUsd: 7n,
      attemptRows: [{ state: 'unknown', billed: 'unknown', charges: [{ kind: 'provisional', amountNanoUsd: 7n }] }],
      response: { costStatus: 'unknown', error: { code: 'internal_error' } },
    })
    expect((await ledger.read.unknownAttempts({ limit: 9 })).map(({ id }) => id)).toEqual([reserve.attempt.id])
    expect(await ledger.read.budgetStates(T0)).toMatchObject([{ spentNanoUsd: 7n, heldNanoUsd: 0n }])
    const again = newReserve({ nodeId: 'n', epoch }, { idempotency })
    expect(await ledger.reserve(again)).toMatchObject({ kind: 'idempotent', finished: true })
  } finally {
    await ledger.close()
    await rm(dataDir, { recursive: true })
  }
})
