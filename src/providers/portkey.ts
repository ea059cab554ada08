/** Portkey's gateway in front of the operator's own accounts: OpenAI's dialect, models named by the integration they go to. */
import { type Decoded, defineProvider } from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { wireErrorOf } from './kit/errors.ts'
import { resold, resoldModels, resoldOffers } from './openai-dialect/resold.ts'

const id = 'portkey'
const models = resoldModels((name) => `@openai/${name}`)

export const portkey = defineProvider({
  ...resold,
  id,
  baseUrl: 'https://api.portkey.ai/v1',
  keyVariables: ['PORTKEY_API_KEY'],
  auth: (apiKey) => ({ 'x-portkey-api-key': apiKey }),
  facts: {
    refusals: 'As the provider behind it; guardrails of Portkey itself (446) answer before anything is made.',
    documentation: 'https://portkey.ai/docs/api-reference/inference-api/images/create-image',
  },

  offers: (config) => resoldOffers(config, id, models),

  decode(response, context): Decoded {
    if (response.status === BUDGET_STATUS) {
      const message = `The budget at the gateway is exhausted: ${wireErrorOf(response).message}`
      return { kind: 'failed', failure: failure('provider_quota', message, 'no') }
    }
    if (response.status !== GUARDRAIL_STATUS) return resold.decode(response, context)
    const message = `A guardrail of the gateway refused the request: ${wireErrorOf(response).message}`
    return { kind: 'failed', failure: failure('content_refused', message, 'no', { stage: 'before' }) }
  },
})

const BUDGET_STATUS = 412
const GUARDRAIL_STATUS = 446
