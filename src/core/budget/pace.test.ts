import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alertsOf, type BudgetUse, forecastOf } from './pace.ts'

const use = (more: Partial<BudgetUse> = {}): BudgetUse => ({
  limitNanoUsd: 100n,
  usedNanoUsd: 0n,
  periodStartUs: 1_000,
  periodEndUs: 2_000,
  isReached: false,
  ...more,
})

describe('thresholds', () => {
  test.each([
    [49n, []],
    [50n, [50]],
    [79n, [50]],
    [80n, [50, 80]],
    [100n, [50, 80, 100]],
    [250n, [50, 80, 100]],
  ] as const)('%s of 100 at the end of the period: %j', (usedNanoUsd, expected) => {
    expect(alertsOf(use({ usedNanoUsd }), 2_000)).toEqual(expected)
  })

  test('a budget that turned a request away is reached, although a little is left', () => {
    expect(alertsOf(use({ usedNanoUsd: 97n, isReached: true }), 2_000)).toEqual([50, 80, 100])
  })
})

describe('forecast', () => {
  test.each([
    ['at the same pace to the end', { usedNanoUsd: 20n }, 1_250, { usedNanoUsd: 80n, breachUs: null }],
    ['the limit is passed when the pace reaches it', { usedNanoUsd: 40n }, 1_250, { usedNanoUsd: 160n, breachUs: 1_625 }],
    ['what is passed already is no forecast', { usedNanoUsd: 120n }, 1_500, { usedNanoUsd: 240n, breachUs: null }],
    ['nothing used, nothing forecast', {}, 1_500, { usedNanoUsd: 0n, breachUs: null }],
    ['too early', { usedNanoUsd: 40n }, 1_049, undefined],
    ['early enough', { usedNanoUsd: 4n }, 1_050, { usedNanoUsd: 80n, breachUs: null }],
    ['a total has no end to forecast', { usedNanoUsd: 40n, periodEndUs: null }, 1_500, undefined],
    ['before the period', { usedNanoUsd: 40n }, 900, undefined],
  ] as const)('%s', (_name, more, nowUs, expected) => {
    expect(forecastOf(use(more), nowUs)).toEqual(expected)
  })

  test('a breach lies ahead, and within the period', () => {
    const amounts = fc.bigInt({ min: 1n, max: 10n ** 15n })
    fc.assert(
      fc.property(amounts, amounts, fc.integer({ min: 1, max: 86_400_000_000 }), (limitNanoUsd, usedNanoUsd, agoUs) => {
        const period = { periodStartUs: 0, periodEndUs: 86_400_000_000 }
        const breachUs = forecastOf(use({ limitNanoUsd, usedNanoUsd, ...period }), agoUs)?.breachUs ?? null
        if (breachUs === null) return
        expect(breachUs).toBeGreaterThanOrEqual(agoUs)
        expect(breachUs).toBeLessThanOrEqual(86_400_000_000)
      }),
    )
  })
})
