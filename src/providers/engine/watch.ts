/** Listening to what a host tells about a job. Nothing here can fail an attempt: without a socket the job is polled. */
import type { JsonValue } from '../../core/json.ts'
import type { JobWatch } from '../define-provider.ts'
import type { Credential } from './credentials.ts'
import type { TellProgress } from './progress.ts'
import type { Transport } from './transport.ts'

export interface JobNews {
  /** Resolves when the host says that the job has ended, at once if it said so since the last call; never rejects but by the signal. */
  readonly next: (signal: AbortSignal) => Promise<void>
  close(): void
}

/** Messages longer than this are previews or lists, not news. */
const MAX_MESSAGE_CHARS = 64 * 1024

export function listen(
  watch: JobWatch,
  attemptId: string,
  jobId: string,
  transport: Pick<Transport, 'openSocket'>,
  credential: Credential,
  tell: TellProgress,
): JobNews {
  const stop = new AbortController()
  let heard = false
  let wake = (): void => undefined
  const onMessage = (data: unknown): void => {
    if (typeof data !== 'string' || data.length > MAX_MESSAGE_CHARS) return
    const message = parsed(data)
    if (message === undefined) return
    tell(watch.progressOf?.(message, jobId))
    if (!watch.isEnd(message, jobId)) return
    heard = true
    wake()
  }
  transport.openSocket(watch.path(attemptId), credential, stop.signal).then(
    (socket) => {
      socket.addEventListener('message', ({ data }) => onMessage(data))
      socket.addEventListener('error', () => undefined)
      if (stop.signal.aborted) socket.close()
      else stop.signal.addEventListener('abort', () => socket.close(), { once: true })
    },
    () => undefined,
  )
  return {
    next: (signal) =>
      new Promise((resolve, reject) => {
        const leave = (): void => reject(signal.reason)
        if (signal.aborted) return leave()
        const done = (): void => {
          heard = false
          signal.removeEventListener('abort', leave)
          resolve()
        }
        if (heard) return done()
        wake = done
        signal.addEventListener('abort', leave, { once: true })
      }),
    close: () => stop.abort(),
  }
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}
