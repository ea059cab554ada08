/**
 * What an attempt was itself, where that is not what its request is: a step that enlarges, a fallback of another quality. Sums of requests count it
 * under the request; what is learned about its offer counts it as what it was.
 */
import type { ColumnType, TableSpecs } from './ddl.ts'

export const classColumns = {
  /** Null: what its request is. */
  attempts: { operation: 'text?', size_class: 'text?', quality: 'text?' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>

export const classTables = {
  /** To be added to `rollups`: takes attempts out of the class of their request and counts them in their own. */
  class_shifts: {
    key: ['hour_us', 'offer', 'operation', 'size_class', 'quality', 'prompt_class', 'outcome', 'node_id'],
    compact: true,
    columns: {
      hour_us: 'int',
      offer: 'text',
      operation: 'text',
      size_class: 'text',
      quality: 'text',
      prompt_class: 'text',
      outcome: 'text',
      node_id: 'text',
      attempts: 'int',
      cost_nano_usd: 'int',
      accepted: 'int',
      rejected: 'int',
    },
  },
} as const satisfies TableSpecs
