import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { createReadingTurns } from './reading-turns.ts'

const clock = { monotonicMs: () => performance.now() }

test('places are free at once, and the queue begins in its order as turns end, never inside the call that ended one', async () => {
  const turns = createReadingTurns({ places: 2, turnMs: 60_000, clock })
  const begun: string[] = []
  const enter = (name: string) => turns.enter(() => void begun.push(name))
  const [a, b, c, d] = [enter('a'), enter('b'), enter('c'), enter('d')]
  expect([a, b, c, d].map(({ isFree }) => isFree)).toEqual([true, true, false, false])
  a.end()
  a.end()
  expect(begun).toEqual([])
  await Promise.resolve()
  expect(begun).toEqual(['c'])
  b.end()
  await Promise.resolve()
  expect(begun).toEqual(['c', 'd'])
})

test('who leaves the queue is not called', async () => {
  const turns = createReadingTurns({ places: 1, turnMs: 60_000, clock })
  const begun: string[] = []
  const first = turns.enter(() => undefined)
  const second = turns.enter(() => void begun.push('second'))
  turns.enter(() => void begun.push('third'))
  second.end()
  first.end()
  await vi.waitFor(() => expect(begun).toEqual(['third']))
})

test('a sender that is quiet holds nobody up, nor does one that never ends', async () => {
  const begun: string[] = []
  const quiet = createReadingTurns({ places: 1, turnMs: 60_000, clock })
  quiet.enter(() => undefined)
  quiet.enter(() => void begun.push('after a quiet one'))
  await vi.waitFor(() => expect(begun).toEqual(['after a quiet one']))
  const endless = createReadingTurns({ places: 1, turnMs: 30, clock })
  const holder = endless.enter(() => undefined)
  const reading = setInterval(() => holder.touch(), 1)
  endless.enter(() => void begun.push('after an endless one'))
  await vi.waitFor(() => expect(begun).toHaveLength(2))
  clearInterval(reading)
})

test('who reads without pause keeps the place until it ends', async () => {
  let nowMs = 0
  const turns = createReadingTurns({ places: 1, turnMs: 1_000, clock: { monotonicMs: () => nowMs } })
  const begun: string[] = []
  const holder = turns.enter(() => undefined)
  turns.enter(() => void begun.push('next'))
  for (let round = 0; round < 20; round += 1) {
    nowMs += 40
    holder.touch()
    await sleep(4)
  }
  expect(begun).toEqual([])
  holder.end()
  await vi.waitFor(() => expect(begun).toEqual(['next']))
})
