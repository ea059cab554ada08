/** Servers that speak the Images API more or less: one codec, with what is true of each of them. */
import type { Capabilities } from '../../core/capability.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { ImageRequest } from '../../core/request.ts'
import { addUsage, type Usage, wholeUnits } from '../../core/usage.ts'
import {
  type DecodedEvent,
  type DecodedImage,
  type Discovery,
  type Done,
  defineProvider,
  type Encoded,
  type Probe,
  type ProviderDefinition,
  type ProviderFacts,
} from '../define-provider.ts'
import { mergeExtra } from '../kit/extra.ts'
import { lookUp } from '../kit/jobs.ts'
import { localModel } from '../kit/local-model.ts'
import { makeOffer } from '../kit/offers.ts'
import { asCount, asNumber, asObject, asText, objectsOf } from '../kit/read.ts'
import { safePrompt } from '../kit/safe-prompt.ts'
import { seedOf } from '../kit/seed.ts'
import { unrecognized } from '../kit/unknown-usage.ts'
import { imageKeys, imagesOf, reportedCostOf, sourceOf } from './answer.ts'
import { failureFromEvent, failureFromResponse, hasError } from './errors.ts'
import {
  imagesCall,
  optionalParametersOf,
  reservedMembers,
  settingsParameters,
  streamParameters,
  streamWarnings,
} from './parameters.ts'
import { decodeModelList } from './probe.ts'
import { readUsage } from './usage.ts'

/** What a server is taken to do unless something else is known: nothing that it would have to be asked for. */
export const defaultCapabilities: Capabilities = {
  operations: ['generate'],
  sizes: { kind: 'any' },
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 1,
  formats: ['png'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 32_000,
  parameters: ['seed', 'negativePrompt', 'steps', 'guidance'],
  cancelStopsBilling: false,
  asyncJobs: false,
}

export interface CompatibleTraits {
  readonly id: string
  readonly facts?: ProviderFacts
  /** Over the defaults. */
  readonly capabilities?: Partial<Capabilities>
  /** The server serves one model, or a few, and lists them: they are offered without being named. */
  readonly listsItsModels?: true
  /** Without a seed it draws the same picture each time, so it always gets one. */
  readonly needsSeed?: true
  /** Members the client may not pass through, besides those of every server. */
  readonly reserved?: readonly string[]
}

/** A provider for such servers. Models and what they can do come from the configuration; answers may lack usage and use links. */
export function compatibleServer(traits: CompatibleTraits): ProviderDefinition {
  const { id, facts } = traits
  const reserved: ReadonlySet<string> = new Set([...reservedMembers, ...(traits.reserved ?? [])])
  const base: Capabilities = { ...defaultCapabilities, ...traits.capabilities }
  return defineProvider({
    id,
    requiresKey: false,
    auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
    bodyKeys: imageKeys,
    stripsMetadata: true,

    offers: (config) =>
      (config.models ?? []).map((changes) => {
        const capabilities = completed(base, changes.capabilities)
        return makeOffer(config, id, { model: changes.model, wireModel: changes.id, capabilities }, { ...changes, capabilities })
      }),

    encode(request, candidate, { attemptId }): Encoded {
      const { prompt, warnings: promptWarnings } = safePrompt(request.prompt)
      const { output_format, ...settings } = settingsParameters(candidate, prompt)
      const ours = {
        ...settings,
        // Servers with one format reject or ignore the question; it is asked only where there is a choice.
        output_format: candidate.offer.capabilities.formats.length > 1 ? output_format : undefined,
        ...optionalParametersOf(request),
        ...diffusionParameters(request, candidate.settings.steps),
        ...(traits.needsSeed && { seed: request.seed ?? seedOf(attemptId) }),
        ...streamParameters(request, candidate),
        // Bytes in the answer need no second fetch; a server that sends links all the same is understood.
        response_format: 'b64_json',
      }
      const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
      const imageField =
        request.inputs.filter(({ role }) => role === 'image' || role === 'reference').length > 1 ? 'image[]' : 'image'
      return {
        call: imagesCall(request, parameters, imageField),
        warnings: [...promptWarnings, ...streamWarnings(request, candidate), ...warnings],
      }
    },

    decode(response, { request, encode }) {
      const { status, headers, body } = response
      if (status < 200 || status >= 300 || body.kind !== 'json') return { kind: 'failed', failure: failureFromResponse(response) }
      const answer = asObject(body.value) ?? {}
      const seed = traits.needsSeed ? (request.seed ?? seedOf(encode.attemptId)) : undefined
      const images = imagesOf(body.value).map((image) => told(image, request, seed))
      // Some servers answer 200 and put what went wrong into the body.
      if (images.length === 0 && hasError(answer)) return { kind: 'failed', failure: failureFromEvent(answer) }
      return { kind: 'done', images, ...consumption(answer, headers) }
    },

    decodeEvent({ name, value }, { partials }): DecodedEvent {
      const event = asObject(value) ?? {}
      const type = event['type'] ?? name
      if (type === 'error' || hasError(event)) {
        const error: JsonValue = hasError(event) ? event : { error: event }
        return { kind: 'failed', failure: failureFromEvent(error) }
      }
      const source = sourceOf(event)
      const images = source ? [{ source }] : imagesOf(event)
      const [first] = images
      if (!first) return { kind: 'ignored' }
      if (typeof type === 'string' && type.endsWith('partial_image')) {
        return { kind: 'partial', index: asCount(event['partial_image_index']) ?? partials, source: first.source }
      }
      const consumed = consumption(event, {})
      const usage = partials === 0 ? consumed.usage : addUsage(consumed.usage ?? {}, { 'images.partial': wholeUnits(partials) })
      return { kind: 'done', images, ...consumed, ...(usage ? { usage } : {}) }
    },

    probe: (): Probe => ({ call: lookUp('/models'), decode: decodeModelList }),
    ...(traits.listsItsModels && { discover: listedModels }),
    ...(facts && { facts }),
  })
}

const listedModels: Discovery = {
  call: lookUp('/models'),
  decode({ body }) {
    const list = body.kind === 'json' ? asObject(body.value)?.['data'] : undefined
    if (list === undefined) return undefined
    return objectsOf(list).flatMap(({ id: name }) => {
      const wireModel = asText(name)
      return wireModel === undefined ? [] : [{ id: wireModel, model: localModel(wireModel), capabilities: {} }]
    })
  },
}

/** A prompt that comes back as it went was not revised. */
function told({ revisedPrompt, ...image }: DecodedImage, { prompt }: ImageRequest, seed: number | undefined): DecodedImage {
  return {
    ...(seed !== undefined && { seed }),
    ...image,
    ...(revisedPrompt !== undefined && revisedPrompt !== prompt && { revisedPrompt }),
  }
}

/** Declared capabilities over the server's, with what one implies for the other. */
function completed(base: Capabilities, declared: Partial<Capabilities>): Capabilities {
  const edits = declared.operations?.includes('edit') === true
  const quality = declared.defaultQuality ?? declared.qualities?.[0]
  return {
    ...base,
    ...(edits && base.maxInputs === 0 ? { maxInputs: 1 } : {}),
    ...(declared.formats?.[0] === undefined ? {} : { defaultFormat: declared.formats[0] }),
    ...(declared.sizes?.kind === 'list' && declared.sizes.sizes[0] ? { defaultSize: declared.sizes.sizes[0] } : {}),
    ...(quality === undefined ? {} : { defaultQuality: quality }),
    ...declared,
  }
}

/** Names that stable-diffusion servers agree on. */
const diffusionParameters = (request: ImageRequest, steps: number | undefined) => ({
  seed: request.seed,
  negative_prompt: request.negativePrompt,
  num_inference_steps: steps ?? request.steps,
  guidance_scale: request.guidance,
})

function consumption(
  answer: JsonObject,
  headers: Readonly<Record<string, string>>,
): Pick<Done, 'usage' | 'reportedCost' | 'warnings'> {
  const reported = asObject(answer['usage'])
  const { usage: metered, unknown } = readUsage(reported, asObject(answer['svg_usage']))
  const usage = { ...gpuTime(answer), ...metered }
  const reportedCost = reportedCostOf(reported, headers)
  const warnings = unrecognized(unknown)
  return {
    ...(Object.keys(usage).length > 0 ? { usage } : {}),
    ...(reportedCost ? { reportedCost } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
  }
}

/** Some servers tell how long the model ran. */
function gpuTime(answer: JsonObject): Usage {
  const seconds = asNumber(answer['inference_time_s'])
  return seconds === undefined || seconds < 0 ? {} : { 'gpu.seconds': BigInt(Math.round(seconds * 1_000_000)) }
}
