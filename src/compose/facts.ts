/** What is known about each offer of an account: by its type, by the host it calls, and by its operator's word. */
import type { ProviderConfig } from '../config/index.ts'
import { isPrivateHost } from '../config/url.ts'
import { type FactsFile, factsOf } from '../core/facts/index.ts'
import type { Offer } from '../core/offer.ts'
import { ownBaseUrl, type ProviderDefinition } from '../providers/define-provider.ts'
import { providers } from '../providers/index.ts'

/** The offers with their facts. `account` is undefined for the built-in sandbox, which calls no host. */
export function withFacts(
  offers: readonly Offer[],
  type: string,
  account: ProviderConfig | undefined,
  files: ReadonlyMap<string, FactsFile>,
): readonly Offer[] {
  // A module of the operator's own may have the name of a built-in type; nothing is known about it.
  const file = account?.module === undefined ? files.get(type) : undefined
  const host = account && hostOf(account)
  const context = {
    file,
    host,
    isPrivateHost: account === undefined || (host !== undefined && isPrivateHost(host)),
    ...(account?.facts && { own: account.facts }),
  }
  return offers.map((offer) => ({ ...offer, facts: factsOf(offer, context) }))
}

/** Of the address that is called: the configured one, else the type's own. */
function hostOf(account: ProviderConfig): string | undefined {
  const known: Readonly<Record<string, ProviderDefinition>> = providers
  const definition = Object.hasOwn(known, account.type) ? known[account.type] : undefined
  const url = account.baseUrl ?? (definition && ownBaseUrl(definition, account))
  return url === undefined ? undefined : URL.parse(url)?.hostname
}
