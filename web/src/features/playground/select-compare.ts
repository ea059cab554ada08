/** One prompt on several offers: who is asked, what it costs together, and what it cost in the end. */
import type { QuoteResponse } from '../../../../src/contract/quote.ts'
import { formatUsd, parseUsd } from '../../../../src/core/money.ts'
import { deltaUsd } from '../../lib/money.ts'
import { type PlaygroundForm, targetsOf } from './select-form.ts'
import { selectQuote } from './select-quote.ts'

export const MAX_TARGETS = 6

/** Above this much real money the playground asks before it spends. */
const CONFIRM_ABOVE_NANO_USD = 250_000_000n

export interface TotalQuote {
  readonly expectedUsd: string
  /** Null: some offer has no upper bound. */
  readonly maxUsd: string | null
  /** Targets that no offer can serve, or whose price is not there yet. */
  readonly unquoted: number
}

/** The prices of all targets added up, exactly; a target without a quote is counted, not taken for free. */
export function selectTotal(quotes: readonly (QuoteResponse | undefined)[]): TotalQuote {
  let expected = 0n
  let max: bigint | null = 0n
  let unquoted = 0
  for (const quote of quotes) {
    const chosen = quote && selectQuote(quote).chosen
    if (!chosen) {
      unquoted += 1
      continue
    }
    expected += parseUsd(chosen.expected_usd)
    max = max === null || chosen.max_usd === null ? null : max + parseUsd(chosen.max_usd)
  }
  return { expectedUsd: formatUsd(expected), maxUsd: max === null ? null : formatUsd(max), unquoted }
}

/** Whether to ask first: real money, and more than a little, or nobody knows how much. */
export function needsConfirmation(total: TotalQuote, spendsMoney: boolean): boolean {
  if (!spendsMoney) return false
  return total.unquoted > 0 || total.maxUsd === null || parseUsd(total.maxUsd) > CONFIRM_ABOVE_NANO_USD
}

/** Another target; one that is there already, or one too many, changes nothing. */
export function addTarget(form: PlaygroundForm, target: string): readonly string[] {
  const targets = targetsOf(form)
  return targets.includes(target) || targets.length >= MAX_TARGETS ? targets : [...targets, target]
}

/** What it cost against what was quoted: `as quoted`, `+$0.01 against the quote`. */
export function againstQuote(quotedUsd: string | undefined, costUsd: string): string {
  if (quotedUsd === undefined) return 'there was no quote'
  const delta = deltaUsd(quotedUsd, costUsd)
  return delta === 'same' ? 'as quoted' : `${delta} against the quote`
}
