import { expect, it } from 'vitest'
import { HalftoneError } from '../core/error.ts'
import type { SpooledBody } from '../ports/blob-store.ts'
import { systemClock } from '../system-clock.ts'
import { startStoreWatch, type WatchedStore } from './store-watch.ts'

const away = new HalftoneError('storage_unavailable', 'The store of images does not answer.')
const full = new HalftoneError('storage_full', 'The store of images takes no more.')
const body = {} as SpooledBody

/** A store that fails in its parts as it is told. */
function opened(everyMs: number) {
  const fails: { put?: Error; check?: Error; probe?: Error } = {}
  const asked: string[] = []
  const ask = (what: keyof typeof fails) => async (): Promise<void> => {
    asked.push(what)
    if (fails[what]) throw fails[what]
  }
  const store: WatchedStore = {
    put: ask('put'),
    check: ask('check'),
    probe: ask('probe'),
    open: async () => undefined,
    delete: async () => true,
    freeBytes: async () => undefined,
    close: async () => void asked.push('close'),
  }
  return { fails, asked, watch: startStoreWatch(store, systemClock, everyMs) }
}

it('fails with the first picture it does not take, and is well with the first it does', async () => {
  const { fails, watch } = opened(3_600_000)
  expect(watch.failure()).toBeUndefined()
  fails.put = full
  await expect(watch.blobs.put(body)).rejects.toBe(full)
  const failure = watch.failure()
  expect(failure?.why).toBe(full.message)
  fails.put = away
  await expect(watch.blobs.put(body)).rejects.toBe(away)
  expect(watch.failure()).toEqual({ sinceUs: failure?.sinceUs, why: away.message })
  delete fails.put
  await watch.blobs.put(body)
  expect(watch.failure()).toBeUndefined()
  await watch.blobs.close()
})

it('what is wrong with the bytes is not the fault of the store', async () => {
  const { fails, watch } = opened(3_600_000)
  fails.put = new Error('the spool is gone')
  await expect(watch.blobs.put(body)).rejects.toThrow('gone')
  expect(watch.failure()).toBeUndefined()
  await watch.blobs.close()
})

it('is asked when no picture tells of it; a failure ends when something can be written, for a list says nothing of that', async () => {
  const { fails, asked, watch } = opened(1)
  fails.check = away
  fails.probe = full
  await expect.poll(() => watch.failure()?.why).toBe(full.message)
  delete fails.check
  await expect.poll(() => asked.filter((what) => what === 'probe').length).toBeGreaterThan(3)
  expect(watch.failure()).toBeDefined()
  delete fails.probe
  await expect.poll(() => watch.failure()).toBeUndefined()
  await watch.blobs.close()
  const after = asked.length
  expect(asked.at(-1)).toBe('close')
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(asked.length).toBe(after)
})
