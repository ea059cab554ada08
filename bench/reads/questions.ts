/** Everything that reads the ledger and may be asked at any time, with the slowest ways to ask for it. */

export interface Question {
  readonly name: string
  readonly path: string
  /** Sent as JSON by POST. */
  readonly body?: object
  /** Milliseconds until the whole answer is there; absent: as long as it takes. */
  readonly targetMs?: number
}

export interface Times {
  /** A UTC month that is over and full, such as `2026-10`. */
  readonly month: string
  /** The newest request. */
  readonly requestId: string
}

const ANYTHING_MS = 2_000
const DAY_GRAIN_MS = 100
const withLatency = ['cost_usd', 'latency_p50_ms', 'latency_p95_ms']

const explore = (name: string, body: object, targetMs = ANYTHING_MS): Question => ({
  name: `explore, ${name}`,
  path: '/v1/halftone/insight/explore',
  body: { period: '90d', ...body },
  targetMs,
})
const read = (name: string, path: string, targetMs = ANYTHING_MS): Question => ({
  name,
  path: `/v1/halftone/${path}`,
  targetMs,
})
const file = (name: string, path: string): Question => ({ name, path: `/v1/halftone/${path}` })

export const questions = ({ month, requestId }: Times): readonly Question[] => [
  read('report, a month', `report?month=${month}`),
  // Twenty times the sample that is enough: whoever asks for that waits for it.
  file('report, twenty times the sample', `report?month=${month}&calls=200000`),
  read('report, this month', 'report'),
  read('report, 90 days', `report?from=${days(-89)}&to=${days(0)}`),
  read('overview, 30 days', 'insight/overview?period=30d', DAY_GRAIN_MS),
  read('overview, 90 days', 'insight/overview?period=90d', DAY_GRAIN_MS),
  read('totals', 'overview'),
  read('models, 90 days', 'insight/models?period=90d'),
  read('quality', 'quality'),
  explore('model by day', { grain: 'day', group_by: ['model'] }, DAY_GRAIN_MS),
  explore('end customer by day', { grain: 'day', group_by: ['end_customer'] }, DAY_GRAIN_MS),
  explore('end customer by day, every row', { grain: 'day', group_by: ['end_customer'], limit: 1000 }),
  explore('tag sku by day', { grain: 'day', group_by: ['tag:sku'] }, DAY_GRAIN_MS),
  explore('end customer and model by day', { grain: 'day', group_by: ['end_customer', 'model'] }),
  explore('tag and route by day', { grain: 'day', group_by: ['tag:campaign', 'route'] }),
  explore('model and size with latencies', { group_by: ['model', 'size'], measures: withLatency }),
  explore('end customer with latencies', { group_by: ['end_customer'], measures: withLatency }),
  explore('end customer with latencies by day', { grain: 'day', group_by: ['end_customer'], measures: withLatency }),
  explore('tag with latencies by day', { grain: 'day', group_by: ['tag:campaign'], measures: withLatency }),
  explore('end customer and model by hour, 7 days', { period: '7d', grain: 'hour', group_by: ['end_customer', 'model'] }),
  explore('end customer and model by hour, 14 days', {
    ...{ period: undefined, from: days(-13), to: days(0) },
    ...{ grain: 'hour', group_by: ['end_customer', 'model'], measures: withLatency },
  }),
  read('newest 200 requests', 'requests?limit=200'),
  read('requests, text nobody wrote', 'requests?limit=50&search=zyzzyva'),
  read('requests, text of some', 'requests?limit=50&search=lighthouse'),
  read('requests, an id', `requests?limit=50&search=${requestId}`),
  read('requests, failed', 'requests?limit=50&outcome=timeout'),
  read('requests, dear ones', 'requests?limit=50&min_cost_usd=100'),
  read('requests, one tag', 'requests?limit=50&tag=sku%3D4711'),
  read('requests, one customer', 'requests?limit=50&end_customer=nobody-at-all'),
  read('requests, one model', 'requests?limit=50&model=openai%2Fgpt-image-9'),
  read('request', `requests/${requestId}`),
  read('receipt', `requests/${requestId}/receipt`),
  read('decision', `requests/${requestId}/explain`),
  read('lineage', `requests/${requestId}/lineage`),
  read('unknown attempts', 'attempts/unknown'),
  read('audit', 'audit'),
  read('budgets', 'budgets'),
  read('keys', 'keys'),
  read('lots', 'lots'),
  read('months', 'months'),
  read('prices', 'prices'),
  read('price history', 'prices/history?offer=openai%3Aopenai%2Fgpt-image-2'),
  read('providers', 'providers'),
  read('routes', 'routes'),
  read('versions of a route', 'routes/auto/versions'),
  read('status', 'status'),
  { name: 'metrics', path: '/metrics', targetMs: ANYTHING_MS },
  { name: 'models offered', path: '/v1/models', targetMs: ANYTHING_MS },
  read('export, days', `exports/focus/days?from=${month}-01&to=${days(1)}`),
  file('export, days with sums', `exports/focus/days?from=${month}-01&to=${month}-08&sums=true`),
  file('export, a week, CSV', `exports/focus?from=${month}-01&to=${month}-08&format=csv`),
  file('export, a week, JSON lines', `exports/focus?from=${month}-01&to=${month}-08&format=jsonl`),
  file('export, a week, Parquet', `exports/focus?from=${month}-01&to=${month}-08&format=parquet`),
]

/** The UTC day that lies so many days after today. */
const days = (after: number): string => new Date(Date.now() + after * 86_400_000).toISOString().slice(0, 10)
