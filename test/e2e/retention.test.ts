/** What a project keeps of its requests, and until when. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Explanation, Receipt } from '../../src/contract/records.ts'
import { openSqliteLedger } from '../../src/storage/index.ts'
import { runCli } from '../cli/run-cli.ts'
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

/** Days that the record of a new request stays, as the ledger has it; null: for good. */
function recordDays(dataDir: string, id: string): number | null {
  using db = new DatabaseSync(join(dataDir, 'ledger.db'), { readOnly: true })
  const row = db.prepare('SELECT created_us AS made, record_expires_us AS ends FROM requests WHERE id = ?').get(id)
  return row?.['ends'] == null ? null : (Number(row['ends']) - Number(row['made'])) / DAY_US
}

it('records end after the days of their project, or of the file; a project of the API may keep them for good', async () => {
  const days = await withGateway(
    { storage: { recordsTtlDays: 400 }, projects: { brief: { recordsTtlDays: 90 } } },
    async (own, dataDir) => {
      const made = async (project_id: string) => {
        const { secret } = await own.createKey({ name: project_id, project_id })
        const { body } = await own.call<{ halftone: { request_id: string } }>('/v1/images/generations', {
          key: secret,
          body: picture,
        })
        return recordDays(dataDir, body.halftone.request_id)
      }
      const project = (id: string, body: object) =>
        own.call<{ records_ttl_days: number | null }>(`/v1/halftone/projects/${id}`, {
          method: 'PUT',
          body: { name: id, ...body },
        })
      const told = [
        await project('new', {}),
        await project('kept', { records_ttl_days: null }),
        await project('short', { records_ttl_days: 30 }),
      ]
      expect(told.map(({ body }) => body.records_ttl_days)).toEqual([400, null, 30])
      return Promise.all(['default', 'brief', 'new', 'kept', 'short'].map(made))
    },
  )
  expect(days).toEqual([400, 90, 400, null, 30])
})

const picture = {
  model: 'sandbox/flat',
  prompt: 'a secret harbour',
  size: '256x256',
  user: 'ann',
  halftone: { tags: { sku: '7' } },
}

it('a record that was deleted says so in lists, receipts, explanations and on the command line; its money is as it was', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'halftone-records-'))
  const config = { storage: { recordsTtlDays: 30 } }
  try {
    const before = await withGateway(
      config,
      async (own) => {
        const { body } = await own.call<{ halftone: { request_id: string } }>('/v1/images/generations', { body: picture })
        return own.receipt(body.halftone.request_id)
      },
      dataDir,
    )
    const id = before.request_id
    await age(dataDir)
    const nowUs = Date.now() * 1_000
    const ledger = await openSqliteLedger({ dataDir, now: () => nowUs })
    await ledger.sweep({ nowUs, limit: 100 })
    await ledger.close()
    const at = new Date(nowUs / 1_000).toISOString()
    await withGateway(
      config,
      async (own) => {
        const [summary] = await own.requests()
        expect(summary).toMatchObject({
          id,
          record_deleted_at: at,
          prompt: null,
          cost_usd: before.total_usd,
          tags: { sku: '7' },
          end_customer: 'ann',
        })
        const receipt = await own.receipt(id)
        expect(receipt).toMatchObject({
          record_deleted_at: at,
          total_usd: before.total_usd,
          alternatives: [],
        } satisfies Partial<Receipt>)
        expect(receipt.attempts.map(({ charges }) => charges.map(({ id: charge, amount_usd }) => [charge, amount_usd]))).toEqual(
          before.attempts.map(({ charges }) => charges.map(({ id: charge, amount_usd }) => [charge, amount_usd])),
        )
        const { body } = await own.call<Explanation>(`/v1/halftone/requests/${id}/explain`)
        expect(body).toMatchObject({ record_deleted_at: at, candidates: [] })
        const env = { HALFTONE_URL: own.url, HALFTONE_KEY: own.adminKey }
        expect((await runCli(['explain', id], { env })).stdout).toContain('was deleted after its time')
        expect((await runCli(['receipt', id], { env })).stdout).toContain('record deleted after its time')
      },
      dataDir,
    )
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})

/** Everything happened 70 days ago. */
async function age(dataDir: string): Promise<void> {
  using db = new DatabaseSync(join(dataDir, 'ledger.db'))
  const us = 70 * DAY_US
  db.exec(
    `UPDATE requests SET created_us = created_us - ${us}, finished_us = finished_us - ${us}, record_expires_us = record_expires_us - ${us}`,
  )
  db.exec(`UPDATE attempts SET settled_us = settled_us - ${us}`)
}

async function withGateway<T>(config: object, use: (own: TestGateway, dataDir: string) => Promise<T>, kept?: string): Promise<T> {
  const env = kept === undefined ? {} : { HALFTONE_DATA_DIR: kept }
  const own = await startTestGateway({ config, env })
  try {
    return await use(own, own.halftone.config.storage.dataDir)
  } finally {
    await own.close()
  }
}
