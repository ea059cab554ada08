/** The words in which history can be asked about. */

export const insightPeriods = ['today', '7d', '30d', '90d', 'month', 'last_month'] as const
export type InsightPeriod = (typeof insightPeriods)[number]

export const insightGrains = ['hour', 'day', 'month'] as const
export type InsightGrain = (typeof insightGrains)[number]

/** What can be grouped by and filtered on, besides `tag:<key>`. */
export const insightDimensions = [
  'model',
  'provider',
  'offer',
  'route',
  'operation',
  'size',
  'quality',
  'project',
  'key',
  'end_customer',
  'group',
  'outcome',
  'prompt_class',
] as const
export type InsightDimension = (typeof insightDimensions)[number] | `tag:${string}`

export const insightMeasures = [
  'cost_usd',
  'images',
  'requests',
  'attempts',
  'cost_per_image_usd',
  'success_share',
  'accepted',
  'latency_p50_ms',
  'latency_p95_ms',
] as const
export type InsightMeasure = (typeof insightMeasures)[number]

export const isTagDimension = (name: string): name is `tag:${string}` => name.startsWith('tag:') && name.length > 4
