/** OpenAI's Images API: generations and edits, with partial images on a stream, or within a day through the Batch API. */
import { defineProvider, type Probe } from './define-provider.ts'
import { makeOffer } from './kit/offers.ts'
import { imageKeys } from './openai-dialect/answer.ts'
import { decodeBatch, encodeBatch } from './openai-dialect/batch.ts'
import { decodeImageEvent, decodeImages, encodeImages } from './openai-dialect/images-api.ts'
import { inBatch, openaiBatchModels, openaiModelOf, openaiModels } from './openai-dialect/openai-models.ts'
import { decodeModelList } from './openai-dialect/probe.ts'

const id = 'openai'

export const openai = defineProvider({
  id,
  baseUrl: 'https://api.openai.com/v1',
  keyVariables: ['OPENAI_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: imageKeys,
  facts: {
    refusals: 'a prompt that is refused is not billed (reports of users); what a refused picture costs is not documented',
    documentation: 'https://platform.openai.com/docs/api-reference/images',
  },

  offers: (config) =>
    config.models
      ? config.models.map((changes) => {
          const known = openaiModelOf(changes.id, changes.model)
          return makeOffer(config, id, changes.tier === 'batch' ? inBatch(known) : known, changes)
        })
      : [...openaiModels, ...openaiBatchModels].map((known) => makeOffer(config, id, known)),

  encode: (request, candidate, context) =>
    candidate.offer.tier === 'batch' ? encodeBatch(request, candidate, context) : encodeImages(request, candidate),
  decode: (response, context) =>
    context.candidate.offer.tier === 'batch' ? decodeBatch(response, context) : decodeImages(response),
  decodeEvent: decodeImageEvent,

  probe: (): Probe => ({
    call: { method: 'GET', path: '/models', body: { kind: 'none' }, accept: 'json', stream: false },
    decode: decodeModelList,
  }),
})
