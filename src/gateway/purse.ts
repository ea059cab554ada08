/** What one request may still cost: its quote and its max cost, less what its calls have cost or may yet, steps and hedges included. */
import { HalftoneError } from '../core/error.ts'
import { formatUsd, type NanoUsd } from '../core/money.ts'
import type { OfferId } from '../core/offer.ts'
import type { Settlement } from '../core/pricing/types.ts'
import type { QuotePin } from './quote-pin.ts'

export interface Purchase {
  readonly attemptId: string
  readonly offer: OfferId
  readonly expectedNanoUsd: NanoUsd
  /** Null: it has no known maximum. No quote covers that; a max cost counts what is expected. */
  readonly maxNanoUsd: NanoUsd | null
  /** With everything that is bought for its pictures afterwards: a picture that cannot be finished is not begun. */
  readonly wholeNanoUsd?: NanoUsd
}

export interface Purse {
  /** Keep what a call that is about to be made may cost. Throws `quote_exceeded` or `cost_limit_exceeded` where it does not fit. */
  take(purchase: Purchase): void
  /** The call was not made. */
  giveBack(attemptId: string): void
  /** What it cost takes the place of what it might have; where that is not known, nothing does. */
  settle(attemptId: string, settlement: Settlement): void
}

/** The plan keeps the first calls within both; what failed tries have cost since, or a price that changed this second, may break them. */
export function createPurse({ pin, maxCostNanoUsd }: { pin: QuotePin | undefined; maxCostNanoUsd: NanoUsd | undefined }): Purse {
  const kept = new Map<string, NanoUsd>()
  return {
    take({ attemptId, offer, expectedNanoUsd, maxNanoUsd, wholeNanoUsd = 0n }) {
      const spent = [...kept.values()].reduce((sum, amount) => sum + amount, 0n)
      const quotedLeft = pin && pin.maxNanoUsd - spent
      if (quotedLeft !== undefined && (maxNanoUsd === null || larger(maxNanoUsd, wholeNanoUsd) > quotedLeft)) {
        const most = maxNanoUsd === null ? 'has no known maximum' : `may cost $${formatUsd(larger(maxNanoUsd, wholeNanoUsd))}`
        throw new HalftoneError(
          'quote_exceeded',
          `The next call, to ${offer}, ${most}; of the quoted maximum $${formatUsd(atLeastNone(quotedLeft))} is left.`,
          { param: 'x-halftone-quote-id' },
        )
      }
      const limitLeft = maxCostNanoUsd === undefined ? undefined : maxCostNanoUsd - spent
      const needed = larger(maxNanoUsd ?? expectedNanoUsd, wholeNanoUsd)
      if (limitLeft !== undefined && needed > limitLeft) {
        throw new HalftoneError(
          'cost_limit_exceeded',
          `The next call, to ${offer}, may cost $${formatUsd(needed)}; of the max cost $${formatUsd(atLeastNone(limitLeft))} is left.`,
          { param: 'max_cost_usd' },
        )
      }
      kept.set(attemptId, maxNanoUsd ?? expectedNanoUsd)
    },
    giveBack(attemptId) {
      kept.delete(attemptId)
    },
    settle(attemptId, settlement) {
      if (settlement.kind === 'free') kept.delete(attemptId)
      else if (settlement.kind === 'charged') kept.set(attemptId, settlement.totalNanoUsd)
    },
  }
}

const larger = (one: NanoUsd, other: NanoUsd): NanoUsd => (one > other ? one : other)
const atLeastNone = (amount: NanoUsd): NanoUsd => larger(amount, 0n)
