/** Reading bills and logs beside the thread that serves pictures. */
import { Worker } from 'node:worker_threads'
import { HalftoneError } from '../core/error.ts'
import type { FormatName } from './index.ts'
import type { FormatOptions, ImportFile } from './types.ts'

export interface ReadOrder {
  readonly format: FormatName
  readonly files: readonly ImportFile[]
  readonly options: FormatOptions
}

export interface FileReader {
  /** The `ReadImport` of the files, as JSON in UTF-8. Rejects with the signal's reason, and with `internal_error` when the thread fails. */
  read(order: ReadOrder, signal: AbortSignal): Promise<Uint8Array>
}

const MOST_MEGABYTES = 256

/** One order after the other: each may need a quarter of a gigabyte. */
export function createFileReader(): FileReader {
  let tail: Promise<unknown> = Promise.resolve()
  return {
    read(order, signal) {
      const next = tail.then(() => readInThread(order, signal))
      tail = next.catch(() => undefined)
      return next
    },
  }
}

async function readInThread(order: ReadOrder, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted()
  // Tests run the sources, the package runs what they compile to: the worker has this module's extension.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`./worker.${extension}`, import.meta.url), {
    workerData: order,
    name: 'halftone-imports',
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEGABYTES },
  })
  let leave = (): void => undefined
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      leave = () => reject(signal.reason)
      signal.addEventListener('abort', leave)
      worker.once('message', resolve)
      worker.once('error', (cause) => reject(unread(cause)))
      worker.once('exit', () => reject(unread()))
    })
  } finally {
    signal.removeEventListener('abort', leave)
    void worker.terminate()
  }
}

const unread = (cause?: unknown): HalftoneError => new HalftoneError('internal_error', 'The files could not be read.', { cause })
