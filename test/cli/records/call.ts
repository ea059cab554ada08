/** One call as it goes through the recorded answers: its id, its picture, its day and what it was charged. */
export const REQUEST_ID = '0193529a-6b7e-7c3a-9d51-4f0aa1b2c3d4'
/** A real PNG of one pixel. */
export const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** When it came. */
export const CREATED_AT = '2026-11-22T14:02:11.120Z'
/** Who served it. */
export const OFFER = 'main:publisher/thinking-picture-2@eu-west-1+flex'

/** Lines of its price, in a quote and on its receipt. */
export const lines = [
  {
    description: '1 image out, medium, 1024x1024 at $0.053',
    meter: 'images.out',
    quantity: '1',
    amount_usd: '0.053',
    rate_id: 'gi2-m',
  },
  {
    description: '12 text tokens in at $5 per 1,000,000',
    meter: 'tokens.text.in',
    quantity: '12',
    amount_usd: '0.00006',
    rate_id: 'gi2-t',
  },
]
