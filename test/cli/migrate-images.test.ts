/** `halftone migrate --images`: the pictures of a data folder, small ones included, move into a bucket. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { startHalftone } from '../../src/compose.ts'
import { ADMIN_KEY, compatibleProvider } from '../support/gateway.ts'
import { startProviderDouble } from '../support/provider-double.ts'
import { S3_START_TIMEOUT_MS } from '../support/rgw.ts'
import { createTestBucket, type TestBucket } from '../support/test-bucket.ts'
import { runCli } from './run-cli.ts'

let bucket: TestBucket
let folder: string
beforeAll(async () => {
  bucket = await createTestBucket()
}, S3_START_TIMEOUT_MS)
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-move-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})
afterAll(() => bucket?.drop())

const env = () => ({
  HALFTONE_PORT: '0',
  HALFTONE_DATA_DIR: join(folder, 'data'),
  HALFTONE_ADMIN_KEY: ADMIN_KEY,
  HALFTONE_LOG_LEVEL: 'silent',
})

/** In a bucket, or on the disk. */
const configure = (config: object, blobs?: object): Promise<void> =>
  writeFile(join(folder, 'halftone.yaml'), JSON.stringify({ ...config, storage: { ...(blobs && { blobs }) } }))

async function call<T>(url: string, body: object): Promise<T> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  expect(answer.status).toBe(200)
  return (await answer.json()) as T
}

const migrate = async (
  ...args: string[]
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> =>
  runCli(['migrate', '--images', ...args], { cwd: folder, env: env() })

test('pictures made on the disk are served out of the bucket, and a second copy finds nothing to do', {
  timeout: 120_000,
}, async () => {
  const double = await startProviderDouble()
  onTestFinished(() => double.close())
  const config = { providers: { double: compatibleProvider(double) } }
  await configure(config)
  const before = await startHalftone({ env: env(), cwd: folder })
  const links: string[] = []
  // One small enough for the database of small ones, one with a file of its own.
  for (const imageBytes of [2_000, 300_000]) {
    double.script({ imageBytes })
    const made = await call<{ data: { url: string }[] }>(`${before.url}/v1/images/generations`, {
      model: 'acme/painter',
      prompt: `a fox of ${imageBytes} bytes`,
      response_format: 'url',
    })
    links.push(made.data[0]?.url ?? '')
  }
  const contents = await Promise.all(links.map(async (link) => Buffer.from(await (await fetch(link)).arrayBuffer())))
  expect(contents.map(({ byteLength }) => byteLength > 64 * 1024)).toEqual([false, true])

  await configure(config, bucket.config)
  const tried = await migrate('--dry-run', '--json')
  expect(JSON.parse(tried.stdout)).toMatchObject({ dry_run: true, images: { copied: 2 } })
  expect(await bucket.keys()).toEqual([])
  // The gateway still runs on the disk.
  expect((await migrate()).stdout).toMatch(/Copied 2 images/)
  await before.close()
  expect((await migrate()).stdout).toMatch(/Copied 0 images.*2 were in the bucket already/)
  await rm(join(folder, 'data', 'blobs'), { recursive: true })

  const after = await startHalftone({ env: env(), cwd: folder })
  onTestFinished(() => after.close())
  for (const [index, link] of links.entries()) {
    const { pathname, search } = new URL(link)
    const answer = await fetch(after.url + pathname + search)
    expect(answer.status).toBe(200)
    expect(Buffer.from(await answer.arrayBuffer()).equals(contents[index] ?? Buffer.alloc(0))).toBe(true)
  }
})

test('a damaged picture is named and left out', { timeout: 60_000 }, async () => {
  await configure({}, bucket.config)
  const sha256 = createHash('sha256').update(randomBytes(10)).digest('hex')
  const dir = join(folder, 'data', 'blobs', sha256.slice(0, 2))
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, sha256), 'cut short')
  const { stdout } = await migrate()
  expect(stdout).toContain(`Left out: ${sha256} is damaged`)
  expect((await bucket.keys()).filter((key) => key.includes(sha256))).toEqual([])
})

test('without a bucket there is nothing to copy into', { timeout: 60_000 }, async () => {
  await configure({})
  const { code, stderr } = await migrate()
  expect(code).not.toBe(0)
  expect(stderr).toContain('storage.blobs')
})
