/** What is true in the simulated world of one seed: prices, outages, latencies, refusals, qualities. Policies never read it. */
import type { Capabilities } from '../capability.ts'
import { type Offer, offerId } from '../offer.ts'
import type { PromptClass } from '../prompt/lexicon.ts'
import { catalogue, type DeploymentTerms, minimumSpend } from './catalogue.ts'
import type { RequestClass } from './classes.ts'
import { drawEvents, type WorldEvents } from './events.ts'
import { DAY_US, MONTH_DAYS, MONTH_START_US } from './time.ts'

/** One way to buy: a model in the lane that answers at once, in the batch lane, or on GPUs of one's own (`gpu-world.ts`). */
export interface Deployment {
  readonly index: number
  readonly terms: DeploymentTerms
  readonly lane: 'sync' | 'batch' | 'pool'
  readonly offer: Offer
}

export interface World {
  readonly seed: number
  /** Pictures per month. */
  readonly volume: number
  readonly deployments: readonly Deployment[]
  readonly events: WorldEvents
  /** Nano-USD that the account at `minimumSpend.provider` pays at least for the month. */
  readonly minimumSpendNano: number
  /** Pictures per second that one deployment takes outside spells of rate limiting. */
  readonly ratePerSecond: number
}

/** Of a batch, against the price at once. */
const BATCH_SHARE = 0.5
const BATCH_MEDIAN_MS = 3 * 3_600_000
const BATCH_SPREAD = 0.5

export function createWorld(seed: number, volume: number): World {
  const deployments = catalogue
    .flatMap((terms) => (terms.batch ? (['sync', 'batch'] as const) : (['sync'] as const)).map((lane) => ({ terms, lane })))
    .map(({ terms, lane }, index): Deployment => ({ index, terms, lane, offer: offerOf(terms, lane) }))
  return {
    seed,
    volume,
    deployments,
    events: drawEvents(seed),
    minimumSpendNano: Math.round(minimumSpend.usdPerPicture * volume * 1e9),
    ratePerSecond: (2.5 * volume) / (MONTH_DAYS * 86_400),
  }
}

export function offerOf(terms: DeploymentTerms, lane: Deployment['lane']): Offer {
  const { provider, model } = terms
  const tier = lane === 'batch' ? { tier: 'batch' } : {}
  const { untilDay } = terms
  return {
    id: offerId({ provider, model, ...tier }),
    provider,
    providerType: provider,
    model,
    wireModel: model,
    ...tier,
    capabilities: capabilitiesOf(terms),
    sandbox: false,
    ...(untilDay !== undefined && {
      retiredAt: new Date((MONTH_START_US + untilDay * DAY_US) / 1_000).toISOString().slice(0, 10),
    }),
  }
}

const capabilitiesOf = ({ edits, price2k }: DeploymentTerms): Capabilities => ({
  operations: edits ? ['generate', 'edit'] : ['generate'],
  sizes: { kind: 'list', sizes: (price2k === undefined ? [1024] : [1024, 2048]).map((edge) => ({ width: edge, height: edge })) },
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 8,
  formats: ['png'],
  defaultFormat: 'png',
  backgrounds: ['opaque'],
  maxInputs: edits ? 4 : 0,
  mask: edits,
  maxPromptChars: 4_000,
  parameters: [],
  cancelStopsBilling: false,
  asyncJobs: false,
})

// --- what is true at an instant --------------------------------------------------------------------------------------

export function isOffered({ terms }: Deployment, atUs: number): boolean {
  const day = (atUs - MONTH_START_US) / DAY_US
  return day >= (terms.fromDay ?? Number.NEGATIVE_INFINITY) && day < (terms.untilDay ?? Number.POSITIVE_INFINITY)
}

/** Nano-USD of one picture before volume tiers, as billed at this instant. */
export function listPrice(world: World, { terms, lane }: Deployment, edge: RequestClass['edge'], atUs: number): number {
  const base = edge === 2048 ? (terms.price2k ?? Number.NaN) : terms.price
  return Math.round(base * 1e9 * priceFactor(world, terms.model, atUs) * (lane === 'batch' ? BATCH_SHARE : 1))
}

/** Product of the changes of price up to an instant. */
export function priceFactor({ events }: World, model: string, atUs: number): number {
  let factor = 1
  for (const change of events.priceChanges) if (change.model === model && change.atUs <= atUs) factor *= change.factor
  return factor
}

export const isOut = ({ events }: World, { terms }: Deployment, atUs: number): boolean =>
  events.outages.some(({ provider, fromUs, toUs }) => provider === terms.provider && fromUs <= atUs && atUs < toUs)

/** Share of its rate limit that a deployment has at an instant. */
export const rateShare = ({ events }: World, { terms, lane }: Deployment, atUs: number): number =>
  lane === 'sync' && events.spells.some(({ model, fromUs, toUs }) => model === terms.model && fromUs <= atUs && atUs < toUs)
    ? SPELL_SHARE
    : 1
const SPELL_SHARE = 0.02

export function medianMs({ events }: World, { terms, lane }: Deployment, atUs: number): number {
  if (lane === 'batch') return BATCH_MEDIAN_MS
  const drift = events.drifts.find(({ model, fromUs, toUs }) => model === terms.model && fromUs <= atUs && atUs < toUs)
  return terms.medianMs * (drift?.factor ?? 1)
}

export const latencySpread = ({ terms, lane }: Deployment): number => (lane === 'batch' ? BATCH_SPREAD : terms.spread)

export const refusalChance = ({ events }: World, { terms }: Deployment, topic: PromptClass): number =>
  events.refusals.get(`${terms.provider}/${topic}`) ?? 0

/** On the Arena scale: what the pictures of this class are really worth. */
export function trueQuality({ events }: World, { terms }: Deployment, classIndex: number, atUs: number): number {
  const { regression } = events
  const lost = regression.model === terms.model && atUs >= regression.atUs ? regression.lost : 0
  return terms.quality + (events.qualityErrors.get(`${terms.model}/${classIndex}`) ?? 0) - lost
}

/** The rating a picture must have, by the class and the hidden difficulty of its prompt. */
export const floorOf = ({ floor, hardFloor }: RequestClass, hard: boolean): number => (hard ? (hardFloor ?? floor) : floor)

/** It can make this class's pictures at all. */
export const canMake = ({ terms, lane }: Deployment, { operation, edge, interactive }: RequestClass): boolean =>
  (operation === 'generate' || terms.edits) &&
  (edge === 1024 || terms.price2k !== undefined) &&
  (lane !== 'batch' || !interactive)
