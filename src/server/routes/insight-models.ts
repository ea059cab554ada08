/** Every offer on the traffic there was: what it cost, how it did, what it costs by the list, and how good it is said to be. */
import type { z } from 'zod'
import type { InsightModels, modelsQuery } from '../../contract/insight.ts'
import { acceptanceOf } from '../../core/insight/acceptance.ts'
import { type BucketCount, distributionOf, RELATIVE_ERROR } from '../../core/insight/distribution.ts'
import { addSums, perImage, type Sums, shareOf, zeroSums } from '../../core/insight/explore.ts'
import { resolvePeriod } from '../../core/insight/period.ts'
import { modelOf, providerOf } from '../../core/insight/rules.ts'
import { formatUsd } from '../../core/money.ts'
import type { Offer } from '../../core/offer.ts'
import { ageInDays, rateSummary, STALE_AFTER_DAYS } from '../../core/pricing/index.ts'
import { modelMatches } from '../../core/pricing/match.ts'
import { rateRows } from '../../core/pricing/rate-rows.ts'
import { costQualityFrontier } from '../../core/routing/index.ts'
import type { GatewayState } from '../../gateway/state.ts'
import type { SumsCell } from '../../ports/ledger.ts'
import type { Call, Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'
import { isSandbox, msOrNull, periodWire, rounded, turnsOf, usdOrNull } from './insight-shared.ts'

type Row = InsightModels['data'][number]

interface Traffic {
  readonly offer: string
  readonly quality: string
  sums: Sums
  attemptsSucceeded: number
  refused: number
}

export const insightModels: Handler = async (call): Promise<InsightModels> => {
  const query = call.query as z.infer<typeof modelsQuery>
  const { clock, ledger } = call.context.services
  const nowUs = clock.nowUs()
  const period = resolvePeriod(query, nowUs)
  const sandbox = isSandbox(call, query.sandbox)
  const asked = { sandbox, fromUs: period.fromUs, toUs: period.toUs, grain: 'none' } as const
  const [sums, durations] = await Promise.all([
    ledger.insight.sums({ ...asked, dimensions: ['offer', 'quality', 'outcome'] }),
    ledger.insight.distribution({ ...asked, measure: 'duration', dimensions: ['offer', 'quality'] }),
  ])
  const traffic = trafficOf(sums?.cells ?? [])
  const waits = new Map<string, BucketCount[]>()
  for (const { values, ...count } of durations ?? []) {
    const key = keyOf(values.offer ?? '', values.quality ?? '')
    const own = waits.get(key)
    if (own) own.push(count)
    else waits.set(key, [count])
  }
  const state = call.context.current()
  const turns = turnsOf(call)
  const rows: Row[] = []
  for (const each of [...traffic.values(), ...unusedOffers(state, traffic, sandbox)]) {
    const latency = distributionOf(waits.get(keyOf(each.offer, each.quality)) ?? [])
    rows.push(rowOf(call, { traffic: each, state, nowUs, latency }))
    await turns.next()
  }
  return {
    object: 'insight_models',
    sandbox,
    period: periodWire(period, nowUs),
    latency_relative_error: RELATIVE_ERROR,
    data: placed(rows).sort(
      (left, right) => Number(right.spend_usd) - Number(left.spend_usd) || (left.offer < right.offer ? -1 : 1),
    ),
  }
}

const keyOf = (offer: string, quality: string): string => `${offer}\n${quality}`

function trafficOf(cells: readonly SumsCell[]): Map<string, Traffic> {
  const traffic = new Map<string, Traffic>()
  for (const { values, sums } of cells) {
    const { offer = '', quality = '', outcome = '' } = values
    // Charges that belong to no attempt are no offer's.
    if (offer === '') continue
    const key = keyOf(offer, quality)
    const row = traffic.get(key) ?? { offer, quality, sums: zeroSums, attemptsSucceeded: 0, refused: 0 }
    row.sums = addSums(row.sums, sums)
    row.attemptsSucceeded += sums.attemptsSucceeded
    if (outcome === 'refused') row.refused += sums.attempts
    traffic.set(key, row)
  }
  return traffic
}

/** Offers nobody used in the period are listed too: without figures of their own. */
const unusedOffers = (state: GatewayState, traffic: ReadonlyMap<string, Traffic>, sandbox: boolean): readonly Traffic[] => {
  const used = new Set([...traffic.values()].map(({ offer }) => offer))
  return state.offers
    .filter((offer) => offer.sandbox === sandbox && !used.has(offer.id))
    .map((offer) => ({ offer: offer.id, quality: '', sums: zeroSums, attemptsSucceeded: 0, refused: 0 }))
}

function rowOf(
  call: Call,
  {
    traffic,
    state,
    nowUs,
    latency,
  }: { traffic: Traffic; state: GatewayState; nowUs: number; latency: ReturnType<typeof distributionOf> },
): Row {
  const { sums, quality } = traffic
  const offer = state.offers.find(({ id }) => id === traffic.offer)
  const acceptance = acceptanceOf(sums)
  return {
    offer: traffic.offer,
    provider: offer?.provider ?? providerOf(traffic.offer),
    model: offer?.model ?? modelOf(traffic.offer),
    quality: quality || null,
    configured: offer !== undefined,
    images: sums.images,
    attempts: sums.attempts,
    spend_usd: formatUsd(sums.costNanoUsd),
    cost_per_image_usd: usdOrNull(perImage(sums)),
    success_share: rounded(shareOf(traffic.attemptsSucceeded, sums.attempts)),
    refusal_share: rounded(shareOf(traffic.refused, sums.attempts)),
    accepted: sums.accepted / 1_000,
    rejected: sums.rejected / 1_000,
    acceptance_share: rounded(acceptance.share),
    coverage: rounded(acceptance.coverage),
    cost_per_accepted_usd: usdOrNull(acceptance.costPerAcceptedNanoUsd),
    latency_p50_ms: msOrNull(latency.at(0.5)),
    latency_p95_ms: msOrNull(latency.at(0.95)),
    // Of this quality tier; never that of another.
    quality_score: offer ? (state.quality.get(quality ? `${offer.model}@${quality}` : offer.model) ?? null) : null,
    quality_prior: offer ? priorOf(state, offer.model, quality) : null,
    ...feedbackPart(call, traffic, offer),
    place: null,
    health: healthOf(call, traffic.offer),
    ...priceOf(state, offer, nowUs),
  }
}

function priorOf({ qualityPriors }: GatewayState, model: string, quality: string): Row['quality_prior'] {
  const found = qualityPriors.scores.find((each) => each.model === model && (each.quality ?? '') === quality)
  return found ? { score: found.score, margin: found.margin, as_of: qualityPriors.asOf, source: found.source } : null
}

/** Of the product: whoever sells the model at this quality. */
function feedbackPart({ context }: Call, { quality }: Traffic, offer: Offer | undefined): Pick<Row, 'quality_feedback'> {
  const name = offer && (quality ? `${offer.model}@${quality}` : offer.model)
  const correction = name === undefined ? undefined : context.quality.correctionsFor(undefined)?.get(name)
  if (!correction) return {}
  const { failsAt, rejected, accepted, sinceUs, untilUs } = correction
  const words = { rejected: Number(rejected.toFixed(2)), accepted: Number(accepted.toFixed(2)) }
  return { quality_feedback: { fails_at: failsAt, ...words, since: isoTime(sinceUs), until: isoTime(untilUs) } }
}

function healthOf({ context }: Call, offer: string): Row['health'] {
  const health = context.health.view().get(offer)
  if (!health) return null
  return {
    state: health.state,
    blocked_until: health.blockedUntilUs > 0 ? isoTime(health.blockedUntilUs) : null,
    in_flight: health.inFlight,
  }
}

function priceOf(
  state: GatewayState,
  offer: Offer | undefined,
  nowUs: number,
): Pick<Row, 'list_price' | 'price_checked_at' | 'price_age_days' | 'price_stale' | 'price_history'> {
  const summary = offer && rateSummary(state.prices, offer, nowUs)
  if (!summary) return { list_price: null, price_checked_at: null, price_age_days: null, price_stale: null, price_history: [] }
  const age = ageInDays(summary.checkedAt, nowUs)
  return {
    list_price: summary.text,
    price_checked_at: summary.checkedAt,
    price_age_days: age,
    price_stale: age > STALE_AFTER_DAYS,
    price_history: historyOf(state, offer, nowUs),
  }
}

/** Every dated rate of the offer's books, newest first. */
const historyOf = ({ priceSet }: GatewayState, { model, provider, providerType }: Offer, nowUs: number): Row['price_history'] =>
  priceSet.books
    .filter(({ name }) => name === provider || name === providerType)
    .flatMap(({ book, name }) => {
      const skus = book.skus.filter((sku) => modelMatches(sku.model, model))
      return rateRows({ ...book, skus }, nowUs, name)
    })
    .sort((left, right) => (left.effectiveFrom > right.effectiveFrom ? -1 : 1))
    .slice(0, 50)
    .map((row) => ({
      effective_from: row.effectiveFrom,
      rate: row.rateId,
      price: `${row.price} ${row.unit} per ${row.per} ${row.meter}`,
    }))

/** Your own cost per picture against the public prior; offers without pictures have no place. */
function placed(rows: readonly Row[]): Row[] {
  const entries = rows.flatMap((row) =>
    row.cost_per_image_usd === null
      ? []
      : [
          {
            row,
            expectedNanoUsd: BigInt(Math.round(Number(row.cost_per_image_usd) * 1e9)),
            qualityScore: row.quality_score ?? undefined,
          },
        ],
  )
  const { frontier, dominated, unrated } = costQualityFrontier(entries)
  const places = new Map<Row, Row['place']>([
    ...frontier.map(({ row }) => [row, 'frontier'] as const),
    ...dominated.map(({ row }) => [row, 'dominated'] as const),
    ...unrated.map(({ row }) => [row, 'unrated'] as const),
  ])
  return rows.map((row) => ({ ...row, place: places.get(row) ?? null }))
}
