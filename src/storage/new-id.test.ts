import { expect, test, vi } from 'vitest'
import { newId } from './new-id.ts'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('ids are UUIDs of version 7, all different, each behind the one before, whatever the millisecond', () => {
  const ids = Array.from({ length: 20_000 }, newId)
  expect(ids.every((id) => UUID_V7.test(id))).toBe(true)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.toSorted()).toEqual(ids)
})

test('an id starts with the time it was made at', () => {
  const before = Date.now()
  const ms = Number.parseInt(newId().replaceAll('-', '').slice(0, 12), 16)
  expect(ms).toBeGreaterThanOrEqual(before)
  expect(ms).toBeLessThanOrEqual(Date.now())
})

test('a clock that is set back does not put new ids before old ones', () => {
  vi.useFakeTimers()
  try {
    vi.setSystemTime(Date.now() + 1_000)
    const first = newId()
    vi.setSystemTime(Date.now() - 10_000)
    expect(newId() > first).toBe(true)
  } finally {
    vi.useRealTimers()
  }
})
