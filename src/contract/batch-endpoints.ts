/** Files, and batches of requests: the shape of OpenAI's, for the lanes that answer within a day. */
import { z } from 'zod'
import { listOf, usdText } from './common.ts'

/** The image endpoints, as a batch names them. */
export const batchTargets = [
  '/v1/images/generations',
  '/v1/images/edits',
  '/v1/images/variations',
  '/v1/images/upscale',
  '/v1/images/remove-background',
] as const

export const filePurposes = ['batch', 'vision'] as const

const unixSeconds = z.int().describe('Seconds since 1970 UTC.')

export const fileObject = z.object({
  id: z.string(),
  object: z.literal('file'),
  bytes: z.int().nullable().describe('Null for the output of a batch, which is put together while it is read.'),
  created_at: unixSeconds,
  expires_at: unixSeconds.nullable().describe('Its bytes are deleted then.'),
  filename: z.string(),
  purpose: z.enum([...filePurposes, 'batch_output']),
  status: z.literal('processed'),
})
export type FileWire = z.infer<typeof fileObject>

const page = {
  limit: z.coerce.number().int().min(1).max(100).default(20).describe('At most so many.'),
  after: z.string().max(128).optional().describe('The id of the last one of the page before.'),
}

export const fileListQuery = z.strictObject({ ...page, purpose: z.enum(filePurposes).optional().describe('Only these.') })
export const batchListQuery = z.strictObject(page)

const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    object: z.literal('list'),
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })

export const uploadRequest = z.strictObject({
  file: z.string().describe('The file: JSON lines for `batch`, at most 50,000; a picture for `vision`.'),
  purpose: z.enum(filePurposes).describe('`batch`: the requests of a batch; `vision`: a picture that edits name by `file_id`.'),
  'expires_after[anchor]': z.literal('created_at').optional(),
  'expires_after[seconds]': z.coerce
    .number()
    .int()
    .min(3_600)
    .max(2_592_000)
    .optional()
    .describe("Seconds that it is kept; at most, and without it, as long as the project's images."),
})

export const createBatchRequest = z.strictObject({
  input_file_id: z.string().min(1).max(128).describe('A file of purpose `batch`.'),
  endpoint: z.enum(batchTargets).describe('What each line asks for; its `url` says the same.'),
  completion_window: z.literal('24h').describe('What is not begun by then never is.'),
  metadata: z
    .record(z.string().max(64), z.string().max(512))
    .refine((labels) => Object.keys(labels).length <= 16, 'at most 16 labels')
    .nullable()
    .optional()
    .describe('Labels of your own, given back.'),
})
export type CreateBatchRequest = z.infer<typeof createBatchRequest>

const problem = z.object({ code: z.string(), message: z.string(), param: z.string().nullable(), line: z.int().nullable() })

export const batchObject = z.object({
  id: z.string(),
  object: z.literal('batch'),
  endpoint: z.enum(batchTargets),
  errors: z
    .object({
      object: z.literal('list'),
      data: z.array(problem),
    })
    .nullable()
    .describe('What is wrong with the input file of a failed batch.'),
  input_file_id: z.string(),
  completion_window: z.literal('24h'),
  status: z.enum(['validating', 'failed', 'in_progress', 'completed', 'expired', 'cancelling', 'cancelled']),
  output_file_id: z.string().nullable().describe('Answers, a line each; from the end of the batch on.'),
  error_file_id: z.string().nullable().describe('Refused and failed lines; null where there are none.'),
  created_at: unixSeconds,
  in_progress_at: unixSeconds.nullable(),
  expires_at: unixSeconds,
  finalizing_at: unixSeconds.nullable(),
  completed_at: unixSeconds.nullable(),
  failed_at: unixSeconds.nullable(),
  expired_at: unixSeconds.nullable(),
  cancelling_at: unixSeconds.nullable(),
  cancelled_at: unixSeconds.nullable(),
  request_counts: z.object({ total: z.int(), completed: z.int(), failed: z.int() }),
  metadata: z.record(z.string(), z.string()).nullable(),
  halftone: z.object({ cost_usd: usdText.describe('What its requests cost so far, failed ones included.') }),
})
export type BatchWire = z.infer<typeof batchObject>

export const lineStates = ['waiting', 'done', 'failed', 'expired', 'cancelled'] as const

export const batchLineQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('At most so many.'),
  after: z.coerce.number().int().min(0).default(0).describe('The line after which they begin: `next_cursor` of the page before.'),
  state: z
    .enum(['waiting', 'done', 'failed'])
    .optional()
    .describe('Only these; `failed` has those that expired or were cancelled too.'),
})

export const batchLine = z.object({
  line: z.int().describe('Its place in the input file, from 1.'),
  custom_id: z.string(),
  state: z.enum(lineStates).describe('`waiting`: not over yet.'),
  tries: z.int().describe('How often it was given back to be tried again.'),
  request_id: z.string().nullable().describe('Its request, with receipt and decision; null: none was made.'),
  http_status: z.int().nullable().describe('What a single request would have been answered with.'),
  error: z
    .object({ code: z.string().nullable(), message: z.string(), param: z.string().nullable() })
    .nullable()
    .describe('Why it failed.'),
})
export type BatchLineWire = z.infer<typeof batchLine>

export const quoteBatchRequest = createBatchRequest.pick({ input_file_id: true, endpoint: true })
export type QuoteBatchRequest = z.infer<typeof quoteBatchRequest>

export const batchQuote = z.object({
  object: z.literal('batch_quote'),
  lines: z.int().describe('Of the file.'),
  priced: z.int().describe('Lines that are in the sums.'),
  complete: z.boolean().describe('False: pricing was given up after 30 s, and the lines from there on are only counted.'),
  images: z.int(),
  min_usd: usdText,
  expected_usd: usdText.describe(
    'Sum over the lines, each by itself at what would be tried first now; tiers that the batch reaches are not in it.',
  ),
  max_usd: usdText.nullable().describe('null: of some line no bound is known.'),
  assumed_sizes: z.int().describe('Lines with pictures given by their addresses: not fetched, taken to be 1024x1024.'),
  products: z
    .array(
      z.object({ offer: z.string(), quality: z.string().nullable(), lines: z.int(), images: z.int(), expected_usd: usdText }),
    )
    .describe('What would be tried first, most lines first.'),
  errors: z.array(problem).describe('With any of these the batch would fail as a whole.'),
  refused: z.array(problem).describe('Lines that would fail alone; at most 100 of them.'),
  refused_count: z.int(),
})
export type BatchQuote = z.infer<typeof batchQuote>

export const batchEndpoints = {
  createFile: {
    method: 'POST',
    path: '/v1/files',
    access: 'images.make',
    summary: 'Upload the requests of a batch, or a picture for edits.',
    body: uploadRequest,
    multipart: true,
    response: fileObject,
  },
  listFiles: {
    method: 'GET',
    path: '/v1/files',
    access: 'images.make',
    summary: 'Uploaded files within reach, newest first.',
    query: fileListQuery,
    response: pageOf(fileObject),
  },
  getFile: {
    method: 'GET',
    path: '/v1/files/{id}',
    access: 'images.make',
    summary: 'One file; outputs of batches are files too.',
    response: fileObject,
  },
  getFileContent: {
    method: 'GET',
    path: '/v1/files/{id}/content',
    access: 'images.make',
    summary: 'The bytes of a file; answers of a batch are streamed as JSON lines.',
    mediaType: 'application/octet-stream',
  },
  deleteFile: {
    method: 'DELETE',
    path: '/v1/files/{id}',
    access: 'images.make',
    summary: 'Delete a file that no batch reads any more.',
    response: z.object({ id: z.string(), object: z.literal('file'), deleted: z.literal(true) }),
  },
  createBatch: {
    method: 'POST',
    path: '/v1/batches',
    access: 'images.make',
    summary: 'Have the requests of a file done within a day, where that is cheapest.',
    body: createBatchRequest,
    response: batchObject,
  },
  listBatches: {
    method: 'GET',
    path: '/v1/batches',
    access: 'images.make',
    summary: 'Batches within reach, newest first.',
    query: batchListQuery,
    response: pageOf(batchObject),
  },
  getBatch: {
    method: 'GET',
    path: '/v1/batches/{id}',
    access: 'images.make',
    summary: 'How far a batch is, and what it cost so far.',
    response: batchObject,
  },
  cancelBatch: {
    method: 'POST',
    path: '/v1/batches/{id}/cancel',
    access: 'images.make',
    summary: 'Begin nothing more of a batch; what runs is finished and paid for.',
    response: batchObject,
  },
  listBatchLines: {
    method: 'GET',
    path: '/v1/halftone/batches/{id}/lines',
    access: 'images.make',
    summary: 'The lines of a batch, in order: how each ended, and its request.',
    query: batchLineQuery,
    response: listOf(batchLine),
  },
  quoteBatch: {
    method: 'POST',
    path: '/v1/halftone/batches/quote',
    access: 'images.make',
    summary: 'What a file would cost as a batch, and what is wrong with it, without doing any of it.',
    body: quoteBatchRequest,
    response: batchQuote,
  },
} as const
