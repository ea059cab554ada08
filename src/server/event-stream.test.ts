import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { HalftoneError } from '../core/error.ts'
import type { ReceivedImage } from '../ports/provider.ts'
import { createImageEventStream, type ImageEventStream, inLine } from './event-stream.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** Run `work` on the stream of a real response; the status and the text the client got. */
async function streamed(
  work: (stream: ImageEventStream) => Promise<void>,
  /** The client does not read before. */
  readsAfter: Promise<void> = Promise.resolve(),
): Promise<{ status: number; text: string; isWhole: boolean }> {
  const settings = () => ({ size: '8x8', quality: 'auto', background: 'opaque', format: 'png' })
  const server = createServer((_request, response) => {
    const stream = createImageEventStream(response, { operation: 'generate', settings, heartbeatMs: 20 })
    work(stream).catch((error) => {
      const failure = stream.fail(error)
      if (failure) response.writeHead(failure.status).end(failure.body.error.code)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  return new Promise((resolve, reject) => {
    const call = httpRequest({ port: (server.address() as AddressInfo).port }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').pause()
      void readsAfter.then(() =>
        answer
          .on('data', (chunk) => {
            text += chunk
          })
          .resume(),
      )
      answer.on('error', () => undefined)
      answer.on('close', () => resolve({ status: answer.statusCode ?? 0, text, isWhole: answer.complete }))
    })
    call.on('error', reject).end()
  })
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** An image whose bytes take their time. */
function slowImage(chunks: number): ReceivedImage & { partialIndex: number } {
  return {
    partialIndex: 0,
    mediaType: 'image/png',
    size: { width: 8, height: 8 },
    body: {
      bytes: chunks * 3,
      sha256: '',
      head: new Uint8Array(),
      async *open() {
        for (let index = 0; index < chunks; index += 1) {
          yield Buffer.from('abc')
          await wait(15)
        }
      },
      dispose: async () => undefined,
    },
  }
}

test('progress is an event of its own: it is no part of the answer, and never comes into the middle of another event', async () => {
  let started = true
  const { text } = await streamed(async (stream) => {
    stream.progress('r-1', 0.25)
    started = stream.started
    const sending = stream.partial(slowImage(6))
    for (const share of [0.5, 0.6, 0.7]) {
      await wait(15)
      stream.progress('r-1', share)
    }
    await sending
    stream.progress('r-1', 0.9)
    throw new HalftoneError('provider_error', 'It broke.')
  })
  expect(started).toBe(false)
  const events = text.split('\n\n').filter((each) => each.startsWith('event: '))
  expect(events.map((each) => each.split('\n')[0])).toEqual([
    'event: halftone.progress',
    'event: image_generation.partial_image',
    'event: halftone.progress',
    'event: error',
  ])
  expect(events[0]).toContain('data: {"type":"halftone.progress","request_id":"r-1","progress":0.25}')
  for (const each of events) expect(() => JSON.parse(each.split('\ndata: ')[1] ?? '')).not.toThrow()
})

test('a failure before anything was sent is an ordinary HTTP error', async () => {
  const { status, text } = await streamed(async () => {
    throw new HalftoneError('content_refused', 'no')
  })
  expect([status, text]).toEqual([400, 'content_refused'])
})

test('a slow provider is bridged by comments, and fallback stays possible', async () => {
  let startedWhileWaiting: boolean | undefined
  const { status, text } = await streamed(async (stream) => {
    await wait(70)
    startedWhileWaiting = stream.started
    throw new HalftoneError('provider_timeout', 'too slow')
  })
  expect(status).toBe(200)
  expect(startedWhileWaiting).toBe(false)
  expect(text).toMatch(/^: keep-alive\n\n/)
  expect(text).toMatch(/event: error\ndata: .*"provider_timeout"/)
})

test('no comment falls into the middle of an event', async () => {
  const { text } = await streamed(async (stream) => {
    await stream.partial(slowImage(10))
    throw new HalftoneError('provider_error', 'broke off')
  })
  const [event] = text.split('\n\n').filter((part) => part.startsWith('event: image_generation.partial_image'))
  expect(event).toContain(`"b64_json":"${Buffer.from('abc'.repeat(10)).toString('base64')}"}`)
})

test('a failure in the middle of an event cuts the connection: another event would be read as the rest of the picture', async () => {
  const image = slowImage(2)
  const broken = {
    ...image,
    body: {
      ...image.body,
      async *open() {
        yield* image.body.open()
        throw new HalftoneError('storage_failed', 'A stored file became shorter while it was read.')
      },
    },
  }
  const cut = await streamed((stream) => stream.partial(broken))
  expect(cut.text).not.toContain('event: error')
  expect(cut.isWhole).toBe(false)
})

test('a client that does not read holds up nobody who makes the pictures, and gets everything in its order afterwards', async () => {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  const large = {
    ...slowImage(0),
    body: {
      ...slowImage(0).body,
      async *open() {
        for (let index = 0; index < 400; index += 1) yield chunk
      },
    },
  }
  let handedOver: () => void = () => undefined
  const isHandedOver = new Promise<void>((resolve) => {
    handedOver = resolve
  })
  let startedAtOnce = false
  const { text } = await streamed(async (stream) => {
    const sink = inLine(stream)
    await sink.partial(large)
    startedAtOnce = sink.started
    await sink.partial({ ...large, partialIndex: 1 })
    handedOver()
    throw new HalftoneError('provider_error', 'It broke.')
  }, isHandedOver)
  expect(startedAtOnce).toBe(true)
  const events = text.split('\n\n').filter((each) => each.startsWith('event: '))
  expect(events.map((each) => /^event: (\S+)/.exec(each)?.[1])).toEqual([
    'image_generation.partial_image',
    'image_generation.partial_image',
    'error',
  ])
  expect(events.map(({ length }) => length > 30_000_000)).toEqual([true, true, false])
}, 60_000)

const late = new HalftoneError('provider_timeout', 'The deadline has passed.')

test('a deadline that passes in the middle of an event ends the stream behind it', async () => {
  const { text, isWhole } = await streamed(async (stream) => {
    const sending = stream.partial(slowImage(6))
    await wait(30)
    stream.fail(late)
    await sending
  })
  const events = text.split('\n\n').filter((each) => each.startsWith('event: '))
  expect(events.map((each) => JSON.parse(each.slice(each.indexOf('{'))).type)).toEqual([
    'image_generation.partial_image',
    'error',
  ])
  expect(isWhole).toBe(true)
})

test('what a provider sends behind the end of the stream goes nowhere', async () => {
  const isDisposed = await new Promise<boolean>((resolve) => {
    streamed(async (stream) => {
      await stream.partial(slowImage(1))
      stream.fail(late)
      const image = slowImage(1)
      await stream.partial({ ...image, body: { ...image.body, dispose: async () => resolve(true) } })
    }).catch(() => resolve(false))
  })
  expect(isDisposed).toBe(true)
  await wait(50)
})
