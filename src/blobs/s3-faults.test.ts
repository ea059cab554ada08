/** A store that is slow, away, busy or wrong, over real sockets. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { S3_START_TIMEOUT_MS } from '../../test/support/rgw.ts'
import { type S3Fate, type S3Proxy, startS3Proxy } from '../../test/support/s3-proxy.ts'
import { createTestBucket, type TestBucket } from '../../test/support/test-bucket.ts'
import type { SpooledBody } from '../ports/blob-store.ts'
import { openS3BlobStore, type S3Store } from './s3.ts'
import type { S3Limits, S3Place } from './s3-connection.ts'
import { createSpool } from './spool.ts'

let bucket: TestBucket
let proxy: S3Proxy
beforeAll(async () => {
  bucket = await createTestBucket()
  proxy = await startS3Proxy(bucket.place.endpoint)
}, S3_START_TIMEOUT_MS)
afterEach(async () => {
  proxy.decide = () => ({ kind: 'pass' })
  proxy.permits = true
  proxy.seen.splice(0)
})
afterAll(async () => {
  await proxy?.close()
  await bucket?.drop()
})

/** Slow machines have time; those tests that wait for the end of a try have less. */
const QUICK = { tryMs: 15_000, backoffMs: 20, restMs: 400 } satisfies Partial<S3Limits>

async function storeOver(place: Partial<S3Place> = {}, limits: Partial<S3Limits> = {}): Promise<S3Store> {
  const store = await openS3BlobStore({
    place: { ...bucket.place, endpoint: proxy.endpoint, ...place },
    limits: { ...QUICK, ...limits },
  })
  onTestFinished(() => store.close())
  return store
}

async function spooled(bytes: Uint8Array, options: { memory?: number; recycle?: boolean } = {}): Promise<SpooledBody> {
  const dir = mkdtempSync(join(tmpdir(), 'halftone-spool-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const spool = createSpool({ dir, memoryBudgetBytes: options.memory ?? 10_000_000 })
  const writer = spool.create({ maxBytes: bytes.byteLength, recycle: options.recycle === true })
  for (let at = 0; at < bytes.byteLength; at += 50_000) await writer.write(bytes.subarray(at, at + 50_000))
  return writer.end()
}

async function stored(store: S3Store, bytes: Uint8Array): Promise<string> {
  const body = await spooled(bytes)
  await store.put(body)
  return body.sha256
}

async function read(store: S3Store, sha256: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of (await store.open(sha256))!.stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The first so many requests of a method meet the fate, the rest pass. */
function first(count: number, method: string, fate: S3Fate): void {
  let left = count
  proxy.decide = (request) => {
    if (request.method !== method || left === 0) return { kind: 'pass' }
    left -= 1
    return fate
  }
}

const busy: S3Fate = { kind: 'answer', status: 503, code: 'SlowDown' }

describe('what passes is tried again', () => {
  test.each<[string, S3Fate, Partial<S3Limits>?]>([
    ['a busy store', busy],
    ['an internal error', { kind: 'answer', status: 500, code: 'InternalError' }],
    ['a condition that met another', { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' }],
    ['a store that does not answer in time', { kind: 'hang' }, { tryMs: 4_000 }],
    ['a body that was changed on its way', { kind: 'damage' }],
  ])('%s', { timeout: 60_000 }, async (_, fate, limits) => {
    const store = await storeOver({}, limits)
    const bytes = randomBytes(300_000)
    first(1, 'PUT', fate)
    expect(await read(store, await stored(store, bytes))).toEqual(bytes)
    expect(proxy.seen.filter(({ method }) => method === 'PUT')).toHaveLength(2)
  })

  test('a body of which memory and files are used again arrives as it is', { timeout: 60_000 }, async () => {
    const store = await storeOver()
    const bytes = randomBytes(3_000_000)
    const body = await spooled(bytes, { memory: 200_000, recycle: true })
    first(1, 'PUT', busy)
    await store.put(body)
    expect((await read(store, body.sha256)).equals(bytes)).toBe(true)
  })
})

test('a service that never gives leave to send gets large bodies all the same', { timeout: 60_000 }, async () => {
  const store = await storeOver({}, { tryMs: 2_000 })
  proxy.permits = false
  const bytes = randomBytes(3_000_000)
  const sha256 = await stored(store, bytes)
  expect(proxy.seen).toHaveLength(1)
  expect((await read(store, sha256)).equals(bytes)).toBe(true)
})

describe('a store that is away', () => {
  test('is tried a few times, then left alone for a while, and used again once it is back', { timeout: 60_000 }, async () => {
    const store = await storeOver({}, { restMs: 8_000 })
    const body = await spooled(randomBytes(1_000))
    proxy.decide = () => busy
    const unavailable = { code: 'storage_unavailable', retryable: true }
    await expect(store.put(body)).rejects.toMatchObject(unavailable)
    expect(proxy.seen).toHaveLength(3)
    await expect(store.put(body)).rejects.toMatchObject(unavailable)
    expect(proxy.seen).toHaveLength(6)
    await expect(store.put(body)).rejects.toMatchObject(unavailable)
    expect(proxy.seen).toHaveLength(6)
    proxy.decide = () => ({ kind: 'pass' })
    await expect.poll(() => store.put(body).then(() => 'stored', String), { timeout: 40_000 }).toBe('stored')
    expect((await store.open(body.sha256))?.bytes).toBe(1_000)
  })

  test.each([
    ['refuses connections', async () => proxy.down()],
    [
      'takes them and is silent',
      async () => {
        proxy.decide = () => ({ kind: 'hang' })
      },
    ],
  ])('%s: every operation says so, in bounded time', { timeout: 60_000 }, async (_, begin) => {
    const store = await storeOver({}, { tryMs: 500, restMs: 1 })
    const body = await spooled(randomBytes(1_000))
    await begin()
    onTestFinished(() => proxy.up().catch(() => undefined))
    const unavailable = { code: 'storage_unavailable' }
    await expect(store.put(body)).rejects.toMatchObject(unavailable)
    await expect(store.open(body.sha256)).rejects.toMatchObject(unavailable)
    await expect(store.delete(body.sha256)).rejects.toMatchObject(unavailable)
    await expect(store.check()).rejects.toMatchObject(unavailable)
  })
})

describe('a store that refuses', () => {
  const credentials = { accessKeyId: 'AKIDNOBODY', secretAccessKey: 'wrong' }
  test.each<[string, () => Partial<S3Place>, RegExp]>([
    ['an unknown key', () => ({ credentials }), /does not know the access key/],
    [
      'a wrong secret',
      () => ({ credentials: { ...bucket.place.credentials!, secretAccessKey: 'wrong' } }),
      /secret key is wrong/,
    ],
    ['a bucket that is not there', () => ({ bucket: 'halftone-test-nowhere' }), /no such bucket/],
  ])('%s is named, asked once, and no secret is in the message', async (_, place, message) => {
    const store = await storeOver(place())
    const failed = await store.put(await spooled(randomBytes(1_000))).catch((error: Error) => error)
    expect(failed).toMatchObject({ code: 'storage_failed', message: expect.stringMatching(message) })
    expect(JSON.stringify(failed)).not.toContain(bucket.place.credentials!.secretAccessKey)
    expect(proxy.seen).toHaveLength(1)
    await expect(store.check()).rejects.toMatchObject({ code: 'storage_failed' })
  })

  test('a quota that is used up is a full store', async () => {
    const store = await storeOver()
    proxy.decide = () => ({ kind: 'answer', status: 403, code: 'QuotaExceeded' })
    await expect(store.put(await spooled(randomBytes(1_000)))).rejects.toMatchObject({ code: 'storage_full' })
  })

  test('a store that knows no conditions is written to without', async () => {
    const store = await storeOver()
    first(1, 'PUT', { kind: 'answer', status: 501, code: 'NotImplemented' })
    const bytes = randomBytes(1_000)
    expect(await read(store, await stored(store, bytes))).toEqual(bytes)
  })
})

describe('reading', () => {
  test('a stream that breaks off goes on from there', { timeout: 60_000 }, async () => {
    const store = await storeOver()
    const bytes = randomBytes(2_000_000)
    const sha256 = await stored(store, bytes)
    first(3, 'GET', { kind: 'cut', after: 300_000 })
    expect((await read(store, sha256)).equals(bytes)).toBe(true)
    expect(proxy.seen.filter(({ method }) => method === 'GET').length).toBe(4)
  })

  test('one that never brings anything is given up', { timeout: 60_000 }, async () => {
    const store = await storeOver()
    const sha256 = await stored(store, randomBytes(100_000))
    proxy.decide = ({ method }) => (method === 'GET' ? { kind: 'cut', after: 0 } : { kind: 'pass' })
    await expect(read(store, sha256)).rejects.toMatchObject({ code: 'storage_unavailable' })
  })

  test('a reader that rests holds no connection, and gets the rest when it comes back', { timeout: 60_000 }, async () => {
    const store = await storeOver()
    const bytes = randomBytes(20_000_000)
    const sha256 = await stored(store, bytes)
    const chunks: Uint8Array[] = []
    for await (const chunk of (await store.open(sha256))!.stream) {
      chunks.push(chunk)
      if (chunks.length === 1) await expect.poll(() => proxy.open, { timeout: 20_000 }).toBe(0)
    }
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
  })

  test('a stream nobody starts asks for nothing', async () => {
    const store = await storeOver()
    const sha256 = await stored(store, randomBytes(1_000))
    await store.open(sha256)
    expect(proxy.seen.filter(({ method }) => method === 'GET')).toEqual([])
  })

  test('one that is left half read gives its connection back', { timeout: 60_000 }, async () => {
    const store = await storeOver()
    const sha256 = await stored(store, randomBytes(20_000_000))
    for await (const _ of (await store.open(sha256))!.stream) break
    await expect.poll(() => proxy.open, { timeout: 20_000 }).toBe(0)
  })

  test('bytes that are not those that were stored end in an error', async () => {
    const store = await storeOver()
    const sha256 = await stored(store, randomBytes(1_000))
    const Key = `${bucket.place.prefix}blobs/${sha256.slice(0, 2)}/${sha256}`
    await bucket.client.send(new PutObjectCommand({ Bucket: bucket.place.bucket, Key, Body: randomBytes(1_000) }))
    await expect(read(store, sha256)).rejects.toMatchObject({ code: 'storage_failed', message: expect.stringMatching(/damaged/) })
  })
})
