/** Prometheus metrics of one server, with bounded labels: never a key, a prompt or a free model name. */
import { Counter, Histogram, Registry } from 'prom-client'
import type { FinishedCall } from '../gateway/conclude.ts'
import type { AnswerFacts } from '../gateway/gateway.ts'
import { createLabelSet } from './metric-labels.ts'
import { addGauges, type GaugeSources } from './metrics-gauges.ts'

export interface ServerMetrics {
  /** `endpoint` is a name from the contract's table, `status` the HTTP status. */
  request(endpoint: string, status: number, durationMs: number): void
  /** Of an answer that had pictures. */
  cost(offer: string, nanoUsd: bigint, images: number): void
  /** A call to a provider has ended. */
  call(call: FinishedCall, route: string): void
  /** A request was answered. */
  answer(facts: AnswerFacts): void
  render(): Promise<string>
  /** Every metric there is, with or without samples. */
  describe(): readonly MetricDescription[]
  readonly contentType: string
}

export interface MetricDescription {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
  readonly help: string
}

const seconds = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 20, 40, 80, 160]

/** Of each kind of label; the product of two is what a metric may have at most. */
const MOST_OFFERS = 200
const MOST_PROVIDERS = 50
const MOST_ROUTES = 50

export function createServerMetrics(sources: GaugeSources): ServerMetrics {
  const registry = new Registry()
  const registers = [registry]
  const offers = createLabelSet(MOST_OFFERS)
  const providers = createLabelSet(MOST_PROVIDERS)
  const routes = createLabelSet(MOST_ROUTES)
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> =>
    new Counter({ name, help, labelNames, registers })
  const histogram = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Histogram<Label> =>
    new Histogram({ name, help, labelNames, buckets: seconds, registers })

  const requests = counter('halftone_http_requests_total', 'HTTP requests by endpoint and status.', 'endpoint', 'status')
  const duration = histogram('halftone_http_request_duration_seconds', 'Time from the request line to the last byte.', 'endpoint')
  const spend = counter('halftone_cost_usd_total', 'Settled cost by offer, sandbox included under its own offers.', 'offer')
  const images = counter('halftone_images_total', 'Images returned, by offer.', 'offer')
  const calls = counter('halftone_calls_total', 'Calls to providers by offer and how they ended.', 'offer', 'outcome')
  const kinds = counter('halftone_call_kinds_total', 'Calls by why they were made: primary, retry, fallback, hedge.', 'kind')
  const callTime = histogram('halftone_call_duration_seconds', 'Time of calls to providers.', 'provider')
  const errors = counter('halftone_call_errors_total', 'Failed calls by provider and error code.', 'provider', 'code')
  const refusals = counter(
    'halftone_refusals_total',
    'Calls refused for their content, by provider and stage.',
    'provider',
    'stage',
  )
  const billed = counter(
    'halftone_call_cost_usd_total',
    'Billed cost of calls, failed ones included, by provider and route.',
    'provider',
    'route',
  )
  const wasted = counter('halftone_waste_usd_total', 'The part of it that no image came of, by provider.', 'provider')
  const unknownCalls = counter(
    'halftone_unknown_calls_total',
    'Calls of which nobody knows whether they were billed, by provider.',
    'provider',
  )
  const unknownUsd = counter('halftone_unknown_usd_total', 'Provisional charges of those calls, by provider.', 'provider')
  const findings = counter('halftone_price_findings_total', 'Calls whose bill needs a look, by provider.', 'provider')
  const baseline = counter(
    'halftone_baseline_usd_total',
    'What the baseline of routes would have cost, for answered requests.',
    'route',
  )
  const against = counter('halftone_baseline_actual_usd_total', 'What the same requests did cost.', 'route')
  addGauges(registry, sources, { offers, providers })

  return {
    request(endpoint, status, durationMs) {
      requests.inc({ endpoint, status: String(status) })
      duration.observe({ endpoint }, durationMs / 1_000)
    },
    cost(offer, nanoUsd, count) {
      spend.inc({ offer: offers.of(offer) }, usd(nanoUsd))
      images.inc({ offer: offers.of(offer) }, count)
    },
    call({ reserved: { attempt }, result, settlement, outcome, record, durationUs }, route) {
      const provider = providers.of(attempt.provider)
      calls.inc({ offer: offers.of(attempt.offer), outcome })
      kinds.inc({ kind: attempt.kind })
      callTime.observe({ provider }, durationUs / 1e6)
      if (result.kind === 'failed') {
        errors.inc({ provider, code: result.failure.code })
        if (outcome === 'refused') refusals.inc({ provider, stage: result.failure.stage ?? 'unknown' })
      }
      if (settlement.kind === 'charged') {
        billed.inc({ provider, route: routes.of(route) }, usd(settlement.totalNanoUsd))
        if (record.imagesMade === 0) wasted.inc({ provider }, usd(settlement.totalNanoUsd))
        if (settlement.findings.length > 0 || settlement.totalNanoUsd > attempt.holdNanoUsd) findings.inc({ provider })
      } else if (settlement.kind !== 'free') {
        unknownCalls.inc({ provider })
        unknownUsd.inc({ provider }, usd(attempt.holdNanoUsd))
      }
    },
    answer({ route, costNanoUsd, baselineNanoUsd }) {
      if (baselineNanoUsd === undefined) return
      const label = { route: routes.of(route) }
      baseline.inc(label, usd(baselineNanoUsd))
      against.inc(label, usd(costNanoUsd))
    },
    render: () => registry.metrics(),
    describe: () =>
      registry.getMetricsAsArray().map((metric) => {
        // prom-client types its metrics without what every one of them has.
        const { name, help, labelNames, type } = metric as unknown as Record<'name' | 'help', string> & {
          readonly labelNames: readonly string[]
          readonly type?: string
        }
        return { name, help, labels: labelNames, type: type ?? metric.constructor.name.toLowerCase() }
      }),
    contentType: registry.contentType,
  }
}

/** Metrics are approximate by nature; the ledger holds the exact amount. A counter never falls. */
const usd = (nanoUsd: bigint): number => Math.max(0, Number(nanoUsd) / 1e9)
