/** `halftone doctor` of a bucket: it is written to, read from and deleted from, and what is wrong is named with what to do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { S3_START_TIMEOUT_MS } from '../support/rgw.ts'
import { startS3Proxy } from '../support/s3-proxy.ts'
import { createTestBucket, type TestBucket } from '../support/test-bucket.ts'
import { runCli } from './run-cli.ts'

let bucket: TestBucket
beforeAll(async () => {
  bucket = await createTestBucket()
}, S3_START_TIMEOUT_MS)
afterAll(() => bucket?.drop())

interface Finding {
  readonly level: string
  readonly area: string
  readonly message: string
  readonly remedy?: string
}

async function imagesOf(blobs: object): Promise<{ readonly found: readonly Finding[]; readonly said: string }> {
  const cwd = await mkdtemp(join(tmpdir(), 'halftone-doctor-'))
  onTestFinished(() => rm(cwd, { recursive: true, force: true }))
  await writeFile(join(cwd, 'halftone.yaml'), JSON.stringify({ server: { port: 1 }, storage: { blobs } }))
  const { stdout, stderr } = await runCli(['doctor', '--json'], { cwd })
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] }
  return { found: findings.filter(({ area }) => area === 'Images'), said: stdout + stderr }
}

test('a bucket that works is said to, and nothing is left in it', { timeout: 60_000 }, async () => {
  const { found } = await imagesOf(bucket.config)
  expect(found).toMatchObject([{ level: 'ok', message: expect.stringContaining('written, read and deleted') }])
  expect(await bucket.keys()).toEqual([])
})

test.each<[string, () => object, RegExp]>([
  ['a bucket that is not there', () => ({ bucket: 'halftone-test-nowhere' }), /no such bucket/],
  ['a wrong secret', () => ({ secretAccessKey: 'not-the-secret-0123' }), /secret key is wrong/],
  ['a service that does not answer', () => ({ endpoint: 'http://127.0.0.1:1' }), /does not answer/],
])('%s is wrong, with what to do, and without the secret', { timeout: 60_000 }, async (_, over, message) => {
  const { found, said } = await imagesOf({ ...bucket.config, ...over() })
  expect(found).toMatchObject([
    { level: 'wrong', message: expect.stringMatching(message), remedy: expect.stringContaining('s3:PutObject') },
  ])
  expect(said).not.toMatch(new RegExp(`not-the-secret|${bucket.service.secretAccessKey}`))
})

test('a key that may not write is wrong', { timeout: 60_000 }, async () => {
  const proxy = await startS3Proxy(bucket.place.endpoint)
  onTestFinished(() => proxy.close())
  proxy.decide = ({ method }) => (method === 'PUT' ? { kind: 'answer', status: 403, code: 'AccessDenied' } : { kind: 'pass' })
  const { found } = await imagesOf({ ...bucket.config, endpoint: proxy.endpoint })
  expect(found).toMatchObject([{ level: 'wrong', message: expect.stringContaining('may not do this') }])
})

test('a folder of images is no bucket to look at', { timeout: 60_000 }, async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'halftone-doctor-'))
  onTestFinished(() => rm(cwd, { recursive: true, force: true }))
  const { stdout } = await runCli(['doctor', '--json'], { cwd, env: { HALFTONE_PORT: '1' } })
  expect(stdout).not.toContain('"Images"')
})
