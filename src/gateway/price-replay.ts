/** From rows of the ledger back to what a price was worked out from. */
import type { CandidateSettings } from '../core/offer.ts'
import type { StandingCharge } from '../core/pricing/rerate.ts'
import type { PricedOffer, PricedRequest, SettleInput } from '../core/pricing/types.ts'
import type { ImageRequest } from '../core/request.ts'
import { type Meter, parseQuantity, type Usage } from '../core/usage.ts'
import type { AttemptRecordRow, SettledAttempt } from '../ports/ledger.ts'

/** The input of the settle that charged for it; `settled` attempts were billed, so that is what the codec is taken to have said. */
export function replayInput({ attempt, reportedCost, request }: SettledAttempt): SettleInput {
  return {
    candidate: { offer: offerOf(attempt), settings: attempt.settings as unknown as CandidateSettings },
    request: requestOf(request),
    promptComplexity: Number(request.features['complexity'] ?? 0.5),
    atUs: attempt.pricedAtUs,
    outcome: attempt.outcome ?? 'unknown',
    // A step makes no picture of its own, and is priced by those that it changed.
    ...(attempt.kind !== 'step' && { imagesMade: attempt.imagesMade }),
    answered: (attempt.httpStatus ?? 0) >= 400,
    billed: 'yes',
    usage: usageOf(attempt.usage),
    ...(attempt.stage !== null && { stage: attempt.stage }),
    ...(attempt.durationUs !== null && { wallMs: attempt.durationUs / 1000 }),
    ...(reportedCost && { reportedCost }),
  }
}

/** Charges that are no reversal and not reversed. */
export function standingCharges({ charges }: AttemptRecordRow): StandingCharge[] {
  const reversed = new Set(charges.map(({ reverses }) => reverses))
  return charges.filter(({ id, kind }) => kind !== 'reversal' && !reversed.has(id))
}

/** By its names alone, so that an offer that is configured no more has its price all the same. */
function offerOf({ offer, provider, providerType, model }: AttemptRecordRow): PricedOffer {
  const rest = offer.slice(`${provider}:${model}`.length)
  const [, region, tier] = /^(?:@([^+]+))?(?:\+(.+))?$/.exec(rest) ?? []
  return { provider, providerType, model, ...(region !== undefined && { region }), ...(tier !== undefined && { tier }) }
}

function requestOf({ operation, parameters, features, prompt, inputs }: SettledAttempt['request']): PricedRequest {
  // Parameters are the request as stored: without prompt, inputs and attribution.
  const { negativePrompt, style, stream = false, partialImages = 0 } = parameters as unknown as Partial<ImageRequest>
  return {
    operation,
    // A prompt that was not kept still has its length; the comparison with what was charged tells where that is not enough.
    prompt: prompt ?? 'a'.repeat(Number(features['chars'] ?? 0)),
    stream,
    partialImages,
    inputs,
    ...(negativePrompt !== undefined && { negativePrompt }),
    ...(style !== undefined && { style }),
  }
}

const usageOf = (stored: Readonly<Record<string, string>>): Usage =>
  Object.fromEntries(Object.entries(stored).map(([meter, text]) => [meter as Meter, parseQuantity(text)]))
