/** How much work is before a new call: what waits here, and what the server says. Asked only while there is somebody to decide. */
import { ScanError } from '../../net/scan-error.ts'
import type { LoadProbe } from '../define-provider.ts'
import { consumeAnswer } from './answer.ts'
import { emptyBody } from './call-body.ts'
import type { Credentials } from './credentials.ts'
import type { Gate } from './gate.ts'
import type { Transport } from './transport.ts'

export interface LoadGauge {
  /** Jobs ahead, 0 when nothing is known. Never waits: a figure that is old is asked for again behind the scenes. */
  ahead(): number
  close(): void
}

/** A figure is used this long, and asked for again after half of it. */
const FRESH_MS = 2_000
const TIMEOUT_MS = 2_000
const MAX_BYTES = 1024 * 1024

export interface LoadDeps {
  readonly transport: Pick<Transport, 'send'>
  readonly credentials: Pick<Credentials, 'take'>
  readonly monotonicMs: () => number
  readonly gate: Pick<Gate, 'count'> | undefined
}

export function createLoadGauge(
  probe: LoadProbe | undefined,
  { transport, credentials, monotonicMs, gate }: LoadDeps,
): LoadGauge {
  const stop = new AbortController()
  let known: { readonly jobs: number; readonly atMs: number } | undefined
  let askedMs = Number.NEGATIVE_INFINITY

  async function ask({ call, decode }: LoadProbe): Promise<void> {
    const options = {
      timeoutMs: TIMEOUT_MS,
      idleTimeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      signal: stop.signal,
      credential: credentials.take(),
    }
    const noImages = {
      openBody: () => {
        throw new ScanError('too_many_bodies', 'A count holds no images.')
      },
    }
    const { response } = await transport.send(call, emptyBody, options, (status, headers) =>
      consumeAnswer(status, headers, 'json', noImages),
    )
    const jobs = response.status === 200 ? decode(response) : undefined
    if (jobs !== undefined) known = { jobs, atMs: monotonicMs() }
  }

  return {
    ahead() {
      const nowMs = monotonicMs()
      if (probe && nowMs - askedMs >= FRESH_MS / 2) {
        askedMs = nowMs
        // A server that does not tell is not worse than one that was never asked.
        ask(probe).catch(() => undefined)
      }
      const told = known && nowMs - known.atMs < FRESH_MS ? known.jobs : 0
      return Math.max(told, gate?.count ?? 0)
    },
    close: () => stop.abort(),
  }
}
