/**
 * What people think of a picture, from what they say and from what they do. A rating is in thousandths of one person's word, so that
 * sums of it stay exact; the weights of signals are published in `docs/guide/feedback.md`.
 */

export type Verdict = 'accept' | 'reject' | 'score'

/** What people do counts for less than what they say: it has other reasons too. Thousandths of a word. */
export const implicitSignals = {
  /** The picture came back as the input of an edit. */
  edited: { verdict: 'accept', weight: 500 },
  /** Its signed URL was opened from elsewhere than the dashboard, although the answer had carried the bytes. */
  downloaded: { verdict: 'accept', weight: 100 },
  /** The same prompt was asked again soon after the answer, in the same group. */
  rerolled: { verdict: 'reject', weight: 300 },
  /** It was deleted before its time. */
  deleted: { verdict: 'reject', weight: 500 },
} as const satisfies Readonly<Record<string, { readonly verdict: Verdict; readonly weight: number }>>

export type ImplicitSignal = keyof typeof implicitSignals
export type FeedbackSignal = 'explicit' | ImplicitSignal

/** One word about one picture. */
export interface FeedbackWord {
  readonly signal: FeedbackSignal
  readonly verdict: Verdict
  /** Thousandths, 0 to 1000; of verdict `score`. */
  readonly score?: number
  readonly atUs: number
}

/** Thousandths of one person's word; the two add up to 1000 at most. */
export interface Rating {
  readonly accepted: number
  readonly rejected: number
}

const WHOLE = 1_000
export const unrated: Rating = { accepted: 0, rejected: 0 }

/**
 * All words about one picture as one rating. The last explicit word stands alone, whoever said it; without one the weightiest signal
 * counts, the later of two equals: signals are not added up, because most of them follow from each other.
 */
export function ratingOf(words: readonly FeedbackWord[]): Rating {
  const inOrder = [...words].sort((left, right) => left.atUs - right.atUs)
  const said = inOrder.findLast(({ signal }) => signal === 'explicit')
  if (said) return shared(said, WHOLE)
  let strongest: Rating = unrated
  for (const { signal } of inOrder) {
    if (signal === 'explicit') continue
    const { verdict, weight } = implicitSignals[signal]
    if (weight >= strongest.accepted + strongest.rejected) strongest = shared({ verdict }, weight)
  }
  return strongest
}

function shared({ verdict, score = 0 }: Pick<FeedbackWord, 'verdict' | 'score'>, weight: number): Rating {
  if (verdict === 'score') return { accepted: score, rejected: WHOLE - score }
  return verdict === 'accept' ? { accepted: weight, rejected: 0 } : { accepted: 0, rejected: weight }
}
