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
  dry_run: z.boolean().optional().describe('Only say what would be done; nothing is written.'),
})
export type ImportRequest = z.infer<typeof importRequest>

export const rowStates = ['written', 'corrected', 'unchanged'] as const
export type RowState = (typeof rowStates)[number]

export const importResponse = z.object({
  object: z.literal('import'),
  source: z.string(),
  dry_run: z.boolean().describe('True: nothing was written.'),
  written: z.int().describe('Rows that were not known.'),
  corrected: z.int().describe('Rows that were known with another amount or count: what stood was reversed.'),
  unchanged: z.int().describe('Rows that were known as they are.'),
  states: z.array(z.enum(rowStates)).describe('The same row by row, in the order in which they were sent.'),
  images: z.int().describe('Of all rows of this call.'),
  amount_usd: usdText.describe('Of all rows of this call.'),
})
export type ImportAnswer = z.infer<typeof importResponse>

/** Of the files of one call. What is larger is given in parts, or to `halftone import`. */
export const MAX_IMPORT_BYTES = 2 * 1024 * 1024
/** More of them say nothing new. */
export const MAX_IMPORT_PROBLEMS = 100

export const importFormat = z.object({
  id: z.string(),
  summary: z.string().describe('What to export, and where.'),
  columns: z
    .object({ required: z.array(z.string()), optional: z.array(z.string()) })
    .nullable()
    .describe('Of a table: what its columns may be. Null: the format names its own fields.'),
})
export type ImportFormatWire = z.infer<typeof importFormat>

const word = z.string().min(1).max(200)

export const readImportRequest = z.strictObject({
  format: z.string().max(32).describe('As `GET /v1/halftone/imports/formats` lists it.'),
  files: z
    .array(z.strictObject({ name: z.string().min(1).max(256).describe('To name it in problems.'), text: z.string().min(1) }))
    .min(1)
    .max(50)
    .refine(
      (files) => files.reduce((sum, { text }) => sum + text.length, 0) <= MAX_IMPORT_BYTES,
      'must have at most 2 MiB together',
    )
    .describe('As they were exported; 2 MiB together.'),
  provider: word.optional().describe('Who was paid, for tables that do not say.'),
  columns: z
    .record(z.string().max(64), word)
    .optional()
    .describe('Headings of a table by the word Halftone has for them, where they differ: `{"amount_usd": "Cost (USD)"}`.'),
})
export type ReadImportRequest = z.infer<typeof readImportRequest>

export const readImportResponse = z.object({
  object: z.literal('import_files'),
  rows: z.array(importRow).describe('To be sent to `/v1/halftone/imports`, up to 500 at a time. None of them has a problem.'),
  skipped: z
    .array(z.object({ what: z.string(), rows: z.int() }))
    .describe('Lines about something else than pictures, by what they are about.'),
  problems: z
    .array(z.object({ file: z.string(), at: z.string().describe('A line, or a path into JSON.'), message: z.string() }))
    .describe('With any of these the files should not be imported. At most 100 of them.'),
  problem_count: z.int(),
})
export type ReadImport = z.infer<typeof readImportResponse>
