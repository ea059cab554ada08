/** A spool for tests of what feeds one: keeps everything in memory and counts what was not given back. */
import { createHash } from 'node:crypto'
import { HalftoneError } from '../../src/core/error.ts'
import type { Spool, SpooledBody, SpoolWriter } from '../../src/ports/blob-store.ts'

export interface MemorySpool extends Spool {
  /** Writers and bodies neither ended, aborted nor disposed. */
  readonly open: number
}

/** `slow`: every write returns a promise, as a spool on disk does. */
export function createMemorySpool(options: { readonly slow?: boolean } = {}): MemorySpool {
  let open = 0
  let bytesInMemory = 0
  const create: Spool['create'] = ({ maxBytes, tooLargeCode, recycle = false }): SpoolWriter => {
    open++
    const chunks: Uint8Array[] = []
    let bytes = 0
    let released = false
    const release = async (): Promise<void> => {
      if (released) return
      released = true
      open--
      bytesInMemory -= bytes
    }
    return {
      copies: recycle,
      write(chunk) {
        bytes += chunk.length
        bytesInMemory += chunk.length
        if (bytes > maxBytes) throw new HalftoneError(tooLargeCode ?? 'provider_response_too_large', 'too large')
        chunks.push(recycle ? Buffer.from(chunk) : chunk)
        return options.slow ? new Promise((resolve) => setImmediate(resolve)) : undefined
      },
      async end(): Promise<SpooledBody> {
        const all = Buffer.concat(chunks)
        return {
          bytes,
          sha256: createHash('sha256').update(all).digest('hex'),
          head: all.subarray(0, 65_536),
          async *open() {
            yield* chunks
          },
          dispose: release,
        }
      },
      abort: release,
    }
  }
  return {
    create,
    get bytesInMemory() {
      return bytesInMemory
    },
    get open() {
      return open
    },
    async close() {},
  }
}

export async function readAll(body: SpooledBody): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body.open()) chunks.push(chunk)
  return Buffer.concat(chunks)
}
