/** What was bought so far, for prices that depend on it, and what was paid for in advance. */
import type { ColumnType, TableSpecs } from './ddl.ts'

export const commitmentTables = {
  /** Quantities that settled, by UTC day: what tiers and free units of a month or a contract count from. */
  volumes: {
    key: ['day_us', 'provider', 'scope', 'meter', 'node_id'],
    compact: true,
    columns: {
      day_us: 'int',
      /** Configured provider: the account that the volume belongs to. */
      provider: 'text',
      scope: 'text',
      meter: 'text',
      node_id: 'text',
      /** Micro-units. */
      quantity: 'int',
    },
  },
  credit_draws: {
    key: ['id'],
    compact: true,
    columns: {
      id: 'text',
      lot_id: 'text',
      /** Empty for draws made outside Halftone. */
      attempt_id: 'text',
      /** Micro-units, for lots that hold a quantity. */
      quantity: 'int?',
      /** What it would have cost without the lot. */
      covered_nano_usd: 'int',
      /** Its share of what was paid for the lot. */
      effective_nano_usd: 'int',
      drawn_us: 'int',
      reverses: 'text?',
      source: 'text',
    },
  },
} as const satisfies TableSpecs

/** Columns that existing tables gained; a row from before has NULL in them. */
export const commitmentColumns = {
  charges: { volume_before: 'text?' },
  credit_lots: {
    commitment: 'text?',
    kind: 'text?',
    paid_nano_usd: 'int?',
    meter: 'text?',
    quantity: 'int?',
    remaining_quantity: 'int?',
    closed_us: 'int?',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>

export const commitmentIndexes: readonly string[] = [
  'CREATE INDEX credit_lots_open ON credit_lots (commitment, expires_us) WHERE closed_us IS NULL',
  'CREATE INDEX credit_draws_by_attempt ON credit_draws (attempt_id)',
  'CREATE INDEX credit_draws_by_lot ON credit_draws (lot_id)',
]
