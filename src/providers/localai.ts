/** LocalAI: the Images API with members of its own, for models of several engines. It says which of its models draw. */
import { z } from 'zod'
import type { Capabilities } from '../core/capability.ts'
import type { JsonObject } from '../core/json.ts'
import type { Candidate, Warning } from '../core/offer.ts'
import { formatSize, type ImageRequest } from '../core/request.ts'
import type { ProviderResponse } from './define-provider.ts'
import { type Decoded, type DecodedImage, defineProvider, type Encoded, inputReference, type Probe } from './define-provider.ts'
import { wireErrorOf } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { filenameOf } from './kit/files.ts'
import { lookUp } from './kit/jobs.ts'
import { localModel } from './kit/local-model.ts'
import { makeOffer } from './kit/offers.ts'
import { asList, asObject, asText, objectsOf } from './kit/read.ts'
import { safePrompt } from './kit/safe-prompt.ts'
import { compatibleServer, defaultCapabilities } from './openai-dialect/compatible.ts'
import { fieldParts } from './openai-dialect/parameters.ts'
import { decodeModelList } from './openai-dialect/probe.ts'
import type { ModelConfig } from './provider-config.ts'

const id = 'localai'

const options = z.strictObject({
  edits: z
    .enum(['start', 'reference'])
    .exactOptional()
    .describe(
      'What an edited image is to the models: the picture they start from, or one they look at, as FLUX Kontext does; absent: they do not edit.',
    ),
  upscalers: z
    .array(z.string().min(1))
    .default([])
    .describe('Names on the server of the models that enlarge pictures by 2 or 4; they do nothing else.'),
})

/** Members that carry images or links, choose the engine, or change what was priced: a `quality` that is a number counts as steps. */
const reserved: ReadonlySet<string> = new Set([
  ...['file', 'files', 'ref_images', 'backend', 'model_base_name', 'quality', 'response_format', 'input', 'stream'],
])

/** A whole number that fits into 32 bits with its sign; beyond, the server turns it into another one. */
const MAX_SEED = 2_147_483_647

const server = compatibleServer({
  id,
  facts: {
    refusals: 'It refuses nothing.',
    documentation: 'https://localai.io/features/image-generation/',
  },
})

export const localai = defineProvider({
  ...server,
  options,
  // Its engines take one call after the other, and do not say how many wait.
  concurrency: 1,

  offers: (config) =>
    (config.models ?? []).map((changes) =>
      makeOffer(
        config,
        id,
        { model: changes.model, wireModel: changes.id, capabilities: capabilitiesOf(changes.id, config.options) },
        changes,
      ),
    ),

  encode: (request, candidate, context): Encoded =>
    request.operation === 'upscale' ? upscaling(request, candidate) : drawing(request, candidate, context.options),

  decode(response, context): Decoded {
    const decoded = server.decode(response, context)
    if (decoded.kind === 'failed' && isDisabled(response)) {
      return { kind: 'failed', failure: { ...decoded.failure, code: 'provider_not_found' } }
    }
    if (decoded.kind !== 'done') return decoded
    // Token counts are always there and always zero.
    return { kind: 'done', images: decoded.images.map(fetchedWithKey) }
  },

  discover: {
    call: lookUp('/models/capabilities'),
    decode: ({ body }) => (body.kind === 'json' ? drawingModels(asObject(body.value)) : undefined),
  },

  probe: (): Probe => ({
    call: lookUp('/models/capabilities'),
    decode(response) {
      const found = response.status === 200 && response.body.kind === 'json' && drawingModels(asObject(response.body.value))
      if (!found) return decodeModelList(response)
      if (found.length === 0) return { ok: false, message: 'It answers, and none of its models makes pictures.' }
      return { ok: true, message: `It answers; of its models ${found.length} ${found.length === 1 ? 'makes' : 'make'} pictures.` }
    },
  }),
})

function capabilitiesOf(wireModel: string, own: JsonObject | undefined): Capabilities {
  if (asList(own?.['upscalers'])?.includes(wireModel)) {
    return {
      ...defaultCapabilities,
      operations: ['upscale'],
      upscale: { factors: [2, 4], maxPixels: 67_108_864 },
      sizeFromInput: true,
      maxInputs: 1,
      maxPromptChars: 0,
      parameters: [],
    }
  }
  const edits = own?.['edits'] !== undefined
  return {
    ...defaultCapabilities,
    operations: edits ? ['generate', 'edit', 'variation'] : ['generate'],
    // Several pictures of one call would have one seed, and so be the same.
    maxN: 1,
    maxInputs: edits ? 1 : 0,
    parameters: ['seed', 'negativePrompt', 'steps'],
  }
}

function drawing(request: ImageRequest, candidate: Candidate, own: JsonObject): Encoded {
  const { text, warnings: promptWarnings } = promptOf(request)
  const { seed, inputs } = request
  const isSeedTaken = seed === undefined || seed <= MAX_SEED
  const images = inputs.flatMap(({ role }, index) =>
    role === 'image' || role === 'reference' ? [inputReference(index, { dataUrl: false })] : [],
  )
  const ours: Parameters = {
    model: candidate.offer.wireModel,
    prompt: text,
    n: candidate.settings.n,
    size: formatSize(candidate.settings.size),
    step: candidate.settings.steps ?? request.steps,
    seed: isSeedTaken ? seed : undefined,
    file: own['edits'] === 'reference' ? undefined : images[0],
    ref_images: own['edits'] === 'reference' && images.length > 0 ? images : undefined,
    // Known to it, and read for other things: a negative prompt of pictures is part of the prompt.
    negative_prompt: undefined,
    response_format: 'b64_json',
  }
  const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
  return {
    call: {
      method: 'POST',
      path: '/images/generations',
      body: { kind: 'json', value: parameters },
      accept: 'json',
      stream: false,
    },
    warnings: [...promptWarnings, ...(isSeedTaken ? [] : [seedTooLarge]), ...warnings],
  }
}

const seedTooLarge: Warning = {
  code: 'parameter_ignored',
  param: 'seed',
  message: `The server takes seeds up to ${MAX_SEED}; this one was left out.`,
}

/**
 * The server cuts the prompt at `|`: the second piece is what must not be seen, further ones are dropped. So a bar that the
 * client wrote becomes a comma, and says so, and the only bar sent is the one before a negative prompt.
 */
function promptOf({ prompt, negativePrompt }: ImageRequest): { readonly text: string; readonly warnings: readonly Warning[] } {
  const positive = withoutBars(prompt, 'prompt')
  if (negativePrompt === undefined) return positive
  const negative = withoutBars(negativePrompt, 'negative_prompt')
  return { text: `${positive.text}|${negative.text}`, warnings: [...positive.warnings, ...negative.warnings] }
}

function withoutBars(
  given: string,
  param: 'prompt' | 'negative_prompt',
): { readonly text: string; readonly warnings: readonly Warning[] } {
  const { prompt, warnings } = safePrompt(given, param)
  if (!prompt.includes('|')) return { text: prompt, warnings }
  const message = 'The server reads what follows "|" as a negative prompt, so each "|" was sent as a comma.'
  return { text: prompt.replace(/\s*\|/g, ','), warnings: [...warnings, { code: 'parameter_dropped', param, message }] }
}

function upscaling(request: ImageRequest, candidate: Candidate): Encoded {
  const index = request.inputs.findIndex(({ role }) => role === 'image')
  const input = request.inputs[index]
  const scale = input?.width === undefined ? 2 : candidate.settings.size.width / input.width
  const ours = { model: candidate.offer.wireModel, scale }
  const { parameters, warnings } = mergeExtra(ours, request, candidate, new Set([...reserved, 'image']))
  const file = input ? [{ kind: 'file' as const, name: 'image', input, filename: filenameOf(input, index) }] : []
  return {
    call: {
      method: 'POST',
      path: '/images/upscale',
      body: { kind: 'multipart', parts: [...fieldParts(parameters), ...file] },
      accept: 'json',
      stream: false,
    },
    warnings,
  }
}

/** Its links need the key as everything else does. */
function fetchedWithKey(image: DecodedImage): DecodedImage {
  return 'url' in image.source ? { ...image, source: { call: lookUp(image.source.url, 'image') } } : image
}

/** A model that the operator switched off: the key is not at fault. */
function isDisabled(response: ProviderResponse): boolean {
  return response.status === 403 && wireErrorOf(response).type === 'model_disabled'
}

/** Of all models those that make pictures; files without a configuration say nothing of themselves and are left out. */
function drawingModels(found: JsonObject | undefined): readonly ModelConfig[] | undefined {
  if (!asList(found?.['data'])) return undefined
  return objectsOf(found?.['data']).flatMap(({ id: name, capabilities }) => {
    const wireModel = asText(name)
    if (wireModel === undefined || !asList(capabilities)?.includes('image')) return []
    return [{ id: wireModel, model: localModel(wireModel), capabilities: {} }]
  })
}
