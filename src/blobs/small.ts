/**
 * Small blobs, as rows of one database: a file of its own for each costs several times what everything else about a small
 * image costs. Operations that come while a transaction is written go into the next one.
 */
import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { HalftoneError } from '../core/error.ts'
import type { SmallOperation, SmallRequest, SmallResult } from './small-messages.ts'

export interface SmallStore {
  /** The bytes must not change until this has resolved. */
  put(sha256: string, bytes: Uint8Array): Promise<void>
  get(sha256: string): Promise<Uint8Array | undefined>
  delete(sha256: string): Promise<void>
  close(): Promise<void>
}

interface Waiting {
  readonly operation: SmallOperation
  resolve(bytes: Uint8Array | undefined): void
  reject(error: Error): void
}

/** Tests run the sources, the package runs what they compile to: the worker has this module's extension. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** Nothing is opened until the first blob is put, or the first is looked for in a database that exists. */
export function createSmallStore(path: string): SmallStore {
  const waiting: Waiting[] = []
  let sent: readonly Waiting[] = []
  let worker: Worker | undefined

  const send = (): void => {
    if (sent.length > 0 || waiting.length === 0) return
    worker ??= start()
    sent = waiting.splice(0)
    // An idle thread does not keep the process alive, one with something to do does.
    worker.ref()
    // Copied over: for this little, transferring each buffer costs more.
    worker.postMessage(sent.map(({ operation }) => operation) satisfies SmallRequest)
  }
  const start = (): Worker => {
    const started = new Worker(new URL(`./small-worker.${extension}`, import.meta.url), {
      workerData: path,
      name: 'halftone-small-blobs',
      execArgv: [],
    })
    let cause: unknown
    started.on('message', (results: readonly SmallResult[]) => {
      const done = sent
      sent = []
      started.unref()
      for (const [index, entry] of done.entries()) conclude(entry, results[index])
      send()
    })
    started.on('error', (error) => {
      cause = error
    })
    started.once('exit', () => {
      // The next operation starts another.
      if (worker === started) worker = undefined
      const lost = sent
      sent = []
      for (const { reject } of lost) {
        reject(new HalftoneError('storage_failed', 'The thread of the store of small images ended.', { cause }))
      }
      send()
    })
    return started
  }
  const running = new Set<Promise<unknown>>()
  const ask = (operation: SmallOperation): Promise<Uint8Array | undefined> => {
    const asked = new Promise<Uint8Array | undefined>((resolve, reject) => {
      waiting.push({ operation, resolve, reject })
      // At the end of this turn of the loop: what else it brings goes into the same transaction.
      if (waiting.length === 1) setImmediate(send)
    })
    running.add(asked)
    const ended = (): void => void running.delete(asked)
    asked.then(ended, ended)
    return asked
  }
  return {
    put: async (sha256, bytes) => void (await ask({ kind: 'put', sha256, bytes })),
    get: async (sha256) => (worker || existsSync(path) ? ask({ kind: 'get', sha256 }) : undefined),
    delete: async (sha256) => {
      if (worker || existsSync(path)) await ask({ kind: 'delete', sha256 })
    },
    async close() {
      // What was asked for before is done, or a new thread would be started for it behind the closed one.
      while (running.size > 0) await Promise.allSettled(running)
      const open = worker
      if (!open) return
      worker = undefined
      open.ref()
      const exited = new Promise<void>((resolve) => open.once('exit', () => resolve()))
      open.postMessage('close' satisfies SmallRequest)
      await exited
    },
  }
}

function conclude({ resolve, reject }: Waiting, result: SmallResult | undefined): void {
  if (result?.ok) resolve(result.bytes)
  else reject(new HalftoneError(result?.code ?? 'storage_failed', result?.message ?? 'The store of small images gave no answer.'))
}
