import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { Pool } from 'undici'
import { expect, test } from 'vitest'
import { type BodyConsumer, ExchangeError, exchange } from './exchange.ts'
import { createReadingTurns } from './reading-turns.ts'

/** Answers with this much of what it announced, and then with silence. */
async function silentServer(sent: Buffer, announced: number) {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': announced })
    response.write(sent)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return {
    pool,
    close: async () => {
      await pool.destroy()
      server.closeAllConnections()
      server.close()
    },
  }
}

test('a consumer that answers each chunk with a promise costs no CPU while the other side is silent', async () => {
  const { pool, close } = await silentServer(Buffer.alloc(3_000, 7), 6_000)
  const sizes: number[] = []
  const consumer: BodyConsumer<never> = {
    async write(chunk) {
      sizes.push(chunk.length)
      // Without this the test itself would never end: promises alone let no timer run.
      if (sizes.length > 1_000) throw new Error('It was written to again and again.')
    },
    end: () => Promise.reject(new Error('The body does not end.')),
    abort: async () => undefined,
  }
  const options = { timeoutMs: 300, idleTimeoutMs: 10_000, maxBytes: 10_000, signal: new AbortController().signal }
  const exchanging = exchange(pool, { method: 'GET', path: '/', headers: {} }, options, () => consumer)
  const error = await exchanging.catch((reason: unknown) => reason)
  await close()
  expect(error).toBeInstanceOf(ExchangeError)
  expect(error).toMatchObject({ fault: 'timeout', phase: 'receiving' })
  expect(sizes.filter((size) => size === 0)).toEqual([])
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(3_000)
})

/** Counts bytes, and how many such consumers have some of theirs and not all. */
function countingConsumer(announced: number, gauge: { open: number; most: number }): BodyConsumer<number> {
  let bytes = 0
  return {
    write(chunk) {
      if (bytes === 0) gauge.most = Math.max(gauge.most, ++gauge.open)
      bytes += chunk.length
      if (bytes === announced) gauge.open -= 1
    },
    end: async () => bytes,
    abort: async () => undefined,
  }
}

test('large answers that wait for their turn come complete, few at a time; one that is given up gives its place away', async () => {
  const announced = 3 * 1024 * 1024
  const server = createServer((_, response) => void response.end(Buffer.alloc(announced, 7)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const turns = createReadingTurns({ places: 2, turnMs: 60_000, clock: { monotonicMs: () => 0 } })
  const gauge = { open: 0, most: 0 }
  const givenUp = new AbortController()
  const ask = (signal: AbortSignal) =>
    exchange(
      pool,
      { method: 'GET', path: '/', headers: {} },
      { timeoutMs: 30_000, idleTimeoutMs: 30_000, maxBytes: announced, signal, turns },
      () => countingConsumer(announced, gauge),
    )
  // Both places are taken by others, so that all answers have come in part when the first begins.
  const others = [turns.enter(() => undefined), turns.enter(() => undefined)]
  const asked = Array.from({ length: 12 }, () => ask(new AbortController().signal))
  const abandoned = ask(givenUp.signal).catch((error: unknown) => error)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(gauge.open).toBe(0)
  givenUp.abort()
  for (const other of others) other.end()
  expect(await Promise.all(asked)).toEqual(asked.map(() => announced))
  expect(await abandoned).toMatchObject({ fault: 'aborted' })
  expect(gauge.most).toBeLessThanOrEqual(2)
  await pool.destroy()
  server.closeAllConnections()
  server.close()
})

/** Says when it is written to, or ended, before the write before is done. */
function slowConsumer(): BodyConsumer<{ readonly bytes: number; readonly early: number }> {
  let [bytes, early, isWriting] = [0, 0, false]
  return {
    async write(chunk) {
      if (isWriting) early += 1
      isWriting = true
      bytes += chunk.length
      await new Promise((resolve) => setTimeout(resolve, 20))
      isWriting = false
    },
    async end() {
      if (isWriting) early += 1
      return { bytes, early }
    },
    abort: async () => undefined,
  }
}

test.each([
  ['with its length', 'content-length: 200000'],
  ['until the connection ends', 'connection: close'],
])('a consumer is asked for one thing at a time, also when the server closes at once behind a body %s', async (_, header) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n${'x'.repeat(200_000)}`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const options = { timeoutMs: 30_000, idleTimeoutMs: 30_000, maxBytes: 1_000_000, signal: new AbortController().signal }
  const result = await exchange(pool, { method: 'GET', path: '/', headers: {} }, options, slowConsumer)
  expect(result).toEqual({ bytes: 200_000, early: 0 })
  await pool.destroy()
  server.close()
})

test('a body that has come in whole is handed over, whatever is given up meanwhile', async () => {
  const server = createServer((_, response) => void response.end('whole'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const givenUp = new AbortController()
  const asked: string[] = []
  let finish = (): void => undefined
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const consumer: BodyConsumer<string> = {
    write: () => undefined,
    async end() {
      asked.push('end')
      // As a spool that writes what it holds to the disk.
      givenUp.abort()
      await finished
      return 'the body'
    },
    async abort() {
      asked.push('abort')
    },
  }
  const options = { timeoutMs: 30_000, idleTimeoutMs: 30_000, maxBytes: 10_000, signal: givenUp.signal }
  const exchanging = exchange(pool, { method: 'GET', path: '/', headers: {} }, options, () => consumer).catch(
    (error: unknown) => error,
  )
  await expect.poll(() => asked[0]).toBe('end')
  finish()
  expect(await exchanging).toBe('the body')
  expect(asked).toEqual(['end'])
  await pool.destroy()
  server.closeAllConnections()
  server.close()
})
