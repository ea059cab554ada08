/** The store of images goes away, is wrong from the start, or comes back: pictures that were paid for reach the client all the same. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { checkLedger, compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'
import { S3_START_TIMEOUT_MS } from '../support/rgw.ts'
import { type S3Proxy, startS3Proxy } from '../support/s3-proxy.ts'
import { createTestBucket, type TestBucket } from '../support/test-bucket.ts'

let bucket: TestBucket
let proxy: S3Proxy
let double: ProviderDouble
let gateway: TestGateway | undefined

beforeAll(async () => {
  bucket = await createTestBucket()
}, S3_START_TIMEOUT_MS)
beforeEach(async () => {
  ;[proxy, double] = await Promise.all([startS3Proxy(bucket.place.endpoint), startProviderDouble()])
})
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
  await Promise.all([proxy.close(), double.close()])
})
afterAll(() => bucket?.drop())

async function start(blobs: object = {}, more: object = {}): Promise<TestGateway> {
  gateway = await startTestGateway({
    config: {
      providers: { double: compatibleProvider(double, { retries: 0 }) },
      storage: { blobs: { ...bucket.config, endpoint: proxy.endpoint, ...blobs } },
      ...more,
    },
    alertsEveryMs: 50,
  })
  return gateway
}

interface Made {
  readonly data: readonly { readonly url?: string; readonly b64_json?: string }[]
  readonly halftone: { readonly request_id: string; readonly cost_usd: string }
  readonly error?: { readonly code: string }
}

const generate = (node: TestGateway, prompt: string, headers: Readonly<Record<string, string>> = {}) =>
  node.call<Made>('/v1/images/generations', { body: { model: 'acme/painter', prompt, response_format: 'url' }, headers })

it('away in the middle: the client gets the bytes instead of a link, and the ledger has the call and no image', {
  timeout: 120_000,
}, async () => {
  const node = await start()
  const before = await generate(node, 'before')
  expect(before.body.data[0]?.url).toBeDefined()

  await proxy.down()
  const during = await generate(node, 'during', { 'idempotency-key': 'one' })
  expect([during.status, during.body.data[0]?.url]).toEqual([200, undefined])
  expect(Buffer.from(during.body.data[0]?.b64_json ?? '', 'base64').byteLength).toBeGreaterThan(100)
  const record = await node.record(during.body.halftone.request_id)
  expect([record.outcome, record.cost_usd, record.images]).toEqual(['succeeded', '0.04', []])
  // Not paid for twice, and not made up: the repeat of a picture that was not kept says so.
  const repeated = await generate(node, 'during', { 'idempotency-key': 'one' })
  expect([repeated.status, repeated.body.error?.code]).toEqual([410, 'asset_expired'])

  const link = await fetch(before.body.data[0]?.url ?? '')
  expect([link.status, ((await link.json()) as Made).error?.code]).toEqual([503, 'storage_unavailable'])
  expect(Number(link.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await fetch(`${node.url}/readyz`)).status).toBe(200)

  const metrics = await fetch(`${node.url}/metrics`, { headers: { authorization: `Bearer ${node.adminKey}` } })
  expect(await metrics.text()).toMatch(/^halftone_images_not_kept_total 1$/m)

  await proxy.up()
  await expect.poll(async () => (await fetch(before.body.data[0]?.url ?? '')).status, { timeout: 60_000 }).toBe(200)
  await expect.poll(async () => (await generate(node, 'after')).body.data[0]?.url, { timeout: 60_000 }).toBeDefined()
  await checkLedger(node, { doubles: { double } })
})

it('tells of an outage once when it begins and once when it ends', { timeout: 120_000 }, async () => {
  const told: string[] = []
  const receiver = createServer((request, response) => {
    let raw = ''
    request.on('data', (chunk) => {
      raw += String(chunk)
    })
    request.on('end', () => {
      told.push(JSON.parse(raw).type)
      response.end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  try {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
    const kinds = ['images.unreachable', 'images.reachable']
    const alerts = { webhooks: [{ name: 'pager', url, secret: 'a secret of the webhooks', kinds }] }
    const node = await start({}, { alerts, network: { allowPrivateHosts: ['127.0.0.1'] } })
    await generate(node, 'before')
    await proxy.down()
    await Promise.all(['one', 'two', 'three'].map((prompt) => generate(node, prompt)))
    await expect.poll(() => told, { timeout: 60_000 }).toEqual(['images.unreachable'])
    await generate(node, 'four')
    await proxy.up()
    await expect.poll(async () => (await generate(node, 'after')).body.data[0]?.url, { timeout: 60_000 }).toBeDefined()
    await expect.poll(() => told, { timeout: 60_000 }).toEqual(['images.unreachable', 'images.reachable'])
  } finally {
    receiver.close()
  }
})

it('silent in the middle: the picture is sent in bounded time, and the next one at once', { timeout: 120_000 }, async () => {
  const node = await start()
  proxy.decide = () => ({ kind: 'hang' })
  const timed = async (prompt: string): Promise<number> => {
    const began = performance.now()
    const { status, body } = await generate(node, prompt)
    expect([status, typeof body.data[0]?.b64_json]).toEqual([200, 'string'])
    return performance.now() - began
  }
  // Two calls without an answer, of three tries each, are what it takes to leave the store alone.
  await Promise.all([timed('one'), timed('two')])
  expect(await timed('three')).toBeLessThan(9_000)
  expect(double.billed.length).toBe(3)
})

it('away at the start: the gateway starts, and keeps pictures once the store is there', { timeout: 120_000 }, async () => {
  await proxy.down()
  const node = await start()
  expect((await generate(node, 'early')).body.data[0]?.b64_json).toBeDefined()
  await proxy.up()
  await expect.poll(async () => (await generate(node, 'late')).body.data[0]?.url, { timeout: 60_000 }).toBeDefined()
})

it.each<[string, object, RegExp]>([
  ['a bucket that is not there', { bucket: 'halftone-test-nowhere' }, /bucket/],
  ['a wrong key', { accessKeyId: 'AKIDNOBODY', secretAccessKey: 'wrong-secret-0123' }, /key/],
])('%s stops the start, and the message names it without the secret', async (_, blobs, message) => {
  const error = await start(blobs).then(
    () => undefined,
    (failed: Error) => failed,
  )
  expect(error?.message).toMatch(message)
  expect(error?.message).not.toMatch(/wrong-secret/)
})
