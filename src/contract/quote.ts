/** What a quote answers: every candidate's price, the quote id, what constraints cost, and what a job costs. */
import { z } from 'zod'
import { operation, timestamp, usdText } from './common.ts'
import { editRequest, generationRequest, upscaleRequest } from './images.ts'
import { eliminated } from './records.ts'

/** Besides the request that is quoted. */
const quoteQuestions = {
  explain: z.boolean().optional().describe('Also price the request with each of its constraints taken away.'),
  job: z
    .strictObject({
      count: z.int().min(1).max(100_000_000).describe('Images in all; `n` is how many of them one request makes.'),
      deadline_ms: z.int().min(1).max(31_536_000_000).optional().describe('All of them are needed within this time.'),
    })
    .optional()
    .describe('Also price a job of many such images, lanes that answer in their own time included.'),
}

/** A request of any image endpoint, to be priced and not run. `inputs` stands for the images it would send. */
export const quoteRequest = generationRequest.extend({
  ...upscaleRequest.pick({ prompt: true, scale: true }).shape,
  ...editRequest.pick({ strength: true, outpaint: true, input_fidelity: true }).shape,
  operation: operation.optional().describe('`generate` when absent.'),
  inputs: z
    .array(z.strictObject({ width: z.int().min(1).max(32_768), height: z.int().min(1).max(32_768) }))
    .max(16)
    .optional(),
  mask: z.boolean().optional(),
  ...quoteQuestions,
})

export const priceLine = z.object({
  description: z.string(),
  meter: z.string().nullable(),
  quantity: z.string().nullable(),
  amount_usd: usdText,
  rate_id: z.string(),
})

const rating = {
  quality_score: z
    .number()
    .nullable()
    .describe('Lower 95 % bound of the public rating of exactly this quality tier; null: nobody has rated it.'),
  frontier: z.boolean().describe('No rated candidate is as good for less money.'),
}

const bounds = {
  min_usd: usdText,
  expected_usd: usdText,
  max_usd: usdText.nullable().describe('null: no bound is known.'),
}

export const candidateQuote = z.object({
  offer: z.string(),
  model: z.string(),
  provider: z.string(),
  sandbox: z.boolean(),
  lane: z.string().describe('The service tier; `standard` where the offer has none.'),
  size: z.string(),
  size_from: z.enum(['request', 'default']).describe('`default`: what `auto` or a missing size is at this offer.'),
  quality: z.string().nullable(),
  quality_from: z
    .enum(['request', 'route', 'default', 'tier'])
    .nullable()
    .describe(
      "`default`: what `auto` or a missing quality is at this offer; `tier`: another tier, for comparison or by the route's floor.",
    ),
  finishing: z.array(z.string()).describe('What is done here to the picture that it returns; empty: nothing.'),
  calls: z.int().describe('Calls the request takes there.'),
  ...bounds,
  marginal_usd: usdText
    .nullable()
    .describe('What it adds to the bill, where credits or commitments pay for a part; null: all of it.'),
  lines: z.array(priceLine).describe('Of one call.'),
  spread: z.array(z.string()).describe('Why min, expected and max differ.'),
  checked_at: z.string().describe('When the oldest price source used was checked.'),
  age_days: z.int().describe('Days since then.'),
  stale: z.boolean().describe('Not checked for more than 45 days.'),
  eligible: z.boolean().describe('Whether `model` of the request would choose among it.'),
  choice: z.int().nullable().describe('Its place in the order in which the request would try; null: not eligible.'),
  ...rating,
})

export const currentModel = z.object({
  offer: z.string(),
  quality: z.string().nullable(),
  source: z
    .enum(['named', 'ledger', 'route'])
    .describe('`named` by the request, most used in the `ledger` of the last 30 days, or first choice of the `route`.'),
  images: z.int().nullable().describe('Made with it in the last 30 days; null unless `ledger`.'),
  serves: z.boolean().describe('Whether it is among the candidates.'),
})

export const constraintCost = z.object({
  constraint: z.string().describe('`background`, `quality`, `model`, `route floor`, ...'),
  stated: z.string(),
  adds_usd: usdText.nullable().describe('What it adds to the cheapest expected price; null: nothing to compare.'),
  without_usd: usdText.nullable().describe('Cheapest expected price without it; null: none even then.'),
  offers_without: z.int().describe('Offers that can make it without this constraint.'),
})

export const explainedQuote = z.object({
  cheapest_usd: usdText.nullable().describe('Cheapest expected price under every constraint; null: no offer meets them all.'),
  offers_left: z.int().describe('Offers that meet every constraint.'),
  constraints: z.array(constraintCost),
})

export const jobCandidate = z.object({
  offer: z.string(),
  size: z.string(),
  quality: z.string().nullable(),
  lane: z.string(),
  calls: z.int(),
  ...bounds,
  allowance_usd: usdText.describe('Part of `expected_usd`: what failed tries are expected to cost.'),
  allowance_from: z.enum(['ledger', 'assumed']),
  allowance_attempts: z.int().describe('Attempts of the last 30 days it was learned from; 0 when assumed.'),
  in_time: z.enum(['yes', 'no', 'unknown']),
  duration_ms: z.number().nullable().describe('null: nothing is known about its speed.'),
  reasons: z.array(z.string()).describe('The lane and its time, the allowance, tiers crossed, why min and max differ.'),
  eligible: z.boolean(),
  ...rating,
})

export const jobQuote = z.object({
  count: z.int(),
  deadline_ms: z.number().nullable(),
  candidates: z.array(jobCandidate).describe('Cheapest first; those that would be late at the end.'),
})

export const quoteResponse = z.object({
  object: z.literal('quote'),
  id: z
    .string()
    .nullable()
    .describe(
      'Send it as `x-halftone-quote-id`, with the same request and key, to be charged `max_usd` at most. null: no bound.',
    ),
  expires_at: timestamp.nullable(),
  max_usd: usdText.nullable().describe('Of the first choice; what the quote id holds the request to.'),
  route: z.string(),
  n: z.int(),
  price_book: z.string(),
  group: z
    .object({
      name: z.string(),
      role: z
        .enum(['first', 'followed', 'switched'])
        .describe('It would choose for the group, follow it, or be made by another offer.'),
      offer: z.string().nullable().describe('The one that gives the look.'),
      quality: z.string().nullable(),
      cheapest_offer: z.string().nullable(),
      cost_usd: usdText.describe('What the first choice is expected to cost above the cheapest candidate.'),
    })
    .nullable()
    .describe('The group of the request: its offer is the first choice, whatever the order of price; null: no group.'),
  candidates: z.array(candidateQuote).describe('Cheapest first.'),
  current: currentModel.nullable().describe('The model in use now, for comparison.'),
  explained: explainedQuote.nullable().describe('With `explain`.'),
  job: jobQuote.nullable().describe('With `job`.'),
  eliminated: z.array(eliminated),
})

export type QuoteRequest = z.infer<typeof quoteRequest>
export type QuoteResponse = z.infer<typeof quoteResponse>
export type CandidateQuote = z.infer<typeof candidateQuote>
export type CurrentModel = z.infer<typeof currentModel>
export type ExplainedQuote = z.infer<typeof explainedQuote>
export type JobQuoteWire = z.infer<typeof jobQuote>
export type JobCandidateWire = z.infer<typeof jobCandidate>
