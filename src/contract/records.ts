/** What Halftone knows about requests: records, receipts, decisions. */
import { z } from 'zod'
import { costStatus, operation, tags, timestamp, usdText, warning } from './common.ts'
import { appliedFloor, floorFeedback } from './floor.ts'

export const eliminated = z.object({ offer: z.string(), reason: z.string(), detail: z.string(), param: z.string().nullable() })

export const requestImage = z.object({
  id: z.string(),
  width: z.int(),
  height: z.int(),
  media_type: z.string(),
  url: z.string().nullable().describe('Signed and expiring; null when the image has expired.'),
  thumbnail_url: z.string().nullable(),
  accepted: z.number().describe('0 to 1, of all words and signals about it; both 0: nobody rated it.'),
  rejected: z.number(),
})

export const requestSummary = z.object({
  id: z.string(),
  created_at: timestamp,
  finished_at: timestamp.nullable(),
  key_id: z.string(),
  project_id: z.string(),
  operation,
  model: z.string(),
  route: z.string(),
  n: z.int(),
  offer: z.string().nullable(),
  outcome: z.string().nullable(),
  http_status: z.int().nullable(),
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
  record_deleted_at: timestamp
    .nullable()
    .describe('When the record was deleted after its time: what it cost is all there is. Null: the record is whole.'),
  images_returned: z.int(),
  attempts: z.int(),
  latency_ms: z.number().nullable(),
  cost_usd: usdText,
  cost_status: costStatus,
  sandbox: z.boolean(),
  end_customer: z.string().nullable(),
  group: z.string().nullable(),
  tags,
  prompt: z.string().nullable(),
  images: z.array(requestImage),
})

export const charge = z.object({
  id: z.string(),
  kind: z.string(),
  description: z.string(),
  meter: z.string().nullable(),
  quantity: z.string().nullable(),
  amount_usd: usdText,
  native_amount: z.string(),
  native_unit: z.string(),
  fx_rate: z.string(),
  fx_source: z.string(),
  rate_id: z.string(),
  price_book: z.string(),
  provenance: z.string(),
  incurred_at: timestamp,
  posted_at: timestamp,
  reverses: z.string().nullable(),
  corrects: z.string().nullable().describe('The charge that an adjusting charge corrects.'),
  corrects_month: z.string().nullable().describe('The closed month that it corrects, `2026-10`; it is booked in a later one.'),
})

export const attempt = z.object({
  id: z.string(),
  sequence: z.int(),
  kind: z.string(),
  state: z.string(),
  offer: z.string(),
  settings: z.record(z.string(), z.json()),
  outcome: z.string().nullable(),
  stage: z.string().nullable(),
  billed: z.string().nullable(),
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
  images_wanted: z.int(),
  images_made: z.int(),
  expected_usd: usdText,
  held_usd: usdText,
  total_usd: usdText,
  usage: z.record(z.string(), z.string()),
  job_id: z.string().nullable(),
  http_status: z.int().nullable(),
  provider_request_id: z.string().nullable(),
  created_at: timestamp,
  settled_at: timestamp.nullable(),
  first_byte_ms: z.number().nullable(),
  duration_ms: z.number().nullable(),
  charges: z.array(charge),
  events: z.array(z.object({ at: timestamp, kind: z.string(), data: z.record(z.string(), z.json()) })),
})

export const requestRecord = requestSummary.extend({
  parameters: z.record(z.string(), z.json()),
  features: z.record(z.string(), z.json()),
  warnings: z.array(warning),
  attempt_rows: z.array(attempt),
  progress: z
    .number()
    .optional()
    .describe('How much is done, 0 to 1, while it runs on the node that answers and as far as providers tell.'),
})

const decidedFloor = appliedFloor
  .extend({
    otherwise: z.string().nullable().describe("The route's floor for prompts that are not easy; null: nothing looked at it."),
  })
  .nullable()
  .describe('The quality floor that its pictures were made under; null: none, or not the same for every candidate.')

export const receipt = z.object({
  object: z.literal('receipt'),
  request_id: z.string(),
  created_at: timestamp,
  record_deleted_at: timestamp
    .nullable()
    .describe(
      'When quote, baseline, alternatives and events were deleted after their time; the charges stay. Null: nothing was.',
    ),
  total_usd: usdText,
  billed_usd: usdText.describe('Without what prepaid lots covered.'),
  effective_usd: usdText.describe('Billed, and what the lots cost for the part they covered.'),
  cost_status: costStatus,
  sandbox: z.boolean(),
  images_returned: z.int(),
  cost_per_image_usd: usdText.nullable(),
  attempts: z.array(attempt),
  warnings: z.array(warning),
  quote: z
    .object({ id: z.string(), max_usd: usdText, expires_at: timestamp })
    .nullable()
    .describe('The quote the request was held to; null: none.'),
  baseline: z
    .object({ name: z.string(), offer: z.string(), quality: z.string().nullable(), expected_usd: usdText, saved_usd: usdText })
    .nullable()
    .describe(
      "What the route's declared baseline would have cost, and what was saved against it: negative when it would have been cheaper.",
    ),
  floor: decidedFloor,
  consistency: z
    .object({
      because: z.enum(['group', 'edit']),
      role: z.enum(['first', 'followed', 'switched']),
      group: z.string().nullable(),
      offer: z.string().nullable().describe('The one that gives the look.'),
      cheapest_offer: z.string().nullable(),
      cost_usd: usdText.describe('What the first choice was expected to cost above the cheapest candidate of that moment.'),
    })
    .nullable()
    .describe('What it had to look like, and what that cost; null: nothing.'),
  alternatives: z
    .array(z.object({ offer: z.string(), quality: z.string().nullable(), expected_usd: usdText }))
    .describe('What the other candidates would have cost, as quoted then.'),
})

const trialChoice = z.object({ offer: z.string(), quality: z.string().nullable(), expected_usd: usdText }).nullable()

export const explanation = z.object({
  object: z.literal('explanation'),
  request_id: z.string(),
  record_deleted_at: timestamp
    .nullable()
    .describe('When the decision was deleted after its time: it cannot be explained any more.'),
  route: z.string(),
  objective: z.string(),
  price_book: z.string(),
  snapshot: z
    .object({
      config: z.string().describe('Fingerprint of the configuration, secrets left out.'),
      route_managed_by: z.enum(['file', 'api', 'built_in']).nullable().describe('Null: no route, a model was named.'),
      route_version: z.int().nullable().describe('Of a route made by API.'),
      experience: z.string().describe('What was learned up to then: node, its start, and how often it had learned since.'),
    })
    .nullable()
    .describe('What it was decided on, with `price_book` and `month_plan`; null: it was not decided here.'),
  observation: z
    .object({
      arm: z.enum(['observed', 'routed']).describe('Who served it: the named model, or the route.'),
      observes: z.string(),
      named: trialChoice.describe('What the named model was expected to cost; null: it could not have served it.'),
      routed: trialChoice.describe('What the route chose, or would have chosen; null: it could not have served it.'),
      saved_usd: usdText.nullable().describe('By the route, or what it would have saved; negative where it is dearer.'),
    })
    .nullable()
    .describe('Of a route in mode observe; null: none watched.'),
  month_plan: z
    .string()
    .optional()
    .describe('Plan of the month that candidates were compared by; absent: none of them has a price in one.'),
  floor: decidedFloor,
  candidates: z.array(
    z.object({
      offer: z.string(),
      size: z.string(),
      quality: z.string().nullable(),
      finishing: z.array(z.string()).describe('What is done here to the picture that it returns; empty: nothing.'),
      expected_usd: usdText,
      max_usd: usdText.nullable(),
      score: z
        .number()
        .nullable()
        .describe('What it was ordered by, lowest first: USD for objective `cost`; null: behind all that have one.'),
      success: z.number().nullable().describe('Chance that a try brings its pictures: learned, or a prior.'),
      observations: z
        .number()
        .nullable()
        .optional()
        .describe('Attempts that `success` rests on, older ones counting less; 0: a prior, nobody used it; null: not kept.'),
      planned_usd: z
        .number()
        .optional()
        .describe(
          'Price it was compared by: that of the volume tier the month is planned to reach. `expected_usd` is what is charged.',
        ),
      shadow_usd: z.number().optional().describe('Taken off in comparing, because a minimum spend is not met yet.'),
      in_vain_usd: z.number().nullable().describe('Expected cost of tries that are billed and bring nothing.'),
      lateness_usd: z.number().nullable().describe('What its expected lateness weighs.'),
      feedback: floorFeedback.optional().describe('What was said about its pictures and stands against it under a higher floor.'),
    }),
  ),
  eliminated_counts: z.record(z.string(), z.int()),
  eliminated: z.array(eliminated),
  explored: z
    .object({
      offer: z.string(),
      instead_of: z.string().describe('The usual choice.'),
      extra_usd: usdText.describe('Its expected price above that of the usual choice.'),
      observations: z.number().describe('Attempts that were known of it.'),
    })
    .nullable()
    .describe('The route tried what little was known of; null: it did not.'),
})

export type RequestSummaryWire = z.infer<typeof requestSummary>
export type RequestRecordWire = z.infer<typeof requestRecord>
export type AttemptWire = z.infer<typeof attempt>
export type ChargeWire = z.infer<typeof charge>
export type Receipt = z.infer<typeof receipt>
export type Explanation = z.infer<typeof explanation>
