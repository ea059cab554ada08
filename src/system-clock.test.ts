import { expect, test } from 'vitest'
import { createWallClock, systemClock } from './system-clock.ts'

/** Both in milliseconds; a machine that sleeps stops the steady one alone. */
function fakeSources(wallMs: number) {
  const sources = { wall: wallMs, steady: 500 }
  return { sources, nowUs: createWallClock({ wallMs: () => sources.wall, steadyMs: () => sources.steady }) }
}

test('wall time goes on as the steady clock does, with its fractions', () => {
  const { sources, nowUs } = fakeSources(1_000_000)
  expect(nowUs()).toBe(1_000_000_000)
  sources.steady += 0.25
  expect(nowUs()).toBe(1_000_000_250)
})

test('after a sleep of the machine wall time is what the wall says', () => {
  const { sources, nowUs } = fakeSources(1_000_000)
  nowUs()
  sources.wall += 8 * 3_600_000
  sources.steady += 20
  expect(nowUs()).toBe((1_000_000 + 8 * 3_600_000) * 1_000)
  sources.wall += 5
  sources.steady += 5
  expect(nowUs()).toBe((1_000_000 + 8 * 3_600_000 + 5) * 1_000)
})

test('a wall clock that is set back does not take wall time back', () => {
  const { sources, nowUs } = fakeSources(1_000_000)
  nowUs()
  sources.wall -= 3_600_000
  sources.steady += 10
  expect(nowUs()).toBe(1_000_010_000)
})

test('the clock of the process says what the time is', () => {
  expect(Math.abs(systemClock.nowUs() / 1_000 - Date.now())).toBeLessThan(2_000)
})
