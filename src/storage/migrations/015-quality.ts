/** Under which floor a request's pictures were made, so that what is said about them later says whether its models keep it. */
import type { ColumnType, DdlFlavour, TableSpecs } from './ddl.ts'

export const qualityColumns = {
  requests: {
    /** As it was named; null: there was none. */
    quality_floor: 'text?',
    /** JSON: which floor the prompt was held to, and what was counted in it; null: nothing looked at it. */
    prompt_gate: 'text?',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>

export const qualityTables = {
  /** What was said about a product before this moment counts no more. */
  quality_resets: {
    key: ['product', 'at_us'],
    columns: { product: 'text', at_us: 'int' },
  },
} as const satisfies TableSpecs

/** The last one costs nothing for requests that nothing looked at. */
export const qualityIndexes: readonly string[] = [
  'CREATE INDEX feedback_by_time ON feedback (created_us)',
  'CREATE INDEX requests_gated ON requests (route, id) WHERE prompt_gate IS NOT NULL',
]

export const qualityRules = (flavour: DdlFlavour): readonly string[] => flavour.insertOnly('quality_resets')
