/** Records of requests that end after a time, and the one case in which events of attempts may be deleted. */
import type { ColumnType, DdlFlavour } from './ddl.ts'

export const recordColumns = {
  requests: {
    /** When the sweep deletes the record; null: never, or it is done. */
    record_expires_us: 'int?',
    /** When it was deleted: from then on the row holds what money and sums are made of. */
    record_deleted_us: 'int?',
  },
  /** Null: records of the project stay. */
  projects: { record_ttl_days: 'int?' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>

/** Costs nothing for requests without an end. */
export const recordIndexes: readonly string[] = [
  'CREATE INDEX requests_record_expiry ON requests (record_expires_us, id) WHERE record_expires_us IS NOT NULL',
]

/** Events that money does not rest on: no evidence that must not count twice, nothing that recovery or a corrected price decided. */
export const deletableEvent = (row = ''): string => `${row}evidence_id IS NULL AND ${row}kind NOT IN ('recovered', 'corrected')`

/** The database refuses to delete any other event, as it did before. */
export const deletableEventRules = (flavour: DdlFlavour): readonly string[] =>
  flavour.deletableOnlyWhen(
    'attempt_events',
    `${deletableEvent('OLD.')} AND EXISTS (SELECT 1 FROM attempts a JOIN requests r ON r.id = a.request_id
       WHERE a.id = OLD.attempt_id AND r.record_deleted_us IS NOT NULL)`,
  )
