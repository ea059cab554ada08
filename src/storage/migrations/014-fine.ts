/**
 * Sums by everything that history can be asked about at once, for questions that no cube of `insight-cubes.ts` knows. What would make their
 * keys long stands once, in shapes and labels; two of them may say the same, so that nobody has to wait to name one.
 */
import type { TableSpecs } from './ddl.ts'

/** What of a request and its attempts has no name of a client in it. */
export const shapeColumns = [
  'offer',
  'operation',
  'size_class',
  'quality',
  'route',
  'project_id',
  'key_id',
  'outcome',
  'prompt_class',
] as const

export const fineSums = ['requests', 'delivered', 'attempts', 'images', 'cost_nano_usd', 'accepted', 'rejected'] as const
/** How many requests waited so long that they are in the bucket, and how long in sum, in microseconds. */
export const waitSums = ['waits', 'waited_us'] as const

/** The bucket of sums that belong to no wait. */
export const NO_BUCKET = -1

const sums = {
  requests: 'int',
  delivered: 'int',
  attempts: 'int',
  images: 'int',
  cost_nano_usd: 'int',
  accepted: 'int',
  rejected: 'int',
} as const
const waits = { waits: 'int', waited_us: 'int' } as const

export const fineTables = {
  insight_shapes: {
    key: ['id'],
    columns: {
      /** A hash of the rest; a running number of those from before. */
      id: 'int',
      offer: 'text',
      operation: 'text',
      size_class: 'text',
      quality: 'text',
      route: 'text',
      project_id: 'text',
      key_id: 'text',
      outcome: 'text',
      prompt_class: 'text',
    },
  },
  insight_labels: {
    key: ['id'],
    columns: {
      id: 'int',
      /** Of the names as a request carries them, to find them again; null once one of them was deleted, and of those from before. */
      hash: 'text?',
      end_customer: 'text',
      request_group: 'text',
    },
  },
  insight_label_tags: {
    key: ['label', 'tag_key'],
    compact: true,
    columns: { label: 'int', tag_key: 'text', tag_value: 'text' },
  },
  insight_fine_days: {
    key: ['sandbox', 'day_us', 'shape', 'label', 'node_id'],
    compact: true,
    columns: { sandbox: 'int', day_us: 'int', shape: 'int', label: 'int', node_id: 'text', ...sums },
  },
  /** Sums of one hour stand in any of its buckets; those of all buckets add up to them. */
  insight_fine_hours: {
    key: ['sandbox', 'hour_us', 'shape', 'label', 'bucket', 'node_id'],
    compact: true,
    columns: {
      sandbox: 'int',
      hour_us: 'int',
      shape: 'int',
      label: 'int',
      bucket: 'int',
      node_id: 'text',
      ...sums,
      ...waits,
    },
  },
  /** The waits once more, of all labels together: a tenth of the rows. */
  insight_fine_waits: {
    key: ['sandbox', 'day_us', 'shape', 'bucket', 'node_id'],
    compact: true,
    columns: { sandbox: 'int', day_us: 'int', shape: 'int', bucket: 'int', node_id: 'text', ...waits },
  },
} as const satisfies TableSpecs

export const fineIndexes: readonly string[] = [
  'CREATE INDEX insight_labels_by_hash ON insight_labels (hash) WHERE hash IS NOT NULL',
]
