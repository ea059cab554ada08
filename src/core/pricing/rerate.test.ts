import { describe, expect, test } from 'vitest'
import { bookOf, offerOf, pricesOf, rateOf, settleOf, skuOf } from '../../../test/support/pricing.ts'
import type { ChargeLine } from '../outcome.ts'
import type { Adjustment, Rate } from './price-book.ts'
import { NOT_REPRODUCED, rerateAttempt, type StandingCharge } from './rerate.ts'
import { settleCharges } from './settle.ts'
import type { SettleInput } from './types.ts'

const prices = (rates: readonly Rate[], adjustments: readonly Adjustment[] = []) =>
  pricesOf(bookOf([skuOf({ rates, adjustments })]))
const charged = (rates: readonly Rate[], input: SettleInput, adjustments: readonly Adjustment[] = []): StandingCharge[] => {
  const settlement = settleCharges(prices(rates, adjustments), input)
  if (settlement.kind !== 'charged') throw new Error(settlement.kind)
  return posted(settlement.lines)
}
const posted = (lines: readonly ChargeLine[]): StandingCharge[] => lines.map((line, index) => ({ ...line, id: `c${index}` }))
const two = settleOf({ settings: { n: 2 } }, { imagesMade: 2 })
const wrong = [rateOf({ id: 'wrong', price: '0.04' })]
const right = [rateOf({ id: 'right', price: '0.036' })]

describe('re-rating a settled attempt', () => {
  test('posts the difference to a corrected price, naming what it corrects', () => {
    const standing = charged(wrong, two)
    const rerating = rerateAttempt(prices(right), { input: two, standing, original: prices(wrong) })
    expect(rerating).toMatchObject({
      kind: 'corrected',
      wasNanoUsd: 80_000_000n,
      isNanoUsd: 72_000_000n,
      corrections: [
        { corrects: 'c0', line: { kind: 'correction', meter: 'images.out', amountNanoUsd: -8_000_000n, rateId: 'right' } },
      ],
    })
  })

  test('is unchanged by its own corrections, and goes back when the prices do', () => {
    const standing = charged(wrong, two)
    const first = rerateAttempt(prices(right), { input: two, standing })
    const corrected = [...standing, ...posted(first.kind === 'corrected' ? first.corrections.map(({ line }) => line) : [])]
    expect(rerateAttempt(prices(right), { input: two, standing: corrected, original: prices(wrong) })).toEqual({
      kind: 'unchanged',
    })
    expect(rerateAttempt(prices(wrong), { input: two, standing: corrected })).toMatchObject({
      kind: 'corrected',
      corrections: [{ corrects: 'c0', line: { amountNanoUsd: 8_000_000n } }],
    })
  })

  test('a price that changed later changes nothing', () => {
    const dated = [
      rateOf({ id: 'old', price: '0.04', effectiveTo: '2026-12-01' }),
      rateOf({ id: 'new', price: '0.02', effectiveFrom: '2026-12-01' }),
    ]
    expect(rerateAttempt(prices(dated), { input: two, standing: charged(wrong, two) })).toEqual({ kind: 'unchanged' })
  })

  test.each(['reported', 'invoiced'] as const)('an amount that was %s is kept', (provenance) => {
    const standing = charged(wrong, two).map((line) => ({ ...line, provenance }))
    expect(rerateAttempt(prices(right), { input: two, standing })).toEqual({ kind: 'kept', provenance })
  })

  test('a line that is new, and one that is gone, are differences too', () => {
    const fee: Adjustment = { id: 'fee', kind: 'add', amount: '0.001', per: 'request', description: 'call fee' }
    expect(rerateAttempt(prices(wrong, [fee]), { input: two, standing: charged(wrong, two) })).toMatchObject({
      corrections: [{ corrects: 'c0', line: { rateId: 'fee', amountNanoUsd: 1_000_000n } }],
    })
    expect(rerateAttempt(prices(wrong), { input: two, standing: charged(wrong, two, [fee]) })).toMatchObject({
      corrections: [{ corrects: 'c1', line: { rateId: 'fee', amountNanoUsd: -1_000_000n } }],
    })
  })

  test('what the new prices do not price is skipped, never zero', () => {
    const none = prices([rateOf({ effectiveFrom: '2027-01-01' })])
    expect(rerateAttempt(none, { input: two, standing: charged(wrong, two) })).toMatchObject({
      kind: 'skipped',
      reason: expect.stringContaining('unpriced'),
    })
  })

  test('inputs that do not give what was charged under the first prices are not trusted', () => {
    const standing = charged(wrong, settleOf({ settings: { n: 3 } }, { imagesMade: 3 }))
    expect(rerateAttempt(prices(right), { input: two, standing, original: prices(wrong) })).toEqual({
      kind: 'skipped',
      reason: NOT_REPRODUCED,
    })
  })

  test('the volume it was priced at is replayed', () => {
    const tiers = (second: string) => [
      rateOf({
        tiers: {
          mode: 'graduated',
          scope: 'month',
          steps: [
            { from: '0', price: '0.04' },
            { from: '100', price: second },
          ],
        },
      }),
    ]
    const input = settleOf({ settings: { n: 2 }, pricing: { monthToDate: { 'images.out': 99_000_000n } } }, { imagesMade: 2 })
    const { monthToDate: _, ...stored } = input
    const standing = charged(tiers('0.02'), input).map((line) => ({ ...line, volumeBefore: '99' }))
    expect(rerateAttempt(prices(tiers('0.02')), { input: stored, standing })).toEqual({ kind: 'unchanged' })
    expect(rerateAttempt(prices(tiers('0.01')), { input: stored, standing })).toMatchObject({
      wasNanoUsd: 60_000_000n,
      isNanoUsd: 50_000_000n,
    })
  })

  test('an offer that is configured no more is priced by its names', () => {
    const { provider, providerType, model } = offerOf()
    const input = { ...two, candidate: { ...two.candidate, offer: { provider, providerType, model } } }
    expect(rerateAttempt(prices(right), { input, standing: charged(wrong, two) })).toMatchObject({ kind: 'corrected' })
  })
})
