/** A worker thread that answers one message at a time, as a promise per message. */
import { Worker } from 'node:worker_threads'
import { type ErrorCode, HalftoneError } from '../../core/error.ts'
import type { Opened, WorkerOptions } from './sqlite-messages.ts'

export interface WorkerPort<Request, Reply> {
  /** Answers come in the order of the questions. Rejects with `storage_failed` when the worker has died. */
  ask(request: Request): Promise<Reply>
  /** Let the worker finish what it was asked, close its files and end. */
  close(): Promise<void>
}

/**
 * Of the writer's own heap. What it makes lives for one batch; left alone, V8 lets the young part grow to several times this, and none
 * of it comes back. The reader's grows with what it is asked for.
 */
const WRITER_YOUNG_MEGABYTES = 12

/** Tests run the sources, the package runs what they compile to: the worker has this module's extension. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

export async function startWorker<Request, Reply>(
  name: 'sqlite-writer' | 'sqlite-reader',
  options: WorkerOptions,
): Promise<WorkerPort<Request | { readonly kind: 'close' }, Reply>> {
  const worker = new Worker(new URL(`./${name}.${extension}`, import.meta.url), {
    workerData: options,
    name: `halftone-${name}`,
    execArgv: [],
    ...(name === 'sqlite-writer' && { resourceLimits: { maxYoungGenerationSizeMb: WRITER_YOUNG_MEGABYTES } }),
  })
  const waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = []
  let dead: HalftoneError | undefined
  let onOpened: (opened: Opened) => void = () => undefined
  const fail = (cause?: unknown) => {
    dead ??= new HalftoneError('storage_failed', `The ledger's ${name} thread ended.`, { cause })
    onOpened({ kind: 'failed', code: 'storage_failed', message: cause instanceof Error ? cause.message : dead.message })
    for (const { reject } of waiting.splice(0)) reject(dead)
  }
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  worker.on('error', fail)
  worker.once('exit', () => fail())
  const opened = await new Promise<Opened>((resolve) => {
    onOpened = resolve
    worker.once('message', resolve)
  })
  if (opened.kind === 'failed') {
    await worker.terminate()
    throw new HalftoneError(opened.code as ErrorCode, opened.message)
  }
  worker.on('message', (reply: Reply) => waiting.shift()?.resolve(reply))
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (dead) {
          reject(dead)
          return
        }
        waiting.push({ resolve, reject })
        worker.postMessage(request)
      }),
    close: async () => {
      if (!dead) worker.postMessage({ kind: 'close' })
      await exited
    },
  }
}

/** A worker that costs nothing until its first question. */
export function startWhenAsked<Request, Reply>(start: () => Promise<WorkerPort<Request, Reply>>): WorkerPort<Request, Reply> {
  let started: Promise<WorkerPort<Request, Reply>> | undefined
  let isClosed = false
  return {
    ask: async (request) => {
      if (isClosed) throw new HalftoneError('storage_failed', 'The ledger is closed.')
      started ??= start().catch((error: unknown) => {
        started = undefined
        throw error
      })
      return await (await started).ask(request)
    },
    close: async () => {
      isClosed = true
      const port = await started?.catch(() => undefined)
      await port?.close()
    },
  }
}
