import { describe, expect, it } from 'vitest'
import type { AttemptWire, ChargeWire, Receipt } from '../../../../src/contract/records.ts'
import { lookText, quantityText, selectReceipt } from './select-receipt.ts'

const charge = (amount: string, change: Partial<ChargeWire> = {}): ChargeWire => ({
  id: `c${amount}`,
  kind: 'usage',
  description: 'one image',
  meter: 'images.out',
  quantity: '1',
  amount_usd: amount,
  native_amount: amount,
  native_unit: 'USD',
  fx_rate: '1',
  fx_source: '',
  rate_id: 'r',
  price_book: 'b',
  provenance: 'metered',
  incurred_at: '2026-11-22T00:00:00Z',
  posted_at: '2026-11-22T00:00:00Z',
  reverses: null,
  corrects: null,
  corrects_month: null,
  ...change,
})

const attempt = (change: Partial<AttemptWire> = {}): AttemptWire => ({
  id: 'a',
  sequence: 1,
  kind: 'primary',
  state: 'settled',
  offer: 'sandbox:halftone/flat',
  settings: {},
  outcome: 'succeeded',
  stage: null,
  billed: 'yes',
  error_code: null,
  error_message: null,
  images_wanted: 1,
  images_made: 1,
  expected_usd: '0.04',
  held_usd: '0.04',
  total_usd: '0.04',
  usage: {},
  job_id: null,
  http_status: 200,
  provider_request_id: null,
  created_at: '2026-11-22T00:00:00Z',
  settled_at: '2026-11-22T00:00:01Z',
  first_byte_ms: 1,
  duration_ms: 1000,
  charges: [],
  events: [],
  ...change,
})

const receipt = (attempts: AttemptWire[], total: string, alternatives: Receipt['alternatives'] = []): Receipt => ({
  object: 'receipt',
  request_id: 'r',
  created_at: '2026-11-22T00:00:00Z',
  record_deleted_at: null,
  total_usd: total,
  cost_status: 'final',
  sandbox: true,
  images_returned: 1,
  quote: null,
  billed_usd: total,
  effective_usd: total,
  baseline: null,
  consistency: null,
  floor: null,
  cost_per_image_usd: total,
  attempts,
  warnings: [],
  alternatives,
})

describe('the receipt', () => {
  it('adds up every line of every attempt, exactly', () => {
    const view = selectReceipt(
      receipt(
        [attempt({ charges: [charge('0.1'), charge('0.2')] }), attempt({ charges: [charge('-0.000000001')] })],
        '0.299999999',
      ),
    )
    expect(view.agrees).toBe(true)
    expect(view.attempts.map((row) => row.totalUsd)).toEqual(['0.30', '-0.000000001'])
  })

  it('says so when the lines do not make the total', () => {
    expect(selectReceipt(receipt([attempt({ charges: [charge('0.1')] })], '0.100000001'))).toMatchObject({
      agrees: false,
      linesUsd: '0.10',
    })
  })

  it.each([
    [{ state: 'voided', billed: 'no' }, 'Not billed.'],
    [{ state: 'settled', billed: 'no' }, 'Not billed.'],
    [{ state: 'settled', billed: 'yes' }, 'No charge.'],
    [{ state: 'dispatched', held_usd: '0.05' }, 'Running. Up to $0.05 is held.'],
    [
      { state: 'unknown', charges: [charge('0.04', { kind: 'provisional' })] },
      'May have been billed. The amount held counts as spent until there is evidence.',
    ],
    [{ charges: [charge('0.04')] }, null],
  ] satisfies [Partial<AttemptWire>, string | null][])(
    'an attempt says what its charges, or their absence, mean: %o',
    (change, note) => {
      expect(selectReceipt(receipt([attempt(change)], '0')).attempts[0]?.note).toBe(note)
    },
  )

  it('alternatives are compared with what was really paid', () => {
    const view = selectReceipt(
      receipt([attempt({ charges: [charge('0.04')] })], '0.04', [
        { offer: 'a', quality: 'low', expected_usd: '0.01' },
        { offer: 'b', quality: null, expected_usd: '0.05' },
      ]),
    )
    expect(view.alternatives).toEqual([
      { name: 'a, low', usd: '0.01', delta: '\u2212$0.03', cheaper: true },
      { name: 'b', usd: '0.05', delta: '+$0.01', cheaper: false },
    ])
  })

  it.each([
    ['first', '0', 'It was the first of the group autumn, which the others follow.'],
    ['followed', '0.01', 'It followed the group autumn: a gives the look. Expected $0.01 above the cheapest then, b.'],
    ['switched', '0', 'It left the look of the group autumn, which is that of a.'],
  ] as const)('says what a look cost: %s', (role, cost, text) => {
    const look = { because: 'group', role, group: 'autumn', offer: 'a', cheapest_offer: 'b', cost_usd: cost } as const
    expect(lookText(look)).toBe(text)
  })

  it('a line without a meter has no quantity', () => {
    expect(quantityText({ quantity: null, meter: null })).toBeNull()
    expect(quantityText({ quantity: '2', meter: 'images.out' })).toBe('2 images.out')
  })
})
