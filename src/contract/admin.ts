/** Keys, projects, budgets, the state of the gateway, and sign-in. */
import { z } from 'zod'
import { roles } from '../core/access/roles.ts'
import { tags, timestamp, usdText } from './common.ts'
import { offerFacts } from './facts.ts'
import { acceptance } from './feedback.ts'

export const createKeyRequest = z.strictObject({
  name: z.string().min(1).max(128),
  role: z.enum(roles).optional().describe('`inference` when absent.'),
  project_id: z.string().min(1).max(64).optional().describe('`default` when absent.'),
  tags: tags.optional(),
  allowed_models: z.array(z.string().min(1)).min(1).optional().describe('All models when absent.'),
  max_usd_per_day: usdText.optional().describe('A hard spend cap of this key, UTC days.'),
})

export const keyObject = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  role: z.enum(roles),
  project_id: z.string(),
  tags,
  allowed_models: z.array(z.string()).nullable(),
  max_usd_per_day: usdText.nullable(),
  requests_per_minute: z.int().nullable().describe('Of `halftone.yaml`, its own or that of every key; null: no limit.'),
  images_per_minute: z.int().nullable().describe('Likewise.'),
  created_at: timestamp,
  last_used_at: timestamp.nullable().describe('When it last made a request; null: never.'),
  revoked_at: timestamp.nullable(),
  managed_by: z.enum(['api', 'file', 'environment']),
})

/** The secret is shown once, here. */
export const createdKey = keyObject.extend({ secret: z.string() })

export const projectObject = z.object({
  id: z.string(),
  name: z.string(),
  prompt_mode: z.enum(['full', 'hmac', 'none']),
  asset_ttl_days: z.int(),
  content_ttl_days: z
    .int()
    .nullable()
    .describe('Days that prompt, parameters and answer of a request stay; null: until they are deleted.'),
  records_ttl_days: z
    .int()
    .nullable()
    .describe('Days that the record of a request stays; null: for good. What it cost always does.'),
  tags,
  managed_by: z.enum(['api', 'file', 'environment']),
})
export const putProjectRequest = z.strictObject({
  name: z.string().min(1).max(128),
  prompt_mode: z.enum(['full', 'hmac', 'none']).optional(),
  asset_ttl_days: z.int().min(0).max(3650).optional(),
  content_ttl_days: z
    .int()
    .min(1)
    .max(3650)
    .nullable()
    .optional()
    .describe('Days that prompt, parameters and answer of a new request stay; null: until they are deleted.'),
  records_ttl_days: z
    .int()
    .min(1)
    .max(36_500)
    .nullable()
    .optional()
    .describe(
      'Days that the record of a new request stays; null: for good. A new project without it has `storage.recordsTtlDays`.',
    ),
  tags: tags.optional(),
})

export const putBudgetRequest = z.strictObject({
  scope: z.enum(['global', 'key', 'project', 'customer', 'tag']),
  scope_value: z.string().max(128).optional().describe('Key id, project id, customer, or `tag=value`; absent for global.'),
  period: z.enum(['day', 'month', 'total']),
  limit_usd: usdText,
  hard: z.boolean().optional(),
})
export const budgetObject = z.object({
  id: z.string(),
  scope: z.string(),
  scope_value: z.string(),
  period: z.enum(['day', 'month', 'total']),
  limit_usd: usdText,
  hard: z.boolean(),
  managed_by: z.enum(['api', 'file', 'environment']),
  spent_usd: usdText,
  held_usd: usdText,
  remaining_usd: usdText,
  used_share: z.number().describe('Spent and held, of the limit.'),
  forecast_usd: usdText.nullable().describe('What will be used at the end of the period; null: too early, or it has no end.'),
  forecast_method: z.literal('linear_pace').nullable(),
  breach_at: timestamp.nullable().describe('When the limit is passed at that pace; null: not in this period, or it is already.'),
  resets_at: timestamp.nullable(),
})

export const modelObject = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
  halftone: z
    .object({
      kind: z.enum(['route', 'model', 'offer', 'alias']),
      provider: z.string().nullable(),
      publisher_model: z.string().nullable(),
      operations: z.array(z.string()),
      sizes: z.string(),
      qualities: z.array(z.string()),
      formats: z.array(z.string()),
      max_n: z.int(),
      max_inputs: z.int(),
      mask: z.boolean(),
      controls: z.array(z.string()).describe('Kinds of control images it reads.'),
      upscale: z.array(z.number()).describe('Factors it multiplies each edge by.'),
      streaming: z.boolean(),
      parameters: z.array(z.string()),
      price: z.string().describe('One line: form and range.'),
      priced: z.boolean(),
      sandbox: z.boolean(),
      assumed: z.boolean().describe('Of a wire format nobody confirmed: chosen only when it is named.'),
      retired_at: z.string().nullable(),
      facts: offerFacts.optional().describe('Of an offer: where it runs, what is kept, and so on, each with its source.'),
    })
    .optional(),
})

export const overview = z.object({
  object: z.literal('overview'),
  today_usd: usdText,
  month_usd: usdText,
  held_usd: usdText.describe('Reserved for attempts that are under way.'),
  unknown_usd: usdText.describe('Provisional charges of this month without evidence yet.'),
  requests_today: z.int().describe('Ended today, and those that still run.'),
  images_today: z.int(),
  sandbox: z.boolean().describe('Whether these are sandbox figures.'),
  budgets: z.array(budgetObject),
  acceptance,
})

export const status = z.object({
  object: z.literal('status'),
  version: z.string(),
  node_id: z.string(),
  started_at: timestamp,
  ready: z.boolean(),
  problems: z.array(z.string()),
  notices: z
    .array(z.string())
    .describe(
      'What a person should look at although requests are served: stored routes that cannot be used, or that are hidden.',
    ),
  spends_money: z.boolean().describe('Whether the first call may spend real money.'),
  storage: z.object({ ledger: z.string(), free_bytes: z.int().nullable() }),
  providers: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      offers: z.int(),
      unpriced: z.int(),
      sandbox: z.boolean(),
      health: z.string(),
      base_url: z.string().nullable(),
      discovery: z
        .object({ asked_at: timestamp, problem: z.string().nullable() })
        .nullable()
        .describe('Of servers that say what they serve: when they were last asked; a problem leaves the offers as they were.'),
    }),
  ),
  price_book: z.string(),
  config_file: z.string().nullable(),
})

export const providerProbe = z.object({ name: z.string(), ok: z.boolean(), message: z.string() })

export const deleted = z.object({ id: z.string(), deleted: z.literal(true) })

export type KeyWire = z.infer<typeof keyObject>
export type CreatedKey = z.infer<typeof createdKey>
export type ModelWire = z.infer<typeof modelObject>
export type BudgetWire = z.infer<typeof budgetObject>
export type OverviewWire = z.infer<typeof overview>
