/** A report about a time: what was spent, on what, what was wasted, and what would have saved most. Formulas: docs/reference/insight.md. */
import { z } from 'zod'
import { provenances } from '../core/outcome.ts'
import { parameterNames } from '../core/report/alternatives.ts'
import { timestamp, usdText } from './common.ts'
import { dimension, insightOverview, periodObject } from './insight.ts'

const month = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'a month such as 2026-11')
  .describe('A UTC month, `2026-11`.')
const groupings = z
  .string()
  .max(256)
  .default('model;project;route')
  .transform((text, context) =>
    text.split(';').map((part) => {
      const names = z.array(dimension).min(1).max(2).safeParse(part.split(','))
      if (!names.success) context.addIssue({ code: 'custom', message: `"${part.slice(0, 64)}" is not one or two dimensions` })
      return names.data ?? []
    }),
  )
  .describe('Tables of one or two dimensions each, as in `model;project,route`.')

export const reportQuery = z.strictObject({
  month: month.optional().describe('This month when nothing is given.'),
  from: z.iso.date().optional().describe('Instead of `month`: the first UTC day.'),
  to: z.iso.date().optional().describe('The last day, included.'),
  group: groupings,
  sandbox: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .describe('Sandbox money instead of real money.'),
  calls: z.coerce
    .number()
    .int()
    .min(100)
    .max(200_000)
    .default(10_000)
    .describe('About how many calls are priced again, at most; more of them are sampled.'),
})
export type ReportQuery = z.infer<typeof reportQuery>

const share = z.number().nullable().describe('0 to 1; null: nothing to divide by.')
const effect = {
  calls: z.int().describe('Calls of the sample that it concerns.'),
  now_usd: usdText.describe('Quoted as it was.'),
  saved_usd: usdText,
  error_usd: usdText.describe('Half of the 95 % interval that comes from sampling; 0 where every call was priced again.'),
}

export const reportChange = z.object({
  kind: z.enum([...parameterNames, 'offer', 'batch', 'auto', 'repeats', 'smaller_lot', 'another_lot']),
  where: z.string().describe('Route, model, key of a commitment; empty: everywhere.'),
  from: z.string(),
  to: z.string(),
  ...effect,
  further_usd: usdText.describe('What it adds to the changes before it: a call that one of them touches is left out.'),
  title: z.string(),
  assumptions: z.array(z.string()),
})

export const reportObject = z.object({
  object: z.literal('report'),
  sandbox: z.boolean(),
  generated_at: timestamp,
  period: periodObject,
  previous: periodObject,
  totals: z.object({
    cost_usd: usdText,
    previous_usd: usdText,
    requests: z.int(),
    delivered: z.int(),
    attempts: z.int(),
    images: z.int(),
    cost_per_image_usd: usdText.nullable(),
    success_share: share,
    latency_p50_ms: z.number().nullable(),
    latency_p95_ms: z.number().nullable(),
  }),
  days: z.array(z.object({ day: z.string(), cost_usd: usdText, images: z.int(), requests: z.int() })),
  groups: z.array(
    z.object({
      by: z.array(z.string()),
      rows: z
        .array(
          z.object({
            key: z.array(z.string().nullable()),
            other: z.boolean(),
            cost_usd: usdText,
            images: z.int(),
            requests: z.int(),
            cost_per_image_usd: usdText.nullable(),
          }),
        )
        .describe('Add up to the total exactly.'),
    }),
  ),
  change: insightOverview.shape.change,
  waste: insightOverview.shape.waste,
  acceptance: insightOverview.shape.acceptance,
  saved: insightOverview.shape.saved,
  duplicates: insightOverview.shape.duplicates,
  budgets: insightOverview.shape.budgets.describe('Now, whatever time the report is about.'),
  evidence: z.object({
    charges: z.int(),
    charges_usd: usdText.describe(
      'The sum of the charges themselves; `totals.cost_usd` comes from the sums by day and equals it.',
    ),
    by_provenance: z.array(z.object({ provenance: z.enum(provenances), cost_usd: usdText, share })),
    unpriced_attempts: z.int().describe('Billed, and no price was known: in no sum.'),
    unknown_attempts: z.int().describe('Nobody knows yet whether they were billed; their holds stand in the sums.'),
  }),
  closed: z
    .object({ month: z.string(), closed_at: timestamp })
    .nullable()
    .describe('The closed month that the report is about: its money stays as it is.'),
  corrections: z
    .array(z.object({ month: z.string(), charges: z.int(), cost_usd: usdText }))
    .describe('Booked in this time for closed months; in the totals here, not there.'),
  commitments: z.array(
    z.object({
      id: z.string(),
      provider: z.string(),
      commitment: z.string(),
      kind: z.string(),
      starts_at: timestamp,
      expires_at: timestamp.nullable(),
      paid_usd: usdText,
      covered_usd: usdText.describe('What it covered in this time, at the prices without it.'),
      effective_usd: usdText.describe('Its own price of what it covered.'),
      unused_usd: usdText.describe('Of what was paid: the part that ended unused in this time.'),
    }),
  ),
  parameters: z
    .array(
      z.object({
        parameter: z.enum(parameterNames),
        route: z.string(),
        value: z.string(),
        next: z.string().describe('The next cheaper value that the offer makes.'),
        chosen_by: z.enum(['client', 'default']),
        ...effect,
      }),
    )
    .describe('What a value cost against the next cheaper one, most first.'),
  changes: z.array(reportChange).max(3).describe('The three that would have saved most, each beside those before it.'),
  together_usd: usdText.describe('The sum of `further_usd`.'),
  basis: z.object({
    calls: z.int(),
    priced_again: z.int(),
    not_priced_again: z.int().describe('Their offer is gone or has no price any more, or their record was deleted.'),
    charged_usd: usdText,
    quoted_usd: usdText.describe('The same calls by the code that quotes: how far the figures of changes can be trusted.'),
  }),
})
export type Report = z.infer<typeof reportObject>
export type ReportChange = Report['changes'][number]

export const reportEndpoints = {
  getReport: {
    method: 'GET',
    path: '/v1/halftone/report',
    access: 'insight.all',
    summary: 'A month or any days: totals, movers, waste, evidence, what parameters cost, and what would have saved most.',
    query: reportQuery,
    response: reportObject,
  },
} as const
