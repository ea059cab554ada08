/** The request in OpenAI's spelling, as one flat list of members that becomes JSON or form fields. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Candidate, Warning } from '../../core/offer.ts'
import { formatSize, type ImageInput, type ImageRequest } from '../../core/request.ts'
import type { HttpCall, MultipartPart } from '../define-provider.ts'
import type { Parameters } from '../kit/extra.ts'
import { filenameOf } from '../kit/files.ts'

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

/** Members that carry input images or change the form of the answer. */
export const reservedMembers: ReadonlySet<string> = new Set([
  'image',
  'mask',
  'markup',
  'stream',
  'partial_images',
  'response_format',
])

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

/** Members as form fields: nested ones as `svg[model]`, lists as `name[]`. */
export function fieldParts(value: JsonObject, prefix?: string): MultipartPart[] {
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
