import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { drained } from './send-images.ts'
import { cutWhenStalled } from './stalled.ts'

/** More than the buffers of both sides hold. */
const PIECES = 400
const piece = Buffer.alloc(64 * 1024)

/** A long answer, written as the client takes it. Resolves with what the client gets and the end of the server's side. */
async function answered(stalledMs: number): Promise<{ readonly answer: IncomingMessage; readonly sent: Promise<number> }> {
  let tell: (pieces: number) => void = () => undefined
  const sent = new Promise<number>((resolve) => {
    tell = resolve
  })
  const server = createServer(async (_request, response) => {
    cutWhenStalled(response, stalledMs)
    let pieces = 0
    for (; pieces < PIECES && !response.destroyed; pieces += 1) if (!response.write(piece)) await drained(response)
    response.end()
    tell(pieces)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const call = httpRequest({ port: (server.address() as AddressInfo).port }).end()
  const [answer] = (await once(call, 'response')) as [IncomingMessage]
  answer.on('error', () => undefined)
  return { answer, sent }
}

test('a client that stops reading is cut off, and whoever waits for it goes on', async () => {
  const { sent } = await answered(200)
  expect(await sent).toBeLessThan(PIECES)
}, 60_000)

test('one that reads slowly is not: what counts is that something moves', async () => {
  const { answer, sent } = await answered(2_000)
  let bytes = 0
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length
    if (bytes % (4 * 1024 * 1024) < (chunk as Buffer).length) await new Promise((resolve) => setTimeout(resolve, 600))
  }
  expect([await sent, bytes]).toEqual([PIECES, PIECES * piece.length])
}, 60_000)
