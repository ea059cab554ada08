/** `POST /v1/halftone/quote`: this exact request on every candidate, cheapest first, without running it. */
import type { CandidateQuote, QuoteRequest, QuoteResponse } from '../../contract/records.ts'
import { formatUsd } from '../../core/money.ts'
import { quoteCandidate } from '../../core/pricing/index.ts'
import type { Quote } from '../../core/pricing/types.ts'
import { promptFeatures } from '../../core/prompt/features.ts'
import { formatSize, type ImageInput } from '../../core/request.ts'
import type { PlannedAttempt } from '../../core/routing/index.ts'
import { callerOf } from '../authenticate.ts'
import { callerIdentity, type Handler } from '../handler.ts'
import { checkWire, normalizeRequest } from '../image-request.ts'

export const quote: Handler = async (call) => {
  const { context, request } = call
  const { operation = 'generate', inputs = [], mask = false, ...parameters } = call.body as QuoteRequest
  const sized = inputs.map((size): ImageInput => placeholder('image', size))
  const first = inputs[0] ?? { width: 1024, height: 1024 }
  const { request: normalized, options } = normalizeRequest({
    operation,
    wire: checkWire('generate', parameters),
    inputs: mask ? [...sized, placeholder('mask', first)] : sized,
    headers: request.headers,
  })
  const caller = callerOf(callerIdentity(call))
  const input = { request: normalized, options, caller }
  const named = context.gateway.plan(input, 'named')
  const all = context.gateway.plan(input, 'all')
  const chosen = new Set(named.kind === 'plan' ? named.attempts.map(candidateId) : [])
  const { prices, priceSet } = context.current()
  const promptComplexity = promptFeatures(normalized.prompt, normalized).complexity
  const itemise = ({ candidate }: PlannedAttempt): Quote =>
    quoteCandidate(prices, { candidate, request: normalized, promptComplexity, atUs: context.services.clock.nowUs() })
  const answer: QuoteResponse = {
    object: 'quote',
    route: named.policy.route,
    n: normalized.n,
    price_book: priceSet.label,
    candidates:
      all.kind === 'plan'
        ? all.attempts.flatMap((attempt) => toCandidate(attempt, itemise(attempt), chosen.has(candidateId(attempt))))
        : [],
    eliminated: all.eliminated.map(({ offer, reason, detail, param }) => ({ offer, reason, detail, param: param ?? null })),
  }
  return answer
}

const candidateId = ({ candidate }: PlannedAttempt): string => `${candidate.offer.id}#${candidate.settings.quality ?? ''}`

/** A picture that is not there, only its size counts. */
const placeholder = (role: ImageInput['role'], { width, height }: { width: number; height: number }): ImageInput => ({
  role,
  sha256: '',
  bytes: 0,
  mediaType: 'image/png',
  width,
  height,
})

/** Figures for the whole request; the lines are those of one call. */
function toCandidate({ candidate, total }: PlannedAttempt, priced: Quote, eligible: boolean): readonly CandidateQuote[] {
  // The plan priced it a moment ago; only a price that ended in between is gone now.
  if (priced.kind === 'unpriced') return []
  const { offer, settings } = candidate
  return [
    {
      offer: offer.id,
      model: offer.model,
      provider: offer.provider,
      sandbox: offer.sandbox,
      size: formatSize(settings.size),
      quality: settings.quality ?? null,
      min_usd: formatUsd(total.minNanoUsd),
      expected_usd: formatUsd(total.expectedNanoUsd),
      max_usd: total.maxNanoUsd === null ? null : formatUsd(total.maxNanoUsd),
      lines: priced.lines.map((line) => ({
        description: line.description,
        meter: line.meter ?? null,
        quantity: line.quantity ?? null,
        amount_usd: formatUsd(line.amountNanoUsd),
        rate_id: line.rateId,
      })),
      spread: [
        ...priced.spread,
        ...(total.calls > 1 ? [`${total.calls} calls of up to ${settings.n} images; the lines are of one`] : []),
      ],
      checked_at: priced.checkedAt,
      eligible,
    },
  ]
}
