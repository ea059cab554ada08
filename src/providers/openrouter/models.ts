/**
 * Models of OpenRouter's Image API that the price book knows, and what its own list says of any other. Sources: the schemas
 * ImageGenerationRequest and ImageModelListItem of the specification (2026-08-22); sizes and inputs of each model from its maker:
 * Gemini's guide, fal's page of MAI-Image-2.7, Microsoft's model cards, Recraft's table of sizes.
 */
import type { Capabilities, OptionalParameter, SizeRule } from '../../core/capability.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { outputFormats, qualities, type Size } from '../../core/request.ts'
import { geminiCapabilities, geminiModels } from '../gemini-dialect/models.ts'
import type { KnownModel } from '../kit/offers.ts'
import { asCount, asList, asNumber, asObject, asText, objectsOf } from '../kit/read.ts'
import type { ModelConfig } from '../provider-config.ts'
import { sizes1k } from '../recraft/models.ts'

const square: Size = { width: 1024, height: 1024 }

/** What a model is taken to do that nobody described: one picture of a size that is sent as it is asked for. */
const leastCapabilities: Capabilities = {
  operations: ['generate'],
  sizes: { kind: 'any' },
  defaultSize: square,
  qualities: [],
  maxN: 1,
  formats: ['png'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 32_000,
  parameters: [],
  cancelStopsBilling: false,
  asyncJobs: false,
}

const model = (name: string, capabilities: Partial<Capabilities>): KnownModel => ({
  model: name,
  wireModel: name,
  capabilities: { ...leastCapabilities, ...capabilities },
})

/** Microsoft's pictures: edges of at least 768 pixels, any shape up to a number of pixels. */
const maiSizes = (maxPixels: number): SizeRule => {
  const maxEdge = Math.floor(maxPixels / 768 / 16) * 16
  return { kind: 'area', multipleOf: 16, minEdge: 768, maxEdge, minPixels: 768 * 768, maxPixels, maxAspect: maxEdge / 768 }
}

/** Served by OpenRouter; the model's own host ended the older ones, OpenRouter's list still has them. */
const gemini = geminiModels
  .filter(({ name }) => /^gemini-(3-pro|3\.1-flash-lite|3\.1-flash|2\.5-flash)-image$/.test(name))
  .map((each) => ({ model: `google/${each.name}`, wireModel: `google/${each.name}`, capabilities: geminiCapabilities(each) }))

export const openrouterModels: readonly KnownModel[] = [
  model('microsoft/mai-image-2.7', { operations: ['generate', 'edit'], maxInputs: 5, sizes: maiSizes(2048 * 2048) }),
  model('microsoft/mai-image-2.5', { operations: ['generate', 'edit'], maxInputs: 1, sizes: maiSizes(1024 * 1024) }),
  model('minimax/h3-image-highspeed', { sizes: { kind: 'list', sizes: [square] } }),
  model('recraft/recraft-v4-vector', { sizes: { kind: 'list', sizes: sizes1k }, formats: ['svg'], defaultFormat: 'svg' }),
  ...gemini,
]

/** A model of the operator's configuration, or of OpenRouter's list, that is not in the table. */
export const unlistedModel = ({ id, model: name }: ModelConfig): KnownModel => ({
  model: name,
  // The configuration takes the part after the slash for the wire name where it names none.
  wireModel: id.includes('/') ? id : name,
  capabilities: leastCapabilities,
})

/** `GET /images/models`; undefined when it is no such list. */
export function modelsOf(answer: JsonValue): readonly ModelConfig[] | undefined {
  const data = asObject(answer)?.['data']
  if (!asList(data)) return undefined
  return objectsOf(data).flatMap((item): ModelConfig[] => {
    const id = asText(item['id'])
    if (id === undefined || !/^[^/\s:]+\/[^/\s:]+$/.test(id)) return []
    const isKnown = openrouterModels.some(({ wireModel }) => wireModel === id)
    return [{ id, model: id, capabilities: isKnown ? {} : describedCapabilities(item) }]
  })
}

/** The union over the model's endpoints, so an endpoint may still refuse something of it. */
function describedCapabilities(item: JsonObject): Partial<Capabilities> {
  const parameters = asObject(item['supported_parameters']) ?? {}
  const values = (name: string): readonly JsonValue[] => asList(asObject(parameters[name])?.['values']) ?? []
  const max = (name: string): number | undefined => asCount(asNumber(asObject(parameters[name])?.['max']))
  const known = <Word extends string>(words: readonly Word[], name: string): readonly Word[] =>
    words.filter((word) => values(name).includes(word))
  const formats = known(outputFormats, 'output_format')
  const described = known(qualities, 'quality')
  const takesImages = asList(asObject(item['architecture'])?.['input_modalities'])?.includes('image') === true
  const optional: readonly (readonly [OptionalParameter, string])[] = [
    ['seed', 'seed'],
    ['outputCompression', 'output_compression'],
  ]
  const [format] = formats
  const quality = described.includes('medium') ? 'medium' : described[0]
  return {
    ...(takesImages ? { operations: ['generate', 'edit'], maxInputs: Math.max(1, max('input_references') ?? 1) } : {}),
    maxN: Math.min(10, Math.max(1, max('n') ?? 1)),
    ...(format === undefined ? {} : { formats, defaultFormat: format }),
    ...(quality === undefined ? {} : { qualities: described, defaultQuality: quality }),
    backgrounds: known(['transparent', 'opaque'], 'background'),
    parameters: optional.flatMap(([parameter, name]) => (parameters[name] === undefined ? [] : [parameter])),
    ...(item['supports_streaming'] === true ? { maxPartialImages: 3 } : {}),
  }
}
