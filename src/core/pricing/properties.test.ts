/** Laws of the arithmetic, over random price tables and over every shipped sku. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { bookOf, inputOf, offerOf, pricesOf, rateOf, settleOf, skuOf } from '../../../test/support/pricing.ts'
import { loadPriceFiles, type PriceFiles } from '../../config/price-files.ts'
import { formatQuantity, type Meter, type Usage } from '../usage.ts'
import type { CompiledPrices } from './compiled.ts'
import { compilePriceBooks, quoteCandidate, settleCharges } from './index.ts'
import type { Rate, Tiers } from './price-book.ts'
import type { PricedQuote, PricingInput, Settlement } from './types.ts'

type Charged = Extract<Settlement, { kind: 'charged' }>

const sum = (lines: Charged['lines']): bigint => lines.reduce((total, line) => total + line.amountNanoUsd, 0n)

/** Dollars with four decimals as nano-USD. */
const nano = (price: number): bigint => BigInt(price) * 100_000n
const dollars = (price: number): string => `${Math.floor(price / 10_000)}.${String(price % 10_000).padStart(4, '0')}`

/** Ascending thresholds from 0 in whole images, each with its price in hundredths of a cent. */
const tables = fc
  .uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 5 })
  .map((thresholds) => [0, ...thresholds.sort((a, b) => a - b)])
  .chain((thresholds) => fc.tuple(...thresholds.map((from) => fc.record({ from: fc.constant(from), price: fc.nat(100_000) }))))

type Table = readonly { readonly from: number; readonly price: number }[]

function tiersOf(mode: Tiers['mode'], table: Table, scope: Tiers['scope'] = 'month'): Partial<Rate> {
  return {
    price: '0',
    tiers: { mode, scope, steps: table.map(({ from, price }) => ({ from: String(from), price: dollars(price) })) },
  }
}

const priced = (prices: CompiledPrices, input: PricingInput): PricedQuote => {
  const quote = quoteCandidate(prices, input)
  if (quote.kind !== 'priced') throw new Error(quote.reason)
  return quote
}

/** What n images cost after `used` of them this month. */
function costOf(rate: Partial<Rate>, n: number, used = 0): bigint {
  const month = { 'images.out': BigInt(used) * 1_000_000n }
  return priced(
    pricesOf(bookOf([skuOf({ rates: [rateOf(rate)] })])),
    inputOf({ settings: { n }, pricing: { monthToDate: month } }),
  ).expectedNanoUsd
}

describe('tiers', () => {
  it('graduated: the next image costs the price of the step it falls into, so no threshold makes a jump', () => {
    fc.assert(
      fc.property(tables, fc.nat(600), (table, used) => {
        const step = table.findLast(({ from }) => from <= used)
        expect(costOf(tiersOf('graduated', table), 1, used)).toBe(nano(step?.price ?? -1))
      }),
    )
  })

  it('graduated: a month is the same however its calls are cut', () => {
    fc.assert(
      fc.property(tables, fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 6 }), (table, calls) => {
        const rate = tiersOf('graduated', table)
        let used = 0
        const parts = calls.map((n) => {
          const cost = costOf(rate, n, used)
          used += n
          return cost
        })
        expect(parts.reduce((total, part) => total + part, 0n)).toBe(costOf(rate, used))
      }),
    )
  })

  it('volume: all units of a call cost the step that is reached with it, and the price changes at thresholds alone', () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 1, max: 200 }), fc.nat(500), (table, n, used) => {
        const step = table.findLast(({ from }) => from <= used + n)
        expect(costOf(tiersOf('volume', table), n, used)).toBe(BigInt(n) * nano(step?.price ?? -1))
      }),
    )
  })

  it('of the request: what the month has used changes nothing', () => {
    fc.assert(
      fc.property(
        tables,
        fc.constantFrom('graduated', 'volume'),
        fc.integer({ min: 1, max: 90 }),
        fc.nat(),
        (table, mode, n, used) => {
          const rate = tiersOf(mode, table, 'request')
          expect(costOf(rate, n, used)).toBe(costOf(rate, n))
        },
      ),
    )
  })
})

describe('n images', () => {
  it('cost what they cost one by one, also where each is rounded up and has a minimum', () => {
    const edges = fc.integer({ min: 1, max: 4096 })
    const steps = fc.integer({ min: 1, max: 3_000_000 })
    fc.assert(
      fc.property(edges, edges, fc.option(steps), steps, fc.integer({ min: 2, max: 10 }), (width, height, multiple, least, n) => {
        const rate = rateOf({
          meter: 'megapixels.out',
          price: '0.03',
          ...(multiple !== null && { roundUpTo: formatQuantity(BigInt(multiple)) }),
          min: formatQuantity(BigInt(least)),
        })
        const prices = pricesOf(bookOf([skuOf({ rates: [rate] })]))
        const quantity = (count: number): number =>
          Number(priced(prices, inputOf({ settings: { size: { width, height }, n: count } })).expectedUsage['megapixels.out'])
        expect(quantity(n)).toBe(n * quantity(1))
        expect(quantity(1)).toBe(Math.max(least, Math.ceil((width * height) / (multiple ?? 1)) * (multiple ?? 1)))
      }),
    )
  })
})

describe('a bounded quote', () => {
  /** Tokens with tiers of any shape, between bounds, under a minimum, a maximum, a markup and free units. */
  const books = fc
    .record({
      table: tables,
      mode: fc.constantFrom('graduated' as const, 'volume' as const),
      low: fc.nat(300),
      spread: fc.nat(300),
      percent: fc.integer({ min: -40, max: 40 }),
      least: fc.nat(50_000),
      most: fc.nat(5_000_000),
      free: fc.nat(50),
    })
    .map(({ table, mode, low, spread, percent, least, most, free }) => ({
      low,
      high: low + spread,
      prices: pricesOf(
        bookOf([
          skuOf({
            rates: [rateOf({ id: 'tokens', meter: 'tokens.image.out', ...tiersOf(mode, table, 'request') })],
            estimates: [
              {
                meter: 'tokens.image.out',
                scope: 'request',
                form: 'constant',
                expected: String(low + Math.floor(spread / 2)),
                min: String(low),
                max: String(low + spread),
                source: 'test',
              },
            ],
            adjustments: [
              {
                id: 'free',
                kind: 'freeUnits',
                meter: 'tokens.image.out',
                quantity: String(mode === 'volume' ? 0 : free),
                scope: 'request',
                description: 'Free',
              },
              { id: 'markup', kind: 'percent', percent: String(percent), description: 'Markup' },
              { id: 'least', kind: 'min', amount: dollars(least), description: 'Least' },
              { id: 'most', kind: 'max', amount: dollars(most), description: 'Most' },
            ],
          }),
        ]),
      ),
    }))

  it('covers every settlement within the quantities it declares, from below and from above', () => {
    fc.assert(
      fc.property(books, fc.double({ min: 0, max: 1, noNaN: true }), ({ prices, low, high }, share) => {
        const quote = priced(prices, inputOf())
        const tokens = low + Math.round((high - low) * share)
        const settled = settleCharges(prices, settleOf({}, { usage: { 'tokens.image.out': BigInt(tokens) * 1_000_000n } }))
        if (settled.kind !== 'charged') throw new Error(settled.reason)
        expect(quote.maxNanoUsd).toBeGreaterThanOrEqual(settled.totalNanoUsd)
        expect(settled.totalNanoUsd).toBeGreaterThanOrEqual(quote.minNanoUsd)
        expect(sum(settled.lines)).toBe(settled.totalNanoUsd)
        expect(sum(quote.lines)).toBe(quote.expectedNanoUsd)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('every shipped sku', () => {
  let files: PriceFiles
  let prices: CompiledPrices
  let cases: { readonly id: string; readonly input: PricingInput; readonly quote: PricedQuote }[]
  beforeAll(async () => {
    files = await loadPriceFiles()
    prices = compilePriceBooks(files)
    cases = files.books.flatMap(({ book }) =>
      book.skus.flatMap((sku) =>
        ([undefined, 'low', 'medium', 'high', 'standard'] as const).flatMap((quality) => {
          const offer = offerOf(sku.model.replace('*', 'x'), book.provider, {
            ...(sku.tier !== undefined && sku.tier !== '*' && { tier: sku.tier }),
            ...(sku.region !== undefined && sku.region !== '*' && { region: sku.region }),
          })
          const input = inputOf({ offer, settings: { n: 3, steps: 28, ...(quality && { quality }) } })
          const quote = quoteCandidate(prices, input)
          return quote.kind === 'priced' ? [{ id: `${book.provider} ${sku.id} ${quality ?? ''}`, input, quote }] : []
        }),
      ),
    )
    expect(cases.length).toBeGreaterThan(500)
  })

  const settleWith = (input: PricingInput, usage: Usage): Settlement =>
    settleCharges(prices, { ...input, outcome: 'succeeded', billed: 'yes', usage })

  it('has lines that sum to the total, and bounds in order', () => {
    for (const { id, quote } of cases) {
      expect(sum(quote.lines), id).toBe(quote.expectedNanoUsd)
      expect(quote.minNanoUsd <= quote.expectedNanoUsd, id).toBe(true)
      expect(quote.maxNanoUsd === null || quote.maxNanoUsd >= quote.expectedNanoUsd, id).toBe(true)
    }
  })

  it('settles what it expected at what it quoted, the second time as the first', () => {
    for (const { id, input, quote } of cases) {
      const settled = settleWith(input, quote.expectedUsage)
      expect(settled.kind === 'charged' && settled.totalNanoUsd, id).toBe(quote.expectedNanoUsd)
      expect(settleWith(input, quote.expectedUsage), id).toEqual(settled)
    }
  })

  it('never settles above a known maximum when every metered quantity is at most what was expected', () => {
    for (const { id, input, quote } of cases) {
      const halved = Object.entries(quote.expectedUsage).map(([meter, quantity]): [Meter, bigint] => [
        meter as Meter,
        meter.startsWith('tokens.') ? quantity / 2n : quantity,
      ])
      const settled = settleWith(input, Object.fromEntries(halved))
      if (settled.kind !== 'charged') throw new Error(`${id}: ${settled.kind}`)
      expect(quote.maxNanoUsd === null || settled.totalNanoUsd <= quote.maxNanoUsd, id).toBe(true)
    }
  })
})
