import { expect, test } from 'vitest'
import { createApp } from './app.ts'

type Context = Parameters<typeof createApp>[0]

// As much of a context as building the server touches.
const build = () => createApp({ settings: { trustedProxies: [] }, liveStreams: [] } as unknown as Context)

test('headers and body of a request have to come within a time; making the pictures may take longer', async () => {
  const app = await build()
  expect(app.server.headersTimeout).toBe(60_000)
  expect(app.server.requestTimeout).toBe(600_000)
  await app.close()
})

test.each([
  ['ERR_HTTP_REQUEST_TIMEOUT', 408, 'not complete within 10 minutes'],
  ['HPE_HEADER_OVERFLOW', 431, 'larger than this server takes'],
  ['HPE_INVALID_METHOD', 400, 'not well-formed HTTP'],
])('%s is answered with %d, in the envelope of every other error', async (code, status, says) => {
  const app = await build()
  let answer = ''
  const socket = {
    writable: true,
    end: (text: string) => {
      answer = text
    },
  }
  app.server.emit('clientError', Object.assign(new Error(code), { code }), socket as never)
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  const { error } = JSON.parse(answer.slice(answer.indexOf('{'))) as { error: { message: string; type: string } }
  expect(error.message).toContain(says)
  await app.close()
})
