/** Spend that was made elsewhere: rows of bills and logs, told to the ledger. */
import { z } from 'zod'
import { provenances } from '../core/outcome.ts'
import { qualities } from '../core/request.ts'
import { operation, tags, usdText } from './common.ts'

/** Rows of one call; a longer file is sent in parts, each of which may be repeated. */
export const MAX_IMPORT_ROWS = 500

const count = z.int().min(0).max(1_000_000_000)

export const importRow = z.strictObject({
  evidence_id: z
    .string()
    .min(1)
    .max(200)
    .describe(
      "What the source calls this line, stable over exports: a request's id, or day and model of a sum. The same one counts once.",
    ),
  at: z.iso.datetime().describe('When the money was spent, UTC; of a sum over a day: its beginning.'),
  provider: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, 'a name of letters, digits, dots, dashes and underscores')
    .describe('Who was paid.'),
  model: z
    .string()
    .regex(/^[\w.~-]+(\/[\w.~-]+)*$/, 'a model name such as openai/gpt-image-2, without blanks')
    .max(200)
    .describe('`publisher/name` where it is known, else what the source calls it.'),
  operation: operation.optional().describe('`generate` when absent.'),
  images: count.describe('Pictures made; 0 when the source does not tell.'),
  amount_usd: usdText.refine((text) => !text.startsWith('-'), 'must not be negative').describe('What it cost.'),
  provenance: z
    .enum(provenances)
    .describe('`invoiced` for a bill, `reported` by the provider, `estimated` for what another gateway worked out.'),
  outcome: z.enum(['succeeded', 'refused', 'error']).optional().describe('`succeeded` when absent.'),
  requests: count.min(1).optional().describe('How many calls the row sums up, where the source tells; kept with the row.'),
  duration_ms: z.int().min(1).max(86_400_000).optional(),
  size: z
    .string()
    .regex(/^\d{1,5}x\d{1,5}$/, 'a size such as 1024x1024')
    .optional(),
  quality: z.enum(qualities).optional(),
  end_customer: z.string().min(1).max(256).optional(),
  tags: tags.optional(),
  description: z.string().max(500).optional(),
})
export type ImportRow = z.infer<typeof importRow>

export const importRequest = z.strictObject({
  source: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and dashes')
    .describe(
      'Where the rows come from, such as `openai`; evidence ids are unique within it, and the requests show the route `import:<source>`.',
    ),
  project_id: z.string().min(1).max(64).optional().describe('`default` when absent.'),
  rows: z.array(importRow).min(1).max(MAX_IMPORT_ROWS),
})
export type ImportRequest = z.infer<typeof importRequest>

export const importResponse = z.object({
  object: z.literal('import'),
  source: z.string(),
  written: z.int().describe('Rows that were not known.'),
  corrected: z.int().describe('Rows that were known with another amount or count: what stood was reversed.'),
  unchanged: z.int().describe('Rows that were known as they are.'),
  images: z.int().describe('Of all rows of this call.'),
  amount_usd: usdText.describe('Of all rows of this call.'),
})
export type ImportAnswer = z.infer<typeof importResponse>
