/** The image endpoints, in OpenAI's words, with Halftone's few additions. */
import { z } from 'zod'
import { controlKinds } from '../core/request.ts'
import { costStatus, tags, usdText, warning } from './common.ts'
import { requestRequirement } from './facts.ts'
import { appliedFloor } from './floor.ts'
import { MOST_CACHE_SECONDS } from './route-document.ts'

const targets = z.array(z.string().min(1).max(256)).min(1).max(32)

/** Twins of the `x-halftone-*` request headers, for clients that cannot set headers. */
export const halftoneOptions = z
  .strictObject({
    max_cost_usd: usdText.optional().describe('Refuse when the request could cost more than this.'),
    only: targets.optional().describe('Only these offers, models or providers.'),
    ignore: targets.optional().describe('None of these offers, models or providers.'),
    order: targets
      .optional()
      .describe('These offers, models or providers first, in this order; the route decides among the rest.'),
    require: requestRequirement
      .optional()
      .describe('Facts an offer has to have, besides those of the route; what is unknown is not had.'),
    fallback_models: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(8)
      .optional()
      .describe('Models or routes to go on to, in this order, when `model` cannot serve or fails.'),
    quality_floor: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe(
        'Least quality: a named level (`draft`, `standard`, `high`), or `publisher/name@quality`. It never lowers that of the route.',
      ),
    quote_id: z.string().max(128).optional().describe('Execute at the maximum of this quote, or fail.'),
    deadline_ms: z.int().min(1).max(3_600_000).optional().describe('Stop waiting after this many milliseconds.'),
    group: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .describe('Pictures that must look alike: they stay at the offer, quality and seeds of the first of the group.'),
    group_size: z
      .int()
      .min(1)
      .max(9_999_999)
      .optional()
      .describe('Pictures planned in the group: its first request chooses by the price of all of them.'),
    tags: tags.optional(),
    fit: z
      .enum(['cover', 'contain'])
      .optional()
      .describe(
        'A size or shape that an offer does not make is cut (`cover`) or padded (`contain`) here from one that it makes.',
      ),
    upscale: z
      .literal('local')
      .optional()
      .describe('A size that is too large for an offer is enlarged here, up to 4 times each edge.'),
    convert: z
      .literal('none')
      .optional()
      .describe("Only offers that return `output_format` themselves: the provider's own file, with its provenance marks."),
    cache_seconds: z
      .int()
      .min(0)
      .max(MOST_CACHE_SECONDS)
      .optional()
      .describe(
        'Pictures of an equal request of this key will do if they are at most so old; `0` makes new ones whatever the route says.',
      ),
    allow_unsupported: z.boolean().optional().describe('Turn unsupported parameters into warnings.'),
    progress: z
      .boolean()
      .optional()
      .describe('A stream also tells how far it is, by `halftone.progress` events, where the provider does.'),
    body: z.enum(['on', 'off']).optional().describe('`off` leaves the halftone object out of the answer.'),
  })
  .describe('Options of this one request; each has a header twin, which wins.')

const nullable = <Schema extends z.ZodType>(schema: Schema) => schema.nullish()

/** `image_url` holds a public URL or a `data:` URL; the gateway cuts the latter out of the body before it is parsed. */
const imageReference = z.strictObject({ image_url: z.string().max(8192).optional(), file_id: z.string().max(256).optional() })

const prompt = z.string().min(1, 'must not be empty').max(32_000)
const controlType = z.enum(controlKinds)
const unit = z.number().min(0).max(1)

/** What every image endpoint takes. `null` means absent, as OpenAI has it. */
const everywhere = {
  model: nullable(z.string().min(1).max(256)).describe(
    'Route, offer id, `publisher/name` or unique bare name; `auto` when absent.',
  ),
  n: nullable(z.int().min(1).max(10)).describe('Images; 1 when absent. More than one call can make is split into several.'),
  size: nullable(z.string().regex(/^(auto|[1-9]\d{1,4}x[1-9]\d{1,4})$/, '`auto` or WIDTHxHEIGHT, such as 1024x1024')).describe(
    'In pixels; `auto` or absent: the default of the offer.',
  ),
  background: nullable(z.enum(['auto', 'transparent', 'opaque'])).describe('Needs an offer that can, when not `auto`.'),
  output_format: nullable(z.enum(['png', 'jpeg', 'webp', 'gif', 'svg'])).describe(
    "The offer's default when absent, usually `png`.",
  ),
  output_compression: nullable(z.int().min(0).max(100)).describe('For JPEG and WebP.'),
  response_format: nullable(z.enum(['b64_json', 'url'])).describe(
    '`b64_json` when absent; `url` gives signed links to this gateway.',
  ),
  user: nullable(z.string().max(512)).describe('The end customer, for attribution and budgets; also told to the provider.'),
  safety_identifier: nullable(z.string().max(512)).describe('The same, and goes before `user`.'),
  seed: nullable(z.int().min(0).max(4_294_967_295)).describe('Halftone: for offers that take one.'),
  negative_prompt: nullable(z.string().max(10_000)).describe('Halftone: for offers that take one.'),
  steps: nullable(z.int().min(1).max(500)).describe('Halftone: inference steps.'),
  guidance_scale: nullable(z.number().min(0).max(100)).describe('Halftone: guidance.'),
  extra_body: nullable(z.record(z.string(), z.record(z.string(), z.json()))).describe(
    'Provider parameters passed through untouched, by provider.',
  ),
  halftone: halftoneOptions.nullish(),
}

/** Instead of `size`. */
const shape = {
  aspect_ratio: nullable(z.string().regex(/^[1-9]\d{0,3}:[1-9]\d{0,3}$/, 'WIDTH:HEIGHT, such as 16:9')).describe(
    'Halftone: instead of `size`, a shape such as `16:9`; each offer takes its own size of it.',
  ),
}

/** What endpoints that follow a prompt take besides. */
const painting = {
  ...everywhere,
  ...shape,
  prompt: prompt.describe('What the picture shows.'),
  quality: nullable(z.enum(['auto', 'low', 'medium', 'high', 'xhigh', 'max', 'standard', 'hd'])).describe(
    "As the model has them; `auto` or absent: the offer's default, or what the route chooses.",
  ),
  moderation: nullable(z.enum(['low', 'auto'])).describe("How strict the provider's own filter is."),
  style: nullable(z.string().min(1).max(128)).describe("A named look: `vivid` and `natural` of DALL-E 3, or one of the offer's."),
  stream: nullable(z.boolean()).describe('Server-sent events instead of one JSON answer.'),
  partial_images: nullable(z.int().min(0).max(3)).describe('Pictures on the way, with `stream`.'),
  complexity: nullable(z.enum(['low', 'medium', 'high'])).describe('For models that draw SVG or animations.'),
  frame_count: nullable(z.int().min(2).max(64)).describe('Frames of a GIF.'),
  frame_duration_ms: nullable(z.int().min(1).max(60_000)).describe('Time of each frame of a GIF.'),
  svg: nullable(
    z.strictObject({
      model: z.string().max(128).optional(),
      reasoning: z.strictObject({ effort: z.string().max(32).nullish() }).nullish(),
    }),
  ).describe('The model that writes SVG, and its effort.'),
  control_image: imageReference
    .extend({ type: controlType, strength: unit.optional() })
    .nullish()
    .describe(
      'Halftone: JSON form of a picture that fixes the structure: `type` says how it is read, `strength` how strictly (0 to 1).',
    ),
}

const images = z.array(imageReference).min(1).max(16).optional()
const strength = nullable(unit).describe('Halftone: how far the result may leave its input, 0 (not at all) to 1.')
const side = z.int().min(0).max(4096).default(0)

export const generationRequest = z.strictObject(painting)

/** The JSON form of an edit; the multipart form carries `image` (or `image[]`), `mask`, `markup` and `control` as files. */
export const editRequest = z.strictObject({
  ...painting,
  images: images.describe('JSON form: what is edited, 1 to 16 images.'),
  mask: imageReference.nullish().describe('JSON form: a PNG whose transparent pixels are edited.'),
  markup: imageReference.nullish().describe('JSON form: a transparent PNG drawn over the image, for models that take one.'),
  input_fidelity: nullable(z.enum(['high', 'low'])).describe('How closely the input is kept.'),
  control_type: nullable(controlType).describe('Multipart form: how the file `control` is read.'),
  control_strength: nullable(unit).describe('Multipart form: how strictly the file `control` is followed, 0 to 1.'),
  strength,
  outpaint: nullable(z.strictObject({ left: side, right: side, top: side, bottom: side }))
    .refine((sides) => !sides || Object.values(sides).some((pixels) => pixels > 0), 'adds nothing: give one side some pixels')
    .describe('Halftone: pixels to add at each side of the input, at most 4096.'),
})

const oneImage = images.describe('JSON form: the one image; the multipart form carries it as the file `image`.')

export const variationRequest = z.strictObject({
  ...everywhere,
  ...shape,
  images: oneImage,
  prompt: nullable(prompt).describe('Halftone: what to vary towards, for offers that take one.'),
  strength,
})

export const upscaleRequest = z.strictObject({
  ...everywhere,
  n: nullable(z.literal(1)).describe('One image in, one image out.'),
  images: oneImage,
  prompt: nullable(prompt).describe('What the picture shows, for offers that add detail.'),
  scale: nullable(z.number().min(1).max(16)).describe(
    "Each edge times this; the offer's default when neither it nor `size` is given.",
  ),
  strength,
})

export const removeBackgroundRequest = z.strictObject({
  ...everywhere,
  n: nullable(z.literal(1)).describe('One image in, one image out.'),
  size: nullable(z.literal('auto')).describe('The result has the size of the image.'),
  images: oneImage,
  prompt: nullable(prompt).describe('What is in front, for offers that take it.'),
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
  floor: appliedFloor.optional().describe('The quality floor that held; absent: none.'),
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
export type UpscaleRequest = z.infer<typeof upscaleRequest>
export type HalftoneOptions = z.infer<typeof halftoneOptions>
export type HalftoneResult = z.infer<typeof halftoneResult>
