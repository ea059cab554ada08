/** The rows that say who changed what, written in the transaction of the change. */
import type { BatchContext } from '../commands.ts'
import { newId } from '../new-id.ts'
import { type SqlValue, storableText, toTuple } from '../schema.ts'
import type { Row, Tx } from '../tx.ts'

export interface AuditRow {
  /** Who, where no request asked for it. */
  readonly actor: string
  readonly action: string
  readonly objectId: string
  readonly data: object
  readonly before?: object | undefined
  readonly after?: object | undefined
}

export type AuditContext = Pick<BatchContext, 'nowUs' | 'by'>

/** Secrets are the caller's to leave out; `plainRow` does it for rows of tables. */
export async function writeAudit(tx: Tx, { nowUs, by }: AuditContext, row: AuditRow): Promise<void> {
  const values = {
    id: newId(),
    at_us: nowUs,
    actor: by ? storableText(by.name) : row.actor,
    action: row.action,
    object_id: storableText(row.objectId),
    data: JSON.stringify(row.data),
    actor_id: by ? by.id : null,
    actor_role: by ? by.role : null,
    address: by ? by.address : null,
    before: row.before ? JSON.stringify(row.before) : null,
    after: row.after ? JSON.stringify(row.after) : null,
  }
  await tx.insertMany('audit', [toTuple('audit', values)])
}

/** Columns that no reader of the audit log needs to see. */
const secretColumns: ReadonlySet<string> = new Set(['hash'])

/** A row as JSON can hold it, without secrets. Integers are texts, since a row that was read has them in another form than a new one. */
export const plainRow = (row: Row | Readonly<Record<string, SqlValue>>): Readonly<Record<string, string | number | null>> =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => !secretColumns.has(column))
      .map(([column, value]) => [column, Number.isInteger(value) || typeof value === 'bigint' ? String(value) : value]),
  )

/** Whether two rows say the same, whatever form the database gave integers back in. */
export const sameRow = (before: Row, after: Readonly<Record<string, SqlValue>>): boolean =>
  Object.entries(after).every(([column, value]) => String(before[column] ?? '\0') === String(value ?? '\0'))
