import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { blobStoreContract } from '../../test/contracts/blob-store.ts'
import { createDiskBlobStore } from './disk.ts'
import { createSpool } from './spool.ts'

function freshDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'halftone-blobs-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

blobStoreContract('disk', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'halftone-blobs-'))
  const blobs = join(dir, 'blobs')
  const memorySpool = createSpool({ dir: join(dir, 'spool') })
  const fileSpool = createSpool({ dir: join(dir, 'spool'), memoryBudgetBytes: 0 })
  return {
    store: createDiskBlobStore({ dir: blobs }),
    memorySpool,
    fileSpool,
    reopen: () => createDiskBlobStore({ dir: blobs }),
    async close() {
      await memorySpool.close()
      await fileSpool.close()
      rmSync(dir, { recursive: true })
    },
  }
})

async function putBytes(dir: string, bytes: Buffer): Promise<string> {
  const spool = createSpool({ dir: join(dir, 'spool') })
  const writer = spool.create({ maxBytes: bytes.byteLength })
  await writer.write(bytes)
  const body = await writer.end()
  await createDiskBlobStore({ dir }).put(body)
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
  createDiskBlobStore({ dir })
  const ours = `halftone-${process.pid}-0000000000000000.tmp`
  const ofLastStart = `halftone-${process.pid}-0000000000000001.tmp`
  // No process has this id: it is above every system's limit.
  const ofDeadProcess = 'halftone-99999999-0000000000000000.tmp'
  const ofLivingProcess = 'halftone-1-0000000000000000.tmp'
  const foreign = 'notes.tmp'
  for (const name of [ours, ofLastStart, ofDeadProcess, ofLivingProcess, foreign]) writeFileSync(join(tmp, name), '')
  utimesSync(join(tmp, ofLastStart), 1, 1)
  createDiskBlobStore({ dir })
  expect(readdirSync(tmp).toSorted()).toEqual([ofLivingProcess, ours, foreign].toSorted())
})
