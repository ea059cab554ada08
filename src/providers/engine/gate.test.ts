import { expect, test } from 'vitest'
import { createGate } from './gate.ts'

const forever = new AbortController().signal

test('as many are inside as there are places, and the others follow in the order they came', async () => {
  const gate = createGate(2)
  const order: string[] = []
  const leaveA = await gate.enter(forever, 1_000)
  const leaveB = await gate.enter(forever, 1_000)
  const later = ['c', 'd'].map((name) =>
    gate.enter(forever, 1_000).then((leave) => {
      order.push(name)
      leave()
    }),
  )
  expect(gate.count).toBe(4)
  leaveA()
  leaveA()
  await Promise.all(later)
  expect(order).toEqual(['c', 'd'])
  expect(gate.count).toBe(1)
  leaveB()
  expect(gate.count).toBe(0)
})

test('who leaves the queue or waits too long takes no place with them', async () => {
  const gate = createGate(1)
  const leave = await gate.enter(forever, 1_000)
  const gone = new AbortController()
  const first = gate.enter(gone.signal, 1_000)
  const second = gate.enter(forever, 20)
  gone.abort()
  await expect(first).rejects.toMatchObject({ code: 'cancelled' })
  await expect(second).rejects.toMatchObject({ code: 'provider_timeout' })
  await expect(gate.enter(gone.signal, 1_000)).rejects.toMatchObject({ code: 'cancelled' })
  leave()
  expect(gate.count).toBe(0)
  ;(await gate.enter(forever, 1_000))()
})
