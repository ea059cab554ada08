/** Why an offer was chosen, and what a trial of a route found, checked against the contract so that they cannot drift from it. */
import { observationReport } from '../../../src/contract/observe.ts'
import { explanation } from '../../../src/contract/records.ts'
import { OFFER, REQUEST_ID } from './call.ts'
import { quoteRecord } from './quote.ts'

const unlearned = { finishing: [], success: null, in_vain_usd: null, lateness_usd: null }

export const explanationRecord = explanation.parse({
  object: 'explanation',
  floor: null,
  request_id: REQUEST_ID,
  record_deleted_at: null,
  route: 'auto',
  objective: 'cost',
  price_book: '5d1f0a77c2e94b10',
  snapshot: { config: '4be1c0a7f2d3', route_managed_by: 'api', route_version: 3, experience: 'host-1a2b3c4d/7/1200' },
  observation: {
    arm: 'observed',
    observes: 'publisher/fine',
    named: { offer: 'main:publisher/fine', quality: 'medium', expected_usd: '0.05306' },
    routed: { offer: 'cheap:publisher/flat', quality: null, expected_usd: '0.01' },
    saved_usd: '0.04306',
  },
  candidates: [
    {
      offer: 'cheap:publisher/flat',
      size: '1024x1024',
      quality: null,
      expected_usd: '0.01',
      max_usd: '0.01',
      score: 0.0104,
      ...unlearned,
    },
    {
      offer: OFFER,
      size: '1024x1024',
      quality: 'medium',
      expected_usd: '0.05306',
      max_usd: null,
      score: 0.053123,
      ...unlearned,
      success: 0.985,
    },
  ],
  explored: null,
  eliminated_counts: { size: 2, unpriced: 1 },
  eliminated: quoteRecord.eliminated,
})

export const observationRecord = observationReport.parse({
  object: 'observation',
  route: 'trial',
  observes: 'publisher/fine',
  since: '2026-11-15T00:00:00.000Z',
  fraction: 0.2,
  rolled_back: false,
  calls: 1000,
  routed_calls: 198,
  without_choice: 2,
  images: 1004,
  spent_usd: '34.21',
  named_usd: '40',
  routed_usd: '27.5',
  saved_usd: '12.5',
  models: [{ offer: 'cheap:publisher/flat', quality: 'medium', calls: 998, named_usd: '40', routed_usd: '27.5' }],
  routed: { accepted: 34, rejected: 6, acceptance: 0.85 },
  observed: { accepted: 0, rejected: 0, acceptance: null },
})
