/** Memory of pieces is used again, by other answers too: none may show in another's picture. */
import { randomBytes } from 'node:crypto'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { writeEncoded } from './send-images.ts'

const BLOCK = 64 * 1024
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function* blocksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += BLOCK) yield bytes.subarray(at, at + BLOCK)
}

/** A server that answers `/<index>` with that picture. */
async function serve(pictures: readonly Buffer[]): Promise<number> {
  const server = createServer((asked, raw) => {
    const picture = pictures[Number(asked.url?.slice(1))] ?? Buffer.alloc(0)
    raw.writeHead(200)
    void writeEncoded(raw, { open: () => blocksOf(picture) }).then(() => raw.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const ask = (port: number, index: number): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    httpRequest({ port, host: '127.0.0.1', path: `/${index}`, agent: false }, resolve)
      .on('error', reject)
      .end()
  })

async function pictureOf(answer: IncomingMessage): Promise<Buffer> {
  let text = ''
  for await (const chunk of answer.setEncoding('latin1')) text += chunk
  return Buffer.from(text, 'base64')
}

test('pictures that are sent at the same time, to quick clients and slow ones, keep their own bytes', async () => {
  const sizes = [1, 3_000, 70_000, 5 * 1024 * 1024, 700_001, 6 * 1024 * 1024, 40_000, 300_000]
  const pictures = sizes.map((size) => randomBytes(size))
  const port = await serve(pictures)
  const received = await Promise.all(
    pictures.map(async (_, index) => {
      const answer = await ask(port, index)
      // Its socket is full meanwhile, and what is queued must not be written over.
      if (index % 2 === 1) await sleep(100 * index)
      return pictureOf(answer)
    }),
  )
  expect(received.map((bytes, index) => bytes.equals(pictures[index] ?? bytes.subarray(1)))).toEqual(sizes.map(() => true))
})

test('a client that leaves in the middle spoils no other picture', async () => {
  const pictures = Array.from({ length: 6 }, () => randomBytes(4 * 1024 * 1024))
  const port = await serve(pictures)
  const answers = await Promise.all(pictures.map((_, index) => ask(port, index)))
  for (const answer of answers.slice(0, 3)) answer.destroy()
  const received = await Promise.all(answers.slice(3).map(pictureOf))
  expect(received.map((bytes, index) => bytes.equals(pictures[index + 3] ?? bytes.subarray(1)))).toEqual([true, true, true])
})
