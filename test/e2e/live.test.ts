/** The stream of requests: whoever may no longer read it is cut off. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

let gateway: TestGateway
beforeEach(async () => {
  gateway = await startTestGateway({ config: { sandbox: { enabled: 'always', latencyScale: 0 } } })
})
afterEach(() => gateway.close())

/** The id of the request. */
async function make(): Promise<string> {
  const body = { model: 'sandbox/flat', prompt: 'a red fox', size: '256x256' }
  const made = await gateway.call<{ halftone: { request_id: string } }>('/v1/images/generations', { body })
  return made.body.halftone.request_id
}

/** Reads the stream: `text` is what has come so far, `ended` whether the server has closed it. */
async function watch(headers: Record<string, string>) {
  const leave = new AbortController()
  const response = await fetch(`${gateway.url}/v1/halftone/events`, { headers, signal: leave.signal })
  const seen = { status: response.status, text: '', ended: false, leave: () => leave.abort() }
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) seen.text += decoder.decode(chunk, { stream: true })
    seen.ended = true
  }
  read().catch(() => undefined)
  return seen
}

const soon = { timeout: 30_000 }

it('ends with the key that it was opened with', async () => {
  const { id, secret } = await gateway.createKey({ role: 'operator' })
  const [revoked, staying] = await Promise.all([
    watch({ authorization: `Bearer ${secret}` }),
    watch({ authorization: `Bearer ${gateway.adminKey}` }),
  ])
  await make()
  await expect.poll(() => [revoked.text, staying.text].every((text) => text.includes('event: request')), soon).toBe(true)
  expect((await gateway.call(`/v1/halftone/keys/${id}`, { method: 'DELETE' })).status).toBe(200)
  const later = await make()
  await expect.poll(() => revoked.ended, soon).toBe(true)
  await expect.poll(() => staying.text, soon).toContain(later)
  expect(revoked.text).not.toContain(later)
  expect(staying.ended).toBe(false)
  staying.leave()
}, 90_000)

it('ends with the session that it was opened in', async () => {
  const signedIn = await fetch(`${gateway.url}/v1/halftone/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: gateway.adminKey }),
  })
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
  const seen = await watch({ cookie })
  expect(seen.status).toBe(200)
  const out = { method: 'DELETE', headers: { cookie, 'x-halftone-csrf': '1' } }
  expect((await fetch(`${gateway.url}/v1/halftone/session`, out)).status).toBe(200)
  await make()
  await expect.poll(() => seen.ended, soon).toBe(true)
  expect(seen.text).not.toContain('event: request')
}, 90_000)
