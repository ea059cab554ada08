/** Candidates and eliminations, as quotes and decisions both show them. */
import type { CandidateQuote, QuoteResponse } from '../../../../src/contract/quote.ts'

export interface EliminationCount {
  readonly reason: string
  readonly count: number
  /** The detail of one of them. */
  readonly example: string
}

/** Eliminations counted by reason, the most frequent first, each with one detail as an example. */
export function selectEliminated(eliminated: QuoteResponse['eliminated']): readonly EliminationCount[] {
  const byReason = new Map<string, { reason: string; count: number; example: string }>()
  for (const { reason, detail } of eliminated) {
    const entry = byReason.get(reason)
    if (entry) entry.count += 1
    else byReason.set(reason, { reason, count: 1, example: detail })
  }
  return [...byReason.values()].sort((left, right) => right.count - left.count)
}

/** With what is done here to its pictures, and the lane that answers in its own time: `medium, 800x600, batch; here: convert to png`. */
export const productText = (candidate: Pick<CandidateQuote, 'quality' | 'size' | 'lane' | 'finishing'>): string =>
  [
    [settingsText(candidate), candidate.lane === 'standard' ? '' : candidate.lane].filter(Boolean).join(', '),
    ...(candidate.finishing.length > 0 ? [`here: ${candidate.finishing.join(', ')}`] : []),
  ].join('; ')

/** `medium, 1024x1024` */
export const settingsText = (candidate: { readonly quality: string | null; readonly size: string }): string =>
  [candidate.quality, candidate.size].filter(Boolean).join(', ')
