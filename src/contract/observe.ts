/** What a route on trial saw, would have done, and saved. */
import { z } from 'zod'
import { timestamp, usdText } from './common.ts'

export const observationQuery = z.object({
  days: z.coerce.number().int().min(1).max(31).default(7),
})

const words = z.object({
  accepted: z.number(),
  rejected: z.number(),
  acceptance: z.number().nullable().describe('0 to 1; null: nobody said anything.'),
})

export const observationReport = z.object({
  object: z.literal('observation'),
  route: z.string(),
  observes: z.string(),
  since: timestamp,
  fraction: z.number().describe('As configured.'),
  rolled_back: z.boolean().describe('The routed part was accepted less often: everything goes to the named model.'),
  calls: z.int().describe('Finished requests, of both parts.'),
  routed_calls: z.int().describe('Those that the route served itself.'),
  without_choice: z
    .int()
    .describe('Those that the route or the named model could not have served; in no sum below but `spent_usd`.'),
  images: z.int(),
  spent_usd: usdText.describe('What all of it really cost.'),
  named_usd: usdText.describe('What the named model was expected to cost for all of it, at the prices of each moment.'),
  routed_usd: usdText.describe('What the choices of the route were expected to cost for all of it, likewise.'),
  saved_usd: usdText.describe('`named_usd` less `routed_usd`; negative where the route is dearer.'),
  models: z
    .array(
      z.object({ offer: z.string(), quality: z.string().nullable(), calls: z.int(), named_usd: usdText, routed_usd: usdText }),
    )
    .describe('What the route chose or would have chosen, most often first.'),
  routed: words,
  observed: words,
})

export type ObservationReport = z.infer<typeof observationReport>
