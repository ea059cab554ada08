/** From the `model` a client sent to the policy that serves it. */
import { HalftoneError } from '../error.ts'
import { nearMatches } from '../near-match.ts'
import type { Offer } from '../offer.ts'
import { type Quality, qualities } from '../request.ts'
import type { OfferFilter, Policy } from './types.ts'

export interface ModelCatalogue {
  readonly offers: readonly Offer[]
  /** By route name. */
  readonly routes: ReadonlyMap<string, Policy>
  /** Alias -> `publisher/name[@quality]`, offer id or route. */
  readonly aliases: ReadonlyMap<string, string>
  /** Routes that there are and that cannot be used: why, by name. */
  readonly brokenRoutes?: ReadonlyMap<string, string>
  /** The policy of a model the client named itself. */
  readonly direct: Policy
  /** ISO date of today, for retirement. */
  readonly today: string
}

/**
 * Resolve in the order of design section 2: alias > route > offer id > `publisher/name` > unique bare name.
 * Throws `config_invalid` for a broken route, `model_not_found` (with near matches), `model_retired` (with the replacement) or `model_ambiguous`.
 */
export function resolveModel(name: string, catalogue: ModelCatalogue): Policy {
  const target = catalogue.aliases.get(name) ?? name
  const route = catalogue.routes.get(target)
  if (route) return route
  const broken = catalogue.brokenRoutes?.get(target)
  if (broken !== undefined) {
    throw new HalftoneError('config_invalid', `Route "${target}" cannot be used as it is stored: ${broken}.`, { param: 'model' })
  }
  const { base, quality } = splitQuality(target, catalogue)
  const offers = matchOffers(base, catalogue)
  if (offers.length === 0) throw notFound(name, catalogue)
  const live = offers.filter((offer) => !isRetired(offer, catalogue.today))
  if (live.length === 0) throw retired(name, offers[0])
  const viaAlias = catalogue.aliases.has(name)
  return { ...catalogue.direct, filter: directFilter(live, quality), ...(viaAlias && { viaAlias }) }
}

const directFilter = (offers: readonly Offer[], quality: Quality | undefined): OfferFilter => ({
  offers: offers.map((offer) => offer.id),
  ...(quality !== undefined && { quality }),
})

export const isRetired = (offer: Offer, today: string): boolean => offer.retiredAt !== undefined && offer.retiredAt <= today

/** `publisher/name@quality`; an `@` that belongs to an offer id's region is left alone. */
function splitQuality(target: string, { offers }: ModelCatalogue): { base: string; quality?: Quality } {
  if (offers.some((offer) => offer.id === target)) return { base: target }
  const at = target.lastIndexOf('@')
  const quality = qualities.find((known) => known === target.slice(at + 1))
  return at > 0 && quality ? { base: target.slice(0, at), quality } : { base: target }
}

function matchOffers(base: string, { offers }: ModelCatalogue): readonly Offer[] {
  const exact = offers.filter((offer) => offer.id === base)
  if (exact.length > 0 || base.includes(':')) return exact
  if (base.includes('/')) return offers.filter((offer) => offer.model === base)
  const named = offers.filter((offer) => offer.model.endsWith(`/${base}`))
  const models = [...new Set(named.map((offer) => offer.model))]
  if (models.length > 1) {
    throw new HalftoneError('model_ambiguous', `Several models are called "${base}": send one of ${models.join(', ')}.`, {
      param: 'model',
    })
  }
  return named
}

function notFound(name: string, { offers, routes, aliases }: ModelCatalogue): HalftoneError {
  const names = new Set<string>([
    ...routes.keys(),
    ...aliases.keys(),
    ...offers.map((offer) => offer.model),
    ...offers.map((offer) => offer.id),
  ])
  // A bare name is close to the name behind the slash.
  const byBareName = new Map(offers.map(({ model }) => [model.slice(model.indexOf('/') + 1), model]))
  const bare = nearMatches(name, [...byBareName.keys()]).map((match) => byBareName.get(match) ?? match)
  const near = [...new Set([...nearMatches(name, [...names]), ...bare])].slice(0, 3)
  const hint = near.length > 0 ? ` Did you mean ${near.map((match) => `"${match}"`).join(' or ')}?` : ''
  const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name
  return new HalftoneError(
    'model_not_found',
    `No route, offer or model is called "${shown}".${hint} GET /v1/models lists what there is.`,
    { param: 'model' },
  )
}

function retired(name: string, offer: Offer | undefined): HalftoneError {
  const replacement = offer?.replacedBy ?? 'auto'
  return new HalftoneError(
    'model_retired',
    `"${name}" was retired by its provider on ${offer?.retiredAt}; use "${replacement}", or map the old name with aliases: {${name}: ${replacement}} in halftone.yaml.`,
    { param: 'model' },
  )
}
