/** Telling how far a call is, as far as its provider says. Nothing here can fail an attempt. */
import { ScanError } from '../../net/scan-error.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AttemptIo } from '../../ports/provider.ts'
import type { ProgressProbe } from '../define-provider.ts'
import { consumeAnswer } from './answer.ts'
import { emptyBody } from './call-body.ts'
import type { Credential } from './credentials.ts'
import type { Transport } from './transport.ts'

/** Takes any figure, also none and nonsense. */
export type TellProgress = (share: number | undefined) => void

/** Smaller steps than this are not worth a word. */
const LEAST_STEP = 0.01

/** Only what is new is told on: a second node that starts from nothing does not take the first one back. */
export function createProgressTeller({ onProgress }: Pick<AttemptIo, 'onProgress'>): TellProgress {
  let told = 0
  return (share) => {
    if (!onProgress || share === undefined || !(share >= told + LEAST_STEP && share <= 1)) return
    told = share
    onProgress(share)
  }
}

const EVERY_MS = 1_000
const TIMEOUT_MS = 2_000
const MAX_BYTES = 1024 * 1024

const noImages = {
  openBody: () => {
    throw new ScanError('too_many_bodies', 'A figure holds no images.')
  },
}

export interface ProgressWatch {
  readonly transport: Pick<Transport, 'send'>
  readonly credential: Credential
  readonly clock: Clock
  readonly tell: TellProgress
}

/** Ask until the signal aborts, which is when the call that is asked about has ended. Never rejects. */
export async function watchProgress(
  { call, decode }: ProgressProbe,
  { transport, credential, clock, tell }: ProgressWatch,
  signal: AbortSignal,
): Promise<void> {
  const options = { timeoutMs: TIMEOUT_MS, idleTimeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal, credential }
  while (!signal.aborted) {
    try {
      await clock.sleep(EVERY_MS, signal)
      const { response } = await transport.send(call, emptyBody, options, (status, headers) =>
        consumeAnswer(status, headers, 'json', noImages),
      )
      if (response.status === 200) tell(decode(response))
    } catch {
      // Asked again, or the call is over.
    }
  }
}
