import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { expect, test } from 'vitest'
import { type BodyConsumer, ExchangeError, exchange } from './exchange.ts'

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
