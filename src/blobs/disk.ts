/** Blobs as files, `aa/<sha256>` under one folder, named by a row only once they are whole; small ones in a database there. */
import { statfs, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { HalftoneError } from '../core/error.ts'
import type { BlobStore, SpooledBody } from '../ports/blob-store.ts'
import {
  asStorageError,
  closeFile,
  createGate,
  DIR_MODE,
  errorCodeOf,
  FILE_MODE,
  isMissing,
  makeDir,
  openFile,
  openTempDir,
  readChunks,
  removeFile,
  renameFile,
  statFile,
  tempPath,
  truncateFile,
  writeChunks,
} from './files.ts'
import { createSmallStore } from './small.ts'
import { type FileBackedBody, isFileBacked } from './spool.ts'

/** Each is a few trips to the file threads, one after the other: with few of them the loop is waited for, not the disk. */
const CONCURRENT_PUTS = 16
const SHA256 = /^[0-9a-f]{64}$/

/** Most bytes of a blob in the database: up to about here a row is cheaper to write than a file, and no slower to read. */
const SMALL_BYTES = 64 * 1024

export interface DiskBlobStoreOptions {
  readonly dir: string
  /** `database` only where this process alone uses the folder: SQLite's log is not for network file systems. */
  readonly smallBlobs: 'database' | 'files'
  /** Where other nodes store as well: what was put less than so many milliseconds ago is not deleted, for its row may still be on its way. */
  readonly keepYoungMs?: number
}

/**
 * Blobs are not fsynced one by one: what must survive a power cut is the ledger, and a picture lost to one is bought again
 * at a known price. A blob cut short by a power cut has the wrong length and is written anew by the next put.
 */
export function createDiskBlobStore({ dir, smallBlobs, keepYoungMs = 0 }: DiskBlobStoreOptions): BlobStore {
  const tempDir = join(dir, 'tmp')
  openTempDir(tempDir)
  const gate = createGate(CONCURRENT_PUTS)
  const small = smallBlobs === 'database' ? createSmallStore(join(dir, 'small.db')) : undefined
  return {
    async put(body) {
      const path = blobPath(dir, body.sha256)
      if (small && body.bytes <= SMALL_BYTES && !isFileBacked(body)) return small.put(body.sha256, await ownCopy(body))
      return gate.run(() => store(path, body, tempDir)).catch(asStorageError)
    },
    async open(sha256, part) {
      const path = blobPath(dir, sha256)
      const bytes = await fileSize(path)
      if (bytes !== undefined) return { bytes, stream: readChunks(path, part && { part }) }
      const found = await small?.get(sha256)
      return (
        found && {
          bytes: found.byteLength,
          stream: onlyChunk(part ? found.subarray(part.from, part.from + part.bytes) : found),
        }
      )
    },
    async delete(sha256) {
      const path = blobPath(dir, sha256)
      if (keepYoungMs > 0) return removeOld(path, tempDir, keepYoungMs)
      await removeFile(path)
      await small?.delete(sha256)
      return true
    },
    async freeBytes() {
      const { bavail, bsize } = await statfs(dir)
      return bavail * bsize
    },
    close: async () => small?.close(),
  }
}

/** In a buffer of its own size: a message to another thread takes along the whole buffer that a view is of. */
async function ownCopy(body: SpooledBody): Promise<Uint8Array> {
  const copy = new Uint8Array(body.bytes)
  let at = 0
  for await (const chunk of body.open()) {
    copy.set(chunk, at)
    at += chunk.byteLength
  }
  return copy
}

async function* onlyChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function blobPath(dir: string, sha256: string): string {
  // The id comes from requests too; anything but a hash would be a path.
  if (!SHA256.test(sha256)) throw new HalftoneError('not_found', 'A blob id is 64 hexadecimal digits.')
  return join(dir, sha256.slice(0, 2), sha256)
}

/** Its size, and a mark that it was wanted just now, for a node that is about to delete it. */
async function touchedSize(path: string): Promise<number | undefined> {
  const now = new Date()
  try {
    await utimes(path, now, now)
  } catch (error) {
    return isMissing(error) ? undefined : asStorageError(error)
  }
  return fileSize(path)
}

/**
 * False for what is wanted. The file is put aside before its time is read for good: whoever stores the same bytes meanwhile has
 * either marked them before, and they are put back, or finds nothing and writes them anew.
 */
async function removeOld(path: string, tempDir: string, keepYoungMs: number): Promise<boolean> {
  const isYoung = async (at: string): Promise<boolean> => Date.now() - (await statFile(at)).mtimeMs < keepYoungMs
  const aside = tempPath(tempDir)
  try {
    if (await isYoung(path)) return false
    await renameFile(path, aside)
  } catch (error) {
    return isMissing(error) ? true : asStorageError(error)
  }
  if (!(await isYoung(aside))) {
    await removeFile(aside)
    return true
  }
  await renameFile(aside, path)
  return false
}

async function fileSize(path: string): Promise<number | undefined> {
  try {
    return (await statFile(path)).size
  } catch (error) {
    return isMissing(error) ? undefined : asStorageError(error)
  }
}

async function store(path: string, body: SpooledBody, tempDir: string): Promise<void> {
  if (isFileBacked(body)) return storeFile(path, body, tempDir)
  try {
    await inFolder(path, () => writeNew(path, body))
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') throw error
    // Stored before, or cut short, or being written by another node at this moment: only the length tells.
    if ((await touchedSize(path)) !== body.bytes) await writeAndRename(path, body, tempPath(tempDir))
  }
}

/**
 * Write straight to the blob's own name. Nothing reads it before `put` has resolved and a row names it, so half a file left by
 * a crash is nobody's, and the next put replaces it.
 */
async function writeNew(path: string, body: SpooledBody): Promise<void> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body.open()) chunks.push(chunk)
  const fd = await openFile(path, 'wx', FILE_MODE)
  try {
    await writeChunks(fd, chunks, 0)
  } catch (error) {
    // By its descriptor: another put may have replaced what stands under the name.
    await truncateFile(fd, 0)
    throw error
  } finally {
    await closeFile(fd)
  }
}

async function storeFile(path: string, body: FileBackedBody, tempDir: string): Promise<void> {
  if ((await touchedSize(path)) === body.bytes) return
  try {
    await inFolder(path, () => body.moveTo(path))
  } catch (error) {
    if (errorCodeOf(error) !== 'EXDEV') throw error
    await writeAndRename(path, body, tempPath(tempDir))
  }
}

/** Piece by piece: it may be larger than memory allows. */
async function writeAndRename(path: string, body: SpooledBody, temp: string): Promise<void> {
  const fd = await openFile(temp, 'wx', FILE_MODE)
  try {
    await writePieces(fd, body).finally(() => closeFile(fd))
    await inFolder(path, () => renameFile(temp, path))
  } catch (error) {
    await removeFile(temp)
    throw error
  }
}

async function writePieces(fd: number, body: SpooledBody): Promise<void> {
  let at = 0
  for await (const chunk of body.open()) {
    await writeChunks(fd, [chunk], at)
    at += chunk.byteLength
  }
}

/** Run, and make the folder only when it turns out to be missing: after the first few hundred blobs it never is. */
async function inFolder(path: string, action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (!isMissing(error)) throw error
    await makeDir(join(path, '..'), { recursive: true, mode: DIR_MODE })
    await action()
  }
}
