/** A LiteLLM proxy: OpenAI's dialect, with what the proxy reckons the call cost in a header. */
import type { AttemptFailure, ReportedCost } from '../core/outcome.ts'
import { type Decoded, defineProvider } from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { decimalDifference } from './kit/decimals.ts'
import { decimalText } from './kit/read.ts'
import { resold, resoldModels, resoldOffers } from './openai-dialect/resold.ts'

const id = 'litellm'
const models = resoldModels((name) => name)

export const litellm = defineProvider({
  ...resold,
  id,
  keyVariables: ['LITELLM_API_KEY', 'LITELLM_MASTER_KEY'],
  facts: {
    reportsCost:
      '`x-litellm-response-cost` in USD, out of the price map of LiteLLM, beside `x-litellm-response-cost-original` without margin or discount.',
    refusals: 'As the provider behind it.',
    documentation: 'https://docs.litellm.ai/docs/proxy/response_headers',
  },

  offers: (config) => resoldOffers(config, id, models),

  decode(response, context): Decoded {
    const decoded = resold.decode(response, context)
    if (decoded.kind === 'failed') return { ...decoded, failure: reworded(decoded.failure) }
    if (decoded.kind !== 'done') return decoded
    const { reportedCost: _, ...others } = decoded
    const reportedCost = costOf(response.headers)
    return { ...others, ...(reportedCost ? { reportedCost } : {}) }
  },
})

/** What the proxy tells by nothing but the words of its message: its own name of an exception, or how a sentence begins. */
function reworded(found: AttemptFailure): AttemptFailure {
  const { code, message } = found
  if (code !== 'content_refused' && /ContentPolicyViolationError/.test(message)) {
    return failure('content_refused', message, 'unknown', { stage: 'unknown' })
  }
  if (/No deployments available - crossed budget/.test(message)) return failure('provider_quota', message, 'no')
  if (/There are no healthy deployments/.test(message)) return failure('provider_not_found', message, 'no')
  return found
}

const FINAL = 'x-litellm-response-cost'
const ORIGINAL = 'x-litellm-response-cost-original'

/**
 * Newer proxies leave the final cost out where it is the original one. Zero means that the price map does not know the model,
 * so it says nothing; a margin is a surcharge, a discount just a lower cost.
 */
function costOf(headers: Readonly<Record<string, string>>): ReportedCost | undefined {
  const original = decimalText(headers[ORIGINAL])
  const amount = decimalText(headers[FINAL]) ?? original
  if (amount === undefined || Number(amount) === 0) return undefined
  const source = headers[FINAL] === undefined ? ORIGINAL : FINAL
  const margin = original === undefined || Number(original) === 0 ? undefined : decimalDifference(amount, original)
  return { amount, unit: 'USD', source, ...(margin === undefined ? {} : { surcharge: margin }) }
}
