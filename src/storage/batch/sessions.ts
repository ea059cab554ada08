/** Sessions started, seen and ended. */
import type { NewAuditEntry } from '../../ports/ledger.ts'
import { type NewRow, toTuple } from '../schema.ts'
import type { Tx } from '../tx.ts'
import { type AuditContext, writeAudit } from './audit.ts'

const KEPT_US = 24 * 3_600_000_000

export async function startSession(tx: Tx, context: AuditContext, row: NewRow<'sessions'>): Promise<void> {
  await tx.run('DELETE FROM sessions WHERE expires_us < ?', [context.nowUs - KEPT_US])
  await tx.insertMany('sessions', [toTuple('sessions', row)])
  const data = { name: row.name, by: row.key_id === null ? 'oidc' : 'key', address: row.address }
  await writeAudit(tx, context, { actor: row.subject, action: 'session.start', objectId: row.id, data })
}

export async function touchSession(tx: Tx, { id, seenUs }: { id: string; seenUs: number }): Promise<void> {
  await tx.run('UPDATE sessions SET seen_us = ? WHERE id = ? AND seen_us < ? AND ended_us IS NULL', [seenUs, id, seenUs])
}

export async function endSession(tx: Tx, context: AuditContext, { id, atUs }: { id: string; atUs: number }): Promise<boolean> {
  const [session] = await tx.all('SELECT subject, name FROM sessions WHERE id = ? AND ended_us IS NULL FOR UPDATE', [id])
  if (!session) return false
  await tx.run('UPDATE sessions SET ended_us = ? WHERE id = ?', [atUs, id])
  const data = { name: String(session['name']) }
  await writeAudit(tx, context, { actor: String(session['subject']), action: 'session.end', objectId: id, data })
  return true
}

export const recordAudit = (tx: Tx, context: AuditContext, entry: NewAuditEntry): Promise<void> =>
  writeAudit(tx, context, { actor: 'api', ...entry })
