import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  billAll,
  bookOf,
  type InputOptions,
  inputOf,
  offerOf,
  pricesOf,
  rateOf,
  settleOf,
  skuOf,
} from '../../../test/support/pricing.ts'
import type { Meter, Usage } from '../usage.ts'
import { quoteCandidate, settleCharges } from './index.ts'
import type { Sku } from './price-book.ts'
import type { SettleInput, Settlement } from './types.ts'

const units = (counts: Partial<Record<Meter, number>>): Usage =>
  Object.fromEntries(Object.entries(counts).map(([meter, count]) => [meter, BigInt(count) * 1_000_000n]))

const flat = pricesOf()
const tokenSku = skuOf({
  rates: [
    rateOf({ id: 'text-in', meter: 'tokens.text.in', price: '5', per: '1000000' }),
    rateOf({ id: 'image-out', meter: 'tokens.image.out', price: '30', per: '1000000' }),
  ],
  estimates: [
    { meter: 'tokens.text.in', scope: 'request', form: 'promptBytes', expected: '4', min: '8', max: '1', source: 's' },
    { meter: 'tokens.image.out', scope: 'image', form: 'constant', expected: '1000', min: '500', max: '2000', source: 's' },
  ],
})
const metered = pricesOf(bookOf([tokenSku]))
const settle = (more: Partial<SettleInput>, options: InputOptions = {}, prices = flat): Settlement =>
  settleCharges(prices, settleOf(options, more))

describe('where the amount comes from', () => {
  it('a reported cost stands, converted and named', () => {
    const fx = [{ currency: 'EUR', usd: '1.25', source: 'ECB', effectiveFrom: '2026-01-01' }]
    const settlement = settleCharges(
      pricesOf(bookOf(), fx),
      settleOf({}, { reportedCost: { amount: '0.032', unit: 'EUR', source: 'usage.cost' } }),
    )
    expect(settlement).toMatchObject({
      kind: 'charged',
      totalNanoUsd: 40_000_000n,
      provenance: 'reported',
      findings: [],
      lines: [
        { nativeAmount: '0.032', nativeUnit: 'EUR', fxRate: '1.25', rateId: 'reported:usage.cost', provenance: 'reported' },
      ],
    })
  })

  it("a reported cost may be in the book's credits", () => {
    const prices = pricesOf(
      bookOf(undefined, {
        unit: 'credits',
        creditUnit: { price: '0.001', currency: 'USD', source: { url: 'u', kind: 'official', checkedAt: '2026-11-01' } },
      }),
    )
    expect(settle({ reportedCost: { amount: '40', unit: 'credits', source: 'h' } }, {}, prices)).toMatchObject({
      totalNanoUsd: 40_000_000n,
    })
  })

  it('what an intermediary takes is a line of its own, and the lines sum to the figure that was reported', () => {
    const reportedCost = { amount: '0.0400000005', surcharge: '0.0019999995', unit: 'USD', source: 'usage.cost' }
    expect(settle({ reportedCost })).toMatchObject({
      kind: 'charged',
      totalNanoUsd: 40_000_000n,
      lines: [
        { kind: 'usage', amountNanoUsd: 38_000_000n, nativeAmount: '0.038000001', rateId: 'reported:usage.cost' },
        { kind: 'adjustment', amountNanoUsd: 2_000_000n, nativeAmount: '0.0019999995', rateId: 'reported:usage.cost/surcharge' },
      ],
    })
  })

  it('a reported zero is a cost of zero', () => {
    expect(settle({ reportedCost: { amount: '0', unit: 'USD', source: 'usage.cost' } })).toMatchObject({
      kind: 'charged',
      totalNanoUsd: 0n,
      provenance: 'reported',
    })
  })

  it.each([
    ['0.0408', 0],
    ['0.0392', 0],
    ['0.0409', 1],
    ['0.0391', 1],
    ['0', 1],
  ])('a reported %s against our 0.04 gives %s findings', (amount, count) => {
    const settlement = settle({ reportedCost: { amount, unit: 'USD', source: 's' } })
    expect(settlement).toMatchObject({ kind: 'charged' })
    expect(settlement.kind === 'charged' && settlement.findings.length).toBe(count)
  })

  it('a reported cost in an unknown unit is a finding, and our own figure is used', () => {
    expect(settle({ reportedCost: { amount: '3', unit: 'XYZ', source: 's' } })).toMatchObject({
      totalNanoUsd: 40_000_000n,
      provenance: 'metered',
      findings: [expect.stringContaining('XYZ')],
    })
  })

  it('reported usage is priced by the rates', () => {
    const usage = units({ 'tokens.text.in': 12, 'tokens.image.out': 7024, 'images.out': 1 })
    expect(settle({ usage }, {}, metered)).toMatchObject({
      totalNanoUsd: 60_000n + 210_720_000n,
      provenance: 'metered',
      findings: [],
    })
  })

  it('images are counted by ourselves, so a flat price is metered without any usage', () => {
    expect(settle({}, { settings: { n: 3 } })).toMatchObject({ totalNanoUsd: 120_000_000n, provenance: 'metered', findings: [] })
  })

  it('without usage a metered price is the estimate, and says so', () => {
    expect(settle({}, { settings: { n: 2 }, request: { prompt: 'abcd' } }, metered)).toMatchObject({
      totalNanoUsd: 5_000n + 60_000_000n,
      provenance: 'estimated',
      findings: [expect.stringContaining('estimate')],
    })
  })

  it('a meter that the provider left out of its usage was not consumed', () => {
    expect(settle({ usage: units({ 'tokens.image.out': 100 }) }, {}, metered)).toMatchObject({ totalNanoUsd: 3_000_000n })
  })
})

describe('partial success is paid by the images made', () => {
  it.each([
    ['a flat price', flat, 80_000_000n],
    ['an estimate', metered, 30_000n + 60_000_000n],
  ])('%s', (_rule, prices, totalNanoUsd) => {
    const options = { settings: { n: 4 }, request: { prompt: 'a red fox in the snow!!!' } }
    expect(settle({ outcome: 'partial', imagesMade: 2 }, options, prices)).toMatchObject({ totalNanoUsd })
  })
})

describe('usage without a rate', () => {
  it('is unpriced where the book charges by that kind of meter, never zero', () => {
    const usage = units({ 'tokens.image.out': 100, 'tokens.svg.out': 50 })
    expect(settle({ usage }, {}, metered)).toMatchObject({ kind: 'unpriced', missing: ['tokens.svg.out'] })
  })

  it('is a finding where another kind of meter covers it', () => {
    expect(settle({ usage: units({ 'images.out': 1, 'tokens.image.out': 100 }) })).toMatchObject({
      totalNanoUsd: 40_000_000n,
      findings: [expect.stringContaining('tokens.image.out')],
    })
  })

  it('is nothing to mention where none was consumed', () => {
    expect(settle({ usage: units({ 'images.out': 1, 'tokens.image.out': 0 }) })).toMatchObject({ findings: [] })
  })

  it('a candidate without a sku is unpriced however it ended', () => {
    expect(settleCharges(flat, settleOf({ offer: offerOf('other/x') })).kind).toBe('unpriced')
  })

  it('a setting without a rate is unpriced', () => {
    const prices = pricesOf(bookOf([skuOf({ rates: [rateOf({ when: { quality: 'low' } })] })]))
    expect(settle({}, { settings: { quality: 'high' } }, prices)).toMatchObject({ kind: 'unpriced', missing: ['images.out'] })
  })

  it('a quality that cannot be estimated is unpriced without usage, and priced with it', () => {
    const prices = pricesOf(
      bookOf([
        skuOf({
          rates: [rateOf({ meter: 'tokens.image.out', price: '1' })],
          estimates: [
            { meter: 'tokens.image.out', when: { quality: 'low' }, scope: 'image', form: 'constant', expected: '9', source: 's' },
            { meter: 'tokens.image.out', scope: 'image', form: 'perPartial', expected: '100', source: 's' },
          ],
        }),
      ]),
    )
    const options = { settings: { quality: 'high' } } as const
    expect(settle({}, options, prices)).toMatchObject({ kind: 'unpriced', missing: ['tokens.image.out'] })
    expect(settle({ usage: units({ 'tokens.image.out': 2 }) }, options, prices)).toMatchObject({ totalNanoUsd: 2_000_000_000n })
  })

  it('a unit without a conversion is unpriced', () => {
    expect(settle({}, {}, pricesOf(bookOf(undefined, { unit: 'EUR' }))).kind).toBe('unpriced')
  })
})

describe('whether an attempt is billed', () => {
  it.each<[rule: string, more: Partial<SettleInput>, kind: Settlement['kind'], total?: bigint]>([
    ['a success', { outcome: 'succeeded', billed: 'unknown' }, 'charged', 40_000_000n],
    ['a refusal before generation', { outcome: 'refused', stage: 'before', billed: 'unknown' }, 'free'],
    ['a refusal after generation', { outcome: 'refused', stage: 'after', billed: 'unknown' }, 'charged', 40_000_000n],
    ['a refusal of unknown stage, where it matters', { outcome: 'refused', stage: 'unknown', billed: 'unknown' }, 'unknown'],
    ['an error page', { outcome: 'error', billed: 'unknown', answered: true }, 'free'],
    ['a connection that broke', { outcome: 'error', billed: 'unknown' }, 'unknown'],
    ['a timeout', { outcome: 'timeout', billed: 'unknown' }, 'unknown'],
    ['a cancelled call', { outcome: 'cancelled', billed: 'unknown' }, 'unknown'],
    ['an attempt lost in a crash', { outcome: 'unknown', billed: 'unknown' }, 'unknown'],
    ['a rejected parameter', { outcome: 'rejected', billed: 'unknown' }, 'free'],
    ['a rate limit', { outcome: 'rate_limited', billed: 'unknown' }, 'free'],
    ['a timeout that the codec knows is not billed', { outcome: 'timeout', billed: 'no' }, 'free'],
    [
      'a refusal before generation that the codec knows is billed',
      { outcome: 'refused', stage: 'before', billed: 'yes' },
      'charged',
      40_000_000n,
    ],
    ['a timeout that the codec knows is billed', { outcome: 'timeout', billed: 'yes' }, 'charged', 40_000_000n],
  ])('%s: %#', (_rule, more, kind, total) => {
    const settlement = settle(more)
    expect(settlement.kind).toBe(kind)
    if (total !== undefined) expect(settlement).toMatchObject({ totalNanoUsd: total })
  })

  it('a billed failure without usage is an estimate for all images asked for', () => {
    expect(settle({ outcome: 'refused', stage: 'after', billed: 'yes' }, { settings: { n: 2 } })).toMatchObject({
      totalNanoUsd: 80_000_000n,
      provenance: 'estimated',
    })
  })

  it('a share of the price is its own line', () => {
    const prices = pricesOf(bookOf([skuOf({ billedPolicy: { ...billAll, cancelled: '0.25' } })]))
    expect(settle({ outcome: 'cancelled', billed: 'unknown' }, {}, prices)).toMatchObject({
      totalNanoUsd: 10_000_000n,
      lines: [
        { amountNanoUsd: 40_000_000n },
        { kind: 'adjustment', amountNanoUsd: -30_000_000n, rateId: 'acme/one/billedPolicy' },
      ],
    })
  })

  it('a cost that is reported for an attempt said to be free is charged, and is a finding', () => {
    const reportedCost = { amount: '0.04', unit: 'USD', source: 'header' }
    expect(settle({ outcome: 'refused', billed: 'no', reportedCost })).toMatchObject({
      totalNanoUsd: 40_000_000n,
      findings: [expect.stringContaining('not to bill')],
    })
    expect(settle({ outcome: 'refused', billed: 'no', reportedCost: { ...reportedCost, amount: '0' } }).kind).toBe('free')
  })
})

describe('properties', () => {
  const count = fc.integer({ min: 0, max: 5_000 })
  const usages: fc.Arbitrary<Usage> = fc
    .record(
      { 'tokens.text.in': count, 'tokens.image.out': count, 'images.out': fc.integer({ min: 1, max: 4 }) },
      { requiredKeys: [] },
    )
    .map(units)
  const outcomes = fc.constantFrom('succeeded', 'partial', 'refused', 'error', 'timeout', 'cancelled', 'rejected', 'unknown')
  const inputs: fc.Arbitrary<Partial<SettleInput>> = fc.record(
    {
      outcome: outcomes,
      stage: fc.constantFrom('before', 'after', 'unknown'),
      billed: fc.constantFrom('yes', 'no', 'unknown'),
      usage: usages,
      imagesMade: fc.integer({ min: 0, max: 4 }),
      answered: fc.boolean(),
    },
    { requiredKeys: ['outcome', 'billed'] },
  )
  const adjusted: Sku = {
    ...tokenSku,
    adjustments: [
      { id: 'p', kind: 'percent', percent: '5', description: 'markup' },
      { id: 'm', kind: 'min', amount: '0.001', description: 'least' },
    ],
  }

  it('settling the same input again gives the same settlement, also from a fresh price book', () => {
    fc.assert(
      fc.property(inputs, (more) => {
        const prices = pricesOf(bookOf([adjusted]))
        const first = settle(more, { settings: { n: 4 } }, prices)
        expect(settle(more, { settings: { n: 4 } }, prices)).toEqual(first)
        expect(settle(more, { settings: { n: 4 } }, pricesOf(bookOf([adjusted])))).toEqual(first)
      }),
    )
  })

  it('lines sum to the total', () => {
    fc.assert(
      fc.property(inputs, (more) => {
        const settlement = settle(more, { settings: { n: 4 } }, pricesOf(bookOf([adjusted])))
        if (settlement.kind !== 'charged') return
        expect(settlement.lines.reduce((sum, line) => sum + line.amountNanoUsd, 0n)).toBe(settlement.totalNanoUsd)
      }),
    )
  })

  it('a settlement within the declared quantities never exceeds the quoted maximum, nor falls below the minimum', () => {
    const prompt = 'twenty-four bytes long..'
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 24 }),
        fc.integer({ min: 500, max: 2000 }),
        fc.integer({ min: 1, max: 4 }),
        (textIn, perImage, n) => {
          const prices = pricesOf(bookOf([adjusted]))
          const options = { settings: { n }, request: { prompt } }
          const quote = quoteCandidate(prices, inputOf(options))
          const settlement = settle(
            { usage: units({ 'tokens.text.in': textIn, 'tokens.image.out': perImage * n }) },
            options,
            prices,
          )
          if (quote.kind !== 'priced' || settlement.kind !== 'charged') throw new Error('not priced')
          expect(settlement.totalNanoUsd).toBeLessThanOrEqual(quote.maxNanoUsd ?? -1n)
          expect(settlement.totalNanoUsd).toBeGreaterThanOrEqual(quote.minNanoUsd)
        },
      ),
    )
  })

  it('without usage a success settles at what was quoted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.string(), (n, prompt) => {
        const options = { settings: { n }, request: { prompt } }
        const prices = pricesOf(bookOf([adjusted]))
        const quote = quoteCandidate(prices, inputOf(options))
        expect(settle({}, options, prices)).toMatchObject({ totalNanoUsd: quote.kind === 'priced' ? quote.expectedNanoUsd : -1n })
      }),
    )
  })

  it('a consumed meter without a price never settles at zero', () => {
    const bare = pricesOf(bookOf([skuOf({ rates: [rateOf({ effectiveTo: '2026-02-01' })] })]))
    fc.assert(
      fc.property(inputs, (more) => {
        const settlement = settle({ ...more, outcome: 'succeeded', billed: 'yes' }, {}, bare)
        expect(settlement.kind).toBe('unpriced')
      }),
    )
  })
})
