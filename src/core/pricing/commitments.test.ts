import { describe, expect, test } from 'vitest'
import { bookOf, offerOf, rateOf, skuOf } from '../../../test/support/pricing.ts'
import { commitmentsFor, commitmentsOf, lotsDue } from './commitments.ts'
import { compilePriceBooks } from './compile.ts'
import type { Sku } from './price-book.ts'

const at = (text: string): number => Date.parse(text) * 1000
const iso = (us: number | null): string | null => (us === null ? null : new Date(us / 1000).toISOString().slice(0, 16))

function overlay(skus: readonly Partial<Sku>[]) {
  const book = bookOf(skus.map((more, index) => skuOf({ rates: [rateOf({ id: `rate-${index}` })], id: `sku-${index}`, ...more })))
  return compilePriceBooks({ books: [{ book, hash: 'shipped' }], fx: [], overlays: [{ provider: 'house', book, hash: 'own' }] })
}

const due = (more: Partial<Sku>, since: string, until: string) => {
  const prices = overlay([more])
  return commitmentsOf(prices).flatMap((commitment) =>
    lotsDue(commitment, prices, { sinceUs: at(since), untilUs: at(until) }).map(
      ({ id, startsUs, expiresUs, capacity, paidNanoUsd, meter }) => [
        id,
        iso(startsUs),
        iso(expiresUs),
        capacity,
        paidNanoUsd,
        meter,
      ],
    ),
  )
}

describe('the lots of a commitment', () => {
  test('credits are one lot each, with what was paid and their end', () => {
    const lots = [
      { amount: '100', paid: '80', startsAt: '2026-01-01', expiresAt: '2027-01-01' },
      { id: 'bonus', amount: '5' },
    ]
    expect(due({ commitments: [{ kind: 'prepaidCredits', id: 'credits', lots }] }, '2026-11-22', '2026-11-23')).toEqual([
      ['house/credits/1', '2026-01-01T00:00', '2027-01-01T00:00', 100_000_000_000n, 80_000_000_000n, null],
      ['house/credits/bonus', '1970-01-01T00:00', null, 5_000_000_000n, 5_000_000_000n, null],
    ])
  })

  test('a minimum spend is a lot for each UTC month that the contract touches', () => {
    const terms = { kind: 'minimumSpend', amount: '500', period: 'month' } as const
    const contract = { from: '2026-11-10', to: '2027-01-01' }
    const found = due({ commitments: [terms], contract }, '2026-11-22', '2027-03-01')
    expect(found.map(([id, starts, ends]) => [id, starts, ends])).toEqual([
      ['house/sku-0/1/2026-11-01T00', '2026-11-01T00:00', '2026-12-01T00:00'],
      ['house/sku-0/1/2026-12-01T00', '2026-12-01T00:00', '2027-01-01T00:00'],
    ])
    expect(due({ commitments: [{ ...terms, period: 'contract' }], contract }, '2026-11-22', '2026-11-23')).toEqual([
      ['house/sku-0/1/2026-11-10T00', '2026-11-10T00:00', '2027-01-01T00:00', 500_000_000_000n, 500_000_000_000n, null],
    ])
  })

  test('reserved capacity is a lot for each hour, of all its units', () => {
    const terms = { kind: 'reservedCapacity', pricePerHour: '3', units: '2', meter: 'images.out', perHour: '60' } as const
    const dates = { from: '2026-11-22T10:00:00Z', to: '2026-11-22T12:00:00Z' }
    expect(due({ commitments: [{ ...terms, ...dates }] }, '2026-11-22T08:30:00Z', '2026-11-22T15:00:00Z')).toEqual([
      ['house/sku-0/1/2026-11-22T10', '2026-11-22T10:00', '2026-11-22T11:00', 120_000_000n, 6_000_000_000n, 'images.out'],
      ['house/sku-0/1/2026-11-22T11', '2026-11-22T11:00', '2026-11-22T12:00', 120_000_000n, 6_000_000_000n, 'images.out'],
    ])
  })

  test('a batch is a lot of pictures at its price', () => {
    const terms = { kind: 'batchPrepay', minimumBatch: '1000', price: '25', expiresAt: '2027-01-01' } as const
    expect(due({ commitments: [terms] }, '2026-11-22', '2026-11-23')).toEqual([
      ['house/sku-0/1/batch', '1970-01-01T00:00', '2027-01-01T00:00', 1_000_000_000n, 25_000_000_000n, 'images.out'],
    ])
  })

  test('GPUs paid by the clock are capacity in usable seconds', () => {
    const gpuPool = {
      pricePerGpuHour: '2',
      billing: 'wallClock',
      gpus: '4',
      from: '2026-11-22',
      utilisation: '0.5',
      throughput: [{ imagesPerSecond: '1' }],
    } as const
    expect(due({ rates: [], gpuPool }, '2026-11-22T10:00:00Z', '2026-11-22T11:00:00Z')).toEqual([
      [
        'house/sku-0/gpuPool/2026-11-22T10',
        '2026-11-22T10:00',
        '2026-11-22T11:00',
        7_200_000_000n,
        8_000_000_000n,
        'gpu.seconds',
      ],
    ])
  })
})

describe('where a commitment applies', () => {
  const terms = { kind: 'minimumSpend', amount: '1', period: 'month' } as const
  const idsFor = (skus: readonly Partial<Sku>[], model: string, provider = 'house') =>
    commitmentsFor(commitmentsOf(overlay(skus)), offerOf(model, provider))

  test.each([
    ['the model it stands at', [{ commitments: [terms] }], 'acme/one', ['house/sku-0/1']],
    ['no other model', [{ commitments: [terms] }], 'acme/two', []],
    ['the models it names', [{ commitments: [{ ...terms, appliesTo: ['acme/t*'] }] }], 'acme/two', ['house/sku-0/1']],
    [
      'both places, where one id is named twice',
      [{ commitments: [{ ...terms, id: 'all' }] }, { model: 'acme/two', commitments: [{ ...terms, id: 'all' }] }],
      'acme/two',
      ['house/all'],
    ],
  ] as const)('is %s', (_name, skus, model, expected) => {
    expect(idsFor(skus, model)).toEqual(expected)
  })

  test('is the account of the operator alone: another account and a shipped book sign nothing', () => {
    expect(idsFor([{ commitments: [terms] }], 'acme/one', 'acme')).toEqual([])
  })
})

describe('a commitment or pool that cannot be', () => {
  const pool = { pricePerGpuHour: '2', billing: 'busy', throughput: [{ imagesPerSecond: '1' }] } as const
  test.each([
    [
      'a minimum of a contract without dates',
      { commitments: [{ kind: 'minimumSpend', amount: '1', period: 'contract' }] },
      /contract\.from and contract\.to/,
    ],
    ['credits of nothing', { commitments: [{ kind: 'prepaidCredits', lots: [{ amount: '0' }] }] }, /amount must be above 0/],
    [
      'an end before the start',
      { commitments: [{ kind: 'prepaidCredits', lots: [{ amount: '1', startsAt: '2026-02-01', expiresAt: '2026-01-01' }] }] },
      /its end must be after/,
    ],
    ['two prices of a GPU', { gpuPool: { ...pool, pricePerGpuSecond: '1' } }, /one of pricePerGpuHour and pricePerGpuSecond/],
    ['wall clock without a count of GPUs', { gpuPool: { ...pool, billing: 'wallClock' } }, /need gpus and from/],
    ['more than all of the time', { gpuPool: { ...pool, utilisation: '1.2' } }, /at most 1/],
    ['no throughput', { gpuPool: { ...pool, throughput: [{}] } }, /name one of imagesPerSecond/],
    ['throughput of nothing', { gpuPool: { ...pool, throughput: [{ imagesPerSecond: '0' }] } }, /must be above 0/],
  ] as const)('refuses %s', (_name, more, message) => {
    expect(() => overlay([{ rates: [], ...more } as Partial<Sku>])).toThrow(message)
  })

  test('refuses other terms for GPUs that are shared', () => {
    const skus = [
      { rates: [], gpuPool: { ...pool, id: 'rack' } },
      { rates: [], model: 'acme/two', gpuPool: { ...pool, id: 'rack', pricePerGpuHour: '3' } },
    ]
    expect(() => overlay(skus)).toThrow(/other terms elsewhere/)
  })
})
