import type { PriceRateWire } from '../../../src/contract/prices.ts'

/** A price of an invented model, for tests. */
export const exampleRate = (changes: Partial<PriceRateWire> = {}): PriceRateWire => ({
  provider: 'acme',
  model: 'acme/brush',
  region: null,
  tier: null,
  sku: 'brush',
  rate_id: 'brush',
  meter: 'images.out',
  when: '',
  price: '0.04',
  unit: 'USD',
  per: '1',
  tiers: null,
  adjustments: [],
  effective_from: '2026-01-01',
  effective_to: null,
  retired_at: null,
  source_url: 'https://acme.example/prices',
  confidence: 'official',
  checked_at: '2026-11-01',
  age_days: 21,
  stale: false,
  note: null,
  ...changes,
})
