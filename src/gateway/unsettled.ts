/** What the ledger would not take in time. What a call cost is known here: it is written as soon as that can be, instead of becoming unknown. */
import type { Ledger, RequestFinish, SettleCommand } from '../ports/ledger.ts'
import type { GatewayLog } from './state.ts'

export interface Unsettled {
  keep(command: SettleCommand): void
  /** The end of a request whose calls are settled. */
  keepEnd(command: { readonly requestId: string; readonly finish: RequestFinish }): void
  /** Writes what the ledger takes now. */
  retry(): Promise<void>
}

/** A ledger that is away for so many calls is away for good; what is above is left to recovery, as of unknown outcome. */
const MOST_KEPT = 1_000

export function createUnsettled({ ledger, log }: { readonly ledger: Ledger; readonly log: GatewayLog }): Unsettled {
  /** By the id of the attempt or the request. */
  const kept = new Map<string, () => Promise<unknown>>()
  const remember = (id: string, write: () => Promise<unknown>): void => {
    if (kept.size < MOST_KEPT) kept.set(id, write)
  }
  return {
    keep: (command) => remember(command.attemptId, () => ledger.settle(command)),
    keepEnd: (command) => remember(command.requestId, () => ledger.finishRequest(command)),
    async retry() {
      // All at once: they share a commit, and wait together for a database that is away.
      await Promise.all(
        [...kept].map(async ([id, write]) => {
          try {
            await write()
            kept.delete(id)
            log.info({ id }, 'what the ledger did not take before is written now')
          } catch (err) {
            log.warn({ err, id, left: kept.size }, 'the ledger still does not take the end of a call; it is tried again')
          }
        }),
      )
    },
  }
}
