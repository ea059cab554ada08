/** Words about pictures. */
import { z } from 'zod'
import { timestamp, usdText } from './common.ts'

export const feedbackRequest = z
  .strictObject({
    request_id: z.string().min(1).max(64).optional().describe('Every picture that this request made.'),
    image_id: z.string().min(1).max(64).optional().describe('One picture: `images[].id` of a request.'),
    verdict: z.enum(['accept', 'reject']).optional(),
    score: z.number().min(0).max(1).optional().describe('Instead of a verdict: 1 is as good as accept; three decimals count.'),
    reason: z.string().min(1).max(500).optional().describe('Kept with the word; private text does not belong here.'),
  })
  .refine(({ request_id, image_id }) => (request_id === undefined) !== (image_id === undefined), {
    message: 'exactly one of request_id and image_id is needed',
    path: ['image_id'],
  })
  .refine(({ verdict, score }) => (verdict === undefined) !== (score === undefined), {
    message: 'exactly one of verdict and score is needed',
    path: ['verdict'],
  })
export type FeedbackRequest = z.infer<typeof feedbackRequest>

export const feedbackResponse = z.object({
  object: z.literal('feedback'),
  request_id: z.string(),
  images: z.array(
    z.object({
      id: z.string().nullable().describe('Null: made, but not stored.'),
      offer: z.string(),
      accepted: z.number().describe('0 to 1, of all words and signals about it.'),
      rejected: z.number(),
      changed: z.boolean().describe('False: it was rated so already.'),
    }),
  ),
})
export type FeedbackResponse = z.infer<typeof feedbackResponse>

export const acceptance = z
  .object({
    since: timestamp,
    images: z.int().describe('Made since then.'),
    accepted: z.number().describe('In words; a signal counts for a part of one.'),
    rejected: z.number(),
    coverage: z.number().describe('(accepted + rejected) / images: how much of what was made was rated.'),
    cost_usd: usdText,
    cost_per_accepted_usd: usdText
      .nullable()
      .describe(
        'Cost / (images x accepted / (accepted + rejected)): what was not rated is taken to be as good; null: nothing accepted.',
      ),
  })
  .describe('What one accepted picture costs, this month, UTC.')
export type AcceptanceWire = z.infer<typeof acceptance>
