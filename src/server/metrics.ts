/** Prometheus metrics of one server, with bounded labels: never a key, a prompt or a free model name. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Gateway } from '../gateway/gateway.ts'
import type { GatewayServices, GatewayState } from '../gateway/state.ts'

export interface ServerMetrics {
  /** `endpoint` is a name from the contract's table, `status` the HTTP status. */
  request(endpoint: string, status: number, durationMs: number): void
  cost(offer: string, nanoUsd: bigint, images: number): void
  render(): Promise<string>
  readonly contentType: string
}

export function createServerMetrics(
  gateway: Gateway,
  services: GatewayServices,
  current: () => Pick<GatewayState, 'brokenRoutes'>,
): ServerMetrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({
    name: 'halftone_http_requests_total',
    help: 'HTTP requests by endpoint and status.',
    labelNames: ['endpoint', 'status'],
    registers,
  })
  const duration = new Histogram({
    name: 'halftone_http_request_duration_seconds',
    help: 'Time from the request line to the last byte.',
    labelNames: ['endpoint'],
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 20, 40, 80, 160],
    registers,
  })
  const spend = new Counter({
    name: 'halftone_cost_usd_total',
    help: 'Settled cost by offer, sandbox included under its own offers.',
    labelNames: ['offer'],
    registers,
  })
  const images = new Counter({
    name: 'halftone_images_total',
    help: 'Images returned, by offer.',
    labelNames: ['offer'],
    registers,
  })
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('halftone_requests_in_flight', 'Image requests running on this node.', () => gateway.inFlight.size)
  gauge('halftone_broken_routes', 'Stored routes that cannot be used.', () => current().brokenRoutes.size)
  gauge('halftone_spool_bytes', 'Image bytes held in memory.', () => services.spool.bytesInMemory)
  gauge('halftone_ledger_queue', 'Ledger commands waiting for a commit.', () => services.ledger.stats().queuedCommands)
  gauge('halftone_ledger_commits', 'Group commits since the start.', () => services.ledger.stats().commits)
  gauge(
    'halftone_duplicates_prevented',
    'SDK retries answered by the call they repeat, since the start.',
    () => gateway.inFlight.joined.count,
  )
  gauge(
    'halftone_duplicates_prevented_usd',
    'What those retries would have cost again.',
    () => Number(gateway.inFlight.joined.savedNanoUsd) / 1e9,
  )
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss())
  gauge('process_uptime_seconds', 'Seconds since the process started.', () => process.uptime())
  return {
    request(endpoint, status, durationMs) {
      requests.inc({ endpoint, status: String(status) })
      duration.observe({ endpoint }, durationMs / 1_000)
    },
    cost(offer, nanoUsd, count) {
      // Metrics are approximate by nature; the ledger holds the exact amount.
      spend.inc({ offer }, Math.max(0, Number(nanoUsd) / 1e9))
      images.inc({ offer }, count)
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
