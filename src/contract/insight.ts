/** What the ledger says: overview, free grouping, offers on your traffic, saved views and tag rules. Formulas: docs/reference/insight.md. */
import { z } from 'zod'
import { insightDimensions, insightGrains, insightMeasures, insightPeriods } from '../core/insight/terms.ts'
import { budgetObject } from './admin.ts'
import { timestamp, usdText } from './common.ts'
import { floorFeedback } from './floor.ts'

const isoDay = z.iso.date().describe('A UTC day, `2026-11-22`.')
const flag = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .describe(
    'Sandbox money instead of real money; absent: sandbox only where nothing else is configured. The two are never added up.',
  )

const periodFields = {
  period: z.enum(insightPeriods).optional().describe('Whole UTC days up to today; `30d` when absent.'),
  from: isoDay.optional().describe('Instead of `period`: the first day.'),
  to: isoDay.optional().describe('The last day, included; today when absent.'),
}

export const overviewQuery = z.object({
  ...periodFields,
  sandbox: flag.optional(),
  top: z.coerce.number().int().min(1).max(20).default(8).describe('Models with a series of their own; the rest is `other`.'),
})
export type OverviewQuery = z.infer<typeof overviewQuery>

export const periodObject = z.object({
  name: z.enum([...insightPeriods, 'custom']),
  from: timestamp,
  to: timestamp.describe('The first moment after it.'),
  days: z.int(),
  complete: z.boolean().describe('False: its last day is under way.'),
})

const share = z.number().nullable().describe('0 to 1; null: nothing to divide by.')

const changeLines = {
  difference_usd: usdText,
  volume_usd: usdText,
  price_usd: usdText,
  mix_usd: usdText,
}

export const insightOverview = z.object({
  object: z.literal('insight_overview'),
  sandbox: z.boolean(),
  generated_at: timestamp,
  period: periodObject,
  previous: periodObject,
  spend: z.object({
    today_usd: usdText,
    month_to_date_usd: usdText,
    period_usd: usdText,
    previous_usd: usdText,
  }),
  forecast: z.object({
    month_usd: usdText.nullable().describe('Of the whole month; null: too little was seen.'),
    method: z.enum(['same_weekday_mean', 'linear_pace']).nullable(),
    days_seen: z.int().describe('Whole days it is made from.'),
  }),
  counts: z.object({
    requests: z.int(),
    delivered: z.int().describe('Requests that ended `succeeded` or `partial`.'),
    attempts: z.int(),
    images: z.int().describe('Made, whoever got them.'),
  }),
  cost_per_image_usd: usdText.nullable().describe('All charges of attempts / images made.'),
  acceptance: z.object({
    accepted: z.number(),
    rejected: z.number(),
    unrated: z.number().describe('Images less accepted less rejected.'),
    coverage: share,
    share: share.describe('accepted / (accepted + rejected).'),
    cost_per_accepted_usd: usdText.nullable(),
  }),
  cost_distribution: z.object({
    images: z.int(),
    p50_usd: usdText.nullable(),
    p95_usd: usdText.nullable(),
    max_usd: usdText.nullable(),
    relative_error: z.number(),
  }),
  saved: z.array(
    z.object({
      baseline: z.string(),
      requests: z.int(),
      images: z.int(),
      baseline_usd: usdText,
      cost_usd: usdText,
      saved_usd: usdText.describe('Negative when the baseline would have been cheaper.'),
    }),
  ),
  duplicates: z.object({ prevented: z.int(), usd: usdText }),
  waste: z.object({
    total_usd: usdText,
    lines: z.array(
      z.object({
        kind: z.enum(['failed_billed', 'refused_billed', 'hedges', 'breakage', 'unknown']),
        usd: usdText,
        attempts: z.int().describe('Calls that ended so, billed or not; 0 for breakage.'),
      }),
    ),
  }),
  success: z.object({
    share,
    by_outcome: z.array(z.object({ outcome: z.string(), requests: z.int(), attempts: z.int(), usd: usdText })),
  }),
  latency: z.object({
    requests: z.int(),
    p50_ms: z.number().nullable(),
    p95_ms: z.number().nullable(),
    relative_error: z.number(),
  }),
  budgets: z.array(budgetObject),
  series: z.object({
    grain: z.enum(['hour', 'day']),
    models: z.array(z.string()).describe('Most money first; then `other` and `charges_without_attempt` where they have any.'),
    points: z.array(z.object({ at: timestamp, total_usd: usdText, usd: z.record(z.string(), usdText) })),
  }),
  change: z.object({
    ...changeLines,
    other_usd: usdText.describe('Charges without an attempt: breakage, storage.'),
    method: z.literal('volume_at_old_mix_then_price_then_mix'),
    grain: z.array(z.string()),
    cells: z.array(
      z.object({
        cell: z.array(z.string().nullable()).describe('Values of `grain`.'),
        state: z.enum(['both', 'new', 'vanished']),
        images_before: z.int(),
        images: z.int(),
        cost_before_usd: usdText,
        cost_usd: usdText,
        ...changeLines,
      }),
    ),
    rest: z.object({ cells: z.int(), ...changeLines }).describe('Cells that are not listed; lines and rest add up exactly.'),
  }),
})
export type InsightOverview = z.infer<typeof insightOverview>

const tagDimension = z.string().regex(/^tag:[^\s].{0,63}$/)
export const dimension = z
  .union([z.enum(insightDimensions), tagDimension])
  .describe('`tag:<key>` groups by a tag, as the tag rules read it.')

export const exploreRequest = z.strictObject({
  ...periodFields,
  sandbox: z.boolean().optional(),
  group_by: z.array(dimension).max(2).default([]),
  grain: z.enum([...insightGrains, 'none']).default('none'),
  filters: z
    .partialRecord(z.string(), z.array(z.string().max(256)).min(1).max(50))
    .default({})
    .describe('Dimension -> values, any of which; an empty text stands for "none".'),
  measures: z
    .array(z.enum(insightMeasures))
    .min(1)
    .default(['cost_usd', 'images', 'requests', 'attempts', 'cost_per_image_usd', 'success_share', 'accepted'])
    .describe('Every row has all measures; latencies are computed only when they are asked for.'),
  sort: z.enum(insightMeasures).default('cost_usd'),
  order: z.enum(['asc', 'desc']).default('desc'),
  limit: z.int().min(1).max(1000).default(50).describe('Groups; the rest becomes one row `other`, so that sums stay exact.'),
  format: z.enum(['json', 'csv']).optional().describe('`csv` when `accept: text/csv` is sent.'),
})
export type ExploreRequest = z.infer<typeof exploreRequest>

const measures = {
  cost_usd: usdText,
  images: z.int(),
  requests: z.int(),
  attempts: z.int(),
  delivered: z.int(),
  cost_per_image_usd: usdText.nullable(),
  success_share: share,
  accepted: z.number(),
  rejected: z.number(),
  latency_p50_ms: z.number().nullable(),
  latency_p95_ms: z.number().nullable(),
}

export const exploreResponse = z.object({
  object: z.literal('insight_explore'),
  sandbox: z.boolean(),
  period: periodObject,
  group_by: z.array(z.string()),
  grain: z.enum([...insightGrains, 'none']),
  source: z.object({
    name: z.string().describe('The stored sums that answered; `day:fine` and `hour:fine` are those by everything at once.'),
    latency: z.enum(['rollup', 'none']).describe('`rollup`: from stored distributions; `none`: not asked for.'),
    latency_relative_error: z.number().nullable(),
  }),
  rows: z
    .array(
      z.object({
        key: z.array(z.string().nullable()).describe('Values of `group_by`; null: none. Empty in the row `other`.'),
        at: timestamp.nullable().describe('Start of the hour, day or month; null with grain `none`.'),
        other: z.boolean(),
        ...measures,
      }),
    )
    .describe('In the order of the groups, each by time; rows add up to `total` exactly.'),
  groups: z.int().describe('Groups there were, listed or not.'),
  total: z.object(measures),
})
export type ExploreResponse = z.infer<typeof exploreResponse>
export type ExploreRow = ExploreResponse['rows'][number]

export const modelsQuery = z.object({ ...periodFields, sandbox: flag.optional() })

export const insightModel = z.object({
  offer: z.string(),
  provider: z.string(),
  model: z.string(),
  quality: z.string().nullable().describe("Of the requests' first choice; null: none was set."),
  configured: z.boolean().describe('False: it served then, and is gone.'),
  images: z.int(),
  attempts: z.int(),
  spend_usd: usdText,
  cost_per_image_usd: usdText.nullable(),
  success_share: share.describe('Attempts that ended `succeeded` or `partial`.'),
  refusal_share: share.describe('Attempts that ended `refused`.'),
  accepted: z.number(),
  rejected: z.number(),
  acceptance_share: share,
  coverage: share,
  cost_per_accepted_usd: usdText.nullable(),
  latency_p50_ms: z.number().nullable().describe('Of attempts that made pictures.'),
  latency_p95_ms: z.number().nullable(),
  quality_score: z
    .number()
    .nullable()
    .describe('Lower bound of the public prior, which floors and the frontier go by; null: nobody measured this quality tier.'),
  quality_prior: z
    .object({
      score: z.number(),
      margin: z.number().describe('Half width of the 95 % interval.'),
      as_of: z.string(),
      source: z.string(),
    })
    .nullable(),
  quality_feedback: floorFeedback
    .optional()
    .describe('What was said about its pictures and keeps it below a floor now; absent: nothing does.'),
  place: z
    .enum(['frontier', 'dominated', 'unrated'])
    .nullable()
    .describe('Your cost per image against quality; null: no images.'),
  health: z
    .object({
      state: z.enum(['closed', 'open', 'half_open']),
      blocked_until: timestamp.nullable(),
      in_flight: z.int(),
    })
    .nullable()
    .describe('On this node, now; null: not configured, or not called yet.'),
  list_price: z.string().nullable().describe('One line: form and range; null: unpriced or not configured.'),
  price_checked_at: z.string().nullable(),
  price_age_days: z.int().nullable(),
  price_stale: z.boolean().nullable(),
  price_history: z.array(z.object({ effective_from: z.string(), rate: z.string(), price: z.string() })),
})
export const insightModels = z.object({
  object: z.literal('insight_models'),
  sandbox: z.boolean(),
  period: periodObject,
  latency_relative_error: z.number(),
  data: z.array(insightModel),
})
export type InsightModels = z.infer<typeof insightModels>

const name = z.string().trim().min(1).max(128)

export const putViewRequest = z.strictObject({
  name,
  page: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/)
    .describe('Which page shows it: `explore`.'),
  query: z.string().max(4096).describe("The page's state as its URL has it, without the question mark."),
  version: z.int().min(1).optional().describe('The version that was read; 409 when another was stored meanwhile.'),
})
export const viewObject = z.object({
  object: z.literal('view'),
  id: z.string(),
  version: z.int(),
  name,
  page: z.string(),
  query: z.string(),
  created_at: timestamp,
  updated_at: timestamp,
  updated_by: z.string(),
})

const text = z.string().min(1).max(256)
export const putTagRuleRequest = z.strictObject({
  name,
  key: z.string().min(1).max(64).describe('The tag it sets: `tag:<key>` in Explore.'),
  value: text,
  when: z
    .strictObject({
      tag: z.strictObject({ key: z.string().min(1).max(64), value: z.string().max(256) }).optional(),
      project: text.optional(),
      model: text.optional(),
      provider: text.optional(),
      route: text.optional(),
      key: text.optional().describe('Id of a virtual key.'),
    })
    .refine((when) => Object.values(when).some((value) => value !== undefined), 'needs at least one condition')
    .describe('All that are given must match.'),
  position: z.int().min(0).max(10_000).default(1000).describe('Rules are read in this order; the first that matches counts.'),
  enabled: z.boolean().default(true),
  version: z.int().min(1).optional().describe('The version that was read; 409 when another was stored meanwhile.'),
})
export const tagRuleObject = z.object({
  object: z.literal('tag_rule'),
  id: z.string(),
  version: z.int(),
  name,
  key: z.string(),
  value: z.string(),
  when: z.object({
    tag: z.object({ key: z.string(), value: z.string() }).optional(),
    project: z.string().optional(),
    model: z.string().optional(),
    provider: z.string().optional(),
    route: z.string().optional(),
    key: z.string().optional(),
  }),
  position: z.int(),
  enabled: z.boolean(),
  created_at: timestamp,
  updated_at: timestamp,
  updated_by: z.string(),
})
export type ViewWire = z.infer<typeof viewObject>
export type TagRuleWire = z.infer<typeof tagRuleObject>
