/** The request in OpenAI's spelling, as one flat list of members that becomes JSON or form fields. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Candidate, Warning } from '../../core/offer.ts'
import { formatSize, type ImageInput, type ImageRequest } from '../../core/request.ts'
import type { HttpCall, MultipartPart } from '../define-provider.ts'

/** Members in the order they are sent; undefined ones are not. */
export type Parameters = Readonly<Record<string, JsonValue | undefined>>

/** What the candidate fixed: these decide the price, and nothing may change them on the way. */
export function settingsParameters({ offer, settings }: Candidate, prompt: string): Parameters {
  return {
    model: offer.wireModel,
    prompt,
    n: settings.n,
    size: formatSize(settings.size),
    quality: settings.quality,
    output_format: settings.format,
    background: settings.background,
  }
}

/** Everything else the client may set. */
export function optionalParametersOf(request: ImageRequest): Parameters {
  const { svg } = request
  return {
    output_compression: request.outputCompression,
    moderation: request.moderation,
    style: request.operation === 'generate' ? request.style : undefined,
    input_fidelity: request.operation === 'edit' ? request.inputFidelity : undefined,
    complexity: request.complexity,
    frame_count: request.frameCount,
    frame_duration_ms: request.frameDurationMs,
    svg: svg && {
      ...(svg.model === undefined ? {} : { model: svg.model }),
      ...(svg.reasoningEffort === undefined ? {} : { reasoning: { effort: svg.reasoningEffort } }),
    },
    safety_identifier: request.attribution.endCustomer,
  }
}

/** Formats of which the API streams nothing. */
const isWhole = ({ settings }: Candidate): boolean => settings.format === 'gif' || settings.format === 'svg'

/** A real upstream stream is asked for only where it brings partial images; Halftone streams a lone final image itself. */
export function streamParameters(request: ImageRequest, candidate: Candidate): Parameters {
  // The planner has refused, or warned of, more than the offer can.
  const partials = Math.min(request.partialImages, candidate.offer.capabilities.maxPartialImages ?? 0)
  return !request.stream || partials === 0 || isWhole(candidate) ? {} : { stream: true, partial_images: partials }
}

export function streamWarnings(request: ImageRequest, candidate: Candidate): readonly Warning[] {
  if (!request.stream || request.partialImages === 0 || !isWhole(candidate)) return []
  const message = `There are no partial images of ${candidate.settings.format}; the image comes whole.`
  return [{ code: 'parameter_ignored', param: 'partial_images', message }]
}

export interface Merged {
  readonly parameters: JsonObject
  readonly warnings: readonly Warning[]
}

/** Add what the client passes through untouched. It cannot replace what Halftone sends, since that was priced. */
export function mergeExtra(ours: Parameters, request: ImageRequest, { offer }: Candidate): Merged {
  const parameters: Record<string, JsonValue> = {}
  for (const [name, value] of Object.entries(ours)) if (value !== undefined) parameters[name] = value
  const warnings: Warning[] = []
  const extra = { ...request.extraBody[offer.providerType], ...request.extraBody[offer.provider] }
  for (const [name, value] of Object.entries(extra)) {
    if (value === undefined) continue
    if (name in ours || name in reserved) {
      const message = `extra_body.${offer.provider}.${name} was left out: use the parameter "${name}" of the request itself.`
      warnings.push({ code: 'parameter_dropped', param: name, message })
    } else parameters[name] = value
  }
  return { parameters, warnings }
}

/** Members that carry input images or change the form of the answer. */
const reserved = { image: true, mask: true, markup: true, stream: true, partial_images: true, response_format: true }

/** `POST /images/generations` with JSON, or `POST /images/edits` as a form. */
export function imagesCall(request: ImageRequest, parameters: JsonObject, imageField: string): HttpCall {
  const stream = parameters['stream'] === true
  const common = { method: 'POST', accept: 'json', stream } as const
  if (request.operation === 'generate')
    return { ...common, path: '/images/generations', body: { kind: 'json', value: parameters } }
  const parts = [...fieldParts(parameters), ...fileParts(request.inputs, imageField)]
  return { ...common, path: '/images/edits', body: { kind: 'multipart', parts } }
}

function fileParts(inputs: readonly ImageInput[], imageField: string): MultipartPart[] {
  return inputs.map((input, index) => {
    const name = input.role === 'mask' || input.role === 'markup' ? input.role : imageField
    return { kind: 'file', name, input, filename: filenameOf(input, index) }
  })
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
}

/** The name carries the type for servers that look at nothing else; what the client called its file is not passed on. */
const filenameOf = ({ role, mediaType }: ImageInput, index: number): string =>
  `${role === 'mask' || role === 'markup' ? role : `image-${index}`}.${EXTENSIONS[mediaType] ?? 'bin'}`

/** Nested members as `svg[model]`, lists as `name[]`. */
function fieldParts(value: JsonObject, prefix?: string): MultipartPart[] {
  return Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : field(prefix ? `${prefix}[${key}]` : key, member),
  )
}

function field(name: string, value: JsonValue): MultipartPart[] {
  if (value === null) return []
  if (Array.isArray(value)) return (value as readonly JsonValue[]).flatMap((item) => field(`${name}[]`, item))
  if (typeof value === 'object') return fieldParts(value as JsonObject, name)
  return [{ kind: 'field', name, value: String(value) }]
}
