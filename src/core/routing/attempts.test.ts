import { expect, test } from 'vitest'
import { NOW_US, offerOf, policyOf, pricesOf, requestOf } from '../../../test/support/routing.ts'
import type { AttemptFailure } from '../outcome.ts'
import { afterAttempt } from './attempts.ts'
import { plan } from './plan.ts'
import type { AttemptRecord, NextStep, Policy } from './types.ts'

const offers = [offerOf('one', 'cheap'), offerOf('two', 'dear')]
const prices = pricesOf({ 'acme/cheap': { '': '0.01' }, 'acme/dear': { '': '0.02' } })

function planOf(policy: Partial<Policy>, n: number) {
  const planned = plan({
    request: requestOf({ n }),
    options: { allowUnsupported: false, bodyMetadata: true },
    policy: policyOf(policy),
    snapshot: { offers, health: new Map(), quality: new Map(), qualityLevels: new Map() },
    prices,
    promptComplexity: 0.5,
    nowUs: NOW_US,
    hardBudget: false,
  })
  if (planned.kind === 'none') throw new Error('nothing planned')
  return planned
}

const failed = (changes: Partial<AttemptFailure> = {}): AttemptFailure => ({
  code: 'provider_error',
  message: 'down',
  retryable: true,
  billed: 'no',
  ...changes,
})
const record = (changes: Partial<AttemptRecord> = {}): AttemptRecord => ({
  candidate: 0,
  kind: 'primary',
  round: 1,
  imagesWanted: 1,
  imagesMade: 0,
  ...changes,
})

/** `call 0 retry 1+1` and so on: what was decided, in a line. */
function shown(step: NextStep): string {
  if (step.kind === 'done') return 'done'
  if (step.kind === 'stop') return `stop ${step.failure.code}`
  if (step.kind === 'wait') return 'wait'
  return step.calls.map((call) => `${call.kind} ${call.candidate} n=${call.n}`).join(', ')
}

const table: {
  rule: string
  policy?: Partial<Policy>
  n?: number
  records: AttemptRecord[]
  remainingMs?: number
  expected: string
}[] = [
  { rule: 'the first call asks the best candidate', records: [], expected: 'primary 0 n=1' },
  {
    rule: 'n above what one call makes is split into calls side by side',
    n: 10,
    records: [],
    expected: 'primary 0 n=4, primary 0 n=4, primary 0 n=2',
  },
  { rule: 'all images made is done', records: [record({ imagesMade: 1 })], expected: 'done' },
  {
    rule: 'fewer images without a failure are accepted, not bought again',
    n: 3,
    records: [record({ imagesWanted: 3, imagesMade: 2 })],
    expected: 'done',
  },
  {
    rule: 'an unbilled failure is tried again at the same offer',
    records: [record({ failure: failed() })],
    expected: 'retry 0 n=1',
  },
  {
    rule: 'after the retry the next offer is asked',
    records: [record({ failure: failed() }), record({ round: 2, kind: 'retry', failure: failed() })],
    expected: 'fallback 1 n=1',
  },
  {
    rule: 'the attempts of the policy are the limit',
    policy: { maxAttempts: 2 },
    records: [record({ failure: failed() }), record({ round: 2, kind: 'retry', failure: failed() })],
    expected: 'stop provider_error',
  },
  {
    rule: 'splits of one round count as one attempt',
    policy: { maxAttempts: 2 },
    n: 8,
    records: [record({ imagesWanted: 4, failure: failed() }), record({ imagesWanted: 4, failure: failed() })],
    expected: 'retry 0 n=4, retry 0 n=4',
  },
  {
    rule: 'a charged failure is never repeated without leave to pay twice',
    records: [record({ failure: failed({ billed: 'yes' }) })],
    expected: 'stop provider_error',
  },
  {
    rule: 'an unknown outcome is never repeated without leave to pay twice',
    records: [record({ failure: failed({ billed: 'unknown' }) })],
    expected: 'stop provider_error',
  },
  {
    rule: 'payTwice onUnknown goes on to the next offer, not to the same',
    policy: { payTwice: 'onUnknown' },
    records: [record({ failure: failed({ billed: 'unknown', code: 'provider_timeout' }) })],
    expected: 'fallback 1 n=1',
  },
  {
    rule: 'a refusal is final',
    records: [record({ failure: failed({ code: 'content_refused', retryable: false }) })],
    expected: 'stop content_refused',
  },
  {
    rule: 'a refusal goes on where the route allows it',
    policy: { fallbackOnRefusal: true },
    records: [record({ failure: failed({ code: 'content_refused', retryable: false }) })],
    expected: 'fallback 1 n=1',
  },
  {
    rule: "the client's own mistake is not tried elsewhere",
    records: [record({ failure: failed({ code: 'provider_rejected', retryable: false }) })],
    expected: 'stop provider_rejected',
  },
  {
    rule: 'our own bad key at one provider does not stop the other',
    records: [record({ failure: failed({ code: 'provider_auth', retryable: false }) })],
    expected: 'fallback 1 n=1',
  },
  {
    rule: 'a long Retry-After is worse than another offer',
    records: [record({ failure: failed({ code: 'provider_rate_limited', retryAfterMs: 30_000 }) })],
    expected: 'fallback 1 n=1',
  },
  {
    rule: 'a long Retry-After is waited for when there is no other offer',
    policy: { fallback: false },
    records: [record({ failure: failed({ code: 'provider_rate_limited', retryAfterMs: 30_000 }) })],
    expected: 'retry 0 n=1',
  },
  {
    rule: 'nothing is waited for beyond the deadline',
    policy: { fallback: false },
    remainingMs: 1_000,
    records: [record({ failure: failed({ retryAfterMs: 1_500 }) })],
    expected: 'stop provider_error',
  },
  {
    rule: 'only the missing images are bought again',
    n: 8,
    records: [record({ imagesWanted: 4, imagesMade: 4 }), record({ imagesWanted: 4, failure: failed() })],
    expected: 'retry 0 n=4',
  },
  {
    rule: 'what was made is kept when the rest cannot be had',
    n: 8,
    records: [record({ imagesWanted: 4, imagesMade: 4 }), record({ imagesWanted: 4, failure: failed({ billed: 'unknown' }) })],
    expected: 'done',
  },
]

test.each(table)('$rule', ({ policy = {}, n = 1, records, remainingMs = Number.POSITIVE_INFINITY, expected }) => {
  expect(shown(afterAttempt({ plan: planOf(policy, n), n, records, remainingMs, random: 0.5 }))).toBe(expected)
})

test('a retry waits at least as long as the provider says', () => {
  const step = afterAttempt({
    plan: planOf({}, 1),
    n: 1,
    records: [record({ failure: failed({ retryAfterMs: 1_700 }) })],
    remainingMs: 60_000,
    random: 0,
  })
  expect(step).toMatchObject({ kind: 'call', afterMs: 1_700 })
})
