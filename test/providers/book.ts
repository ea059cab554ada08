/** What the shipped price book expects of a candidate, and what it charges for an answer that a codec has read. */
import { loadPriceFiles } from '../../src/config/price-files.ts'
import type { Candidate } from '../../src/core/offer.ts'
import type { CompiledPrices } from '../../src/core/pricing/index.ts'
import { compilePriceBooks, quoteCandidate, settleCharges } from '../../src/core/pricing/index.ts'
import type { ImageRequest } from '../../src/core/request.ts'
import type { AttemptResult } from '../../src/ports/provider.ts'
import { atUs } from '../support/pricing.ts'

export interface BookAnswer {
  readonly minNanoUsd: bigint
  readonly expectedNanoUsd: bigint
  readonly maxNanoUsd: bigint | null
  readonly chargedNanoUsd: bigint
  readonly provenance: string
}

let shipped: Promise<CompiledPrices> | undefined

/** Throws where the book has no price, or charges nothing. */
export async function byTheBook(candidate: Candidate, request: ImageRequest, result: AttemptResult): Promise<BookAnswer> {
  shipped ??= loadPriceFiles().then(compilePriceBooks)
  const prices = await shipped
  const input = { candidate, request, promptComplexity: 0.5, atUs }
  const quote = quoteCandidate(prices, input)
  if (quote.kind !== 'priced') throw new Error(`${candidate.offer.id}: ${quote.reason}`)
  const { usage, ...ended } = result.kind === 'done' ? doneFacts(result) : failedFacts(result)
  const settlement = settleCharges(prices, { ...input, ...ended, ...(usage && { usage }) })
  if (settlement.kind !== 'charged') throw new Error(`${candidate.offer.id}: settled as ${settlement.kind}`)
  const { minNanoUsd, expectedNanoUsd, maxNanoUsd } = quote
  const { totalNanoUsd: chargedNanoUsd, provenance } = settlement
  return { minNanoUsd, expectedNanoUsd, maxNanoUsd, chargedNanoUsd, provenance }
}

const doneFacts = ({ usage, reportedCost, images }: Extract<AttemptResult, { kind: 'done' }>) =>
  ({ outcome: 'succeeded', billed: 'yes', imagesMade: images.length, usage, ...(reportedCost && { reportedCost }) }) as const

const failedFacts = ({ failure }: Extract<AttemptResult, { kind: 'failed' }>) =>
  ({
    outcome: failure.code === 'content_refused' ? 'refused' : 'error',
    billed: failure.billed,
    usage: failure.usage,
    ...(failure.stage && { stage: failure.stage }),
  }) as const
