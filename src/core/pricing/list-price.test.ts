import { describe, expect, test } from 'vitest'
import { bookOf, offerOf, rateOf, settleOf, skuOf } from '../../../test/support/pricing.ts'
import type { ChargeLine } from '../outcome.ts'
import type { CompiledPrices } from './compiled.ts'
import { compilePriceBooks } from './index.ts'
import { listAmount, shareOut } from './list-price.ts'
import type { Rate, Sku } from './price-book.ts'
import { settleCharges } from './settle.ts'
import type { SettleInput } from './types.ts'

const steps = [
  { from: '0', price: '0.05' },
  { from: '10', price: '0.03' },
]
const tiered = (scope: 'request' | 'month' | 'contract', mode: 'graduated' | 'volume' = 'graduated') =>
  rateOf({ tiers: { mode, scope, steps } })
const pricesOf = (published: readonly Rate[], own?: readonly Rate[], more: Partial<Sku> = {}): CompiledPrices =>
  compilePriceBooks({
    books: [{ book: bookOf([skuOf({ rates: published, ...more })]), hash: 'published' }],
    fx: [],
    overlays: own ? [{ book: bookOf([skuOf({ rates: own })]), hash: 'own', provider: 'acme' }] : [],
  })
const ownRate = (more: Partial<Rate> = {}) => rateOf({ id: 'negotiated', price: '0.029', ...more })
const offer = offerOf()

function linesOf(prices: CompiledPrices, more: Partial<SettleInput> = {}, n = 4): readonly ChargeLine[] {
  const settled = settleCharges(prices, { ...settleOf({ settings: { n } }), imagesMade: n, ...more })
  if (settled.kind !== 'charged') throw new Error(settled.kind)
  return settled.lines
}
const bought = (count: bigint) => ({
  monthToDate: { 'images.out': count * 1_000_000n },
  contractToDate: { 'images.out': count * 1_000_000n },
})

describe('the list price of a charge', () => {
  const low = { quality: 'low' } as const
  const high = { quality: 'high' } as const
  test.each([
    ['a flat published price is the price in use', pricesOf([rateOf()]), {}, '160000000', '160000000'],
    ['a tier of the month is left out', pricesOf([tiered('month')]), bought(20n), '120000000', '200000000'],
    ['a tier of the contract is left out', pricesOf([tiered('contract')]), bought(20n), '120000000', '200000000'],
    ['a tier crossed within the call is left out', pricesOf([tiered('month')]), bought(8n), '160000000', '200000000'],
    ['a volume tier is left out', pricesOf([tiered('month', 'volume')]), bought(20n), '120000000', '200000000'],
    ['a price of one call is a price of the list', pricesOf([tiered('request')]), bought(20n), '200000000', '200000000'],
    ['an own price has that of the book', pricesOf([rateOf()], [ownRate()]), {}, '116000000', '160000000'],
    [
      'an own price with volumes has that of the book',
      pricesOf([rateOf()], [{ ...tiered('month'), id: 'negotiated' }]),
      bought(20n),
      '120000000',
      '160000000',
    ],
    [
      'an own price has the published one of the same conditions',
      pricesOf(
        [rateOf({ id: 'low', when: low, price: '0.01' }), rateOf({ id: 'high', when: high, price: '0.09' })],
        [ownRate({ when: high })],
      ),
      { candidate: settleOf({ settings: { n: 4, ...high } }).candidate },
      '116000000',
      '360000000',
    ],
    [
      'any of several of one price will do',
      pricesOf([rateOf({ id: 'low', when: low }), rateOf({ id: 'high', when: high })], [ownRate()]),
      {},
      '116000000',
      '160000000',
    ],
    [
      'where the published price depends on more than the charge tells, it is the price in use',
      pricesOf([rateOf({ id: 'low', when: low, price: '0.01' }), rateOf({ id: 'high', when: high, price: '0.09' })], [ownRate()]),
      {},
      '116000000',
      '116000000',
    ],
  ] as const)('%s', (_name, prices, more, charged, listed) => {
    const input = settleOf()
    const [line] = linesOf(prices, more)
    expect(line?.amountNanoUsd).toBe(BigInt(charged))
    expect(line && listAmount(prices, line, offer, input.atUs)).toBe(BigInt(listed))
    // A reversal takes back at the list price what was listed.
    const back = line && { ...line, amountNanoUsd: -line.amountNanoUsd }
    expect(back && listAmount(prices, back, offer, input.atUs)).toBe(-BigInt(listed))
  })

  const prices = pricesOf([tiered('month')])
  const [line] = linesOf(prices, bought(20n))
  const { atUs } = settleOf()
  test.each([
    ['an amount that its rate does not explain', { amountNanoUsd: 1n }],
    ['an amount that the provider reported', { rateId: 'reported:cost' }],
    ['a line that counts nothing', { quantity: undefined }],
    ['a line without a meter', { meter: undefined }],
  ])('nothing is claimed of %s', (_name, change) => {
    const { quantity, meter, ...rest } = { ...line!, ...change }
    const changed = { ...rest, ...(quantity !== undefined && { quantity }), ...(meter !== undefined && { meter }) }
    expect(listAmount(prices, changed, offer, atUs)).toBeUndefined()
  })

  test('nothing is claimed of a rate that was not in force, nor of an offer that nobody sells', () => {
    expect(listAmount(prices, line!, offer, Date.parse('2025-12-31T00:00:00Z') * 1_000)).toBeUndefined()
    expect(listAmount(prices, line!, offerOf('acme/other'), atUs)).toBeUndefined()
  })
})

test.each([
  [100n, [1n, 1n, 1n], [33n, 34n, 33n]],
  [-100n, [-1n, -1n, -1n], [-33n, -34n, -33n]],
  [7n, [0n, 0n], [7n, 0n]],
  [10n, [5n], [10n]],
] as const)('%s shared out by %o adds up to itself', (value, parts, shares) => {
  expect(shareOut(value, parts)).toEqual(shares)
  expect(shares.reduce((sum: bigint, share) => sum + share, 0n)).toBe(value)
})
