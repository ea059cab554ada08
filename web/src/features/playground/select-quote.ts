/** A quote as the playground shows it: the choice, the cheapest others, and why some offers are out. */
import type { CandidateQuote, QuoteResponse } from '../../../../src/contract/quote.ts'
import { deltaUsd } from '../../lib/money.ts'
import { type EliminationCount, selectEliminated } from '../candidates/select-candidates.ts'

export interface Alternative {
  readonly candidate: CandidateQuote
  /** Against the choice: `+$0.01`, `−$0.01`, `same`. */
  readonly delta: string
}

export interface QuoteView {
  /** The candidate the gateway would try first; undefined when none is eligible. */
  readonly chosen: CandidateQuote | undefined
  /** Cheapest first, the choice left out. */
  readonly alternatives: readonly Alternative[]
  readonly more: number
  readonly eliminated: readonly EliminationCount[]
}

const SHOWN_ALTERNATIVES = 4

export function selectQuote(quote: QuoteResponse): QuoteView {
  const chosen = quote.candidates.find((candidate) => candidate.choice === 1)
  const others = quote.candidates.filter((candidate) => candidate !== chosen)
  return {
    chosen,
    alternatives: others.slice(0, SHOWN_ALTERNATIVES).map((candidate) => ({
      candidate,
      delta: chosen ? deltaUsd(chosen.expected_usd, candidate.expected_usd) : '',
    })),
    more: Math.max(0, others.length - SHOWN_ALTERNATIVES),
    eliminated: selectEliminated(quote.eliminated),
  }
}

/** How old the price is; a stale one says so. */
export const checkedText = ({ checked_at, age_days, stale }: CandidateQuote): string =>
  stale ? `stale price: not checked for ${age_days} days` : `Prices checked ${checked_at.slice(0, 10)}`
