import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { Pool } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { type BodyConsumer, type ExchangeOptions, exchange, type OpenConsumer } from './exchange.ts'
import { createReadingTurns } from './reading-turns.ts'
import { createSharedReads } from './shared-reads.ts'

/** For `localhost`, of nobody, valid for a hundred years. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+KazCRgYoXI3DoTy
PKITPxv2W4O2IGyw1G5TZkyGDw6hRANCAAQYIxr5ddut00pM6SIkJigSj7yqQf2y
B6AXlCb3AfHR02dzJZnsoTr+15qqE9C+6Nd9t6Efpg8M3PodV39OTs3o
-----END PRIVATE KEY-----`
const cert = `-----BEGIN CERTIFICATE-----
MIIBljCCATugAwIBAgIUP+BzE5T0f32Xr5au2PF9SZcCRz4wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzAzMDYyMloYDzIxMjYxMDMw
MDMwNjIyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQYIxr5ddut00pM6SIkJigSj7yqQf2yB6AXlCb3AfHR02dzJZnsoTr+
15qqE9C+6Nd9t6Efpg8M3PodV39OTs3oo2kwZzAdBgNVHQ4EFgQU8MNLxzwxnqkE
9eJ5UG0BVXB37/QwHwYDVR0jBBgwFoAU8MNLxzwxnqkE9eJ5UG0BVXB37/QwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SQAwRgIhAOoiphT1F3umdzO6mWNtSW9mCenm+3Vqn58t52jS1m4sAiEAxS3Ay44U
82++KLDY0ohySiEPmgL73cZDmBnPJOS6ImA=
-----END CERTIFICATE-----`

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A server, and a pool whose connections share their reads. */
async function serve(answer: RequestListener, isSecure = false) {
  const server = isSecure ? createTlsServer({ key, cert }, answer) : createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  const reads = createSharedReads({ timeout: 10_000, ca: cert })
  const sockets: Socket[] = []
  const pool = new Pool(`${isSecure ? 'https' : 'http'}://localhost:${port}`, {
    connections: null,
    allowH2: false,
    connect: (target, callback) =>
      reads.connect(target, (...result) => {
        if (result[1]) sockets.push(result[1])
        callback(...result)
      }),
  })
  closers.push(
    () => server.close(),
    () => server.closeAllConnections(),
    () => pool.destroy(),
  )
  const signal = new AbortController().signal
  const options = { timeoutMs: 60_000, idleTimeoutMs: 60_000, maxBytes: 64 * 1024 * 1024, signal, reads }
  const ask = <Result>(
    path: string,
    open: OpenConsumer<Result>,
    more: Partial<ExchangeOptions> = {},
    headers: Record<string, string> = {},
  ) => exchange(pool, { method: 'GET', path, headers }, { ...options, ...more }, open)
  return { ask, sockets }
}

/** The hash of what it was given; it keeps nothing, and now and then makes the sender wait. */
function hashing(isDoneAtOnce: boolean): BodyConsumer<string> {
  const hash = createHash('sha256')
  const kept: Uint8Array[] = []
  let writes = 0
  return {
    isDoneAtOnce,
    write(chunk) {
      if (isDoneAtOnce) hash.update(chunk)
      else kept.push(chunk)
      writes += 1
      if (writes % 3 === 0) return new Promise((resolve) => setTimeout(resolve, writes % 2))
      return undefined
    },
    async end() {
      for (const chunk of kept) hash.update(chunk)
      return hash.digest('hex')
    },
    abort: async () => undefined,
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** In pieces of all sizes, some of them late, with its length or in the chunks of HTTP. */
function sendSlowly(response: ServerResponse, body: Buffer, serial: number): void {
  if (serial % 2 === 0) response.setHeader('content-length', body.length)
  response.setHeader('x-filler', 'f'.repeat((serial * 977) % 9_000))
  let at = 0
  const step = (): void => {
    const size = 1 + ((at * 31 + serial * 7_919) % 150_000)
    response.write(body.subarray(at, at + size))
    at += size
    if (at >= body.length) response.end()
    else if (at % 5 === 0) setTimeout(step, 1)
    else setImmediate(step)
  }
  step()
}

test.each([
  ['plain', false],
  ['TLS', true],
])(
  'over %s, answers that are read side by side and one after the other come as they were sent',
  { timeout: 60_000 },
  async (_, isSecure) => {
    const bodies = Array.from({ length: 24 }, (__, index) => randomBytes(index < 8 ? 1 + index * 700 : index * 60_000))
    const { ask, sockets } = await serve((request, response) => {
      const serial = Number(request.url?.slice(1))
      sendSlowly(response, bodies[serial]!, serial)
    }, isSecure)
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(bodies.map((__, serial) => ask(`/${serial}`, () => hashing((serial + round) % 3 !== 0))))
      expect(answers).toEqual(bodies.map(sha256))
    }
    // Later rounds used the connections of the first.
    expect(sockets.length).toBeLessThan(bodies.length * 2)
  },
)

test.each([
  ['plain', false],
  ['TLS', true],
])(
  'over %s, an answer whose turn has not come is not read beyond its first bytes, and then whole',
  { timeout: 60_000 },
  async (_, isSecure) => {
    const body = randomBytes(2 * 1024 * 1024)
    const { ask, sockets } = await serve((__, response) => {
      response.writeHead(200, { 'content-length': body.length })
      response.end(body)
    }, isSecure)
    const turns = createReadingTurns({ places: 1, turnMs: 60_000, clock: { monotonicMs: () => 0 } })
    const place = turns.enter(() => undefined)
    const asked = Array.from({ length: 6 }, () => ask('/', () => hashing(true), { turns }))
    const deadline = Date.now() + 30_000
    const haveBegun = (): boolean => sockets.length === 6 && sockets.every(({ bytesRead }) => bytesRead > 0)
    while (!haveBegun() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
    await new Promise((resolve) => setTimeout(resolve, 200))
    // TLS reads what the kernel has, and its records are whole.
    for (const { bytesRead } of sockets) expect(bytesRead).toBeLessThan(isSecure ? 160 * 1024 : 17 * 1024)
    place.end()
    expect(await Promise.all(asked)).toEqual(asked.map(() => sha256(body)))
  },
)

test('a consumer that keeps what it is given has memory of its own', async () => {
  const body = randomBytes(1024 * 1024)
  const { ask } = await serve((_, response) => {
    response.writeHead(200, { 'content-length': body.length })
    response.end(body)
  })
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask('/', () => hashing(false))))
  expect(answers).toEqual(answers.map(() => sha256(body)))
})

test('heads that come in pieces are those that were sent, whatever is read between the pieces', { timeout: 60_000 }, async () => {
  const body = randomBytes(300_000)
  const { ask } = await serve(async (request, { socket }) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nx-value: ${request.headers['x-value']}\r\n\r\n`
    const pieces = [head.slice(0, 60), head.slice(60, 500), head.slice(500, 2_000), head.slice(2_000), body]
    for (const piece of pieces) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      socket?.write(piece)
    }
  })
  const values = Array.from({ length: 20 }, (_, index) => String.fromCharCode(97 + index).repeat(2_500))
  for (let round = 0; round < 2; round += 1) {
    const seen = await Promise.all(
      values.map(async (value) => {
        let received: unknown
        const consumer = (_: number, headers: IncomingHttpHeaders): BodyConsumer<string> => {
          received = headers['x-value']
          return hashing(true)
        }
        // Never the same connection again: this server speaks past Node's own.
        const hash = await ask('/', consumer, {}, { 'x-value': value, connection: 'close' })
        return received === value && hash === sha256(body)
      }),
    )
    expect(seen).toEqual(values.map(() => true))
  }
})
