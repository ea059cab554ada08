/** Offers out of what a codec knows and what the configuration adds or changes. */
import type { Capabilities } from '../../core/capability.ts'
import { type Offer, offerId } from '../../core/offer.ts'
import type { ModelConfig, ProviderConfig } from '../provider-config.ts'

/** A model as a codec knows it, before it belongs to an account. */
export interface KnownModel {
  readonly model: string
  readonly wireModel: string
  readonly capabilities: Capabilities
  readonly retiredAt?: string
  readonly replacedBy?: string
}

/** One offer of an account, with the operator's changes on top. */
export function makeOffer(config: ProviderConfig, providerType: string, known: KnownModel, changes?: ModelConfig): Offer {
  const region = changes?.region ?? config.region
  const tier = changes?.tier
  const place = { ...(region === undefined ? {} : { region }), ...(tier === undefined ? {} : { tier }) }
  return {
    id: offerId({ provider: config.name, model: known.model, ...place }),
    provider: config.name,
    providerType,
    model: known.model,
    wireModel: known.wireModel,
    ...place,
    capabilities: { ...known.capabilities, ...changes?.capabilities },
    sandbox: false,
    ...(known.retiredAt === undefined ? {} : { retiredAt: known.retiredAt }),
    ...(known.replacedBy === undefined ? {} : { replacedBy: known.replacedBy }),
  }
}
