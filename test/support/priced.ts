/** What an attempt is quoted and what it settles at, with the shipped price book. */
import { loadPriceFiles } from '../../src/config/price-files.ts'
import type { Candidate } from '../../src/core/offer.ts'
import { compilePriceBooks, quoteCandidate, settleCharges } from '../../src/core/pricing/index.ts'
import type { PricedQuote, Settlement } from '../../src/core/pricing/types.ts'
import type { ImageRequest } from '../../src/core/request.ts'
import type { AttemptResult } from '../../src/ports/provider.ts'

export interface Priced {
  readonly quote: PricedQuote
  readonly settlement: Settlement
}

const prices = compilePriceBooks(await loadPriceFiles())

/** Throws when the candidate has no price. */
export function priced(candidate: Candidate, request: ImageRequest, result: AttemptResult): Priced {
  const input = { candidate, request, promptComplexity: 0.5, atUs: Date.parse('2026-11-22T00:00:00Z') * 1000 }
  const quote = quoteCandidate(prices, input)
  if (quote.kind === 'unpriced') throw new Error(`${candidate.offer.id}: ${quote.reason}`)
  const reported =
    result.kind === 'done'
      ? { outcome: 'succeeded', billed: 'yes', imagesMade: result.images.length, ...pick(result.usage, result.reportedCost) }
      : { outcome: 'error', billed: result.failure.billed, ...pick(result.failure.usage, undefined) }
  return { quote, settlement: settleCharges(prices, { ...input, ...(reported as { outcome: 'succeeded'; billed: 'yes' }) }) }
}

const pick = <Usage, Cost>(usage: Usage | undefined, reportedCost: Cost | undefined) => ({
  ...(usage === undefined ? {} : { usage }),
  ...(reportedCost === undefined ? {} : { reportedCost }),
})
