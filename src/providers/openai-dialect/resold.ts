/** Gateways that pass OpenAI's dialect on to the makers of models: what they sell, and how each model wants to be asked. */
import type { Offer } from '../../core/offer.ts'
import type { Encoded, ProviderDefinition } from '../define-provider.ts'
import { type KnownModel, makeOffer } from '../kit/offers.ts'
import { openai } from '../openai.ts'
import { openaiCompatible } from '../openai-compatible.ts'
import type { ModelConfig, ProviderConfig } from '../provider-config.ts'
import { openaiModels } from './openai-models.ts'

/** Models of OpenAI's that gateways have prices for, under the gateway's names. */
export const resoldModels = (wireName: (name: string) => string): readonly KnownModel[] =>
  openaiModels
    .filter(({ wireModel }) => /^gpt-image-(2|1\.5|1-mini)$/.test(wireModel))
    .map((known) => ({ ...known, wireModel: wireName(known.wireModel) }))

/** The configuration's models, or those known; one that is not known does what is declared for it. */
export function resoldOffers(config: ProviderConfig, providerType: string, known: readonly KnownModel[]): readonly Offer[] {
  const offer = (changes: ModelConfig): Offer[] => {
    const found = known.find(({ model }) => model === changes.model)
    // A name that was not given is the last part of the model's; any other is the operator's own, such as an alias.
    const isNamed = changes.id !== changes.model.slice(changes.model.indexOf('/') + 1)
    if (found) return [makeOffer(config, providerType, isNamed ? { ...found, wireModel: changes.id } : found, changes)]
    return openaiCompatible.offers({ ...config, models: [changes] }).map((each) => ({ ...each, providerType }))
  }
  return config.models ? config.models.flatMap(offer) : known.map((each) => makeOffer(config, providerType, each))
}

/** GPT Image refuses the question for base64 that other models need. */
const encodeResold: ProviderDefinition['encode'] = (request, candidate, context): Encoded => {
  const asks = /^openai\/(gpt|chatgpt)-image/.test(candidate.offer.model) ? openai : openaiCompatible
  return asks.encode(request, candidate, context)
}

/** What all of them share. */
export const resold = {
  requiresKey: true,
  auth: (apiKey: string) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: openaiCompatible.bodyKeys,
  encode: encodeResold,
  decode: openaiCompatible.decode,
  ...(openaiCompatible.decodeEvent ? { decodeEvent: openaiCompatible.decodeEvent } : {}),
  ...(openaiCompatible.probe ? { probe: openaiCompatible.probe } : {}),
} satisfies Partial<ProviderDefinition>
