/** Vertex AI (Gemini Enterprise Agent Platform): the same Gemini payload per project and location, and what is left of Imagen. */
import { z } from 'zod'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import { defineProvider, type Encoded, type HttpCall, type Probe } from './define-provider.ts'
import { decodeGenerateContent, geminiBodyKeys } from './gemini-dialect/answer.ts'
import { failureOfGoogle } from './gemini-dialect/errors.ts'
import { type GeminiModel, geminiCapabilities, geminiModel, geminiModels } from './gemini-dialect/models.ts'
import { geminiBody } from './gemini-dialect/request.ts'
import { createGoogleAuthorizer } from './google-vertex/credentials.ts'
import { decodePredict, imagenBody, imagenBodyKeys, imagenModels, isImagen } from './google-vertex/imagen.ts'
import { type KnownModel, offersOf } from './kit/offers.ts'
import { asText } from './kit/read.ts'

const id = 'google-vertex'
const GLOBAL = 'global'

const options = z.strictObject({
  project: z.string().min(1).describe('Google Cloud project id.'),
  location: z.string().min(1).default(GLOBAL).describe('Region such as `us-central1`, `us` or `eu`, or `global`.'),
})

const locationOf = (values: JsonObject | undefined): string => asText(values?.['location']) ?? GLOBAL

/** As @google/genai has it. */
function hostOf(location: string): string {
  if (location === GLOBAL) return 'aiplatform.googleapis.com'
  const isMultiRegion = location === 'us' || location === 'eu'
  return isMultiRegion ? `aiplatform.${location}.rep.googleapis.com` : `${location}-aiplatform.googleapis.com`
}

/** Every Gemini model has a flex price but the newest; flex is served by the global endpoint alone. */
const flexModels: ReadonlySet<string> = new Set(
  geminiModels.map(({ name }) => name).filter((name) => name !== 'gemini-nano-banana-2.1'),
)
/** Flex and nothing else: without the first header provisioned throughput would be used up before it. */
const flexHeaders = { 'x-vertex-ai-llm-request-type': 'shared', 'x-vertex-ai-llm-shared-request-type': 'flex' }

const known = (model: GeminiModel, tier?: 'flex'): KnownModel => ({
  model: `google/${model.name}`,
  wireModel: model.name,
  capabilities: geminiCapabilities(model, ['png', 'jpeg']),
  ...(tier && { tier }),
})

const standard: readonly KnownModel[] = [...geminiModels.map((model) => known(model)), ...imagenModels]
const flex = geminiModels.filter(({ name }) => flexModels.has(name)).map((model) => known(model, 'flex'))

export const googleVertex = defineProvider({
  id,
  baseUrl: (config) => `https://${hostOf(locationOf(config.options))}/v1`,
  // The text of a key file; Google's own variable holds its path.
  keyVariables: ['GOOGLE_VERTEX_CREDENTIALS'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  options,
  bodyKeys: [...geminiBodyKeys, ...imagenBodyKeys],
  facts: {
    refusals: 'an answer without an image is billed by the tokens it reports; what a blocked prompt costs is not documented',
    documentation: 'https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference',
  },

  createAuthorizer(apiKey, config, deps) {
    if (asText(config.options?.['project']) === undefined) {
      throw new HalftoneError(
        'config_invalid',
        `providers.${config.name}.options.project is missing: name the Google Cloud project.`,
      )
    }
    return createGoogleAuthorizer(apiKey, config.name, deps)
  },

  offers: (config) =>
    offersOf(config, id, locationOf(config.options) === GLOBAL ? [...standard, ...flex] : standard, (named) => {
      const relative = named.tier === undefined ? geminiModel(named.id) : undefined
      return relative && { ...known(relative), model: named.model, wireModel: named.id }
    }),

  encode(request, candidate, context): Encoded {
    const { wireModel, tier } = candidate.offer
    const imagen = isImagen(wireModel)
    const { format } = candidate.settings
    const { outputCompression } = request
    const imageOutputOptions = {
      mimeType: `image/${format}`,
      ...(outputCompression === undefined || format !== 'jpeg' ? {} : { compressionQuality: outputCompression }),
    }
    const { parameters, warnings } = imagen
      ? imagenBody(request, candidate)
      : geminiBody(request, candidate, { imageConfig: { imageOutputOptions } })
    const call: HttpCall = {
      method: 'POST',
      path: `${modelsPath(context.options)}/${wireModel}:${imagen ? 'predict' : 'generateContent'}`,
      ...(tier === 'flex' && { headers: flexHeaders }),
      body: { kind: 'json', value: parameters },
      accept: 'json',
      stream: false,
    }
    return { call, warnings }
  },

  decode: (response, context) =>
    isImagen(context.candidate.offer.wireModel) ? decodePredict(response) : decodeGenerateContent(response, context),

  probe: (): Probe => ({
    call: {
      method: 'GET',
      path: '/publishers/google/models/gemini-3-pro-image',
      body: { kind: 'none' },
      accept: 'json',
      stream: false,
    },
    decode: (response) =>
      response.status === 200
        ? { ok: true, message: 'reachable; the credentials work' }
        : { ok: false, message: `GET /publishers/google/models: ${failureOfGoogle(response).message}` },
  }),
})

const modelsPath = (values: JsonObject): string =>
  `/projects/${encodeURIComponent(asText(values['project']) ?? '')}/locations/${encodeURIComponent(locationOf(values))}/publishers/google/models`
