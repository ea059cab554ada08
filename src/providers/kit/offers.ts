/** Offers out of what a codec knows and what the configuration adds or changes. */
import type { Capabilities } from '../../core/capability.ts'
import { HalftoneError } from '../../core/error.ts'
import { nearMatches } from '../../core/near-match.ts'
import { type Offer, offerId } from '../../core/offer.ts'
import type { ModelConfig, ProviderConfig } from '../provider-config.ts'

/** A model as a codec knows it, before it belongs to an account. */
export interface KnownModel {
  readonly model: string
  readonly wireModel: string
  readonly capabilities: Capabilities
  /** Service tier it is sold under, such as `batch`. */
  readonly tier?: string
  /** The wire format was not confirmed by an official source: never chosen by `auto`. */
  readonly assumed?: boolean
  readonly retiredAt?: string
  readonly replacedBy?: string
}

/** One offer of an account, with the operator's changes on top. */
export function makeOffer(config: ProviderConfig, providerType: string, known: KnownModel, changes?: ModelConfig): Offer {
  const region = changes?.region ?? config.region
  const tier = changes?.tier ?? known.tier
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
    ...(known.assumed ? { assumed: true } : {}),
    ...(known.retiredAt === undefined ? {} : { retiredAt: known.retiredAt }),
    ...(known.replacedBy === undefined ? {} : { replacedBy: known.replacedBy }),
  }
}

/**
 * The offers of an account: all models the codec knows, or those the configuration names, which may also be ones the codec does
 * not know where `unknown` says what to take them for. Throws `config_invalid` for a model that nobody knows.
 */
export function offersOf(
  config: ProviderConfig,
  providerType: string,
  models: readonly KnownModel[],
  unknown?: (model: ModelConfig) => KnownModel | undefined,
): Offer[] {
  if (!config.models) return models.map((known) => makeOffer(config, providerType, known))
  return config.models.map((changes) => {
    const isNamed = ({ model, wireModel, tier }: KnownModel): boolean =>
      (model === changes.model || wireModel === changes.id) && (changes.tier === undefined || changes.tier === tier)
    const known = models.find(isNamed) ?? unknown?.(changes)
    if (!known) {
      const near = nearMatches(
        changes.model,
        models.map(({ model }) => model),
        1,
      )[0]
      const hint = near === undefined ? '' : ` Did you mean ${near}?`
      throw new HalftoneError(
        'config_invalid',
        `providers.${config.name}.models: ${providerType} has no ${changes.model}.${hint}`,
      )
    }
    return makeOffer(config, providerType, known, changes)
  })
}
