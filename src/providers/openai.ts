/** OpenAI's Images API: generations and edits, with partial images on a stream. */
import type { JsonObject, JsonValue } from '../core/json.ts'
import { addUsage, wholeUnits } from '../core/usage.ts'
import { type DecodedEvent, type Done, defineProvider, type Encoded, type Probe } from './define-provider.ts'
import { mergeExtra } from './kit/extra.ts'
import { type KnownModel, makeOffer } from './kit/offers.ts'
import { asCount, asObject } from './kit/read.ts'
import { imageKeys, imagesOf, sourceOf } from './openai-dialect/answer.ts'
import { failureFromEvent, failureFromResponse, hasError } from './openai-dialect/errors.ts'
import { openaiModels } from './openai-dialect/openai-models.ts'
import {
  imagesCall,
  optionalParametersOf,
  reservedMembers,
  settingsParameters,
  streamParameters,
  streamWarnings,
} from './openai-dialect/parameters.ts'
import { decodeModelList } from './openai-dialect/probe.ts'
import { readUsage, unrecognized } from './openai-dialect/usage.ts'
import type { ModelConfig } from './provider-config.ts'

const id = 'openai'

export const openai = defineProvider({
  id,
  baseUrl: 'https://api.openai.com/v1',
  keyVariables: ['OPENAI_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: imageKeys,

  offers: (config) =>
    config.models
      ? config.models.map((changes) => makeOffer(config, id, knownModel(changes), changes))
      : openaiModels.map((known) => makeOffer(config, id, known)),

  encode(request, candidate): Encoded {
    const ours = {
      ...settingsParameters(candidate, request.prompt),
      ...optionalParametersOf(request),
      ...streamParameters(request, candidate),
    }
    const { parameters, warnings } = mergeExtra(ours, request, candidate, reservedMembers)
    // One field name per file; the API reads `image[]` as a list, also of one.
    return { call: imagesCall(request, parameters, 'image[]'), warnings: [...streamWarnings(request, candidate), ...warnings] }
  },

  decode(response) {
    if (response.status !== 200 || response.body.kind !== 'json')
      return { kind: 'failed', failure: failureFromResponse(response) }
    const answer = asObject(response.body.value) ?? {}
    if (hasError(answer)) return { kind: 'failed', failure: failureFromEvent(answer) }
    return { kind: 'done', images: imagesOf(answer), ...consumption(answer) }
  },

  decodeEvent({ name, value }, { partials }): DecodedEvent {
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
  },

  probe: (): Probe => ({
    call: { method: 'GET', path: '/models', body: { kind: 'none' }, accept: 'json', stream: false },
    decode: decodeModelList,
  }),
})

/** The codec's own entry by wire name or `publisher/name`; a dated snapshot or an unknown model starts from its nearest relative. */
function knownModel({ id: wireModel, model }: ModelConfig): KnownModel {
  const bare = wireModel.replace(/^openai\//, '')
  const exact = openaiModels.find((known) => known.wireModel === bare || known.model === model)
  if (exact) return { ...exact, wireModel: exact.wireModel === bare ? bare : wireModel }
  const relatives = openaiModels.filter((known) => bare.startsWith(`${known.wireModel}-`) && known.retiredAt === undefined)
  const relative = relatives.sort((a, b) => b.wireModel.length - a.wireModel.length)[0] ?? newest
  return {
    model: /^gpt-image|^chatgpt-image/.test(bare) ? `openai/${bare}` : model,
    wireModel: bare,
    capabilities: relative.capabilities,
  }
}

const newest = openaiModels.find((known) => known.wireModel === 'gpt-image-2') as KnownModel

/** Events put the error's members beside `type`, or under `error`. */
const errorOfEvent = (event: JsonObject): JsonValue => (asObject(event['error']) ? event : { error: event })

function consumption(answer: JsonObject): Pick<Done, 'usage' | 'warnings'> {
  const { usage, unknown } = readUsage(asObject(answer['usage']), asObject(answer['svg_usage']))
  const warnings = unrecognized(unknown)
  return { ...(usage ? { usage } : {}), ...(warnings.length > 0 ? { warnings } : {}) }
}
