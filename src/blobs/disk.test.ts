import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { blobStoreContract } from '../../test/contracts/blob-store.ts'
import type { BlobStore, SpooledBody } from '../ports/blob-store.ts'
import { createDiskBlobStore } from './disk.ts'
import { createSpool } from './spool.ts'

function freshDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'halftone-blobs-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

for (const smallBlobs of ['database', 'files'] as const)
  blobStoreContract(`disk, small blobs in ${smallBlobs}`, (dir) => createDiskBlobStore({ dir, smallBlobs }))

async function putBytes(dir: string, bytes: Buffer): Promise<string> {
  const spool = createSpool({ dir: join(dir, 'spool') })
  const writer = spool.create({ maxBytes: bytes.byteLength })
  await writer.write(bytes)
  const body = await writer.end()
  await createDiskBlobStore({ dir, smallBlobs: 'files' }).put(body)
  await body.dispose()
  return join(dir, body.sha256.slice(0, 2), body.sha256)
}

test('a blob lies under the first two digits of its hash, readable by its owner alone', async () => {
  const dir = freshDir()
  const path = await putBytes(dir, Buffer.from('a picture'))
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
  expect(readdirSync(join(dir, 'tmp'))).toEqual([])
})

test('a blob cut short by a power cut is written anew', async () => {
  const dir = freshDir()
  const path = await putBytes(dir, Buffer.from('a picture'))
  truncateSync(path, 3)
  await putBytes(dir, Buffer.from('a picture'))
  expect(statSync(path).size).toBe(9)
})

test('at start only temporary files of dead processes are deleted', () => {
  const dir = freshDir()
  const tmp = join(dir, 'tmp')
  createDiskBlobStore({ dir, smallBlobs: 'files' })
  const ours = `halftone-${process.pid}-0000000000000000.tmp`
  const ofLastStart = `halftone-${process.pid}-0000000000000001.tmp`
  // No process has this id: it is above every system's limit.
  const ofDeadProcess = 'halftone-99999999-0000000000000000.tmp'
  const ofLivingProcess = 'halftone-1-0000000000000000.tmp'
  const foreign = 'notes.tmp'
  for (const name of [ours, ofLastStart, ofDeadProcess, ofLivingProcess, foreign]) writeFileSync(join(tmp, name), '')
  utimesSync(join(tmp, ofLastStart), 1, 1)
  createDiskBlobStore({ dir, smallBlobs: 'files' })
  expect(readdirSync(tmp).toSorted()).toEqual([ofLivingProcess, ours, foreign].toSorted())
})

describe('small blobs in a database', () => {
  function openStore(): { dir: string; store: BlobStore } {
    const dir = freshDir()
    const store = createDiskBlobStore({ dir, smallBlobs: 'database' })
    onTestFinished(() => store.close())
    return { dir, store }
  }

  async function spooled(bytes: Buffer): Promise<SpooledBody> {
    const spool = createSpool({ dir: join(freshDir(), 'spool') })
    const writer = spool.create({ maxBytes: bytes.byteLength })
    await writer.write(bytes)
    return writer.end()
  }

  const hasFile = (dir: string, { sha256 }: SpooledBody): boolean => existsSync(join(dir, sha256.slice(0, 2), sha256))

  test.each([
    [64 * 1024, false],
    [64 * 1024 + 1, true],
  ])('a blob of %d bytes has a file of its own: %s', async (size, expected) => {
    const { dir, store } = openStore()
    const body = await spooled(randomBytes(size))
    await store.put(body)
    expect(hasFile(dir, body)).toBe(expected)
    expect((await store.open(body.sha256))?.bytes).toBe(size)
  })

  test('the database is readable by its owner alone, and is made with the first small blob', async () => {
    const { dir, store } = openStore()
    expect(await store.open('0'.repeat(64))).toBeUndefined()
    await store.delete('0'.repeat(64))
    expect(existsSync(join(dir, 'small.db'))).toBe(false)
    await store.put(await spooled(randomBytes(10)))
    expect(statSync(join(dir, 'small.db')).mode & 0o777).toBe(0o600)
  })

  test('a small blob that an earlier version stored as a file is found and deleted', async () => {
    const { dir, store } = openStore()
    const body = await spooled(randomBytes(10))
    await createDiskBlobStore({ dir, smallBlobs: 'files' }).put(body)
    expect((await store.open(body.sha256))?.bytes).toBe(10)
    await store.delete(body.sha256)
    expect(await store.open(body.sha256)).toBeUndefined()
  })

  test('deleting gives the space back to the file system', async () => {
    const { dir, store } = openStore()
    const bodies = await Promise.all(Array.from({ length: 100 }, () => spooled(randomBytes(50_000))))
    await Promise.all(bodies.map((body) => store.put(body)))
    for (const { sha256 } of bodies) await store.delete(sha256)
    await store.close()
    expect(statSync(join(dir, 'small.db')).size).toBeLessThan(100_000)
  })

  test('a database that is damaged or cannot be made is a typed error, and large blobs are stored all the same', async () => {
    const { dir, store } = openStore()
    writeFileSync(join(dir, 'small.db'), 'this is no database, but it is long enough to be taken for one'.repeat(20))
    await expect(store.put(await spooled(randomBytes(10)))).rejects.toMatchObject({ code: 'storage_failed' })
    const large = await spooled(randomBytes(100_000))
    await store.put(large)
    expect((await store.open(large.sha256))?.bytes).toBe(100_000)
    rmSync(join(dir, 'small.db'))
    await store.put(await spooled(randomBytes(11)))
  })

  test('a folder deleted under a running store is noticed, and stored into again once it is back', async () => {
    const { dir, store } = openStore()
    await store.put(await spooled(randomBytes(10)))
    rmSync(dir, { recursive: true })
    await expect(store.put(await spooled(randomBytes(11)))).rejects.toMatchObject({ code: 'storage_failed' })
    mkdirSync(dir)
    const body = await spooled(randomBytes(12))
    await store.put(body)
    expect((await store.open(body.sha256))?.bytes).toBe(12)
  })
})
