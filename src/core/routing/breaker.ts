/**
 * Health of one offer by a sequential probability ratio test: each failure and success shifts the log-likelihood ratio
 * between "1 % of calls fail" and "50 % fail". Refusals and client errors never count. A reducer: state in, state out.
 */

export type BreakerState =
  | { readonly kind: 'closed'; readonly evidence: number }
  | { readonly kind: 'open'; readonly untilUs: number; readonly openings: number }
  /** One probe may pass; `probing` while it is under way. */
  | { readonly kind: 'half_open'; readonly openings: number; readonly probing: boolean }

export type BreakerEvent = { readonly kind: 'success' } | { readonly kind: 'failure' } | { readonly kind: 'dispatch' }

/** ln(0.5 / 0.01) and ln(0.5 / 0.99). */
const FAILURE_WEIGHT = 3.912
const SUCCESS_WEIGHT = -0.683
/** Two failures in a row open it: 2 x 3.912 > 6.9. */
const OPEN_AT = 6.9
const FIRST_PAUSE_US = 10_000_000
const LONGEST_PAUSE_US = 300_000_000

export const initialBreaker: BreakerState = { kind: 'closed', evidence: 0 }

/** `random` (0 to 1) jitters the pause, so that many nodes do not probe at once. */
export function reduceBreaker(state: BreakerState, event: BreakerEvent, nowUs: number, random: number): BreakerState {
  const current = elapsed(state, nowUs)
  if (event.kind === 'dispatch') return current.kind === 'half_open' ? { ...current, probing: true } : current
  if (event.kind === 'success')
    return current.kind === 'closed'
      ? { kind: 'closed', evidence: Math.max(0, current.evidence + SUCCESS_WEIGHT) }
      : initialBreaker
  if (current.kind === 'half_open') return open(current.openings + 1, nowUs, random)
  if (current.kind === 'open') return current
  const evidence = current.evidence + FAILURE_WEIGHT
  return evidence >= OPEN_AT ? open(1, nowUs, random) : { kind: 'closed', evidence }
}

/** What the router may know now: `half_open` with a probe under way counts as open. */
export function breakerView(state: BreakerState, nowUs: number): 'closed' | 'open' | 'half_open' {
  const current = elapsed(state, nowUs)
  return current.kind === 'half_open' && current.probing ? 'open' : current.kind
}

/** More than the longest pause is left only after the clock was set back. */
const isOver = (untilUs: number, nowUs: number): boolean => nowUs >= untilUs || untilUs - nowUs > 1.25 * LONGEST_PAUSE_US

const elapsed = (state: BreakerState, nowUs: number): BreakerState =>
  state.kind === 'open' && isOver(state.untilUs, nowUs) ? { kind: 'half_open', openings: state.openings, probing: false } : state

function open(openings: number, nowUs: number, random: number): BreakerState {
  const pause = Math.min(FIRST_PAUSE_US * 2 ** (openings - 1), LONGEST_PAUSE_US)
  return { kind: 'open', openings, untilUs: nowUs + Math.round(pause * (0.75 + random / 2)) }
}
