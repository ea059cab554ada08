import { expect, test } from 'vitest'
import type { Urgency } from '../core/limits/queue.ts'
import { systemClock } from '../system-clock.ts'
import { createWaitingRoom } from './waiting-room.ts'

const never = new AbortController().signal
const place = (id: string, urgency: Urgency = 'standard', ms = 60_000) => {
  const untilUs = systemClock.nowUs() + ms * 1_000
  return { id, urgency, untilUs, wakeUs: untilUs + 1e9, signal: never }
}

test('when somebody may go on the urgent look first, then whoever came first; those who stay keep their place', async () => {
  const room = createWaitingRoom(systemClock)
  const looked: string[] = []
  const waiting = (['economy', 'standard', 'realtime', 'standard'] as const).map(async (urgency, index) => {
    const id = `${urgency} ${index}`
    for (let turn = 0; turn < 2; turn++) {
      expect(await room.turn(place(id, urgency))).toBe(true)
      looked.push(id)
    }
    room.leave(id)
  })
  room.wake()
  await new Promise((resolve) => setTimeout(resolve, 10))
  room.wake()
  await Promise.all(waiting)
  const once = ['realtime 2', 'standard 1', 'standard 3', 'economy 0']
  expect(looked).toEqual([...once, ...once])
  expect(room.size).toBe(0)
})

test('when it is full the least urgent is turned away, with when to come back', async () => {
  const room = createWaitingRoom(systemClock, 2)
  const economy = room.turn(place('e', 'economy'))
  const standard = room.turn(place('s'))
  const realtime = room.turn(place('r', 'realtime'))
  await expect(economy).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 })
  await expect(room.turn(place('late', 'economy'))).rejects.toMatchObject({ code: 'overloaded' })
  expect(room.size).toBe(2)
  room.wake()
  expect(await Promise.all([standard, realtime])).toEqual([true, true])
})

test('nobody waits beyond the time, nor after the client has left', async () => {
  const room = createWaitingRoom(systemClock)
  expect(await room.turn(place('short', 'standard', 20))).toBe(false)
  const gone = new AbortController()
  const waiting = room.turn({ ...place('gone'), signal: gone.signal })
  gone.abort()
  expect(await waiting).toBe(false)
})

test('a rate that allows the next call wakes by itself', async () => {
  const room = createWaitingRoom(systemClock)
  expect(await room.turn({ ...place('rate'), wakeUs: systemClock.nowUs() + 20_000 })).toBe(true)
})
