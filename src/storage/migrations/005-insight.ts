/** Sums by day, distributions, and what is kept to ask again. */
import type { ColumnType, TableSpecs } from './ddl.ts'

export const insightTables = {
  insight_days: {
    key: ['cube', 'sandbox', 'day_us', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6', 'd7', 'd8', 'd9', 'node_id'],
    compact: true,
    columns: {
      cube: 'text',
      sandbox: 'int',
      day_us: 'int',
      /** Values of the cube's dimensions in their order; empty where it has fewer. */
      d1: 'text',
      d2: 'text',
      d3: 'text',
      d4: 'text',
      d5: 'text',
      d6: 'text',
      d7: 'text',
      d8: 'text',
      d9: 'text',
      node_id: 'text',
      requests: 'int',
      delivered: 'int',
      attempts: 'int',
      attempts_succeeded: 'int',
      images: 'int',
      cost_nano_usd: 'int',
      provisional_nano_usd: 'int',
      accepted: 'int',
      rejected: 'int',
      duplicates_prevented: 'int',
      duplicates_nano_usd: 'int',
      baseline_nano_usd: 'int',
    },
  },
  insight_histograms: {
    key: ['measure', 'cube', 'sandbox', 'day_us', 'd1', 'd2', 'bucket', 'node_id'],
    compact: true,
    columns: {
      /** `cost` per image in nano-USD; `latency` of requests and `duration` of attempts in microseconds. */
      measure: 'text',
      cube: 'text',
      sandbox: 'int',
      day_us: 'int',
      d1: 'text',
      d2: 'text',
      bucket: 'int',
      node_id: 'text',
      entries: 'int',
      /** Sum of the values in the bucket: their mean is nearer to the truth than the middle of the bucket. */
      amount: 'int',
    },
  },
  /** End customers, groups and tag values that have rows of their own on a day. */
  insight_names: {
    key: ['dimension', 'sandbox', 'day_us', 'name'],
    compact: true,
    columns: { dimension: 'text', sandbox: 'int', day_us: 'int', name: 'text' },
  },
  /** Views and tag rules: every version is a row. */
  insight_objects: {
    key: ['kind', 'id', 'version'],
    columns: {
      kind: 'text',
      id: 'text',
      version: 'int',
      created_us: 'int',
      actor: 'text',
      deleted: 'int',
      document: 'text',
    },
  },
} as const satisfies TableSpecs

/** What the route's baseline would have cost, as the decision has it, and what a prevented duplicate would have. */
export const insightColumns = {
  requests: { baseline: 'text?', baseline_nano_usd: 'int?', duplicates_nano_usd: 'int?' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>
