/**
 * The spool: bodies of unknown length, held in memory while the process's transfer budget lasts and in temporary files
 * beyond it. A writer never waits for memory, so an upstream that holds a paid image is never stalled by other requests.
 */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { HalftoneError } from '../core/error.ts'
import type { Spool, SpooledBody, SpoolWriter } from '../ports/blob-store.ts'
import {
  asStorageError,
  closeFile,
  createGate,
  FILE_MODE,
  type Gate,
  openTempDir,
  readChunks,
  removeFile,
  renameFile,
  tempPath,
  writeChunks,
  writeChunksNow,
} from './files.ts'

export interface SpoolOptions {
  /** For temporary files; made when missing. On the blob store's file system a file is moved there instead of copied. */
  readonly dir: string
  /** Shared by all bodies of this spool; 64 MiB by default. */
  readonly memoryBudgetBytes?: number
}

/** A body in a temporary file. `moveTo` gives the file away: the body reads from there and no longer deletes it. */
export interface FileBackedBody extends SpooledBody {
  moveTo(path: string): Promise<void>
}

export const isFileBacked = (body: SpooledBody): body is FileBackedBody => 'moveTo' in body

const HEAD_BYTES = 64 * 1024
/** A body that went to disk collects this much before it writes again, as far as the budget allows. */
const FLUSH_BYTES = 256 * 1024
/** Of the runtime's four file threads one stays free for image work and name lookups. */
const CONCURRENT_DISK_WRITES = 3
/**
 * Each waiting write holds its chunk outside the budget. In a flood of thousands of bodies that would be hundreds of megabytes,
 * so beyond this many the write is done at once: the loop takes in less while the disk is busy, and memory stays flat.
 */
const MOST_WAITING_WRITES = 256
/** Blocks that small slices of big buffers are copied into; they grow with the body. */
const SMALLEST_BLOCK = 4 * 1024
const LARGEST_BLOCK = HEAD_BYTES
/** A recycled body of this size has a block of its own; a larger one takes whole blocks of the pool. */
const SMALL_BODY = SMALLEST_BLOCK

/** Blocks of recycling writers that wait for their next use. */
interface BlockPool {
  take(): Uint8Array
  give(blocks: readonly Uint8Array[]): void
}

/** As many as the budget can have in use at once are worth keeping. */
function createBlockPool(mostBlocks: number): BlockPool {
  const free: Uint8Array[] = []
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(LARGEST_BLOCK),
    give(blocks) {
      for (const block of blocks) if (free.length < mostBlocks) free.push(block)
    },
  }
}

/** Memory accounting shared by the writers of one spool. */
interface Budget {
  take(bytes: number): boolean
  give(bytes: number): void
}

/** Create the spool and delete what a crashed process left in `dir`. */
export function createSpool({ dir, memoryBudgetBytes = 64 * 1024 * 1024 }: SpoolOptions): Spool {
  openTempDir(dir)
  const gate = createGate(CONCURRENT_DISK_WRITES)
  let used = 0
  const budget: Budget = {
    take(bytes) {
      if (used + bytes > memoryBudgetBytes) return false
      used += bytes
      return true
    },
    give(bytes) {
      used -= bytes
    },
  }
  const pool = createBlockPool(Math.floor(memoryBudgetBytes / LARGEST_BLOCK))
  const open = new Set<BodyWriter>()
  return {
    create({ maxBytes, tooLargeCode = 'provider_response_too_large', recycle = false }) {
      const onClose = (): void => void open.delete(writer)
      const writer: BodyWriter = new BodyWriter({ dir, budget, gate, maxBytes, tooLargeCode, onClose, ...(recycle && { pool }) })
      open.add(writer)
      return writer
    },
    get bytesInMemory() {
      return used
    },
    async close() {
      await Promise.all([...open].map((writer) => writer.abort()))
    },
  }
}

interface WriterContext {
  readonly dir: string
  readonly budget: Budget
  readonly gate: Gate
  readonly maxBytes: number
  readonly tooLargeCode: 'provider_response_too_large' | 'image_too_large' | 'body_too_large'
  readonly onClose: () => void
  /** Present for recycling writers. */
  readonly pool?: BlockPool
}

class BodyWriter implements SpoolWriter {
  readonly #context: WriterContext
  readonly #hash = createHash('sha256')
  #state: 'open' | 'ended' | 'failed' = 'open'
  #bytes = 0
  /** Not on disk yet; `#held` bytes of the budget belong to them. */
  #chunks: Uint8Array[] = []
  #held = 0
  /** Where the next small slice goes. */
  #block: Uint8Array | undefined
  #blockUsed = 0
  /** Blocks that go back to the pool. */
  #pooled: Uint8Array[] = []
  #file: { readonly path: string; readonly fd: number; written: number } | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(context: WriterContext) {
    this.#context = context
  }

  get copies(): boolean {
    return this.#context.pool !== undefined
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#state !== 'open') return Promise.reject(new Error('The spool writer is closed.'))
    const { maxBytes, tooLargeCode } = this.#context
    if (this.#bytes + chunk.byteLength > maxBytes) {
      const message = `The image data is larger than the limit of ${maxBytes} bytes.`
      return this.abort().then(() => Promise.reject(new HalftoneError(tooLargeCode, message)))
    }
    if (chunk.byteLength === 0) return undefined
    this.#bytes += chunk.byteLength
    this.#hash.update(chunk)
    if (!this.#hold(chunk)) return this.#flush(...this.#pieces(chunk))
    return this.#file && this.#held >= FLUSH_BYTES ? this.#flush() : undefined
  }

  async end(): Promise<SpooledBody> {
    if (this.#state !== 'open') throw new Error('The spool writer is closed.')
    if (this.#file) {
      await this.#flush()
      await closeFile(this.#file.fd)
    }
    this.#state = 'ended'
    this.#context.onClose()
    const sha256 = this.#hash.digest('hex')
    if (this.#file) return fileBody(this.#file.path, this.#bytes, sha256, this.#context.pool)
    this.#closeBlock()
    const held = this.#held
    const pooled = this.#pooled
    const { budget, pool } = this.#context
    const body = memoryBody(this.#chunks, this.#bytes, sha256, pool, () => {
      budget.give(held)
      pool?.give(pooled)
    })
    this.#chunks = []
    this.#pooled = []
    return body
  }

  async abort(): Promise<void> {
    await this.#writing.catch(() => undefined)
    await this.#discard()
  }

  /** Beyond the budget, for the moment in which they are written: as many blocks at most as writes may wait. */
  #pieces(chunk: Uint8Array): readonly Uint8Array[] {
    const { pool } = this.#context
    if (!pool) return [chunk]
    const pieces: Uint8Array[] = []
    for (let at = 0; at < chunk.byteLength; at += LARGEST_BLOCK) {
      const block = pool.take()
      const part = chunk.subarray(at, at + LARGEST_BLOCK)
      block.set(part)
      this.#pooled.push(block)
      pieces.push(block.subarray(0, part.byteLength))
    }
    return pieces
  }

  /** Keep a chunk in memory; false when the budget is exhausted. */
  #hold(chunk: Uint8Array): boolean {
    if (this.#context.pool) return this.#holdPooled(chunk, this.#context.pool)
    // A view keeps its whole buffer alive; a copy is cheaper than a small slice of a network buffer held for seconds.
    const wasteful = chunk.byteLength * 2 < chunk.buffer.byteLength
    return wasteful ? this.#holdCopy(chunk) : this.#holdView(chunk)
  }

  #holdView(chunk: Uint8Array): boolean {
    if (!this.#context.budget.take(chunk.byteLength)) return false
    this.#held += chunk.byteLength
    this.#closeBlock()
    this.#chunks.push(chunk)
    return true
  }

  #holdCopy(chunk: Uint8Array): boolean {
    if (!this.#block || this.#blockUsed + chunk.byteLength > this.#block.byteLength) {
      const size = Math.max(chunk.byteLength, Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, this.#held)))
      if (!this.#context.budget.take(size)) return false
      this.#held += size
      this.#closeBlock()
      this.#block = Buffer.allocUnsafeSlow(size)
    }
    this.#block.set(chunk, this.#blockUsed)
    this.#blockUsed += chunk.byteLength
    return true
  }

  /** Nothing is left to the collector but the first few bytes of a body that turned out to be large. */
  #holdPooled(chunk: Uint8Array, pool: BlockPool): boolean {
    if (this.#bytes <= SMALL_BODY) return this.#holdCopy(chunk)
    const room = this.#pooled.length > 0 && this.#block ? this.#block.byteLength - this.#blockUsed : 0
    const blocks = Math.ceil(Math.max(0, chunk.byteLength - room) / LARGEST_BLOCK)
    if (!this.#context.budget.take(blocks * LARGEST_BLOCK)) return false
    this.#held += blocks * LARGEST_BLOCK
    for (let at = 0; at < chunk.byteLength; ) {
      if (this.#pooled.length === 0 || !this.#block || this.#blockUsed === this.#block.byteLength) {
        this.#closeBlock()
        this.#block = pool.take()
        this.#pooled.push(this.#block)
      }
      const part = chunk.subarray(at, at + this.#block.byteLength - this.#blockUsed)
      this.#block.set(part, this.#blockUsed)
      this.#blockUsed += part.byteLength
      at += part.byteLength
    }
    return true
  }

  #closeBlock(): void {
    if (this.#block) this.#chunks.push(this.#block.subarray(0, this.#blockUsed))
    this.#block = undefined
    this.#blockUsed = 0
  }

  #flush(...more: readonly Uint8Array[]): Promise<void> {
    this.#writing = this.#writeOut(more)
    return this.#writing
  }

  async #writeOut(more: readonly Uint8Array[]): Promise<void> {
    this.#closeBlock()
    const chunks = [...this.#chunks, ...more]
    if (chunks.length === 0) return
    try {
      const { gate, dir } = this.#context
      if (gate.waiting < MOST_WAITING_WRITES) {
        await gate.run(async () => {
          this.#file ??= openTempFile(dir)
          await writeChunks(this.#file.fd, chunks, this.#file.written)
        })
      } else {
        this.#file ??= openTempFile(dir)
        writeChunksNow(this.#file.fd, chunks, this.#file.written)
      }
      if (this.#file) this.#file.written = this.#bytes
    } catch (error) {
      // Part of the body is missing now: nothing may follow, and `end` must not pass it off as whole.
      await this.#discard()
      asStorageError(error)
    }
    this.#releaseChunks()
  }

  async #discard(): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'failed'
    this.#context.onClose()
    this.#releaseChunks()
    if (!this.#file) return
    await closeFile(this.#file.fd)
    await removeFile(this.#file.path)
  }

  #releaseChunks(): void {
    this.#chunks = []
    this.#context.pool?.give(this.#pooled)
    this.#pooled = []
    this.#block = undefined
    this.#blockUsed = 0
    this.#context.budget.give(this.#held)
    this.#held = 0
  }
}

function memoryBody(
  chunks: readonly Uint8Array[],
  bytes: number,
  sha256: string,
  pool: BlockPool | undefined,
  release: () => void,
): SpooledBody {
  let held: readonly Uint8Array[] | undefined = chunks
  const current = (): readonly Uint8Array[] => held ?? disposed()
  return {
    bytes,
    sha256,
    get head() {
      const [first] = current()
      const count = Math.min(bytes, HEAD_BYTES)
      if (first && first.byteLength >= count) return first.subarray(0, count)
      return inScratch(pool, (head) => firstBytes(current(), head.subarray(0, count)))
    },
    async *open() {
      yield* current()
    },
    async dispose() {
      if (held) release()
      held = undefined
    },
  }
}

function fileBody(temp: string, bytes: number, sha256: string, pool: BlockPool | undefined): FileBackedBody {
  let path: string | undefined = temp
  let kept = false
  const current = (): string => path ?? disposed()
  return {
    bytes,
    sha256,
    // Read again each time: 64 KiB kept for each of two thousand waiting bodies would be more than the whole budget.
    get head() {
      return inScratch(pool, (head) => readHead(current(), head))
    },
    async *open() {
      // One block for the whole reading: a reader of a recycled body has used a chunk when it asks for the next.
      const block = pool?.take()
      try {
        yield* readChunks(current(), block && { shared: block })
      } finally {
        if (block) pool?.give([block])
      }
    },
    async moveTo(target) {
      await renameFile(current(), target)
      path = target
      kept = true
    },
    async dispose() {
      const doomed = path
      path = undefined
      if (doomed && !kept) await removeFile(doomed)
    },
  }
}

const disposed = (): never => {
  throw new Error('The spooled body was disposed.')
}

/** What is looked at before anything else can take a block of the pool needs no memory of its own. */
function inScratch(pool: BlockPool | undefined, fill: (head: Uint8Array) => Uint8Array): Uint8Array {
  if (!pool) return fill(Buffer.allocUnsafe(HEAD_BYTES))
  const block = pool.take()
  pool.give([block])
  return fill(block)
}

/** Fills `head`, of which there is that much. */
function firstBytes(chunks: readonly Uint8Array[], head: Uint8Array): Uint8Array {
  let at = 0
  for (const chunk of chunks) {
    if (at >= head.byteLength) break
    const part = chunk.subarray(0, head.byteLength - at)
    head.set(part, at)
    at += part.byteLength
  }
  return head
}

/** Fills `head` as far as the file goes. */
function readHead(path: string, head: Uint8Array): Uint8Array {
  const fd = openSync(path, 'r')
  try {
    return head.subarray(0, readSync(fd, head, 0, head.byteLength, 0))
  } finally {
    closeSync(fd)
  }
}

function openTempFile(dir: string): { path: string; fd: number; written: number } {
  const path = tempPath(dir)
  return { path, fd: openSync(path, 'wx', FILE_MODE), written: 0 }
}
