/**
 * Any server that speaks the Images API more or less: self-hosted ones, gateways, resellers. Models and what they can do come
 * from the configuration; the answer may lack usage, use links instead of bytes, and word its errors as it likes.
 */
import type { Capabilities } from '../core/capability.ts'
import type { JsonValue } from '../core/json.ts'
import type { ImageRequest } from '../core/request.ts'
import { addUsage, wholeUnits } from '../core/usage.ts'
import { type DecodedEvent, type Done, defineProvider, type Encoded, type Probe } from './define-provider.ts'
import { mergeExtra } from './kit/extra.ts'
import { makeOffer } from './kit/offers.ts'
import { asCount, asObject } from './kit/read.ts'
import { safePrompt } from './kit/safe-prompt.ts'
import { imageKeys, imagesOf, reportedCostOf, sourceOf } from './openai-dialect/answer.ts'
import { failureFromEvent, failureFromResponse, hasError } from './openai-dialect/errors.ts'
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

const id = 'openai-compatible'

/** What a server is taken to do unless the configuration says otherwise: nothing that it would have to be asked for. */
const defaultCapabilities: Capabilities = {
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

export const openaiCompatible = defineProvider({
  id,
  requiresKey: false,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: imageKeys,

  offers: (config) =>
    (config.models ?? []).map((changes) => {
      const capabilities = completed(changes.capabilities)
      return makeOffer(config, id, { model: changes.model, wireModel: changes.id, capabilities }, { ...changes, capabilities })
    }),

  encode(request, candidate): Encoded {
    const { prompt, warnings: promptWarnings } = safePrompt(request.prompt)
    const { output_format, ...settings } = settingsParameters(candidate, prompt)
    const ours = {
      ...settings,
      // Servers with one format reject or ignore the question; it is asked only where there is a choice.
      output_format: candidate.offer.capabilities.formats.length > 1 ? output_format : undefined,
      ...optionalParametersOf(request),
      ...diffusionParameters(request, candidate.settings.steps),
      ...streamParameters(request, candidate),
      // Bytes in the answer need no second fetch; a server that sends links all the same is understood.
      response_format: 'b64_json',
    }
    const { parameters, warnings } = mergeExtra(ours, request, candidate, reservedMembers)
    const imageField =
      request.inputs.filter(({ role }) => role === 'image' || role === 'reference').length > 1 ? 'image[]' : 'image'
    return {
      call: imagesCall(request, parameters, imageField),
      warnings: [...promptWarnings, ...streamWarnings(request, candidate), ...warnings],
    }
  },

  decode(response) {
    const { status, headers, body } = response
    if (status < 200 || status >= 300 || body.kind !== 'json') return { kind: 'failed', failure: failureFromResponse(response) }
    const answer = asObject(body.value) ?? {}
    const images = imagesOf(body.value)
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

  probe: (): Probe => ({
    call: { method: 'GET', path: '/models', body: { kind: 'none' }, accept: 'json', stream: false },
    decode: decodeModelList,
  }),
})

/** Declared capabilities over the defaults, with what one implies for the other. */
function completed(declared: Partial<Capabilities>): Capabilities {
  const edits = declared.operations?.includes('edit') === true
  const quality = declared.defaultQuality ?? declared.qualities?.[0]
  return {
    ...defaultCapabilities,
    ...(edits ? { maxInputs: 1 } : {}),
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
  answer: Readonly<Record<string, JsonValue | undefined>>,
  headers: Readonly<Record<string, string>>,
): Pick<Done, 'usage' | 'reportedCost' | 'warnings'> {
  const reported = asObject(answer['usage'])
  const { usage, unknown } = readUsage(reported, asObject(answer['svg_usage']))
  const reportedCost = reportedCostOf(reported, headers)
  const warnings = unrecognized(unknown)
  return {
    ...(usage ? { usage } : {}),
    ...(reportedCost ? { reportedCost } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
  }
}
