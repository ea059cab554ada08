/** A price by the length of the prompt, as the tests and the benchmark of decisions have it. */
import type { Estimate, Rate } from '../../src/core/pricing/price-book.ts'

export const wordsRate = {
  id: 'words',
  meter: 'tokens.text.in',
  price: '5',
  per: '1000000',
  effectiveFrom: '2026-01-01',
} as const satisfies Rate

/** About four characters a token, two to six at the extremes. */
export const wordsEstimate = {
  meter: 'tokens.text.in',
  scope: 'request',
  form: 'promptChars',
  expected: '4',
  min: '6',
  max: '2',
  source: 'made up',
} as const satisfies Estimate
