import { expect, test } from 'vitest'
import { createTidier } from './tidier.ts'

/** Time passes when it is told to. */
function manualClock() {
  const sleeping: { readonly ms: number; wake(): void }[] = []
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      sleeping.push({ ms, wake: resolve })
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  return { clock: { nowUs: () => 0, monotonicMs: () => 0, sleep }, sleeping }
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('waits for half a minute, so that a result is on record before its files are gone', async () => {
  const { clock, sleeping } = manualClock()
  const tidier = createTidier(clock)
  const done: string[] = []
  tidier.later(async () => done.push('a'))
  await turn()
  expect([done, sleeping.map(({ ms }) => ms)]).toEqual([[], [30_000]])
  sleeping[0]?.wake()
  await turn()
  expect(done).toEqual(['a'])
  await tidier.close()
  expect(done).toEqual(['a'])
})

test('does at its close what still waits, whatever fails of it', async () => {
  const tidier = createTidier(manualClock().clock)
  const done: string[] = []
  tidier.later(() => Promise.reject(new Error('gone')))
  tidier.later(async () => done.push('b'))
  await tidier.close()
  expect(done).toEqual(['b'])
})
