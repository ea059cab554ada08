/** What is asked of the insight API, and how fast it must be. */

export interface Question {
  readonly name: string
  readonly path: string
  /** Sent as JSON by POST. */
  readonly body?: object
  readonly targetMs: number
}

/** Overview and Explore at day grain. */
const DAY_GRAIN_MS = 100
const ANYTHING_MS = 2_000

const explore = (name: string, body: object, targetMs = DAY_GRAIN_MS): Question => ({
  name: `explore, ${name}`,
  path: '/v1/halftone/insight/explore',
  body,
  targetMs,
})

const withLatency = ['cost_usd', 'latency_p50_ms', 'latency_p95_ms']

export const questions: readonly Question[] = [
  { name: 'overview, 30 days', path: '/v1/halftone/insight/overview?period=30d', targetMs: DAY_GRAIN_MS },
  { name: 'overview, 90 days', path: '/v1/halftone/insight/overview?period=90d', targetMs: DAY_GRAIN_MS },
  explore('model by day, 30 days', { period: '30d', grain: 'day', group_by: ['model'] }),
  explore('model by day, 90 days', { period: '90d', grain: 'day', group_by: ['model'] }),
  explore('provider and operation by day, 90 days', { period: '90d', grain: 'day', group_by: ['provider', 'operation'] }),
  explore('project and key by day, 90 days', { period: '90d', grain: 'day', group_by: ['project', 'key'] }),
  explore('end customer by day, 90 days', { period: '90d', grain: 'day', group_by: ['end_customer'] }),
  explore('tag sku by day, 90 days', { period: '90d', grain: 'day', group_by: ['tag:sku'] }),
  explore('model of one project by day, 90 days', {
    period: '90d',
    grain: 'day',
    group_by: ['model'],
    filters: { project: ['app'] },
  }),
  explore('route with latencies by day, 30 days', {
    period: '30d',
    grain: 'day',
    group_by: ['route'],
    measures: ['cost_usd', 'latency_p50_ms', 'latency_p95_ms'],
  }),
  explore('model by hour, 7 days', { period: '7d', grain: 'hour', group_by: ['model'] }, ANYTHING_MS),
  explore(
    'end customer and model by day, 90 days',
    { period: '90d', grain: 'day', group_by: ['end_customer', 'model'] },
    ANYTHING_MS,
  ),
  explore('tag and route by day, 90 days', { period: '90d', grain: 'day', group_by: ['tag:campaign', 'route'] }, ANYTHING_MS),
  explore(
    'end customer and size, of one project, 90 days',
    { period: '90d', group_by: ['end_customer', 'size'], filters: { project: ['app'] } },
    ANYTHING_MS,
  ),
  explore(
    'model and size with latencies, 90 days',
    { period: '90d', group_by: ['model', 'size'], measures: withLatency },
    ANYTHING_MS,
  ),
  explore(
    'end customer and model with latencies, 30 days',
    { period: '30d', group_by: ['end_customer', 'model'], measures: withLatency },
    ANYTHING_MS,
  ),
  explore(
    'end customer and model by hour, 7 days',
    { period: '7d', grain: 'hour', group_by: ['end_customer', 'model'] },
    ANYTHING_MS,
  ),
  { name: 'models, 30 days', path: '/v1/halftone/insight/models?period=30d', targetMs: ANYTHING_MS },
  { name: 'models, 90 days', path: '/v1/halftone/insight/models?period=90d', targetMs: ANYTHING_MS },
  { name: 'newest 50 requests', path: '/v1/halftone/requests?limit=50', targetMs: ANYTHING_MS },
]
