/** A reserve that failed may stand in the ledger all the same, where only its answer was lost: it is voided, so that nothing stays held. */
import { HalftoneError } from '../core/error.ts'
import type { NewAttempt, RequestFinish } from '../ports/ledger.ts'
import type { GatewayServices } from './state.ts'

/**
 * A ledger that did not answer gets two minutes to come back; what is not taken back by then the next start recovers. Short
 * pauses: a node that stops meanwhile is not kept from ending.
 */
const PAUSE_MS = 3_000
const TRIES = 40

export interface LostReserve {
  readonly attempt: NewAttempt
  /** The request was reserved with it and ends with it. */
  readonly isFirst: boolean
  readonly error: unknown
}

/** Void the attempt if it is there. The call was not made. Never rejects; nobody has to wait for it. */
export async function takeBack(services: GatewayServices, { attempt, isFirst, error }: LostReserve): Promise<void> {
  // A ledger that judged the command has written nothing.
  if (error instanceof HalftoneError && error.code !== 'storage_failed' && error.code !== 'internal_error') return
  const { ledger, clock, log } = services
  const settledUs = clock.nowUs()
  const finish = isFirst ? finishOf(settledUs) : undefined
  for (let tries = 0; tries < TRIES; tries += 1) {
    await clock.sleep(PAUSE_MS)
    try {
      await ledger.settle({
        attemptId: attempt.id,
        requestId: attempt.requestId,
        nodeId: attempt.nodeId,
        epoch: attempt.epoch,
        settledUs,
        state: 'voided',
        outcome: 'cancelled',
        billed: 'no',
        errorCode: 'storage_failed',
        errorMessage: LOST,
        usage: {},
        charges: [],
        imagesMade: 0,
        assets: [],
        evidence: {},
        findings: [],
        ...(finish && { finish }),
      })
      log.warn({ attemptId: attempt.id }, 'a reserve whose answer was lost had been written; it is voided, and no call was made')
      return
    } catch (err) {
      if (err instanceof HalftoneError && (err.code === 'not_found' || err.code === 'draining')) return
    }
  }
}

const LOST = 'The ledger could not say whether the money was reserved, so the call was not made.'

const finishOf = (finishedUs: number): RequestFinish => ({
  finishedUs,
  outcome: 'error',
  httpStatus: 500,
  imagesReturned: 0,
  errorCode: 'storage_failed',
  errorMessage: LOST,
  warnings: [],
})
