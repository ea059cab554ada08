/** TokenMix, a reseller with an API like OpenAI's. Seen in code of its users only, so nothing of it is taken for sure. */
import { defineProvider } from './define-provider.ts'
import { resold, resoldModels, resoldOffers } from './openai-dialect/resold.ts'

const id = 'tokenmix'
const models = resoldModels((name) => name)

export const tokenmix = defineProvider({
  ...resold,
  id,
  baseUrl: 'https://api.tokenmix.ai/v1',
  keyVariables: ['TOKENMIX_API_KEY'],
  facts: {
    refusals: 'Not known.',
    documentation: 'https://tokenmix.ai',
  },

  offers: (config) => resoldOffers(config, id, models).map((offer) => ({ ...offer, assumed: true })),
})
