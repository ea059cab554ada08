import { expect, test } from 'vitest'
import type { Provider } from '../ports/provider.ts'
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
  let readRow: (row: object) => void = () => undefined
  const services = {
    holds,
    log: { warn: () => undefined, error: () => undefined },
    clock: { monotonicMs: () => 0 },
    webhooks: { listen: () => ({ close: () => undefined }) },
    ledger: { read: { request: () => new Promise((resolve) => (readRow = resolve)) } },
    // A resumed job touches nothing else before its provider answers.
  } as unknown as GatewayServices
  const providers = new Map([['acme', provider]])
  const state = { offers: [{ id: 'acme:m/n', provider: 'acme' }], providers } as unknown as GatewayState
  const job = { attemptId: 'a', requestId: 'r', offer: 'acme:m/n' as const, jobId: 'j', resume: null }
  const resumed = resumeAll(
    { services, current: () => state },
    { voided: [], unknown: [], resumable: [job] },
    new AbortController().signal,
  )
  const closed = holds.free(providers).then(() => happened.push('closed'))
  await new Promise((resolve) => setImmediate(resolve))
  readRow({ attemptRows: [{ id: 'a', settings: {} }], parameters: {}, prompt: '', tags: {} })
  await resumed
  await closed
  expect(happened).toEqual(['polled', 'closed'])
})
