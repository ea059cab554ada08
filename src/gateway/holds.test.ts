import { expect, it } from 'vitest'
import { createHolds } from './holds.ts'

const isFree = async (wait: Promise<void>): Promise<boolean> =>
  Promise.race([wait.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))])

it('what nobody holds is free, and what somebody holds is free when the last one gives it back', async () => {
  const holds = createHolds()
  const [thing, other] = [{}, {}]
  expect(await isFree(holds.free(thing))).toBe(true)
  const [first, second] = [holds.take(thing), holds.take(thing)]
  holds.take(other)
  const waits = [holds.free(thing), holds.free(thing)]
  first()
  first()
  expect(await isFree(waits[0]!)).toBe(false)
  second()
  await Promise.all(waits)
  expect(await isFree(holds.free(other))).toBe(false)
})
