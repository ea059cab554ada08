import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bookOf, inputOf, offerOf, pricesOf, rateOf, skuOf } from '../../../test/support/pricing.ts'
import { formatUsd } from '../money.ts'
import { addUsage, type Usage, wholeUnits } from '../usage.ts'
import { type JobInput, type JobQuote, quoteJob, type Tries } from './job.ts'
import type { BilledPolicy, Sku, Tiers } from './price-book.ts'
import { quoteCandidate } from './quote.ts'

const freeFailures: BilledPolicy = {
  success: '1',
  refusedBefore: '0',
  refusedAfter: '0',
  providerError: '0',
  timeout: '0',
  cancelled: '0',
}
const HOUR = 3_600_000

interface Given {
  readonly sku?: Partial<Sku>
  readonly tier?: string
  readonly n?: number
  readonly job: Partial<JobInput> & { readonly count: number }
}

function jobOf({ sku = {}, tier, n = 1, job }: Given): JobQuote {
  const offer = offerOf('acme/one', 'acme', tier === undefined ? {} : { tier })
  const book = bookOf([skuOf({ billedPolicy: freeFailures, ...(tier !== undefined && { tier }), ...sku })])
  const input = inputOf({ offer, settings: { n } })
  const quote = quoteJob(pricesOf(book), { ...input, offer, perRequest: 1, concurrency: 10, ...job })
  if (quote.kind === 'unpriced') throw new Error(quote.reason)
  return quote
}

const tiers = (mode: Tiers['mode']): Tiers => ({
  mode,
  scope: 'month',
  steps: [
    { from: '0', price: '0.04' },
    { from: '100', price: '0.03' },
  ],
})
const tries = (changes: Partial<Tries> = {}): Tries => ({
  succeeded: 95,
  failed: 5,
  succeededNanoUsd: 4_000_000_000n,
  failedNanoUsd: 80_000_000n,
  durationMs: 200_000,
  ...changes,
})

describe('what a job costs', () => {
  test.each<Given & { rule: string; calls: number; min: string; expected: string; max: string | null }>([
    { rule: 'a thousand images at $0.04', job: { count: 1000 }, calls: 1000, min: '40', expected: '40', max: '40' },
    {
      rule: 'requests of 4 images, 3 to a call: 2 full ones are 3 + 1 each, and 2 images are left',
      n: 3,
      sku: { rates: [rateOf({ meter: 'requests', price: '1' })] },
      job: { count: 10, perRequest: 4 },
      calls: 5,
      min: '5',
      expected: '5',
      max: '5',
    },
    {
      rule: 'graduated month tiers are crossed on the way: 100 at $0.04 and 50 at $0.03',
      sku: { rates: [rateOf({ tiers: tiers('graduated') })] },
      job: { count: 150 },
      calls: 150,
      min: '5.5',
      expected: '5.5',
      max: '5.5',
    },
    {
      rule: 'volume tiers price each call at where the month then stands: 99 at $0.04 and 51 at $0.03',
      sku: { rates: [rateOf({ tiers: tiers('volume') })] },
      job: { count: 150 },
      calls: 150,
      min: '5.49',
      expected: '5.49',
      max: '5.49',
    },
    {
      rule: 'what the month has used already counts',
      sku: { rates: [rateOf({ tiers: tiers('graduated') })] },
      job: { count: 150, monthToDate: { 'images.out': wholeUnits(60) } },
      calls: 150,
      min: '4.9',
      expected: '4.9',
      max: '4.9',
    },
    {
      rule: 'what the contract has bought counts for tiers of the contract, and the month for none of them',
      sku: { rates: [rateOf({ tiers: { ...tiers('graduated'), scope: 'contract' } })] },
      job: {
        count: 150,
        monthToDate: { 'images.out': wholeUnits(99) },
        contractToDate: { 'images.out': wholeUnits(60) },
      },
      calls: 150,
      min: '4.9',
      expected: '4.9',
      max: '4.9',
    },
    {
      rule: 'free units of the month are used up first; the maximum does not count on them',
      sku: {
        adjustments: [
          { id: 'free', kind: 'freeUnits', meter: 'images.out', quantity: '10', scope: 'month', description: '10 a month free' },
        ],
      },
      job: { count: 15 },
      calls: 15,
      min: '0.2',
      expected: '0.2',
      max: '0.6',
    },
    {
      rule: 'failed tries as the ledger has them: 2 % on top, and not in the minimum',
      job: { count: 100, tries: tries() },
      calls: 100,
      min: '4',
      expected: '4.08',
      max: '4.08',
    },
    {
      rule: 'too few tries teach nothing: 2 % refused and charged in full, errors and timeouts free',
      sku: { billedPolicy: { ...freeFailures, refusedAfter: '1' } },
      job: { count: 100, tries: tries({ succeeded: 3, failed: 5 }) },
      calls: 100,
      min: '4',
      expected: '4.08',
      max: '4.08',
    },
    {
      rule: 'a failure that nobody knows the bill of is counted whole',
      sku: { billedPolicy: { ...freeFailures, providerError: 'unknown', timeout: '0.5' } },
      job: { count: 100 },
      calls: 100,
      min: '4',
      expected: '4.05',
      max: '4.05',
    },
    {
      rule: 'without a bound on one call there is none on the job',
      sku: {
        rates: [rateOf({ meter: 'gpu.seconds', price: '0.001' })],
        estimates: [{ meter: 'gpu.seconds', scope: 'image', form: 'constant', expected: '2', source: 's' }],
      },
      job: { count: 10 },
      calls: 10,
      min: '0',
      expected: '0.02',
      max: null,
    },
  ])('$rule', ({ rule: _rule, calls, min, expected, max, ...given }) => {
    const quote = jobOf(given)
    const text = (amount: bigint | null) => (amount === null ? null : formatUsd(amount, 0))
    expect([quote.calls, text(quote.minNanoUsd), text(quote.expectedNanoUsd), text(quote.maxNanoUsd)]).toEqual([
      calls,
      min,
      expected,
      max,
    ])
  })

  test('strides give what pricing call after call gives, for any tiers and start', () => {
    const arbitrary = fc.record({
      mode: fc.constantFrom<Tiers['mode']>('graduated', 'volume'),
      from: fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 3 }),
      start: fc.integer({ min: 0, max: 70 }),
      count: fc.integer({ min: 1, max: 90 }),
      n: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(arbitrary, ({ mode, from, start, count, n }) => {
        const steps = [0, ...from.toSorted((a, b) => a - b)].map((at, index) => ({ from: `${at}`, price: `0.0${9 - index}` }))
        const sku: Partial<Sku> = { rates: [rateOf({ tiers: { mode, scope: 'month', steps } })] }
        const prices = pricesOf(bookOf([skuOf({ billedPolicy: freeFailures, ...sku })]))
        let used: Usage = { 'images.out': wholeUnits(start) }
        let total = 0n
        const price = (images: number) => {
          const input = inputOf({ settings: { n: images }, pricing: { monthToDate: used } })
          const quote = quoteCandidate(prices, input)
          if (quote.kind === 'unpriced') throw new Error(quote.reason)
          total += quote.expectedNanoUsd
          used = addUsage(used, { 'images.out': wholeUnits(images) })
        }
        for (let left = count; left >= n; left -= n) price(n)
        if (count % n > 0) price(count % n)
        const job = { count, perRequest: n, monthToDate: { 'images.out': wholeUnits(start) } }
        expect(jobOf({ sku, n, job }).expectedNanoUsd).toBe(total)
      }),
    )
  })
})

describe('when a job is done', () => {
  test.each<Given & { rule: string; inTime: string; durationMs: number | undefined; lane: string }>([
    {
      rule: 'a batch is promised within a day',
      tier: 'batch',
      job: { count: 1, deadlineMs: 24 * HOUR },
      inTime: 'yes',
      durationMs: 24 * HOUR,
      lane: 'batch',
    },
    {
      rule: 'and not in six hours',
      tier: 'batch',
      job: { count: 1, deadlineMs: 6 * HOUR },
      inTime: 'no',
      durationMs: 24 * HOUR,
      lane: 'batch',
    },
    {
      rule: 'a lane that promises no time may be late',
      tier: 'flex',
      job: { count: 1, deadlineMs: HOUR },
      inTime: 'unknown',
      durationMs: undefined,
      lane: 'flex',
    },
    {
      rule: 'calls run side by side at the mean of what they took: 1000 calls of 2 s, 10 at a time',
      job: { count: 1000, deadlineMs: 200_000, tries: tries() },
      inTime: 'yes',
      durationMs: 200_000,
      lane: 'standard',
    },
    {
      rule: 'a second less is too little',
      job: { count: 1000, deadlineMs: 199_000, tries: tries() },
      inTime: 'no',
      durationMs: 200_000,
      lane: 'standard',
    },
    {
      rule: 'without a deadline everything is in time',
      job: { count: 1000 },
      inTime: 'yes',
      durationMs: undefined,
      lane: 'standard',
    },
  ])('$rule', ({ rule: _rule, inTime, durationMs, lane, ...given }) => {
    expect(jobOf(given)).toMatchObject({ inTime, durationMs, lane })
  })
})

test('the reasons say where the allowance comes from and which tier is crossed', () => {
  const { reasons } = jobOf({ sku: { rates: [rateOf({ tiers: tiers('graduated') })] }, job: { count: 150, tries: tries() } })
  expect(reasons.join('\n')).toMatch(/5 of 100 calls in 30 days, charged 2 %/)
  expect(reasons.join('\n')).toMatch(/crosses a price tier at images\.out 100/)
})
