import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createMemorySpool, readAll } from '../../test/providers/memory-spool.ts'
import { doublePicture } from '../../test/support/provider-double.ts'
import { createForeignFetcher, type ForeignFetcher, type ForeignFetcherOptions } from './foreign-fetch.ts'
import type { Resolve } from './public-address.ts'

const picture = doublePicture(40, 30, { bytes: 9_000 })
const bomb = gzipSync(Buffer.alloc(50_000_000))
const seen: IncomingMessage['headers'][] = []
const server = createServer((request, response) => {
  seen.push(request.headers)
  answer(request.url ?? '', response)
})
let origin = ''
let host = ''
const open: ForeignFetcher[] = []

function answer(path: string, response: ServerResponse): void {
  const hops = Number(/^\/hops\/(\d+)$/.exec(path)?.[1] ?? -1)
  if (path === '/image') response.writeHead(200, { 'content-type': 'text/plain' }).end(picture)
  else if (path === '/gzip') response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(picture))
  else if (path === '/bomb') response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
  else if (path === '/page') response.writeHead(200, { 'content-type': 'image/png' }).end('<html></html>')
  else if (path === '/endless') endless(response)
  else if (path === '/announced') response.writeHead(200, { 'content-length': 1_000_000_000 }).write('x')
  else if (path === '/to-file') response.writeHead(302, { location: 'file:///etc/passwd' }).end()
  else if (path === '/to-inside') response.writeHead(302, { location: 'https://10.1.2.3/' }).end()
  else if (path === '/to-other-port') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
  else if (hops === 0) response.writeHead(200).end(picture)
  else if (hops > 0) response.writeHead(302, { location: `/hops/${hops - 1}` }).end('moved')
  else if (path !== '/silent') response.writeHead(404).end()
}

function endless(response: ServerResponse): void {
  const chunk = Buffer.alloc(65_536)
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', more)
  more()
}

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(server.address() as { port: number }).port}`
  origin = `http://${host}`
})
afterEach(async () => {
  seen.length = 0
  await Promise.all(open.splice(0).map((fetcher) => fetcher.close()))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

function fetcher(changes: Partial<ForeignFetcherOptions> = {}): ForeignFetcher {
  const created = createForeignFetcher({ allowHosts: [host], maxBytes: 100_000, timeoutMs: 2_000, ...changes })
  open.push(created)
  return created
}

async function fetchFrom(url: string, changes: Partial<ForeignFetcherOptions> = {}, signal = new AbortController().signal) {
  const spool = createMemorySpool()
  const result = await fetcher(changes)
    .fetch(url, { spool, signal })
    .catch((error: unknown) => error as { fault: string; message: string })
  if ('fault' in result) expect(spool.open).toBe(0)
  return result
}

describe('an image is fetched', () => {
  test.each(['/image', '/gzip', '/hops/5'])('from an allowed host, told by its bytes: %s', async (path) => {
    const result = await fetchFrom(`${origin}${path}`)
    expect(result).toMatchObject({ mediaType: 'image/png', width: 40, height: 30 })
    if ('body' in result) expect((await readAll(result.body)).equals(picture)).toBe(true)
  })

  test('with no header that tells who asks', async () => {
    await fetchFrom(`${origin}/image`)
    expect(Object.keys(seen[0]!).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host'])
  })
})

describe('nothing is fetched', () => {
  const inside: Resolve = (_, callback) => callback(null, [{ address: '172.17.0.1', family: 4 }])

  test.each<[string, string, string, Partial<ForeignFetcherOptions>]>([
    ['no URL', 'not a url', 'bad_url', {}],
    ['another scheme', 'ftp://example.com/x', 'bad_url', {}],
    ['a user name in the URL', 'https://user:pass@example.com/x', 'bad_url', {}],
    ['plain http to a public host', 'http://example.com/x', 'bad_url', {}],
    ['a private literal', 'https://192.168.0.1/x', 'blocked', {}],
    ['a private literal although http is allowed', 'http://127.0.0.1:1/x', 'blocked', { allowHttp: true }],
    ['a private IPv6 literal', 'https://[fd00::1]/x', 'blocked', {}],
    ['an octal literal', 'https://0177.0.0.1/x', 'blocked', {}],
    ['a name that resolves inside', 'https://intranet.test/x', 'blocked', { resolve: inside }],
    ['localhost', 'https://localhost/x', 'blocked', {}],
  ])('from %s', async (_, url, fault, changes) => {
    expect(await fetchFrom(url, changes)).toMatchObject({ fault })
    expect(seen).toHaveLength(0)
  })

  test.each([
    ['/page', 'not_an_image'],
    ['/missing', 'status'],
    ['/endless', 'too_large'],
    ['/announced', 'too_large'],
    ['/bomb', 'too_large'],
    ['/to-file', 'bad_url'],
    ['/to-inside', 'blocked'],
    ['/to-other-port', 'bad_url'],
    ['/hops/6', 'status'],
    ['/silent', 'timeout'],
  ])('from %s: %s', async (path, fault) => {
    const result = await fetchFrom(`${origin}${path}`, { timeoutMs: 1_500 })
    expect(result).toMatchObject({ fault })
  })

  test('when it is aborted', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    expect(await fetchFrom(`${origin}/silent`, {}, controller.signal)).toMatchObject({ fault: 'aborted' })
  })
})

test('messages name the host and neither path nor query', async () => {
  const result = await fetchFrom(`${origin}/missing?signature=secret`)
  expect('message' in result && result.message).toBe(`${host} answered with status 404.`)
})
