/** From the wire to the core's `ImageRequest` and options: check, normalize, and name what is wrong. */
import type { IncomingHttpHeaders } from 'node:http'
import type { z } from 'zod'
import {
  type EditRequest,
  editRequest,
  generationRequest,
  type HalftoneOptions,
  removeBackgroundRequest,
  type UpscaleRequest,
  upscaleRequest,
  variationRequest,
} from '../contract/images.ts'
import { MOST_CACHE_SECONDS } from '../contract/route-document.ts'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { parseUsd } from '../core/money.ts'
import {
  type ImageInput,
  type ImageRequest,
  type Operation,
  parseAspectRatio,
  parseSize,
  type RequestOptions,
} from '../core/request.ts'
import { fromZod } from './errors.ts'
import { requirementOf } from './requirement.ts'

export interface NormalizedRequest {
  readonly request: ImageRequest
  readonly options: RequestOptions
  readonly idempotencyKey?: string
  readonly sdkRetry: number
  /** The stream also tells how far it is. */
  readonly progress: boolean
}

/** The checked body of any image endpoint. */
export type WireRequest = Partial<Omit<EditRequest, 'prompt'> & Pick<UpscaleRequest, 'scale' | 'prompt'>>

const schemas: Readonly<Record<Operation, z.ZodType<WireRequest>>> = {
  generate: generationRequest,
  edit: editRequest,
  variation: variationRequest,
  upscale: upscaleRequest,
  remove_background: removeBackgroundRequest,
}

/** Multipart fields are text; these are not. */
const numbers: ReadonlySet<string> = new Set([
  'n',
  'output_compression',
  'partial_images',
  'frame_count',
  'frame_duration_ms',
  'seed',
  'steps',
  'guidance_scale',
  'strength',
  'scale',
  'control_strength',
])
const booleans: ReadonlySet<string> = new Set(['stream'])
const objects: ReadonlySet<string> = new Set(['svg', 'extra_body', 'halftone', 'outpaint'])

/** Multipart text to JSON values; text that is not of the right form stays, for the schema to refuse by name. */
export function fromFormFields(fields: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? fromField(name, value) : value]),
  )
}

function fromField(name: string, value: string): JsonValue {
  if (numbers.has(name) && /^-?\d+(\.\d+)?$/.test(value)) return Number(value)
  if (booleans.has(name) && (value === 'true' || value === 'false')) return value === 'true'
  if (!objects.has(name)) return value
  try {
    return JSON.parse(value) as JsonValue
  } catch {
    return value
  }
}

/** Check the parameters of an operation against the contract. Throws the first problem, naming the parameter. */
export function checkWire(operation: Operation, parameters: JsonObject): WireRequest {
  const parsed = schemas[operation].safeParse(parameters, { reportInput: true })
  if (!parsed.success) throw fromZod(parsed.error)
  return parsed.data
}

export interface NormalizeInput {
  readonly operation: Operation
  readonly wire: WireRequest
  readonly inputs: readonly ImageInput[]
  readonly headers: IncomingHttpHeaders
}

export function normalizeRequest({ operation, wire, inputs, headers }: NormalizeInput): NormalizedRequest {
  const twin = wire.halftone ?? {}
  const size = wire.size && wire.size !== 'auto' ? parseSize(wire.size) : undefined
  const aspectRatio = wire.aspect_ratio ? parseAspectRatio(wire.aspect_ratio) : undefined
  checkOneSize(wire)
  const quality = wire.quality && wire.quality !== 'auto' ? wire.quality : undefined
  const background = wire.background && wire.background !== 'auto' ? wire.background : undefined
  const endCustomer = wire.safety_identifier ?? wire.user
  const group = headerText(headers, 'x-halftone-group', 128) ?? twin.group
  const idempotencyKey = headerText(headers, 'idempotency-key', 255)
  const request: ImageRequest = {
    operation,
    model: wire.model ?? 'auto',
    prompt: wire.prompt ?? '',
    n: wire.n ?? 1,
    inputs: inputs.map((input) => withControl(input, wire)),
    stream: wire.stream ?? false,
    partialImages: wire.partial_images ?? 0,
    responseFormat: wire.response_format ?? 'b64_json',
    attribution: { tags: tagsOf(headers, twin), ...(endCustomer && { endCustomer }), ...(group && { group }) },
    // Checked JSON from the schema; zod's type of it is only wider by `undefined`.
    extraBody: (wire.extra_body ?? {}) as Readonly<Record<string, JsonObject>>,
    ...(size && { size }),
    ...(aspectRatio && { aspectRatio }),
    ...(quality && { quality }),
    ...(background && { background }),
    ...(wire.output_format && { outputFormat: wire.output_format }),
    ...present('outputCompression', wire.output_compression),
    ...present('moderation', wire.moderation),
    ...present('style', wire.style),
    ...present('inputFidelity', wire.input_fidelity),
    ...present('complexity', wire.complexity),
    ...present('frameCount', wire.frame_count),
    ...present('frameDurationMs', wire.frame_duration_ms),
    ...(wire.svg && { svg: { ...present('model', wire.svg.model), ...present('reasoningEffort', wire.svg.reasoning?.effort) } }),
    ...present('seed', wire.seed),
    ...present('negativePrompt', wire.negative_prompt),
    ...present('steps', wire.steps),
    ...present('guidance', wire.guidance_scale),
    ...present('strength', wire.strength),
    ...present('outpaint', wire.outpaint),
    ...present('scale', wire.scale),
  }
  if (request.partialImages > 0 && !request.stream) {
    throw new HalftoneError('invalid_value', '"partial_images" needs "stream": true.', { param: 'partial_images' })
  }
  const progress = flag(headers, 'x-halftone-progress') ?? twin.progress ?? false
  if (progress && !request.stream) {
    throw new HalftoneError('invalid_value', 'Progress is told in a stream: it needs "stream": true.', { param: 'progress' })
  }
  const options = optionsOf(headers, twin)
  return { request, options, sdkRetry: retryCount(headers), progress, ...(idempotencyKey && { idempotencyKey }) }
}

/** Ways to say how large the result is; two of them at once would leave one unheard. */
function checkOneSize({ size, aspect_ratio, scale, outpaint }: WireRequest): void {
  const said = Object.entries({ size: size === 'auto' ? null : size, aspect_ratio, scale, outpaint })
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name]) => name)
  const [first, second] = said
  if (first === undefined || second === undefined) return
  throw new HalftoneError('invalid_value', `"${second}" cannot be given with "${first}": both say how large the result is.`, {
    param: second,
  })
}

/** A control image knows how it is read. */
function withControl(input: ImageInput, { control_image, control_type, control_strength }: WireRequest): ImageInput {
  if (input.role !== 'control') return input
  return {
    ...input,
    ...present('control', control_image?.type ?? control_type),
    ...present('controlStrength', control_image?.strength ?? control_strength),
  }
}

/** An optional property, only when there is a value: `null` on the wire means absent. */
function present<Name extends string, Value>(name: Name, value: Value | null | undefined): { readonly [key in Name]?: Value } {
  // A computed key widens to string; the value is checked.
  return value === null || value === undefined ? {} : ({ [name]: value } as { readonly [key in Name]?: Value })
}

function optionsOf(headers: IncomingHttpHeaders, twin: HalftoneOptions): RequestOptions {
  const maxCost = headerText(headers, 'x-halftone-max-cost-usd', 32) ?? twin.max_cost_usd
  const quoteId = headerText(headers, 'x-halftone-quote-id', 128) ?? twin.quote_id
  const deadline = headerText(headers, 'x-halftone-deadline-ms', 16)
  const deadlineMs = deadline === undefined ? twin.deadline_ms : Number(deadline)
  if (deadlineMs !== undefined && !(Number.isInteger(deadlineMs) && deadlineMs > 0 && deadlineMs <= 3_600_000)) {
    throw new HalftoneError('invalid_header', 'x-halftone-deadline-ms must be a whole number from 1 to 3600000.', {
      param: 'x-halftone-deadline-ms',
    })
  }
  return {
    allowUnsupported: flag(headers, 'x-halftone-allow-unsupported') ?? twin.allow_unsupported ?? false,
    ...present('groupSize', groupSizeOf(headers) ?? twin.group_size),
    ...present('cacheSeconds', cacheSecondsOf(headers) ?? twin.cache_seconds),
    ...present('fit', choice(headers, 'x-halftone-fit', ['cover', 'contain']) ?? twin.fit),
    ...present('upscale', choice(headers, 'x-halftone-upscale', ['local']) ?? twin.upscale),
    ...present('convert', choice(headers, 'x-halftone-convert', ['none']) ?? twin.convert),
    bodyMetadata: (headerText(headers, 'x-halftone-body', 8) ?? twin.body) !== 'off',
    ...(maxCost !== undefined && { maxCostNanoUsd: maxCostOf(maxCost) }),
    ...present('only', headerList(headers, 'x-halftone-only', 32) ?? twin.only),
    ...present('ignore', headerList(headers, 'x-halftone-ignore', 32) ?? twin.ignore),
    ...present('require', requirementOf(headers, twin.require)),
    ...present('order', headerList(headers, 'x-halftone-order', 32) ?? twin.order),
    ...present('fallbackModels', headerList(headers, 'x-halftone-fallback-models', 8) ?? twin.fallback_models),
    ...present('floor', headerText(headers, 'x-halftone-quality-floor', 256) ?? twin.quality_floor),
    ...(quoteId !== undefined && { quoteId }),
    ...(deadlineMs !== undefined && { deadlineMs }),
  }
}

function maxCostOf(text: string): bigint {
  const amount = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? parseUsd(text) : 0n
  if (amount <= 0n)
    throw new HalftoneError('invalid_value', `The max cost "${text}" is not a positive USD amount such as 0.25.`, {
      param: 'max_cost_usd',
    })
  return amount
}

/** One printable header, or an error: what goes on into other headers, logs and SQL has no control characters. */
function headerText(headers: IncomingHttpHeaders, name: string, maxLength: number): string | undefined {
  const value = headers[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.length === 0 || value.length > maxLength || !/^[\x20-\x7e]+$/.test(value)) {
    throw new HalftoneError('invalid_header', `${name} must be 1 to ${maxLength} printable ASCII characters.`, { param: name })
  }
  return value
}

/** Names between commas. */
function headerList(headers: IncomingHttpHeaders, name: string, most: number): readonly string[] | undefined {
  const text = headerText(headers, name, 4_096)
  if (text === undefined) return undefined
  const names = text.split(',').map((each) => each.trim())
  if (names.length > most || names.includes('')) {
    throw new HalftoneError('invalid_header', `${name} must hold 1 to ${most} names between commas.`, { param: name })
  }
  return names
}

function flag(headers: IncomingHttpHeaders, name: string): boolean | undefined {
  const value = headerText(headers, name, 8)
  if (value === undefined || value === 'true') return value === undefined ? undefined : true
  if (value === 'false') return false
  throw new HalftoneError('invalid_header', `${name} must be true or false.`, { param: name })
}

function groupSizeOf(headers: IncomingHttpHeaders): number | undefined {
  const text = headerText(headers, 'x-halftone-group-size', 16)
  if (text === undefined || /^[1-9]\d{0,6}$/.test(text)) return text === undefined ? undefined : Number(text)
  throw new HalftoneError('invalid_header', 'x-halftone-group-size must be a whole number from 1 to 9999999.', {
    param: 'x-halftone-group-size',
  })
}

function cacheSecondsOf(headers: IncomingHttpHeaders): number | undefined {
  const text = headerText(headers, 'x-halftone-cache-seconds', 16)
  if (text === undefined) return undefined
  const seconds = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN
  if (seconds <= MOST_CACHE_SECONDS) return seconds
  throw new HalftoneError('invalid_header', `x-halftone-cache-seconds must be a whole number from 0 to ${MOST_CACHE_SECONDS}.`, {
    param: 'x-halftone-cache-seconds',
  })
}

/** One of a few words. */
function choice<const Word extends string>(headers: IncomingHttpHeaders, name: string, words: readonly Word[]): Word | undefined {
  const value = headerText(headers, name, 32)
  const word = words.find((known) => known === value)
  if (value === undefined || word !== undefined) return word
  throw new HalftoneError('invalid_header', `${name} must be ${words.join(' or ')}.`, { param: name })
}

const retryCount = (headers: IncomingHttpHeaders): number => {
  const count = Number(headers['x-stainless-retry-count'] ?? 0)
  return Number.isInteger(count) && count > 0 ? count : 0
}

const MAX_TAGS = 10

function tagsOf(headers: IncomingHttpHeaders, twin: HalftoneOptions): Readonly<Record<string, string>> {
  const text = headerText(headers, 'x-halftone-tags', 2_048)
  const tags: Record<string, string> = { ...twin.tags }
  for (const pair of text?.split(',') ?? []) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    if (at < 1 || name === '' || name === '__proto__' || name.length > 64 || pair.length - at > 257) {
      throw new HalftoneError('invalid_header', 'x-halftone-tags must look like "campaign=summer,sku=4711".', {
        param: 'x-halftone-tags',
      })
    }
    tags[name] = pair.slice(at + 1).trim()
  }
  if (Object.keys(tags).length > MAX_TAGS)
    throw new HalftoneError('invalid_value', `At most ${MAX_TAGS} tags are taken.`, { param: 'x-halftone-tags' })
  return tags
}
