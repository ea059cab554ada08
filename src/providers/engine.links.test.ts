/** Links in answers: which are followed, which lead inside, and what a file that does not come costs. Real sockets. */
import { describe, expect, test } from 'vitest'
import { attempt } from '../../test/providers/attempt.ts'
import { compatible } from '../../test/providers/scripted.ts'
import { type Handler, json, serve } from '../../test/providers/served.ts'
import { doublePicture } from '../../test/support/provider-double.ts'
import type { Resolve } from '../net/public-address.ts'

const picture = doublePicture(64, 48, { bytes: 20_000 })

describe('links in answers', () => {
  const linkTo =
    (url: string): Handler =>
    (request, _, response) => {
      if (request.url?.startsWith('/files/')) response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
      else json(response, { data: [{ url }] })
    }

  test.each(['/files/a.png', 'same-origin'])('to the configured host are followed though it is private: %s', async (form) => {
    const seen: (string | undefined)[] = []
    const { origin } = await serve((request, body, response) => {
      if (request.url?.startsWith('/files/')) seen.push(request.headers.authorization)
      linkTo(form === 'same-origin' ? `${origin}/files/a.png` : form)(request, body, response)
    })
    const { result } = await attempt(compatible(origin))
    expect(result).toMatchObject({ kind: 'done', images: [{ size: { width: 64, height: 48 } }] })
    expect(seen).toEqual([undefined])
  })

  test.each([
    ['another port of the private host', 'http://127.0.0.1:1/x.png'],
    ['https on a private address', 'https://10.0.0.7/x.png'],
    ['the metadata service', 'http://169.254.169.254/latest/meta-data'],
    ['an address in disguise', 'https://2130706433/x.png'],
    ['a mapped address', 'https://[::ffff:127.0.0.1]/x.png'],
    ['a name that resolves inside', 'https://inside.test/x.png'],
    ['a file', 'file:///etc/passwd'],
  ])('to %s are not followed', async (_, url) => {
    const resolve: Resolve = (__, callback) => callback(null, [{ address: '192.168.1.1', family: 4 }])
    const { origin } = await serve(linkTo(url))
    const { result, spool } = await attempt(compatible(origin, {}, resolve))
    expect(result).toMatchObject({ kind: 'failed', failure: { billed: 'yes' } })
    if (result.kind === 'failed') expect(['blocked_address', 'provider_invalid_response']).toContain(result.failure.code)
    expect(spool.open).toBe(0)
  })

  test('that redirect inside are not followed there', async () => {
    const target = await serve((_, __, response) => response.writeHead(200).end(picture))
    const { origin } = await serve((request, _, response) => {
      if (request.url === '/files/a') response.writeHead(302, { location: `${target.origin}/secret.png` }).end()
      else json(response, { data: [{ url: `${origin}/files/a` }] })
    })
    const { result } = await attempt(compatible(origin))
    expect(result).toMatchObject({ kind: 'failed', failure: { billed: 'yes', retryable: false } })
  })

  test('are fetched again when the file is not there at once', async () => {
    let tries = 0
    const { origin } = await serve((request, body, response) => {
      if (request.url === '/files/a' && ++tries < 3) response.writeHead(503).end()
      else linkTo(`${origin}/files/a`)(request, body, response)
    })
    const { result } = await attempt(compatible(origin))
    expect(result.kind).toBe('done')
    expect(tries).toBe(3)
  })

  test.each<[string, Handler, string]>([
    ['a page', (_, __, response) => response.writeHead(200).end('<html></html>'), 'provider_invalid_response'],
    ['too much', (_, __, response) => response.writeHead(200).end(Buffer.alloc(300_000)), 'provider_response_too_large'],
    ['nothing there', (_, __, response) => response.writeHead(404).end(), 'provider_invalid_response'],
    ['a reset', (request) => request.socket.resetAndDestroy(), 'provider_unreachable'],
  ])('to %s fail, billed', async (_, file, code) => {
    const { origin } = await serve((request, body, response) => {
      if (request.url === '/files/a') file(request, body, response)
      else json(response, { data: [{ url: `${origin}/files/a` }] })
    })
    const { result, spool } = await attempt(compatible(origin, { maxImageBytes: 200_000 }))
    expect(result).toMatchObject({ kind: 'failed', failure: { code, billed: 'yes' } })
    expect(spool.open).toBe(0)
  })
})
