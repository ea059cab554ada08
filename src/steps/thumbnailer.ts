/** Thumbnails in the background: made at store time while there is time for it, else at first view. */
import { HalftoneError } from '../core/error.ts'
import { makeThumbnail, type Thumbnail, type ThumbnailOptions } from './thumbnail.ts'

export interface ThumbnailJob {
  /** Of the asset or blob; one job at a time for each. */
  readonly id: string
  /** Read the image when its turn comes; the stored blob, for a spooled body may be gone by then. */
  open(): AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>
}

export interface BackgroundThumbnailJob extends ThumbnailJob {
  /** Keep the result. */
  store(thumbnail: Thumbnail): Promise<void>
  /** Told of a failure of `open`, of the image or of `store`; it is not tried again. */
  failed(error: unknown): void
}

export interface Thumbnailer {
  /** `deferred`: the queue is full or closed; make it at first view. A job of the same id that waits already is `queued`. */
  submit(job: BackgroundThumbnailJob): 'queued' | 'deferred'
  /** Make one now, for someone who waits. Calls for the same id share one run. Throws `overloaded` when too many wait. */
  make(job: ThumbnailJob): Promise<Thumbnail>
  /** Jobs waiting, for metrics. */
  readonly waiting: number
  /** Drop what waits and finish what runs. */
  close(): Promise<void>
}

export interface ThumbnailerOptions extends ThumbnailOptions {
  readonly concurrency?: number
  readonly maxQueue?: number
  /**
   * The background rests until nothing was submitted for this long, so that a busy gateway spends its time on requests; what
   * its queue cannot hold is made at first view. Default 0.
   */
  readonly restMs?: number
}

interface Entry {
  readonly id: string
  readonly run: () => Promise<void>
  readonly drop: () => void
}

export function createThumbnailer({
  concurrency = 1,
  maxQueue = 64,
  restMs = 0,
  ...options
}: ThumbnailerOptions = {}): Thumbnailer {
  /** Those someone waits for go first. */
  const urgent: Entry[] = []
  const background: Entry[] = []
  const running = new Set<Promise<void>>()
  const shared = new Map<string, Promise<Thumbnail>>()
  let closed = false
  let rest: NodeJS.Timeout | undefined

  const pump = (): void => {
    while (running.size < concurrency) {
      const entry = urgent.shift() ?? (rest ? undefined : background.shift())
      if (!entry) return
      const work = entry.run().finally(() => {
        running.delete(work)
        pump()
      })
      running.add(work)
    }
  }
  const startRest = (): void => {
    if (restMs === 0 || closed) return
    if (rest) {
      rest.refresh()
      return
    }
    rest = setTimeout(() => {
      rest = undefined
      pump()
    }, restMs)
    rest.unref()
  }
  const enqueue = (queue: Entry[], entry: Entry): void => {
    queue.push(entry)
    pump()
  }
  const draw = async (job: ThumbnailJob): Promise<Thumbnail> => makeThumbnail(await job.open(), options)

  return {
    submit(job) {
      startRest()
      if (background.some(({ id }) => id === job.id)) return 'queued'
      if (closed || background.length >= maxQueue) return 'deferred'
      const run = async (): Promise<void> => {
        try {
          await job.store(await draw(job))
        } catch (error) {
          job.failed(error)
        }
      }
      enqueue(background, { id: job.id, run, drop: () => undefined })
      return 'queued'
    },
    make(job) {
      const known = shared.get(job.id)
      if (known) return known
      if (closed || urgent.length >= maxQueue) {
        return Promise.reject(
          new HalftoneError('overloaded', 'Too many thumbnails are being made; try again.', { retryAfterMs: 1000 }),
        )
      }
      const result = new Promise<Thumbnail>((resolve, reject) => {
        const run = (): Promise<void> => draw(job).then(resolve, reject)
        const drop = (): void => reject(new HalftoneError('draining', 'This node is shutting down.'))
        enqueue(urgent, { id: job.id, run, drop })
      }).finally(() => shared.delete(job.id))
      shared.set(job.id, result)
      return result
    },
    get waiting() {
      return urgent.length + background.length
    },
    async close() {
      closed = true
      clearTimeout(rest)
      for (const entry of [...urgent.splice(0), ...background.splice(0)]) entry.drop()
      await Promise.all(running)
    },
  }
}
