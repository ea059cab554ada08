/** The answer to a request for images, checked against the contract so that it cannot drift from it. */
import { imagesResponse } from '../../../src/contract/images.ts'
import { OFFER, PIXEL, REQUEST_ID } from './call.ts'

export const imagesRecord = imagesResponse.parse({
  created: 1,
  output_format: 'png',
  quality: 'medium',
  size: '1024x1024',
  data: [{ b64_json: PIXEL, revised_prompt: 'A red fox' }],
  usage: {
    input_tokens: 12,
    output_tokens: 1,
    total_tokens: 13,
    input_tokens_details: { text_tokens: 12, image_tokens: 0 },
    cost: 0.05306,
  },
  halftone: {
    request_id: REQUEST_ID,
    cost_usd: '0.05306',
    cost_status: 'final',
    offer: OFFER,
    attempts: 2,
    warnings: [{ code: 'fallback_used', message: 'The first choice failed and another offer made the image.' }],
  },
})
