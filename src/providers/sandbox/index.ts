/**
 * The sandbox: a provider that draws real pictures locally, spends nothing and fails on request. It needs no network and no
 * key, so Halftone does its whole job, ledger included, on a fresh machine.
 */
import type { Clock } from '../../ports/clock.ts'
import type { AttemptIo, AttemptResult, Evidence, Provider, ProviderCall } from '../../ports/provider.ts'
import { type Attempt, type Ending, makeAttempt } from './attempt.ts'
import { abortEnding, failureEnding } from './failures.ts'
import { sandboxOffers } from './models.ts'
import { createDraftsman } from './picture.ts'

export interface SandboxOptions {
  /** The configured name, as in offer ids. */
  readonly name: string
  readonly clock: Clock
  /** Multiplies every model's latency; 0 answers at once. 1 by default. */
  readonly latencyScale?: number
  /** 0 <= x < 1; chooses the seed where the client gave none. `Math.random` by default. */
  readonly random?: () => number
  /** An attempt that takes longer fails as `provider_timeout`; 120 seconds by default. */
  readonly timeoutMs?: number
}

export function createSandboxProvider(options: SandboxOptions): Provider {
  const { name, clock, latencyScale = 1, random = Math.random, timeoutMs = 120_000 } = options
  const draw = createDraftsman()
  return {
    name,
    type: 'sandbox',
    offers: sandboxOffers(name),
    run: (call, io) => runTimed({ call, io, clock, latencyScale, random, draw }, timeoutMs),
    probe: async () => ({ ok: true, message: 'The sandbox draws locally; there is nothing to reach and nothing to pay.' }),
    close: async () => undefined,
  }
}

async function runTimed(attempt: Attempt, timeoutMs: number): Promise<AttemptResult> {
  const { clock, call, io } = attempt
  const startedMs = clock.monotonicMs()
  const timeout = new AbortController()
  const finished = new AbortController()
  clock.sleep(timeoutMs, finished.signal).then(
    () => timeout.abort(new DOMException(`No answer within ${timeoutMs} ms.`, 'TimeoutError')),
    () => undefined,
  )
  const timedIo: AttemptIo = { ...io, signal: AbortSignal.any([io.signal, timeout.signal]) }
  try {
    const ending = await makeAttempt({ ...attempt, io: timedIo })
    return toResult(ending, call, clock.monotonicMs() - startedMs)
  } catch (error) {
    const ending = timedIo.signal.aborted ? abortEnding(timedIo.signal.reason) : failureEnding(error)
    return toResult(ending, call, clock.monotonicMs() - startedMs)
  } finally {
    finished.abort()
  }
}

function toResult(ending: Ending, { attemptId }: ProviderCall, totalMs: number): AttemptResult {
  const { httpStatus, ...rest } = ending
  const evidence: Evidence = {
    ...(httpStatus !== undefined && { httpStatus }),
    providerRequestId: `sandbox-${attemptId}`,
    timings: { totalMs },
  }
  return rest.kind === 'done' ? { ...rest, warnings: [], evidence } : { ...rest, evidence }
}
