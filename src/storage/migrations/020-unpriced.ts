/** Attempts that were billed while no price was known: found without a look at all the others. */
import type { ColumnType } from './ddl.ts'

export const unpricedColumns = {
  /** 1: settled as billed, with nothing to charge. What was charged since is in its charges; null: everything else. */
  attempts: { unpriced: 'int?' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>

export const unpricedRules: readonly string[] = [
  `UPDATE attempts SET unpriced = 1 WHERE state = 'settled' AND billed <> 'no'
   AND NOT EXISTS (SELECT 1 FROM charges WHERE charges.attempt_id = attempts.id)`,
  'CREATE INDEX attempts_unpriced ON attempts (id) WHERE unpriced = 1',
]
