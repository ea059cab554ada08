/** Settles that the ledger would not take in time. What a call cost is known here: it is written as soon as that can be, instead of becoming unknown. */
import type { Ledger, SettleCommand } from '../ports/ledger.ts'
import type { GatewayLog } from './state.ts'

export interface Unsettled {
  keep(command: SettleCommand): void
  /** Settles what the ledger takes now. */
  retry(): Promise<void>
}

/** A ledger that is away for so many calls is away for good; what is above is left to recovery, as of unknown outcome. */
const MOST_KEPT = 1_000

export function createUnsettled({ ledger, log }: { readonly ledger: Ledger; readonly log: GatewayLog }): Unsettled {
  const kept = new Map<string, SettleCommand>()
  return {
    keep(command) {
      if (kept.size < MOST_KEPT) kept.set(command.attemptId, command)
    },
    async retry() {
      // All at once: they share a commit, and wait together for a database that is away.
      await Promise.all(
        [...kept].map(async ([attemptId, command]) => {
          try {
            await ledger.settle(command)
            kept.delete(attemptId)
            log.info({ attemptId, requestId: command.requestId }, 'an attempt that could not be settled before is settled now')
          } catch (err) {
            log.warn({ err, attemptId, left: kept.size }, 'an attempt can still not be settled; it is tried again')
          }
        }),
      )
    },
  }
}
