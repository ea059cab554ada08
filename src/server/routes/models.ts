/** `GET /v1/models`: routes, aliases, models and offers, with what they can do and what they cost. */
import type { ModelWire } from '../../contract/admin.ts'
import type { OfferFactsWire } from '../../contract/facts.ts'
import type { SizeRule } from '../../core/capability.ts'
import { HalftoneError } from '../../core/error.ts'
import type { Offer } from '../../core/offer.ts'
import type { OfferFacts } from '../../core/offer-facts.ts'
import { rateSummary } from '../../core/pricing/index.ts'
import { formatSize } from '../../core/request.ts'
import { isRetired } from '../../core/routing/index.ts'
import type { GatewayState } from '../../gateway/state.ts'
import { type Call, callerIdentity, type Handler } from '../handler.ts'

export const listModels: Handler = async (call) => ({ object: 'list', data: allModels(call) })

export const getModel: Handler = async (call) => {
  const id = call.params['id'] ?? ''
  const found = allModels(call).find((model) => model.id === id)
  if (!found)
    throw new HalftoneError('model_not_found', `There is no model "${id.slice(0, 80)}"; GET /v1/models lists what there is.`, {
      param: 'id',
    })
  return found
}

export function allModels(call: Call): ModelWire[] {
  const { context } = call
  const state = context.current()
  const { allowedModels } = callerIdentity(call).key
  const nowUs = context.services.clock.nowUs()
  const today = new Date(nowUs / 1_000).toISOString().slice(0, 10)
  const created = Math.floor(context.describe().startedUs / 1_000_000)
  const live = state.offers.filter((offer) => !isRetired(offer, today))
  const operations = [...new Set(live.flatMap((offer) => offer.capabilities.operations))]
  const routes = [...state.routes.keys()].map((id) => plainModel(id, 'route', operations, created))
  const aliases = [...state.aliases.keys()].map((id) => plainModel(id, 'alias', operations, created))
  const models = [...new Set(live.map((offer) => offer.model))].map((model) =>
    offerModel(model, 'model', first(live, model), { state, created, nowUs }),
  )
  const offers = live.map((offer) => offerModel(offer.id, 'offer', offer, { state, created, nowUs }))
  const all = [...routes, ...aliases, ...models, ...offers]
  return allowedModels
    ? all.filter((model) => allowedModels.includes(model.id) || allowedModels.includes(model.halftone?.publisher_model ?? ''))
    : all
}

function first(offers: readonly Offer[], model: string): Offer {
  const offer = offers.find((candidate) => candidate.model === model)
  if (!offer) throw new Error(`no offer of ${model}`)
  return offer
}

/** What a name stands for depends on the request; it can do what any of its offers can. */
const plainModel = (id: string, kind: 'route' | 'alias', operations: string[], created: number): ModelWire => ({
  id,
  object: 'model',
  created,
  owned_by: 'halftone',
  halftone: {
    kind,
    provider: null,
    publisher_model: null,
    operations,
    sizes: '',
    qualities: [],
    formats: [],
    max_n: 10,
    max_inputs: 16,
    mask: true,
    controls: [],
    upscale: [],
    streaming: true,
    parameters: [],
    price: kind === 'route' ? 'cheapest eligible offer' : 'as its target',
    priced: true,
    sandbox: false,
    assumed: false,
    retired_at: null,
  },
})

interface Listing {
  readonly state: GatewayState
  /** Seconds since 1970. */
  readonly created: number
  readonly nowUs: number
}

function offerModel(id: string, kind: 'model' | 'offer', offer: Offer, { state, created, nowUs }: Listing): ModelWire {
  const { capabilities } = offer
  const summary = rateSummary(state.prices, offer, nowUs)
  return {
    id,
    object: 'model',
    created,
    owned_by: offer.model.split('/')[0] ?? offer.provider,
    halftone: {
      kind,
      provider: kind === 'offer' ? offer.provider : null,
      publisher_model: offer.model,
      operations: [...capabilities.operations],
      sizes: describeSizes(capabilities.sizes),
      qualities: [...capabilities.qualities],
      formats: [...capabilities.formats],
      max_n: capabilities.maxN,
      max_inputs: capabilities.maxInputs,
      mask: capabilities.mask,
      controls: [...(capabilities.controls ?? [])],
      upscale: [...(capabilities.upscale?.factors ?? [])],
      streaming: capabilities.maxPartialImages !== undefined,
      parameters: [...capabilities.parameters],
      price: summary?.text ?? 'unpriced: not routable until a price is set',
      priced: summary !== undefined,
      sandbox: offer.sandbox,
      assumed: offer.assumed === true,
      retired_at: offer.retiredAt ?? null,
      ...(kind === 'offer' && { facts: factsWire(offer.facts) }),
    },
  }
}

type FactWire<Name extends keyof OfferFactsWire> = OfferFactsWire[Name]

function factsWire(facts: OfferFacts = {}): OfferFactsWire {
  const told = <Name extends keyof OfferFactsWire>(name: Name): FactWire<Name> => {
    const known = facts[name]
    if (!known) return null as FactWire<Name>
    const { kind, url, checkedAt, note } = known.source
    const source = { kind, url, checked_at: checkedAt, ...(note !== undefined && { note }) }
    // The value is of the fact's own type on both sides.
    return { value: known.value, source } as FactWire<Name>
  }
  return {
    region: told('region'),
    retention: told('retention'),
    training: told('training'),
    licence: told('licence'),
    watermark: told('watermark'),
    credentials: told('credentials'),
  }
}

function describeSizes(rule: SizeRule): string {
  switch (rule.kind) {
    case 'any':
      return 'any'
    case 'list':
      return rule.sizes.map(formatSize).join(', ')
    case 'area':
      return `${rule.minEdge}-${rule.maxEdge} px edges in multiples of ${rule.multipleOf}, up to ${rule.maxAspect}:1`
  }
}
