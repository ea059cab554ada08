/** Sessions of people, and more about who did what. */
import type { ColumnType, TableSpecs } from './ddl.ts'

export const accessTables = {
  sessions: {
    key: ['id'],
    hot: true,
    columns: {
      id: 'text',
      /** SHA-256 of the token in the cookie. */
      hash: 'text',
      /** Null: signed in by the identity provider. */
      key_id: 'text?',
      subject: 'text',
      name: 'text',
      claims: 'text?',
      created_us: 'int',
      seen_us: 'int',
      expires_us: 'int',
      ended_us: 'int?',
      address: 'text',
    },
  },
} as const satisfies TableSpecs

/** A row from before has NULL in them. */
export const accessColumns = {
  audit: { actor_id: 'text?', actor_role: 'text?', address: 'text?', before: 'text?', after: 'text?' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>

export const accessIndexes: readonly string[] = [
  'CREATE UNIQUE INDEX sessions_by_hash ON sessions (hash)',
  'CREATE INDEX sessions_expiry ON sessions (expires_us)',
  'CREATE INDEX audit_by_object ON audit (object_id, id)',
]
