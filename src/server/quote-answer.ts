/** A quote as the API answers it: every candidate itemised, the frontier, the model in use, the id. */
import type { CandidateQuote, CurrentModel, ExplainedQuote, QuoteResponse } from '../contract/quote.ts'
import { formatUsd } from '../core/money.ts'
import { candidateKey, describeFinishing } from '../core/offer.ts'
import { ageInDays, type PricedQuote, quoteCandidate, STALE_AFTER_DAYS } from '../core/pricing/index.ts'
import { promptFeatures } from '../core/prompt/features.ts'
import { formatSize } from '../core/request.ts'
import {
  costQualityFrontier,
  type Elimination,
  mostUsed,
  type Plan,
  type PlannedAttempt,
  type Policy,
  qualityScoreOf,
  type Relaxed,
} from '../core/routing/index.ts'
import type { PlannedInput } from '../gateway/chooser.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Consistency } from '../gateway/groups.ts'
import type { Purchases } from '../gateway/purchases.ts'
import type { GatewayState } from '../gateway/state.ts'
import type { ServerContext } from './context.ts'
import { quoteJobs } from './quote-job.ts'
import { isoTime } from './wire.ts'

export interface QuoteQuestion {
  readonly input: PlannedInput
  /** Sees everybody's use, not only its own. */
  readonly isAdmin: boolean
  /** The request named a model or route itself. */
  readonly isNamed: boolean
  readonly explain: boolean
  readonly job: { readonly count: number; readonly deadlineMs?: number } | undefined
}

/** One look at the state of this moment, which every part of the answer shares. */
export interface QuoteView {
  readonly gateway: Gateway
  readonly purchases: Pick<Purchases, 'inputsFor'>
  readonly state: GatewayState
  readonly input: PlannedInput
  readonly named: Plan
  /** Places, from 1, of the candidates that the request's own model would choose among, by key. */
  readonly choices: ReadonlyMap<string, number>
  readonly promptComplexity: number
  readonly nowUs: number
  /** Sandbox money is counted by itself. */
  readonly sandbox: boolean
}

export async function answerQuote(
  { gateway, current, services }: ServerContext,
  question: QuoteQuestion,
): Promise<QuoteResponse> {
  const { input } = question
  const state = current()
  const nowUs = services.clock.nowUs()
  const { plan: named, consistency } = await gateway.planInGroup(input)
  const view: QuoteView = {
    gateway,
    purchases: services.purchases,
    state,
    input,
    named,
    choices: new Map(
      named.kind === 'plan' ? named.attempts.map(({ candidate }, index) => [candidateKey(candidate), index + 1]) : [],
    ),
    promptComplexity: promptFeatures(input.request.prompt, input.request).complexity,
    nowUs,
    sandbox: !state.offers.some((offer) => !offer.sandbox),
  }
  const all = gateway.plan(input, 'all')
  const candidates = all.kind === 'plan' ? candidatesOf(view, all.attempts) : []
  return {
    object: 'quote',
    ...quoteId(view),
    route: named.policy.route,
    n: input.request.n,
    price_book: state.priceSet.label,
    group: groupWire(consistency),
    candidates,
    current: await currentModel(view, question, candidates),
    explained: question.explain ? explained(gateway.relax(input)) : null,
    job: question.job ? await quoteJobs(view, question.job) : null,
    eliminated: all.eliminated.map(eliminatedWire),
  }
}

function groupWire(consistency: Consistency | undefined): QuoteResponse['group'] {
  if (consistency?.group === undefined) return null
  const { group: name, role, look, chosen, cheapest } = consistency
  return {
    name,
    role,
    offer: look?.offer ?? null,
    quality: look?.quality ?? null,
    cheapest_offer: cheapest?.candidate.offer.id ?? null,
    cost_usd: formatUsd(chosen && cheapest ? chosen.total.expectedNanoUsd - cheapest.total.expectedNanoUsd : 0n),
  }
}

const eliminatedWire = ({ offer, reason, detail, param }: Elimination) => ({ offer, reason, detail, param: param ?? null })

/** Of the first choice. Without a bound there is nothing to hold a request to. */
function quoteId({ gateway, named, input, nowUs }: QuoteView): Pick<QuoteResponse, 'id' | 'expires_at' | 'max_usd'> {
  const most = named.kind === 'plan' ? named.attempts[0].total.maxNanoUsd : null
  if (most === null) return { id: null, expires_at: null, max_usd: null }
  const pin = gateway.quotes.issue(input, most, nowUs)
  return { id: pin.id, expires_at: isoTime(pin.expiresUs), max_usd: formatUsd(most) }
}

interface Weighed {
  readonly attempt: PlannedAttempt
  readonly expectedNanoUsd: bigint
  readonly qualityScore: number | undefined
}

/** Cheapest first, with the frontier marked. */
function candidatesOf(view: QuoteView, attempts: readonly PlannedAttempt[]): CandidateQuote[] {
  const weighed = attempts.map(
    (attempt): Weighed => ({
      attempt,
      expectedNanoUsd: attempt.total.expectedNanoUsd,
      qualityScore: qualityScoreOf(view.state.quality, attempt.candidate),
    }),
  )
  const frontier = new Set(costQualityFrontier(weighed).frontier)
  return weighed
    .toSorted((a, b) => (a.expectedNanoUsd < b.expectedNanoUsd ? -1 : a.expectedNanoUsd > b.expectedNanoUsd ? 1 : 0))
    .flatMap((entry) => candidateWire(view, entry, frontier.has(entry)))
}

function candidateWire(view: QuoteView, { attempt, qualityScore }: Weighed, onFrontier: boolean): readonly CandidateQuote[] {
  const { candidate, total } = attempt
  const priced = itemise(view, attempt)
  // The plan priced it a moment ago; only a price that ended in between is gone now.
  if (!priced) return []
  const { offer, settings } = candidate
  const ageDays = ageInDays(priced.checkedAt, view.nowUs)
  return [
    {
      offer: offer.id,
      model: offer.model,
      provider: offer.provider,
      sandbox: offer.sandbox,
      lane: offer.tier ?? 'standard',
      size: formatSize(settings.size),
      size_from: statesSize(view) ? 'request' : 'default',
      quality: settings.quality ?? null,
      quality_from: qualityFrom(view, attempt),
      finishing: [...describeFinishing(candidate)],
      calls: total.calls,
      min_usd: formatUsd(total.minNanoUsd),
      expected_usd: formatUsd(total.expectedNanoUsd),
      max_usd: total.maxNanoUsd === null ? null : formatUsd(total.maxNanoUsd),
      marginal_usd: total.marginalNanoUsd === undefined ? null : formatUsd(total.marginalNanoUsd),
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
      age_days: ageDays,
      stale: ageDays > STALE_AFTER_DAYS,
      eligible: view.choices.has(candidateKey(candidate)),
      choice: view.choices.get(candidateKey(candidate)) ?? null,
      quality_score: qualityScore ?? null,
      frontier: onFrontier,
    },
  ]
}

function itemise(view: QuoteView, { candidate }: PlannedAttempt): PricedQuote | undefined {
  const { state, purchases, input, promptComplexity, nowUs: atUs } = view
  const bought = purchases.inputsFor(candidate.offer)
  const priced = quoteCandidate(state.prices, { candidate, request: input.request, promptComplexity, atUs, ...bought })
  return priced.kind === 'priced' ? priced : undefined
}

const statesSize = ({ input: { request } }: QuoteView): boolean =>
  request.size !== undefined ||
  request.aspectRatio !== undefined ||
  request.scale !== undefined ||
  request.outpaint !== undefined ||
  request.operation === 'remove_background'

function qualityFrom({ input, named }: QuoteView, { candidate }: PlannedAttempt): CandidateQuote['quality_from'] {
  const { quality } = candidate.settings
  if (quality === undefined) return null
  if (quality === named.policy.filter?.quality) return 'route'
  if (quality === input.request.quality) return 'request'
  return quality === candidate.offer.capabilities.defaultQuality ? 'default' : 'tier'
}

/** The model named in the request, else the one most images were made with lately, else what the route would choose. */
async function currentModel(
  view: QuoteView,
  { isNamed, isAdmin, input }: QuoteQuestion,
  candidates: readonly CandidateQuote[],
): Promise<CurrentModel | null> {
  const serves = (offer: string, quality: string | null): boolean =>
    candidates.some((it) => it.offer === offer && it.quality === quality)
  if (!isNamed) {
    const rows = await view.gateway.recentTries({ sandbox: view.sandbox, ...(!isAdmin && { keyId: input.caller.keyId }) })
    const most = mostUsed(rows)
    if (most) {
      const quality = most.quality === '' ? null : most.quality
      return { offer: most.offer, quality, source: 'ledger', images: most.images, serves: serves(most.offer, quality) }
    }
  }
  if (view.named.kind === 'none') return null
  const [{ candidate }] = view.named.attempts
  const quality = candidate.settings.quality ?? null
  const source = isNamed && isDirect(view.named.policy) ? 'named' : 'route'
  return { offer: candidate.offer.id, quality, source, images: null, serves: serves(candidate.offer.id, quality) }
}

const isDirect = ({ filter }: Policy): boolean => filter?.offers !== undefined

const explained = ({ cheapestNanoUsd, offersLeft, constraints }: Relaxed): ExplainedQuote => ({
  cheapest_usd: usdOrNull(cheapestNanoUsd),
  offers_left: offersLeft,
  constraints: constraints.map(({ constraint, stated, addsNanoUsd, withoutNanoUsd, offersWithout }) => ({
    constraint,
    stated,
    adds_usd: usdOrNull(addsNanoUsd),
    without_usd: usdOrNull(withoutNanoUsd),
    offers_without: offersWithout,
  })),
})

const usdOrNull = (amount: bigint | null): string | null => (amount === null ? null : formatUsd(amount))
