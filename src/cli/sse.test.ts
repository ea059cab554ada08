import { describe, expect, test } from 'vitest'
import { readEvents, type ServerEvent } from './sse.ts'

async function eventsOf(chunks: readonly Uint8Array[]): Promise<ServerEvent[]> {
  const events: ServerEvent[] = []
  async function* body() {
    yield* chunks
  }
  for await (const event of readEvents(body())) events.push(event)
  return events
}

const STREAM = ': heartbeat\n\nevent: a\ndata: {"x":"ü"}\n\ndata: one\r\ndata: two\r\n\r\nevent: cut\ndata: lost'
const EXPECTED = [
  { event: 'a', data: '{"x":"ü"}' },
  { event: 'message', data: 'one\ntwo' },
]

describe('server-sent events', () => {
  const bytes = new TextEncoder().encode(STREAM)
  for (const size of [1, 2, 3, 7, 1000]) {
    test(`are the same in chunks of ${size} bytes`, async () => {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.slice(index * size, (index + 1) * size),
      )
      expect(await eventsOf(chunks)).toEqual(EXPECTED)
    })
  }
})
