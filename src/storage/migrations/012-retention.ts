/** How long a project keeps what was asked and answered. */
import type { ColumnType } from './ddl.ts'

export const retentionColumns = {
  /** Null: until somebody deletes it. */
  projects: { content_ttl_days: 'int?' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>
