/** Two gateways on one PostgreSQL and one bucket: what one made the other serves, edits and deletes. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import OpenAI, { toFile } from 'openai'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/gateway.ts'
import type { PostgresDatabase } from '../support/postgres.ts'
import { S3_START_TIMEOUT_MS } from '../support/rgw.ts'
import { createTestBucket, type TestBucket } from '../support/test-bucket.ts'
import { createTestDatabase } from '../support/test-database.ts'

let bucket: TestBucket
let database: PostgresDatabase
let a: TestGateway
let b: TestGateway

beforeAll(async () => {
  ;[database, bucket] = await Promise.all([createTestDatabase(), createTestBucket()])
  const start = (): Promise<TestGateway> =>
    startTestGateway({
      config: {
        sandbox: { enabled: 'always', latencyScale: 0 },
        storage: { blobs: bucket.config },
        network: { allowHttpImageUrls: true, allowPrivateHosts: ['127.0.0.1'] },
      },
      env: { DATABASE_URL: database.url },
    })
  ;[a, b] = await Promise.all([start(), start()])
}, S3_START_TIMEOUT_MS)

afterAll(async () => {
  await Promise.all([a?.close(), b?.close()])
  await database?.drop()
  await bucket?.drop()
}, 60_000)

interface Made {
  readonly data: readonly { readonly url?: string; readonly b64_json?: string }[]
  readonly halftone: { readonly request_id: string }
}

const generate = async (node: TestGateway, body: object = {}): Promise<Made> => {
  const answer = await node.call<Made>('/v1/images/generations', {
    body: { model: 'sandbox/flat', prompt: 'a red fox', size: '256x256', response_format: 'url', ...body },
  })
  expect([answer.status, answer.body]).toMatchObject([200, {}])
  return answer.body
}

/** The same link, asked of another node. */
const at = (node: TestGateway, link: string | undefined | null): URL => {
  const { pathname, search } = new URL(link ?? '', node.url)
  return new URL(pathname + search, node.url)
}

const bytesOf = async (url: URL): Promise<Buffer> => {
  const answer = await fetch(url)
  expect([answer.status, url.pathname]).toEqual([200, url.pathname])
  return Buffer.from(await answer.arrayBuffer())
}

it('a picture made at one node is fetched at the other by its signed link, and its thumbnail too', {
  timeout: 60_000,
}, async () => {
  const made = await generate(a)
  const [here, there] = await Promise.all([a, b].map((node) => bytesOf(at(node, made.data[0]?.url))))
  expect(there?.equals(here ?? Buffer.alloc(0))).toBe(true)
  expect((await sharp(there).metadata()).width).toBe(256)
  const [image] = (await b.record(made.halftone.request_id)).images
  const thumbnail = at(b, image?.thumbnail_url)
  expect((await sharp(await bytesOf(thumbnail)).metadata()).format).toBe('webp')
  const sha256 = createHash('sha256')
    .update(there ?? '')
    .digest('hex')
  const kept = await bucket.keys()
  expect(kept).toContain(`images/blobs/${sha256.slice(0, 2)}/${sha256}`)
  expect(kept).toContain(`images/thumbnails/${sha256.slice(0, 2)}/${sha256}.webp`)
})

it('a stored picture of one node is edited at the other, by its link', { timeout: 60_000 }, async () => {
  const made = await generate(a, { prompt: 'a blue harbour' })
  const { status, body } = await b.call<Made>('/v1/images/edits', {
    body: { model: 'auto', prompt: 'the same at night', images: [{ image_url: at(b, made.data[0]?.url).href }] },
  })
  expect([status, body]).toMatchObject([200, { data: [expect.anything()] }])
})

it('a file uploaded at one node is an input at the other, and is read from there', { timeout: 60_000 }, async () => {
  const [client, other] = [a, b].map(({ baseUrl }) => new OpenAI({ apiKey: ADMIN_KEY, baseURL: baseUrl }))
  if (!client || !other) throw new Error('two clients')
  const picture = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#884422' } })
    .png()
    .toBuffer()
  const file = await client.files.create({ file: await toFile(picture, 'in.png'), purpose: 'vision' })
  const { status } = await b.call('/v1/images/edits', {
    body: { model: 'auto', prompt: 'the same at night', images: [{ file_id: file.id }] },
  })
  expect(status).toBe(200)
  expect(Buffer.from(await (await other.files.content(file.id)).arrayBuffer()).equals(picture)).toBe(true)
})

it('the pictures of a batch are read at either node', { timeout: 120_000 }, async () => {
  const [client, other] = [a, b].map(({ baseUrl }) => new OpenAI({ apiKey: ADMIN_KEY, baseURL: baseUrl }))
  if (!client || !other) throw new Error('two clients')
  const body = { model: 'auto', prompt: 'a green bicycle', size: '256x256' }
  const line = JSON.stringify({ custom_id: 'one', method: 'POST', url: '/v1/images/generations', body })
  const { id: fileId } = await client.files.create({ file: await toFile(Buffer.from(line), 'in.jsonl'), purpose: 'batch' })
  // The client's types do not know the image endpoints of newer batches.
  const endpoint = '/v1/images/generations' as '/v1/responses'
  const { id } = await other.batches.create({ input_file_id: fileId, endpoint, completion_window: '24h' })
  await expect.poll(async () => (await client.batches.retrieve(id)).status, { timeout: 90_000 }).toBe('completed')
  const output = (await client.batches.retrieve(id)).output_file_id ?? ''
  const texts = await Promise.all([client, other].map(async (each) => (await each.files.content(output)).text()))
  expect(texts[0]).toContain('b64_json')
  expect(texts[1]).toBe(texts[0])
})

it('a picture deleted at one node is gone at the other', { timeout: 60_000 }, async () => {
  const made = await generate(a, { prompt: 'to be deleted' })
  const link = made.data[0]?.url
  await bytesOf(at(b, link))
  const [image] = (await a.record(made.halftone.request_id)).images
  expect((await b.call(`/v1/halftone/images/${image?.id}`, { method: 'DELETE' })).status).toBe(200)
  for (const node of [a, b]) expect((await fetch(at(node, link))).status).toBe(410)
})

it('nothing of a picture lies on the disk of a node', () => {
  for (const node of [a, b]) {
    expect(existsSync(join(node.folder, 'data', 'blobs'))).toBe(false)
    expect(existsSync(join(node.folder, 'data', 'thumbnails'))).toBe(false)
    expect(readdirSync(join(node.folder, 'data', 'spool'))).toEqual([])
  }
})
