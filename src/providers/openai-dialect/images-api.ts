/** The Images API as OpenAI has it and as Azure serves it: calls, answers, and the events of a stream. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Candidate } from '../../core/offer.ts'
import type { ImageRequest } from '../../core/request.ts'
import { addUsage, wholeUnits } from '../../core/usage.ts'
import type { DecodeContext, Decoded, DecodedEvent, Done, Encoded, ProviderEvent, ProviderResponse } from '../define-provider.ts'
import { mergeExtra } from '../kit/extra.ts'
import { asCount, asObject } from '../kit/read.ts'
import { unrecognized } from '../kit/unknown-usage.ts'
import { imagesOf, sourceOf } from './answer.ts'
import { failureFromEvent, failureFromResponse, hasError } from './errors.ts'
import { isDallE } from './openai-models.ts'
import {
  imagesCall,
  optionalParametersOf,
  reservedMembers,
  settingsParameters,
  streamParameters,
  streamWarnings,
} from './parameters.ts'
import { readUsage } from './usage.ts'

/** A generation as JSON, an edit as a form; the path is the last part of the API's. */
export function encodeImages(request: ImageRequest, candidate: Candidate): Encoded {
  const ours = {
    ...settingsParameters(candidate, request.prompt),
    ...optionalParametersOf(request),
    ...streamParameters(request, candidate),
    ...(isDallE(candidate.offer.model) ? { output_format: undefined, response_format: 'b64_json' } : {}),
  }
  const { parameters, warnings } = mergeExtra(ours, request, candidate, reservedMembers)
  // One field name per file; the API reads `image[]` as a list, also of one.
  return { call: imagesCall(request, parameters, 'image[]'), warnings: [...streamWarnings(request, candidate), ...warnings] }
}

export function decodeImages(response: ProviderResponse): Decoded {
  if (response.status !== 200 || response.body.kind !== 'json') return { kind: 'failed', failure: failureFromResponse(response) }
  const answer = asObject(response.body.value) ?? {}
  if (hasError(answer)) return { kind: 'failed', failure: failureFromEvent(answer) }
  return { kind: 'done', images: imagesOf(answer), ...consumption(answer) }
}

export function decodeImageEvent({ name, value }: ProviderEvent, { partials }: Pick<DecodeContext, 'partials'>): DecodedEvent {
  const event = asObject(value) ?? {}
  const type = event['type'] ?? name
  if (type === 'error' || hasError(event)) return { kind: 'failed', failure: failureFromEvent(errorOfEvent(event)) }
  const source = sourceOf(event)
  if (typeof type !== 'string' || !source) return { kind: 'ignored' }
  if (type.endsWith('.partial_image')) {
    return { kind: 'partial', index: asCount(event['partial_image_index']) ?? partials, source }
  }
  if (!type.endsWith('.completed')) return { kind: 'ignored' }
  const { usage, warnings } = consumption(event)
  const withPartials = partials === 0 ? usage : addUsage(usage ?? {}, { 'images.partial': wholeUnits(partials) })
  return {
    kind: 'done',
    images: [{ source }],
    ...(withPartials ? { usage: withPartials } : {}),
    ...(warnings ? { warnings } : {}),
  }
}

/** Events put the error's members beside `type`, or under `error`. */
const errorOfEvent = (event: JsonObject): JsonValue => (asObject(event['error']) ? event : { error: event })

function consumption(answer: JsonObject): Pick<Done, 'usage' | 'warnings'> {
  const { usage, unknown } = readUsage(asObject(answer['usage']), asObject(answer['svg_usage']))
  const warnings = unrecognized(unknown)
  return { ...(usage ? { usage } : {}), ...(warnings.length > 0 ? { warnings } : {}) }
}
