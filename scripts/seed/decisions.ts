/** The gateway's own decisions for the seeded requests: plans, prices and their stored form, remembered per template and situation. */
import type { Candidate, OfferId } from '../../src/core/offer.ts'
import { quoteCandidate, settleCharges } from '../../src/core/pricing/index.ts'
import type { PricedQuote, SettleInput, Settlement } from '../../src/core/pricing/types.ts'
import { createExperienceBook, type OfferHealth } from '../../src/core/routing/index.ts'
import { type Baseline, baselineOf, type DecideInput, decide, policyOf } from '../../src/gateway/decide.ts'
import { nothingSaid } from '../../src/gateway/quality-feed.ts'
import type { UsablePlan } from '../../src/gateway/result.ts'
import type { GatewayState } from '../../src/gateway/state.ts'
import { DAY_US } from './calendar.ts'
import { KEPT_DAYS } from './shop.ts'
import type { Template } from './traffic.ts'

export interface Decision {
  readonly plan: UsablePlan
  readonly baseline: Baseline | undefined
  /** What a call of this candidate for `n` pictures is quoted; undefined without a price. */
  quote(candidate: Candidate, n: number): PricedQuote | undefined
  settle(candidate: Candidate, n: number, ending: Ending): Settlement
}

/** What a price may depend on besides the call. `usage`: shares of the expected consumption, in steps of a sixteenth. */
export type Ending = Pick<SettleInput, 'outcome' | 'stage' | 'billed' | 'imagesMade' | 'answered'> & {
  readonly usedSixteenths?: number
}

export interface Situation {
  readonly atUs: number
  /** The provider whose offers the gateway has stopped asking. */
  readonly resting?: string
  readonly hardBudget: boolean
  /** 0 to 7: what a weighted route draws. */
  readonly draw: number
}

export interface Decisions {
  /** Undefined when no offer could serve. */
  of(template: Template, situation: Situation): Decision | undefined
}

/** Plans are forgotten when a price or an offer changes, so that memory does not grow with time. */
export function createDecisions(state: GatewayState): Decisions {
  const borders = priceBorders(state)
  let until = 0
  let known = new Map<string, Decision | undefined>()
  const resting = new Map<string, ReadonlyMap<OfferId, OfferHealth>>()
  const healthOf = (provider: string | undefined, nowUs: number): ReadonlyMap<OfferId, OfferHealth> => {
    if (provider === undefined) return new Map()
    const before = resting.get(provider)
    if (before) return before
    const blocked = { state: 'open', inFlight: 0, blockedUntilUs: nowUs + DAY_US } as const
    const health = new Map(state.offers.filter((offer) => offer.provider === provider).map(({ id }) => [id, blocked]))
    resting.set(provider, health)
    return health
  }
  return {
    of(template, situation) {
      const { atUs, resting: provider = '', hardBudget, draw } = situation
      if (atUs >= until) {
        known = new Map()
        resting.clear()
        until = borders.find((border) => border > atUs) ?? Number.POSITIVE_INFINITY
      }
      const key = `${template.index} ${provider} ${hardBudget} ${draw}`
      if (known.has(key)) return known.get(key)
      const made = make(state, template, situation, healthOf(situation.resting, atUs))
      known.set(key, made)
      return made
    },
  }
}

/** Days on which a price, a conversion or an offer begins or ends. */
function priceBorders({ priceSet, offers }: GatewayState): readonly number[] {
  const text = JSON.stringify([priceSet.books.map(({ book }) => book), priceSet.fx])
  const found = Array.from(text.matchAll(/"(?:effectiveFrom|effectiveTo|retiredAt)":"(\d{4}-\d\d-\d\d)/g), ([, day = '']) => day)
  const ended = offers.flatMap(({ retiredAt }) => (retiredAt === undefined ? [] : [retiredAt]))
  const borders = [...new Set([...found, ...ended])].map((day) => Date.parse(day) * 1_000)
  return borders.toSorted((one, other) => one - other)
}

/** No lots and no volumes: what is prepaid here has an end and covers some calls, and prices that fall with volume are not bought. */
const noPurchases: DecideInput['purchases'] = {
  view: () => ({ volumes: new Map(), lots: new Map() }),
  inputsFor: () => ({}),
}

function make(
  state: GatewayState,
  { request, features }: Template,
  { atUs, hardBudget, draw }: Situation,
  health: ReadonlyMap<OfferId, OfferHealth>,
): Decision | undefined {
  const caller = { keyId: '', projectId: '', tags: {}, promptMode: 'full', assetTtlDays: KEPT_DAYS } as const
  const input: DecideInput = {
    input: { request, options: { allowUnsupported: true, bodyMetadata: true }, caller },
    state,
    health,
    policy: policyOf(request.model, state, atUs),
    experience: createExperienceBook(),
    quality: nothingSaid,
    features,
    random: (draw + 0.5) / 8,
    draw: (draw + 0.5) / 8,
    nowUs: atUs,
    hardBudget,
    purchases: noPurchases,
  }
  const plan = decide(input)
  if (plan.kind === 'none') return undefined
  const priced = { request, promptComplexity: features.complexity, atUs }
  const quotes = new Map<string, PricedQuote | undefined>()
  const settlements = new Map<string, Settlement>()
  const withN = (candidate: Candidate, n: number): Candidate => ({ ...candidate, settings: { ...candidate.settings, n } })
  const quote = (candidate: Candidate, n: number): PricedQuote | undefined => {
    const key = `${candidate.offer.id} ${candidate.settings.quality} ${n}`
    if (quotes.has(key)) return quotes.get(key)
    const made = quoteCandidate(state.prices, { ...priced, candidate: withN(candidate, n) })
    const answer = made.kind === 'priced' ? made : undefined
    quotes.set(key, answer)
    return answer
  }
  return {
    plan,
    baseline: baselineOf(input),
    quote,
    settle(candidate, n, { usedSixteenths, ...ending }) {
      const key = `${candidate.offer.id} ${candidate.settings.quality} ${n} ${usedSixteenths} ${ending.outcome} ${ending.stage} ${ending.billed} ${ending.imagesMade} ${ending.answered}`
      const before = settlements.get(key)
      if (before) return before
      const expected = usedSixteenths === undefined ? undefined : quote(candidate, n)?.expectedUsage
      const usage = expected && usedSixteenths !== undefined ? scaled(expected, usedSixteenths) : undefined
      const made = settleCharges(state.prices, { ...priced, candidate: withN(candidate, n), ...ending, ...(usage && { usage }) })
      settlements.set(key, made)
      return made
    },
  }
}

/** Tokens vary from picture to picture; what is counted in pictures, pixels or calls does not. */
const scaled = (usage: PricedQuote['expectedUsage'], sixteenths: number): PricedQuote['expectedUsage'] =>
  Object.fromEntries(
    Object.entries(usage).map(([meter, quantity]) => [
      meter,
      meter.startsWith('tokens.image.out') ? ((quantity * BigInt(sixteenths)) / 16_000_000n) * 1_000_000n : quantity,
    ]),
  )
