/**
 * The month ahead, as this node sees it: what was asked for in the last four weeks goes through the router once per kind of request, and the
 * plan of the month says by which prices offers with volume tiers or an unmet minimum are compared until it is made again. What is
 * charged, held and shown as cost stays the price of the moment.
 */
import { createHash } from 'node:crypto'
import { periodEndUs, periodStartUs } from '../core/budget/period.ts'
import { modelOf } from '../core/insight/rules.ts'
import type { OfferId } from '../core/offer.ts'
import { type DailyCounts, forecastRest, reliableShare } from '../core/planning/forecast.ts'
import {
  type DemandLine,
  type DemandOption,
  type MonthTiers,
  madeAndBilled,
  type PlannedPrice,
  planMonth,
} from '../core/planning/month.ts'
import { type MonthTerms, monthTerms } from '../core/planning/terms.ts'
import { categories, type PromptClass } from '../core/prompt/lexicon.ts'
import { type ImageInput, type ImageRequest, operations, qualities, type Size } from '../core/request.ts'
import { type Policy, plan } from '../core/routing/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ledger } from '../ports/ledger.ts'
import { policyOf } from './decide.ts'
import type { ExperienceFeed } from './experience-feed.ts'
import type { Purchases } from './purchases.ts'
import type { QualityView } from './quality-feed.ts'
import type { GatewayState } from './state.ts'

export interface MonthPlanView {
  /** The same terms, demand and prices have the same id; decisions name it. */
  readonly id: string
  readonly prices: ReadonlyMap<OfferId, PlannedPrice>
  /** When it was made, microseconds UTC. */
  readonly madeUs: number
}

export interface MonthPlanFeed {
  /** Undefined while no offer has a price that the month decides on, or nothing was asked for before today. */
  view(): MonthPlanView | undefined
  /** Plan again. Reads sums by day, never requests. */
  refresh(): Promise<void>
}

export interface MonthPlanOptions {
  readonly ledger: Pick<Ledger, 'insight'>
  readonly clock: Pick<Clock, 'nowUs'>
  readonly current: () => GatewayState
  readonly purchases: Pick<Purchases, 'view'>
  readonly experience: Pick<ExperienceFeed, 'view'>
  readonly quality: Pick<QualityView, 'correctionsFor'>
}

const DAY_US = 86_400_000_000
const HISTORY_DAYS = 28
/** Kinds of requests that are planned for, the commonest first. */
const MOST_LINES = 200

export function createMonthPlan(options: MonthPlanOptions): MonthPlanFeed {
  let planned: MonthPlanView | undefined
  return {
    view: () => planned,
    async refresh() {
      const state = options.current()
      const nowUs = options.clock.nowUs()
      const { volumes, lots } = options.purchases.view()
      const terms = monthTerms({ offers: state.offers, prices: state.prices, volumes, lots, nowUs })
      if (terms.tiers.length === 0 && terms.minimums.length === 0) {
        planned = undefined
        return
      }
      const asked = await askedFor(options.ledger, nowUs)
      planned = viewOf(asked, terms, { ...options, state, nowUs, ...previousPart(planned, nowUs) })
    },
  }
}

/** Requests that are alike, by day. */
interface Asked extends DailyCounts {
  /** A route, or a model that clients named. */
  readonly model: string
  readonly operation: ImageRequest['operation']
  readonly size: string
  /** Of named models only: what a route chose is no wish. */
  readonly quality: string
  readonly promptClass: PromptClass
}

async function askedFor({ insight }: Pick<Ledger, 'insight'>, nowUs: number): Promise<readonly Asked[]> {
  const today = Math.floor(nowUs / DAY_US)
  const firstDay = today - HISTORY_DAYS
  const found = await insight.sums({
    sandbox: false,
    fromUs: firstDay * DAY_US,
    toUs: (today + 1) * DAY_US,
    grain: 'day',
    dimensions: ['route', 'offer', 'operation', 'size', 'quality', 'prompt_class'],
  })
  const lines = new Map<string, Asked & { readonly counts: number[] }>()
  for (const { values, atUs, sums } of found?.cells ?? []) {
    const { route = '', offer = '', size = '', quality = '', prompt_class: topic = '' } = values
    const operation = operations.find((each) => each === values.operation)
    if (atUs === null || sums.images === 0 || !operation) continue
    const isNamed = route === 'direct'
    const model = isNamed ? modelOf(offer) : route
    const key = [model, operation, size, isNamed ? quality : '', topic].join('\n')
    const line = lines.get(key) ?? {
      model,
      operation,
      size,
      quality: isNamed ? quality : '',
      promptClass: categories.find((each) => each === topic) ?? 'other',
      firstDay,
      counts: Array.from({ length: HISTORY_DAYS + 1 }, () => 0),
    }
    const day = Math.floor(atUs / DAY_US) - firstDay
    line.counts[day] = (line.counts[day] ?? 0) + sums.images
    lines.set(key, line)
  }
  return [...lines.values()].map(sinceFirst)
}

/** Days before the first request are not days without any. */
function sinceFirst(line: Asked & { readonly counts: number[] }): Asked {
  const start = line.counts.findIndex((count) => count > 0)
  return { ...line, firstDay: line.firstDay + start, counts: line.counts.slice(start) }
}

interface Planning extends MonthPlanOptions {
  readonly state: GatewayState
  readonly nowUs: number
  /** Of this month. */
  readonly previous?: MonthPlanView['prices']
}

/** A month's targets end with it. */
const previousPart = (view: MonthPlanView | undefined, nowUs: number): Pick<Planning, 'previous'> =>
  view && periodStartUs('month', view.madeUs) === periodStartUs('month', nowUs) ? { previous: view.prices } : {}

function viewOf(asked: readonly Asked[], terms: MonthTerms, planning: Planning): MonthPlanView | undefined {
  const nowDay = planning.nowUs / DAY_US
  const endDay = (periodEndUs('month', periodStartUs('month', planning.nowUs)) ?? planning.nowUs) / DAY_US
  const lines = asked
    .map((each): DemandLine => ({ pictures: forecastRest(each, nowDay, endDay), options: optionsOf(each, planning) }))
    .filter(({ pictures, options }) => pictures > 0 && options.length > 0)
    .sort((a, b) => b.pictures - a.pictures)
    .slice(0, MOST_LINES)
  if (lines.length === 0) return undefined
  const tiers = terms.tiers.map((each) => ({ ...each, spentListNanoUsd: each.bought * meanList(each, lines) }))
  const reliable = reliableShare(together(asked), nowDay)
  const { previous } = planning
  const { prices } = planMonth({ lines, tiers, minimums: terms.minimums, reliable, ...(previous && { previous }) })
  const id = createHash('sha256')
    .update(JSON.stringify([planning.state.prices.hash, [...prices], Math.floor(nowDay)]))
    .digest('hex')
    .slice(0, 12)
  return { id, prices, madeUs: planning.nowUs }
}

/** All demand by day. */
function together(asked: readonly Asked[]): DailyCounts {
  const firstDay = Math.min(...asked.map((each) => each.firstDay))
  const counts: number[] = []
  for (const line of asked) {
    for (const [index, count] of line.counts.entries()) {
      const day = line.firstDay + index - firstDay
      while (counts.length <= day) counts.push(0)
      counts[day] = (counts[day] ?? 0) + count
    }
  }
  return { firstDay, counts }
}

/** What a picture costs there before tiers, as a mean over the requests that may go there. */
function meanList({ offers }: MonthTiers, lines: readonly DemandLine[]): number {
  let pictures = 0
  let sum = 0
  for (const line of lines) {
    for (const { offer, listNanoUsd } of line.options) {
      if (!offers.includes(offer)) continue
      pictures += line.pictures
      sum += line.pictures * listNanoUsd
    }
  }
  return pictures === 0 ? 0 : sum / pictures
}

/** Who may serve such a request, by first prices; health aside, because a month is longer than an outage. */
function optionsOf(asked: Asked, { state, experience, quality, nowUs }: Planning): readonly DemandOption[] {
  const policy = policyFor(asked, state, nowUs)
  if (!policy) return []
  const size = sizes[asked.size]
  const corrections = quality.correctionsFor(undefined)
  const decided = plan({
    request: requestOf(asked, size),
    options: { allowUnsupported: true, bodyMetadata: true },
    policy: { ...policy, fallback: true },
    snapshot: {
      offers: state.offers,
      health: new Map(),
      experience: experience.view(),
      quality: state.quality,
      qualityLevels: state.qualityLevels,
      ...(corrections && { corrections }),
    },
    prices: state.prices,
    promptComplexity: USUAL_COMPLEXITY,
    promptClass: asked.promptClass,
    nowUs,
    hardBudget: false,
  })
  if (decided.kind === 'none') return []
  return decided.attempts.map(({ candidate, total, allIn, estimate }) => ({
    offer: candidate.offer.id,
    listNanoUsd: Number(total.expectedNanoUsd),
    extraNanoUsd: (allIn?.inVainNanoUsd ?? 0) + (allIn?.latenessNanoUsd ?? 0),
    ...(estimate && madeAndBilled(estimate)),
  }))
}

/** Undefined: the route or model is no longer there. */
function policyFor({ model }: Asked, state: GatewayState, nowUs: number): Policy | undefined {
  try {
    return policyOf(model, state, nowUs)
  } catch {
    return undefined
  }
}

const USUAL_PROMPT = 'a picture of a thing in a place, in the usual style'
const USUAL_COMPLEXITY = 0.2
const square = (edge: number): Size => ({ width: edge, height: edge })
/** What a class of sizes mostly is. */
const sizes: Readonly<Record<string, Size>> = {
  icon: square(256),
  small: square(512),
  '1k': square(1_024),
  '2k': square(2_048),
  '4k': square(4_096),
}

const input: ImageInput = { role: 'image', sha256: '0'.repeat(64), bytes: 1, mediaType: 'image/png', ...square(1_024) }

function requestOf({ model, operation, quality: name }: Asked, size: Size | undefined): ImageRequest {
  const quality = qualities.find((each) => each === name)
  return {
    operation,
    model,
    prompt: USUAL_PROMPT,
    n: 1,
    ...(size && { size }),
    ...(quality && { quality }),
    inputs: operation === 'generate' ? [] : [input],
    stream: false,
    partialImages: 0,
    responseFormat: 'b64_json',
    attribution: { tags: {} },
    extraBody: {},
  }
}
