/** Small file operations for spool and store: whole writes, chunked reads, errors as typed ones. */
import { randomBytes } from 'node:crypto'
import {
  close,
  fstat,
  ftruncate,
  mkdir,
  mkdirSync,
  open,
  read,
  readdirSync,
  rename,
  stat,
  statSync,
  unlink,
  unlinkSync,
  writev,
  writevSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { HalftoneError } from '../core/error.ts'
import type { BlobPart } from '../ports/blob-store.ts'

// The callback API costs about half the CPU of FileHandle, and every stored image passes through here.
export const openFile = promisify(open)
export const closeFile = promisify(close)
export const renameFile = promisify(rename)
export const statFile = promisify(stat)
export const makeDir = promisify(mkdir)
export const truncateFile = promisify(ftruncate)
const fileInfo = promisify(fstat)
const readFile = promisify(read)
const writeFile = promisify(writev)
const unlinkFile = promisify(unlink)

/** Files and folders are readable by their owner alone: prompts and customers' pictures are private. */
export const FILE_MODE = 0o600
export const DIR_MODE = 0o700

/** One read from disk, and one piece handed to whoever streams the file. */
const READ_BYTES = 256 * 1024

/** Write every chunk at `position`, whatever the system takes per call. */
export async function writeChunks(fd: number, chunks: readonly Uint8Array[], position: number): Promise<void> {
  let rest = chunks
  let at = position
  while (rest.length > 0) {
    const { bytesWritten } = await writeFile(fd, rest as Uint8Array[], at)
    at += bytesWritten
    rest = skipBytes(rest, bytesWritten)
  }
}

/** The same, at once: for when waiting would cost more than it saves. */
export function writeChunksNow(fd: number, chunks: readonly Uint8Array[], position: number): void {
  let rest = chunks
  let at = position
  while (rest.length > 0) {
    const bytesWritten = writevSync(fd, rest as Uint8Array[], at)
    at += bytesWritten
    rest = skipBytes(rest, bytesWritten)
  }
}

function skipBytes(chunks: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let left = count
  for (const [index, chunk] of chunks.entries()) {
    if (left < chunk.byteLength) return [chunk.subarray(left), ...chunks.slice(index + 1)]
    left -= chunk.byteLength
  }
  return []
}

export interface ReadOptions {
  /** Every piece is read into it, the next over the one before; absent: each is a buffer of its own. */
  readonly shared?: Uint8Array
  /** Absent: the whole file. */
  readonly part?: BlobPart
}

/** Read a file piece by piece. It is opened at the first read, so an iterable nobody starts holds nothing. */
export async function* readChunks(path: string, { shared, part }: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
  const fd = await openFile(path, 'r').catch(asStorageError)
  try {
    const { size } = await fileInfo(fd)
    const end = part ? Math.min(size, part.from + part.bytes) : size
    for (let at = part?.from ?? 0; at < end; ) {
      const buffer = shared ?? Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end - at))
      const { bytesRead } = await readFile(fd, buffer, 0, Math.min(buffer.byteLength, end - at), at)
      if (bytesRead === 0) throw new HalftoneError('storage_failed', 'A stored file became shorter while it was read.')
      at += bytesRead
      yield bytesRead === buffer.byteLength ? buffer : buffer.subarray(0, bytesRead)
    }
  } finally {
    await closeFile(fd)
  }
}

/** Delete; a file that is not there is fine. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlinkFile(path)
  } catch (error) {
    if (!isMissing(error)) asStorageError(error)
  }
}

export const isMissing = (error: unknown): boolean => errorCodeOf(error) === 'ENOENT'

export const errorCodeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

/** Throw the typed error for a failed file operation: a full disk is told apart, for it has another remedy. */
export function asStorageError(error: unknown): never {
  if (error instanceof HalftoneError) throw error
  const code = errorCodeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    throw new HalftoneError('storage_full', 'The disk that holds the images is full.', { cause: error })
  }
  throw new HalftoneError('storage_failed', `The image store failed: ${code ?? String(error)}.`, { cause: error })
}

const TEMP_NAME = /^halftone-(\d+)-[0-9a-f]{16}\.tmp$/

export const tempPath = (dir: string): string => join(dir, `halftone-${process.pid}-${randomBytes(8).toString('hex')}.tmp`)

/**
 * Make a folder for temporary files and delete what a crashed process left there. Files of living processes stay (several
 * nodes may share the folder), and files of other names are not ours.
 */
export function openTempDir(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: DIR_MODE })
  const startedMs = Date.now() - process.uptime() * 1000
  for (const name of readdirSync(dir)) {
    const pid = Number(TEMP_NAME.exec(name)?.[1] ?? 0)
    if (pid === 0) continue
    const path = join(dir, name)
    // In a container every start has the same process id: then age tells a predecessor's file from our own.
    if (pid === process.pid ? statSync(path).mtimeMs < startedMs : !isAlive(pid)) unlinkSync(path)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCodeOf(error) === 'EPERM'
  }
}

export interface Gate {
  run<T>(job: () => Promise<T>): Promise<T>
  /** Jobs that wait for their turn. */
  readonly waiting: number
}

/** At most `limit` jobs at once, first come first served. */
export function createGate(limit: number): Gate {
  let running = 0
  const waiting: (() => void)[] = []
  return {
    async run(job) {
      if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
      else running += 1
      try {
        return await job()
      } finally {
        // The place is handed on, so that nobody who comes now can slip in between.
        const next = waiting.shift()
        if (next) next()
        else running -= 1
      }
    },
    get waiting() {
      return waiting.length
    },
  }
}
