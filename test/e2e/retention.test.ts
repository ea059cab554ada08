/** What a project keeps of its requests, and until when. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({ config: { projects: { brief: { contentTtlDays: 7 } } } })
})
afterAll(() => gateway.close())

const DAY_US = 86_400_000_000
const put = (id: string, body: object) =>
  gateway.call<{ content_ttl_days: number | null }>(`/v1/halftone/projects/${id}`, { method: 'PUT', body })

/** Days that the content of a new request of the project stays; null: for good. */
async function daysOf(project_id: string): Promise<number | null> {
  const { secret } = await gateway.createKey({ name: project_id, project_id })
  const { body } = await gateway.call<{ halftone: { request_id: string } }>('/v1/images/generations', {
    key: secret,
    body: { model: 'sandbox/flat', prompt: 'a secret harbour', size: '256x256' },
  })
  using db = new DatabaseSync(join(gateway.halftone.config.storage.dataDir, 'ledger.db'), { readOnly: true })
  const row = db
    .prepare(
      'SELECT r.created_us AS made, c.expires_us AS ends FROM request_content c JOIN requests r ON r.id = c.request_id WHERE r.id = ?',
    )
    .get(body.halftone.request_id)
  return row?.['ends'] == null ? null : (Number(row['ends']) - Number(row['made'])) / DAY_US
}

it('a project of the file ends the content of its requests after its days', async () => {
  expect(await daysOf('brief')).toBe(7)
})

it('a project of the API keeps it for good, then for so many days, then for good again', async () => {
  expect((await put('shop', { name: 'Shop' })).body.content_ttl_days).toBeNull()
  expect(await daysOf('shop')).toBeNull()
  expect((await put('shop', { name: 'Shop', content_ttl_days: 30 })).body.content_ttl_days).toBe(30)
  expect((await put('shop', { name: 'Shop, renamed' })).body.content_ttl_days).toBe(30)
  expect(await daysOf('shop')).toBe(30)
  expect((await put('shop', { name: 'Shop', content_ttl_days: null })).body.content_ttl_days).toBeNull()
  expect(await daysOf('shop')).toBeNull()
})

it('half a day is refused by its name', async () => {
  const { status, body } = await gateway.call<{ error: { param: string } }>('/v1/halftone/projects/shop', {
    method: 'PUT',
    body: { name: 'Shop', content_ttl_days: 0.5 },
  })
  expect([status, body.error.param]).toEqual([400, 'content_ttl_days'])
})
