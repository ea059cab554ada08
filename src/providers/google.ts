/** Google's Gemini API: image models by `:generateContent`, with an API key. */
import { defineProvider, type Encoded, type Probe } from './define-provider.ts'
import { decodeGenerateContent, geminiBodyKeys } from './gemini-dialect/answer.ts'
import { batchCall, decodeBatch } from './gemini-dialect/batch.ts'
import { failureOfGoogle } from './gemini-dialect/errors.ts'
import { type GeminiModel, geminiCapabilities, geminiModel, geminiModels } from './gemini-dialect/models.ts'
import { geminiBody } from './gemini-dialect/request.ts'
import { type KnownModel, offersOf } from './kit/offers.ts'
import { asList, asObject } from './kit/read.ts'

const id = 'google'

/** Shut down on this API (announcements quoted in the price book). */
const retirements: Readonly<Record<string, Pick<KnownModel, 'retiredAt' | 'replacedBy'>>> = {
  'gemini-3.1-flash-image': { retiredAt: '2026-10-29', replacedBy: 'google/gemini-nano-banana-2.1' },
  'gemini-2.5-flash-image': { retiredAt: '2026-10-02', replacedBy: 'google/gemini-nano-banana-2.1' },
}

/** Models with a price for the slower, cheaper service tier. */
const flexModels: ReadonlySet<string> = new Set(['gemini-3-pro-image', 'gemini-3.1-flash-lite-image'])

/** Models with a price for the lane that answers within a day. */
const batchModels: ReadonlySet<string> = new Set(['gemini-nano-banana-2.1', 'gemini-3-pro-image', 'gemini-3.1-flash-lite-image'])

const known = (model: GeminiModel, tier?: 'flex' | 'batch'): KnownModel => ({
  model: `google/${model.name}`,
  wireModel: model.name,
  capabilities: { ...geminiCapabilities(model), asyncJobs: tier === 'batch' },
  ...retirements[model.name],
  ...(tier && { tier }),
})

const models: readonly KnownModel[] = [
  ...geminiModels.map((model) => known(model)),
  ...geminiModels.filter(({ name }) => flexModels.has(name)).map((model) => known(model, 'flex')),
  ...geminiModels.filter(({ name }) => batchModels.has(name)).map((model) => known(model, 'batch')),
]

export const google = defineProvider({
  id,
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ 'x-goog-api-key': apiKey }),
  bodyKeys: geminiBodyKeys,
  facts: {
    refusals: 'a blocked prompt is not known to be billed; an answer without an image is billed by the tokens it reports',
    documentation: 'https://ai.google.dev/gemini-api/docs/image-generation',
  },

  offers: (config) =>
    offersOf(config, id, models, (named) => {
      const relative = geminiModel(named.id)
      return relative && { ...known(relative), model: named.model, wireModel: named.id }
    }),

  encode(request, candidate): Encoded {
    const { tier, wireModel } = candidate.offer
    if (tier === 'batch') {
      const { parameters, warnings } = geminiBody(request, candidate)
      return { call: batchCall(wireModel, parameters), warnings }
    }
    const serviceTier = tier
    const { parameters, warnings } = geminiBody(request, candidate, { members: { serviceTier } })
    const path = `/models/${candidate.offer.wireModel}:generateContent`
    return { call: { method: 'POST', path, body: { kind: 'json', value: parameters }, accept: 'json', stream: false }, warnings }
  },

  decode: (response, context) =>
    context.candidate.offer.tier === 'batch' ? decodeBatch(response, context) : decodeGenerateContent(response, context),

  probe: (): Probe => ({
    call: { method: 'GET', path: '/models?pageSize=1000', body: { kind: 'none' }, accept: 'json', stream: false },
    decode(response) {
      if (response.status !== 200 || response.body.kind !== 'json') {
        return { ok: false, message: `GET /models: ${failureOfGoogle(response).message}` }
      }
      const listed = asList(asObject(response.body.value)?.['models']) ?? []
      const images = listed.filter((item) => /image|banana/.test(String(asObject(item)?.['name'])))
      return { ok: true, message: `reachable; GET /models lists ${listed.length} models, ${images.length} of them for images` }
    },
  }),
})
