/**
 * How many calls one offer takes at once: Gradient2, once the offer has shown that it can be overloaded. Until then nothing is limited.
 * Answer times are compared only within one kind of call (model, size, quality), or a slow model would look like congestion. A reducer.
 */

export interface GradientState {
  /** Undefined: not limited. */
  readonly limit: number | undefined
  /** Long-run answer time by kind of call, with how many calls it rests on. */
  readonly longMs: ReadonlyMap<string, { readonly ms: number; readonly calls: number }>
}

export interface GradientSample {
  readonly kind: string
  readonly ms: number
  /** Calls in flight when it ended, itself included. */
  readonly inFlight: number
  /** The offer said that it is too much, or did not answer in time. */
  readonly overloaded: boolean
}

export const unlimited: GradientState = { limit: undefined, longMs: new Map() }

export const LEAST_LIMIT = 2
export const MOST_LIMIT = 200
/** Room to probe for more. */
const QUEUE = 4
const SMOOTHING = 0.2
const WINDOW = 600
/** So much slower than usual is still usual. */
const TOLERANCE = 1.5
const BACKOFF = 0.9
const MOST_KINDS = 64

export function reduceGradient(state: GradientState, sample: GradientSample): GradientState {
  if (sample.overloaded) {
    const limit = Math.min(state.limit ?? Number.POSITIVE_INFINITY, sample.inFlight) * BACKOFF
    return { ...state, limit: Math.min(MOST_LIMIT, Math.max(LEAST_LIMIT, limit)) }
  }
  const known = state.longMs.get(sample.kind)
  const longMs = remembered(state.longMs, sample, known)
  const { limit } = state
  // Where the offer is not used up to its limit, fast answers say nothing about a higher one.
  if (limit === undefined || !known || sample.inFlight < limit / 2) return { limit, longMs }
  const gradient = Math.max(0.5, Math.min(1, (TOLERANCE * known.ms) / Math.max(sample.ms, 1e-3)))
  const next = (1 - SMOOTHING) * limit + SMOOTHING * (gradient * limit + QUEUE)
  // What has grown so far without a complaint needs no limit any more.
  return { limit: next >= MOST_LIMIT ? undefined : Math.max(LEAST_LIMIT, next), longMs }
}

function remembered(
  longMs: GradientState['longMs'],
  { kind, ms }: GradientSample,
  known: { readonly ms: number; readonly calls: number } | undefined,
): GradientState['longMs'] {
  const calls = Math.min(WINDOW, (known?.calls ?? 0) + 1)
  // A mean at first, then one that forgets; a time that fell by half is followed at once.
  const mean = known ? known.ms + (ms - known.ms) / calls : ms
  const next = new Map(longMs)
  next.delete(kind)
  next.set(kind, { ms: mean > 2 * ms ? mean * 0.95 : mean, calls })
  const [oldest] = next.keys()
  if (next.size > MOST_KINDS && oldest !== undefined) next.delete(oldest)
  return next
}
