import { describe, expect, it } from 'vitest'
import { bookOf, rateOf, skuOf } from '../../../test/support/pricing.ts'
import { loadFx, loadPriceBook, loadQualityPriors } from './index.ts'

const sku = (more: object): object => bookOf([{ ...skuOf(), ...more }])
const problemsOf = (read: () => unknown): string => {
  try {
    read()
    return ''
  } catch (error) {
    expect(error).toMatchObject({ code: 'config_invalid' })
    return (error as Error).message
  }
}

describe('loadPriceBook', () => {
  it('accepts every adjustment, commitment, tier and condition of the types', () => {
    const description = 'x'
    const full = sku({
      region: 'eu',
      tier: '*',
      weights: 'w',
      retiredAt: '2026-12-01',
      rates: [
        rateOf({
          when: {
            size: ['8x8'],
            quality: 'high',
            operation: ['edit'],
            format: 'png',
            background: 'opaque',
            style: 's',
            steps: { min: 1 },
            mask: true,
          },
          maxQuantity: { perRequest: '5', source: 's' },
          tiers: { mode: 'volume', scope: 'contract', steps: [{ from: '0', price: '1' }] },
          effectiveTo: '2027-01-01',
        }),
      ],
      adjustments: [
        { id: '1', kind: 'multiplier', factor: '0.5', description },
        { id: '2', kind: 'percent', percent: '-5', description },
        { id: '3', kind: 'add', amount: '1', per: 'image', description },
        { id: '4', kind: 'min', amount: '1', description },
        { id: '5', kind: 'max', amount: '1', description },
        { id: '6', kind: 'freeUnits', meter: 'requests', quantity: '1', scope: 'month', description },
      ],
      commitments: [
        { kind: 'prepaidCredits', lots: [{ amount: '1', expiresAt: '2027-01-01' }] },
        { kind: 'minimumSpend', amount: '1', period: 'month' },
        {
          kind: 'reservedCapacity',
          pricePerHour: '1',
          units: '1',
          meter: 'images.out',
          perHour: '9',
          from: '2026-01-01',
          appliesTo: ['acme/*'],
        },
        { kind: 'batchPrepay', minimumBatch: '1', price: '1' },
      ],
    })
    expect(loadPriceBook(full)).toBe(full)
  })

  it.each([
    ['an unknown key', sku({ colour: 1 }), 'prices.skus[0].colour: unknown key'],
    [
      'a number where a decimal in quotes belongs',
      sku({ rates: [{ ...rateOf(), price: 0.04 }] }),
      'prices.skus[0].rates[0].price: expected a decimal in quotes',
    ],
    ['an exponent', sku({ rates: [rateOf({ price: '4e-2' })] }), 'rates[0].price'],
    [
      'a meter that does not exist',
      sku({ rates: [rateOf({ meter: 'x' as never })] }),
      'rates[0].meter: expected one of requests',
    ],
    [
      'a date that does not exist',
      sku({ rates: [rateOf({ effectiveFrom: '2026-13-01' })] }),
      'effectiveFrom: expected an ISO date',
    ],
    ['a missing field', { ...bookOf(), unit: undefined }, 'prices.unit: missing'],
    [
      'a share above one',
      sku({ billedPolicy: { ...skuOf().billedPolicy, timeout: '2' } }),
      'billedPolicy.timeout: expected "0" to "1"',
    ],
    ['an adjustment of no kind', sku({ adjustments: [{ id: 'a' }] }), 'adjustments[0].kind: expected one of multiplier'],
    ['an inherited name as a kind', sku({ adjustments: [{ id: 'a', kind: 'toString' }] }), 'adjustments[0].kind'],
    [
      'a field of another kind',
      sku({ adjustments: [{ id: 'a', kind: 'min', amount: '1', description: 'd', factor: '1' }] }),
      'adjustments[0].factor: unknown key',
    ],
    ['a list that is none', { ...bookOf(), skus: {} }, 'prices.skus: expected a list'],
    ['something else altogether', 7, 'prices: expected an object'],
    ['nothing', null, 'prices: expected an object'],
  ])('refuses %s, with its path', (_rule, json, problem) => {
    expect(problemsOf(() => loadPriceBook(json))).toContain(problem)
  })
})

describe('loadFx', () => {
  it('reads dated conversions', () => {
    const rates = [{ currency: 'EUR', usd: '1.08', source: 'ECB', effectiveFrom: '2026-01-01' }]
    expect(loadFx({ rates })).toBe(rates)
  })
  it('refuses what is not one', () => {
    expect(problemsOf(() => loadFx({ rates: [{ currency: 'euro', usd: 1 }] }))).toMatch(/currency.*\n.*usd/)
  })
})

describe('loadQualityPriors', () => {
  it('refuses a level that is missing', () => {
    const json = { asOf: '2026-01-01', scale: 's', levels: { draft: { atLeast: 1, reason: 'r' } }, scores: [] }
    expect(problemsOf(() => loadQualityPriors(json))).toMatch(/levels.standard: missing\n.*levels.high: missing/)
  })
})
