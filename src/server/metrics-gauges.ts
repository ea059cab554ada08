/** Metrics that are read when somebody asks: health, queues, budgets, prices, alerts, telemetry. */
import type { Registry } from 'prom-client'
import { correctionFor, type ProductEvidence } from '../core/routing/learning/spoken.ts'
import type { Alerts } from '../gateway/alerts.ts'
import type { BudgetIndex } from '../gateway/budget-index.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { HealthFeed } from '../gateway/health-feed.ts'
import type { QualityFeed } from '../gateway/quality-feed.ts'
import type { GatewayServices, GatewayState } from '../gateway/state.ts'
import { createLabelSet, type LabelSet } from './metric-labels.ts'
import { createReadMetrics, type Samples } from './read-metrics.ts'

export interface GaugeSources {
  readonly gateway: Pick<Gateway, 'inFlight'>
  readonly services: Pick<GatewayServices, 'spool' | 'ledger' | 'clock'>
  readonly current: () => GatewayState
  readonly health: Pick<HealthFeed, 'view'>
  readonly quality: Pick<QualityFeed, 'evidence'>
  readonly budgets: Pick<BudgetIndex, 'uses'>
  readonly alerts: Pick<Alerts, 'status'>
  readonly freeBytes: () => number | undefined
  readonly imagesNotKept: () => number
  /** Absent: telemetry is off. */
  readonly telemetry?: { droppedSpans(): number; failedMetricExports(): number }
}

interface Labels {
  readonly offers: LabelSet
  readonly providers: LabelSet
}

const breakerLevels = { closed: 0, half_open: 1, open: 2 } as const
const DAY_US = 86_400_000_000
const MOST_BUDGETS = 100

const isBelow = (evidence: ProductEvidence, nowUs: number): boolean =>
  [...evidence.byProject.keys()].some((project) => correctionFor(evidence, project, nowUs) !== undefined)

export function addGauges(registry: Registry, sources: GaugeSources, labels: Labels): void {
  const { gateway, services, current, health, quality, budgets, alerts, telemetry } = sources
  const { gauge, gauges, total, totals } = createReadMetrics(registry)

  gauge('halftone_requests_in_flight', 'Image requests running on this node.', () => gateway.inFlight.size)
  gauge('halftone_broken_routes', 'Stored routes that cannot be used.', () => current().brokenRoutes.size)
  gauge('halftone_spool_bytes', 'Image bytes held in memory.', () => services.spool.bytesInMemory)
  gauge(
    'halftone_disk_free_bytes',
    'Free disk under the data folder; NaN where it cannot be read.',
    () => sources.freeBytes() ?? Number.NaN,
  )
  total(
    'halftone_images_not_kept_total',
    'Images that were sent and not kept, because the disk is nearly full or their store failed.',
    () => sources.imagesNotKept(),
  )
  gauge('halftone_ledger_queue', 'Ledger commands waiting for a commit.', () => services.ledger.stats().queuedCommands)
  gauge('halftone_ledger_commits', 'Group commits since the start.', () => services.ledger.stats().commits)
  gauge(
    'halftone_duplicates_prevented',
    'Requests answered by an earlier one, by SDK retry, key or cache, since the start.',
    () => gateway.inFlight.joined.count,
  )
  gauge(
    'halftone_duplicates_prevented_usd',
    'What they would have cost again.',
    () => Number(gateway.inFlight.joined.savedNanoUsd) / 1e9,
  )
  gauges('halftone_breaker_state', 'Breaker of each offer that was called: 0 closed, 1 half open, 2 open.', 'offer', () =>
    [...health.view()].map(([offer, { state }]) => [{ offer: labels.offers.of(offer) }, breakerLevels[state]]),
  )
  gauge(
    'halftone_quality_below_floor',
    'Models at one quality setting that some project rejected so often under a floor that they do not meet it now.',
    () => quality.evidence().filter((each) => isBelow(each, services.clock.nowUs())).length,
  )
  gauges('halftone_offer_in_flight', 'Calls running at each offer that was called.', 'offer', () =>
    [...health.view()].map(([offer, { inFlight }]) => [{ offer: labels.offers.of(offer) }, inFlight]),
  )
  gauges(
    'halftone_provider_waiting',
    'Calls that wait for a place at a provider with a limit of calls at once.',
    'provider',
    () =>
      [...current().providers.values()].flatMap((provider) => {
        const places = provider.state?.().places
        return places ? [[{ provider: labels.providers.of(provider.name) }, places.waiting] as const] : []
      }),
  )
  const budgetIds = createLabelSet(MOST_BUDGETS)
  gauges('halftone_budget_used_ratio', 'Spent and held share of each budget in its current period, as last read.', 'budget', () =>
    budgets
      .uses(current().offers.every((offer) => offer.sandbox))
      .map(({ budget, use }) => [{ budget: budgetIds.of(budget.id) }, ratio(use.usedNanoUsd, use.limitNanoUsd)]),
  )
  gauges(
    'halftone_price_age_days',
    'Days since the oldest source of the prices of a provider type in use was checked.',
    'type',
    () => priceAges(current(), services.clock.nowUs()),
  )
  totals('halftone_alerts_sent_total', 'Alerts that were taken, by channel.', 'channel', () =>
    alerts.status().map(({ channel, sent }) => [{ channel: channel.name }, sent]),
  )
  totals('halftone_alerts_failed_total', 'Tries to deliver an alert that failed, by channel.', 'channel', () =>
    alerts.status().map(({ channel, failed }) => [{ channel: channel.name }, failed]),
  )
  total(
    'halftone_telemetry_dropped_total',
    'Spans that were not sent: the collector failed or was too slow.',
    () => telemetry?.droppedSpans() ?? 0,
  )
  total(
    'halftone_telemetry_failed_exports_total',
    'Exports of metrics that the collector did not take.',
    () => telemetry?.failedMetricExports() ?? 0,
  )
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss())
  gauge('process_uptime_seconds', 'Seconds since the process started.', () => process.uptime())
}

/** A limit of nothing is used up. */
const ratio = (used: bigint, limit: bigint): number => (limit === 0n ? 1 : Number((used * 10_000n) / limit) / 10_000)

/** Types are those of the code and of the operator's modules, so there are few. */
function priceAges({ priceSet, providers }: GatewayState, nowUs: number): Samples<'type'> {
  const used = new Set([...providers.values()].map(({ type }) => type))
  return priceSet.books.flatMap(({ name, isOverlay, book }) => {
    if (isOverlay || !used.has(name)) return []
    const checked = [book.source.checkedAt, ...book.skus.map(({ source }) => source?.checkedAt ?? book.source.checkedAt)]
    const oldest = Math.min(...checked.map((day) => Date.parse(day) * 1_000))
    return [[{ type: name }, Math.max(0, Math.floor((nowUs - oldest) / DAY_US))] as const]
  })
}
