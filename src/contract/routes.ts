/** Routes: documents, versions, what is wrong with one, and what one would have done. */
import { z } from 'zod'
import { timestamp, usdText } from './common.ts'

const document = z
  .record(z.string(), z.json())
  .describe('As under `routes` in `halftone.yaml`; the configuration reference lists its fields.')

const version = z.int().min(0)

export const routeObject = z.object({
  object: z.literal('route'),
  name: z.string(),
  managed_by: z.enum(['file', 'api', 'built_in']).describe('`built_in`: `auto`, as long as nobody defines it.'),
  version: version.describe('Of routes made by API, 1 and up; 0 for the others.'),
  document,
  problem: z.string().nullable().describe('Why it cannot be used as it is stored; null: it can.'),
  created_at: timestamp.nullable(),
  created_by: z.string().nullable(),
})

export const routeVersion = z.object({
  version: z.int(),
  document: document.nullable().describe('Null: what is stored is no JSON object.'),
  retired: z.boolean().describe('From this version on there was no such route.'),
  restores: z.int().nullable().describe('The version whose document it took.'),
  created_at: timestamp,
  created_by: z.string(),
})

const expected = version
  .optional()
  .describe('The version that it replaces, 0 for a new route; or send it as `If-Match`. 409 when another one stands.')

export const putRouteRequest = z.strictObject({ document, version: expected })
export const deleteRouteQuery = z.object({
  version: z.coerce.number().int().min(1).optional().describe('The version that is deleted; or send it as `If-Match`.'),
})
export const rollbackRouteRequest = z.strictObject({
  to: z.int().min(1).describe('The version whose document becomes the newest one.'),
  version: expected,
})
export const validateRouteRequest = z.strictObject({ document: document.optional().describe('The one that stands when absent.') })

export const routeValidation = z.object({
  object: z.literal('route_validation'),
  name: z.string(),
  valid: z.boolean().describe('It can be saved.'),
  findings: z.array(
    z.object({
      level: z.enum(['problem', 'warning']),
      path: z.string().describe('Of the field, such as `models[0]`; empty: the whole document.'),
      message: z.string(),
      remedy: z.string(),
    }),
  ),
})

export const routeCandidatesRequest = z.strictObject({
  document: document.optional().describe('The one that stands when absent.'),
})

export const routeCandidates = z.object({
  object: z.literal('route_candidates'),
  name: z.string(),
  requests: z.array(
    z.object({
      request: z.string().describe('What is asked for, such as `a picture of 1024x1024`.'),
      candidates: z
        .array(
          z.object({
            offer: z.string(),
            quality: z.string().nullable(),
            size: z.string(),
            expected_usd: usdText,
            max_usd: usdText.nullable().describe('null: no bound is known.'),
            all_in_usd: usdText.nullable().describe('Expected with the tries in vain; null: the plan was not scored.'),
            quality_score: z.number().nullable().describe('Public prior of exactly this quality tier; null: nobody rated it.'),
          }),
        )
        .describe('In the order in which they would be tried, with the health, prices and experience of now.'),
      eliminated: z.array(z.object({ reason: z.string(), offers: z.int(), example: z.string() })).describe('Commonest first.'),
    }),
  ),
})

export const tryRouteRequest = z.strictObject({
  document: document.optional().describe('The one that stands when absent.'),
  days: z.int().min(1).max(90).optional().describe('How far back; 7 when absent.'),
  of: z
    .enum(['route', 'all'])
    .optional()
    .describe(
      '`route`: requests that the route served or watched; `all`: every request. `route` when absent and the route exists.',
    ),
  limit: z.int().min(1).max(20_000).optional().describe('Most requests, the newest ones; 2000 when absent.'),
})

const sum = z.object({ requests: z.int(), images: z.int(), cost_usd: usdText })
const shares = z.array(sum.extend({ offer: z.string(), share: z.number().describe('Of the requests, 0 to 1.') }))
const promises = z.object({
  below_floor: z.int().describe('Requests whose choice is rated below the floor of the document, or not at all.'),
  late: z.number().describe("Requests beyond the document's deadline; expected ones for what it would do."),
})

export const routeTrial = z.object({
  object: z.literal('route_trial'),
  name: z.string(),
  sample: z.object({
    of: z.enum(['route', 'all']),
    since: timestamp,
    requests: z.int().describe('Those that were decided again.'),
    oldest_at: timestamp.nullable(),
    complete: z.boolean().describe('False: the limit or the time ended it before the beginning of the period.'),
  }),
  recorded: sum.describe('As it was.'),
  recorded_of_served: sum.describe('Of the requests that the document serves: what `simulated` compares with.'),
  simulated: sum.describe('Expected under the document, tries in vain included.'),
  change: z.number().nullable().describe('`simulated` over `recorded_of_served`, less 1; null: nothing was paid.'),
  before: shares.describe('Who served them.'),
  after: shares.describe('Who would be chosen first.'),
  promises: z.object({ before: promises, after: promises }),
  unserved: z.record(z.string(), z.int()).describe('Requests that nothing could serve, by the commonest reason.'),
  easy: z.int().describe('Requests that it would hold to its `easyFloor`.'),
  changed: z.int().describe('Requests whose first choice is another one.'),
  examples: z.array(
    z.object({
      request_id: z.string(),
      at: timestamp,
      model: z.string(),
      before_offer: z.string(),
      before_usd: usdText,
      after_offer: z.string(),
      after_quality: z.string().nullable(),
      after_usd: usdText,
    }),
  ),
})

export type RouteWire = z.infer<typeof routeObject>
export type RouteVersionWire = z.infer<typeof routeVersion>
export type RouteValidation = z.infer<typeof routeValidation>
export type RouteTrialWire = z.infer<typeof routeTrial>
export type RouteCandidatesWire = z.infer<typeof routeCandidates>
