import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMemorySpool, readAll } from '../../test/providers/memory-spool.ts'
import { ScanError } from './json-scanner.ts'
import { createSseReader, type SseEvent } from './sse.ts'

const image = Buffer.from(Uint8Array.from({ length: 9000 }, (_, at) => (at * 31) & 0xff))
const partial = { type: 'image_generation.partial_image', partial_image_index: 0, b64_json: image.toString('base64') }
const completed = { type: 'image_generation.completed', b64_json: image.toString('base64'), usage: { total_tokens: 7 } }

async function read(chunks: readonly Uint8Array[], spool = createMemorySpool()): Promise<SseEvent[]> {
  const events: SseEvent[] = []
  const reader = createSseReader({
    scanner: { openBody: () => spool.create({ maxBytes: 1 << 20 }), bodyKeys: new Set(['b64_json']) },
    onEvent: (event) => void events.push(event),
  })
  try {
    for (const chunk of chunks) await reader.write(chunk)
    await reader.end()
  } catch (error) {
    await reader.abort()
    for (const event of events) for (const { body } of event.data.bodies) await body.dispose()
    throw error
  }
  return events
}

const frame = (event: { type: string }, eol: string): string =>
  `event: ${event.type}${eol}data: ${JSON.stringify(event)}${eol}${eol}`

describe('events with images are read', () => {
  test.each(['\n', '\r\n', '\r'])('whatever the chunk borders, with line ends %j', async (eol) => {
    const text = `: hello${eol}${eol}${frame(partial, eol)}id: 4${eol}retry: 10${eol}${frame(completed, eol)}data: [DONE]${eol}${eol}`
    const bytes = Buffer.from(text)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 20 }), async (places) => {
        const borders = [0, ...[...new Set(places)].sort((a, b) => a - b), bytes.length]
        const chunks = borders.slice(1).map((to, at) => Buffer.from(bytes.subarray(borders[at], to)))
        const events = await read(chunks, createMemorySpool({ slow: places.length % 2 === 0 }))
        expect(events.map((event) => event.name)).toEqual([partial.type, completed.type])
        expect(events[1]!.data.value).toEqual({ ...completed, b64_json: { $body: 0 } })
        expect((await readAll(events[0]!.data.bodies[0]!.body)).equals(image)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('one byte at a time', async () => {
    const events = await read([...Buffer.from(frame(completed, '\r\n'))].map((byte) => Uint8Array.of(byte)))
    expect(events).toHaveLength(1)
    expect((await readAll(events[0]!.data.bodies[0]!.body)).equals(image)).toBe(true)
  })
})

test.each([
  ['no space after the colon', 'data:{"a":1}\n\n', [{ a: 1 }]],
  ['data over several lines', 'data: {"a":\ndata: 1}\n\n', [{ a: 1 }]],
  ['a byte order mark', '\uFEFFdata: {"a":1}\n\n', [{ a: 1 }]],
  ['a last event without a blank line', 'data: {"a":1}', [{ a: 1 }]],
  ['short data that begins like the end mark', 'data: [1]\n\ndata: []\n\n', [[1], []]],
  ['comments and heartbeats only', ': ping\n\n: ping\n\n', []],
  ['empty data', 'data:\n\ndata\n\n', []],
  ['unknown fields', 'foo: bar\ndata: 3\nbaz\n\n', [3]],
  ['data after the end mark', 'data: [DONE]\n\ndata: 1\n\n', [1]],
])('%s', async (_, text, values) => {
  for (const chunks of [[Buffer.from(text)], [...Buffer.from(text)].map((byte) => Uint8Array.of(byte))]) {
    expect((await read(chunks)).map((event) => event.data.value)).toEqual(values)
  }
})

test('a stream cut inside an event at any byte is an error or nothing, and leaves nothing behind', async () => {
  const text = Buffer.from(`event: x\ndata: {"b64_json":"${image.subarray(0, 60).toString('base64')}","n":1}\n\n`)
  const spool = createMemorySpool()
  for (let length = 0; length < text.length - 3; length++) {
    const events = await read([text.subarray(0, length)], spool).catch((error: unknown) => {
      expect(error).toBeInstanceOf(ScanError)
      return []
    })
    expect(events).toEqual([])
  }
  expect(spool.open).toBe(0)
})

test('an endless stream of events ends at the limit', async () => {
  const reader = createSseReader({
    scanner: { openBody: () => createMemorySpool().create({ maxBytes: 1 }) },
    onEvent: () => undefined,
    maxEvents: 3,
  })
  const flood = async (): Promise<void> => reader.write(Buffer.from('data: 1\n\n'.repeat(4)))
  await expect(flood()).rejects.toMatchObject({ kind: 'too_large' })
})
