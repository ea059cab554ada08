/** Calls that repeat an earlier one: answered by it, never paid for again. */
import { HalftoneError } from '../core/error.ts'
import type { NanoUsd } from '../core/money.ts'
import type { Caller, ExecuteInput, ExecuteResult } from './execution.ts'
import type { InFlight } from './in-flight.ts'
import { replayRequest } from './replay.ts'
import { IdempotentRequest } from './run-request.ts'
import type { GatewayServices } from './state.ts'

export interface Repeats {
  /** An SDK that timed out repeats a call that is running or done: that one's answer, or undefined when there is none to give. */
  joinEarlier(input: ExecuteInput, fingerprint: string): Promise<ExecuteResult | undefined>
  /** The ledger refused a reservation because its key is known: answer from the first call, or say that it still runs. */
  onIdempotent(error: unknown): Promise<ExecuteResult>
  /** A request was answered by an earlier one that cost so much. */
  countPrevented(requestId: string, savedNanoUsd: NanoUsd): Promise<void>
}

/** SDK retries come within minutes of the call they repeat. */
const JOIN_WINDOW_US = 10 * 60 * 1_000_000

/** What an SDK's own retry has in common with the call it repeats. */
export const joinKey = (caller: Caller, fingerprint: string): string => `${caller.keyId}:${fingerprint}`

export function createRepeats(services: GatewayServices, inFlight: InFlight): Repeats {
  const countPrevented = async (requestId: string, savedNanoUsd: NanoUsd): Promise<void> => {
    inFlight.countJoined(savedNanoUsd)
    await services.ledger.countRepeat({ requestId, savedNanoUsd })
  }
  return {
    countPrevented,
    async joinEarlier(input, fingerprint) {
      const running = inFlight.find(joinKey(input.caller, fingerprint))
      if (running) await running.ended
      const earlier = await services.ledger.read.byFingerprint({
        keyId: input.caller.keyId,
        fingerprint,
        sinceUs: services.clock.nowUs() - JOIN_WINDOW_US,
      })
      if (!earlier) return undefined
      if (!earlier.finished) {
        throw new HalftoneError('idempotency_in_progress', 'The call that this retry repeats is still running.', {
          requestId: earlier.requestId,
          retryAfterMs: 2_000,
        })
      }
      const record = await services.ledger.read.request(earlier.requestId)
      // Failed without a bill: trying again is what the client wants.
      if (!record?.response) return undefined
      await countPrevented(earlier.requestId, record.costNanoUsd)
      return replayRequest(services, earlier.requestId, 'joined')
    },
    async onIdempotent(error) {
      if (!(error instanceof IdempotentRequest)) throw error
      const { requestId, sameFingerprint, finished } = error.result
      if (!sameFingerprint) {
        throw new HalftoneError('idempotency_mismatch', 'This Idempotency-Key was used for a different request.', { requestId })
      }
      if (finished) {
        const answer = await replayRequest(services, requestId, 'hit')
        const record = await services.ledger.read.request(requestId)
        await countPrevented(requestId, record?.costNanoUsd ?? 0n)
        return answer
      }
      throw new HalftoneError('idempotency_in_progress', 'The first request with this Idempotency-Key is still running.', {
        requestId,
        retryAfterMs: 2_000,
      })
    },
  }
}
