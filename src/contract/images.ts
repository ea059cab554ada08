/** The image endpoints, in OpenAI's words, with Halftone's few additions. */
import { z } from 'zod'
import { costStatus, tags, usdText, warning } from './common.ts'

/** Twins of the `x-halftone-*` request headers, for clients that cannot set headers. */
export const halftoneOptions = z
  .strictObject({
    max_cost_usd: usdText.optional().describe('Refuse when the request could cost more than this.'),
    quote_id: z.string().max(128).optional().describe('Execute at the maximum of this quote, or fail.'),
    deadline_ms: z.int().min(1).max(3_600_000).optional().describe('Stop waiting after this many milliseconds.'),
    group: z.string().min(1).max(128).optional().describe('Requests that belong together; stored with them.'),
    tags: tags.optional(),
    allow_unsupported: z.boolean().optional().describe('Turn unsupported parameters into warnings.'),
    body: z.enum(['on', 'off']).optional().describe('`off` leaves the halftone object out of the answer.'),
  })
  .describe('Options of this one request; each has a header twin, which wins.')

const nullable = <Schema extends z.ZodType>(schema: Schema) => schema.nullish()

/** Parameters shared by generations and edits. `null` means absent, as OpenAI has it. */
const shared = {
  model: nullable(z.string().min(1).max(256)).describe(
    'Route, offer id, `publisher/name` or unique bare name; `auto` when absent.',
  ),
  prompt: z.string().min(1, 'must not be empty').max(32_000).describe('What the picture shows.'),
  n: nullable(z.int().min(1).max(10)).describe('Images; 1 when absent. More than one call can make is split into several.'),
  size: nullable(z.string().regex(/^(auto|[1-9]\d{1,4}x[1-9]\d{1,4})$/, '`auto` or WIDTHxHEIGHT, such as 1024x1024')).describe(
    'In pixels; `auto` or absent: the default of the offer.',
  ),
  quality: nullable(z.enum(['auto', 'low', 'medium', 'high', 'xhigh', 'max', 'standard', 'hd'])).describe(
    "As the model has them; `auto` or absent: the offer's default, or what the route chooses.",
  ),
  background: nullable(z.enum(['auto', 'transparent', 'opaque'])).describe('Needs an offer that can, when not `auto`.'),
  output_format: nullable(z.enum(['png', 'jpeg', 'webp', 'gif', 'svg'])).describe(
    "The offer's default when absent, usually `png`.",
  ),
  output_compression: nullable(z.int().min(0).max(100)).describe('For JPEG and WebP.'),
  response_format: nullable(z.enum(['b64_json', 'url'])).describe(
    '`b64_json` when absent; `url` gives signed links to this gateway.',
  ),
  stream: nullable(z.boolean()).describe('Server-sent events instead of one JSON answer.'),
  partial_images: nullable(z.int().min(0).max(3)).describe('Pictures on the way, with `stream`.'),
  user: nullable(z.string().max(512)).describe('The end customer, for attribution and budgets; also told to the provider.'),
  safety_identifier: nullable(z.string().max(512)).describe('The same, and goes before `user`.'),
  complexity: nullable(z.enum(['low', 'medium', 'high'])).describe('For models that draw SVG or animations.'),
  frame_count: nullable(z.int().min(2).max(64)).describe('Frames of a GIF.'),
  frame_duration_ms: nullable(z.int().min(1).max(60_000)).describe('Time of each frame of a GIF.'),
  svg: nullable(
    z.strictObject({
      model: z.string().max(128).optional(),
      reasoning: z.strictObject({ effort: z.string().max(32).nullish() }).nullish(),
    }),
  ).describe('The model that writes SVG, and its effort.'),
  seed: nullable(z.int().min(0).max(4_294_967_295)).describe('Halftone: for offers that take one.'),
  negative_prompt: nullable(z.string().max(10_000)).describe('Halftone: for offers that take one.'),
  steps: nullable(z.int().min(1).max(500)).describe('Halftone: inference steps.'),
  guidance_scale: nullable(z.number().min(0).max(100)).describe('Halftone: guidance.'),
  extra_body: nullable(z.record(z.string(), z.record(z.string(), z.json()))).describe(
    'Provider parameters passed through untouched, by provider.',
  ),
  halftone: halftoneOptions.nullish(),
}

export const generationRequest = z.strictObject({
  ...shared,
  moderation: nullable(z.enum(['low', 'auto'])).describe("How strict the provider's own filter is."),
  style: nullable(z.enum(['vivid', 'natural'])).describe('Of DALL-E 3.'),
})

/** `image_url` holds a public URL or a `data:` URL; the gateway cuts the latter out of the body before it is parsed. */
const imageReference = z.strictObject({ image_url: z.string().max(8192).optional(), file_id: z.string().max(256).optional() })

/** The JSON form of an edit; the multipart form carries `image` (or `image[]`), `mask` and `markup` as files. */
export const editRequest = z.strictObject({
  ...shared,
  moderation: nullable(z.enum(['low', 'auto'])).describe("How strict the provider's own filter is."),
  images: z.array(imageReference).min(1).max(16).optional().describe('JSON form: what is edited, 1 to 16 images.'),
  mask: imageReference.nullish().describe('JSON form: a PNG whose transparent pixels are edited.'),
  markup: imageReference.nullish().describe('JSON form: a transparent PNG drawn over the image, for models that take one.'),
  input_fidelity: nullable(z.enum(['high', 'low'])).describe('How closely the input is kept.'),
})

export const imageUsage = z.object({
  input_tokens: z.int(),
  output_tokens: z.int(),
  total_tokens: z.int(),
  input_tokens_details: z.object({ text_tokens: z.int(), image_tokens: z.int() }),
  output_tokens_details: z.object({ text_tokens: z.int(), image_tokens: z.int() }).optional(),
  cost: z.number().nullable().describe('USD; null where nobody knows. The exact amount is `halftone.cost_usd`.'),
})

export const halftoneResult = z.object({
  request_id: z.string().describe('For receipts and support; also in `x-request-id`.'),
  cost_usd: usdText.nullable().describe('null: no attempt has a known cost.'),
  cost_status: costStatus,
  offer: z.string().nullable().describe('The offer that made the images.'),
  attempts: z.int().describe('Calls made to providers.'),
  sandbox: z.boolean().optional().describe('`true`: play money.'),
  warnings: z.array(warning).describe('What was not as asked for.'),
})

export const imagesResponse = z.object({
  created: z.int().describe('Unix seconds.'),
  background: z.enum(['transparent', 'opaque']).optional(),
  output_format: z.string().optional(),
  quality: z.string().optional(),
  size: z.string().optional(),
  data: z.array(z.object({ b64_json: z.string().optional(), url: z.string().optional(), revised_prompt: z.string().optional() })),
  usage: imageUsage,
  halftone: halftoneResult.optional(),
})

export type GenerationRequest = z.infer<typeof generationRequest>
export type EditRequest = z.infer<typeof editRequest>
export type HalftoneOptions = z.infer<typeof halftoneOptions>
export type HalftoneResult = z.infer<typeof halftoneResult>
