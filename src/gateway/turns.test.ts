import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

/** A clock that only the test moves. */
function manualClock() {
  let nowMs = 0
  return {
    clock: { monotonicMs: () => nowMs },
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

test('long work lets others have their turn, and still returns its value', async () => {
  const { clock, pass } = manualClock()
  let others = 0
  const other = setInterval(() => {
    others += 1
  }, 0)
  function* steps(): Generator<undefined, string> {
    for (let step = 0; step < 200; step += 1) {
      pass(11)
      yield
    }
    return 'done'
  }
  expect(await createTurns(clock, new AbortController().signal).through(steps())).toBe('done')
  clearInterval(other)
  expect(others).toBeGreaterThan(0)
})

test('short work is not interrupted', async () => {
  const { clock } = manualClock()
  let isInterrupted = false
  setImmediate(() => {
    isInterrupted = true
  })
  const turns = createTurns(clock, new AbortController().signal)
  function* steps(): Generator<undefined, boolean> {
    for (let step = 0; step < 1_000; step += 1) yield
    return isInterrupted
  }
  expect(await turns.through(steps())).toBe(false)
})

test('work for somebody who left ends with the next slice', async () => {
  const { clock, pass } = manualClock()
  const left = new AbortController()
  const turns = createTurns(clock, left.signal)
  left.abort()
  await turns.next()
  pass(11)
  await expect(turns.next()).rejects.toThrow(/aborted/)
})
