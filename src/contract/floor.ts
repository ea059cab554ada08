/** Quality floors: which one held, and what people said about pictures that were made under one. */
import { z } from 'zod'
import { timestamp } from './common.ts'

export const appliedFloor = z.object({
  name: z.string().describe('A named level or a rated product.'),
  because: z
    .enum(['route', 'request', 'easy', 'not_easy'])
    .describe('Whose floor it is: of the route, of the request, or by what the prompt was taken for.'),
})

/** What stands against a product. */
export const floorFeedback = z.object({
  fails_at: z.number().describe('Score of the lowest floor that it fails because of it.'),
  rejected: z.number().describe('Requests whose pictures were rejected since then; a score counts for a part of one.'),
  accepted: z.number(),
  since: timestamp,
  until: timestamp.describe('When it is tried again, if nothing more is said.'),
})
export type FloorFeedback = z.infer<typeof floorFeedback>
