/** Keys, projects and budgets. Every change leaves an audit row. */
import { HalftoneError } from '../../core/error.ts'
import { type NewRow, type TableName, toTuple } from '../schema.ts'
import type { Row, Tx } from '../tx.ts'
import { type AuditContext, plainRow, sameRow, writeAudit } from './audit.ts'

export async function createKey(tx: Tx, context: AuditContext, row: NewRow<'keys'>): Promise<void> {
  const taken = await tx.all('SELECT id FROM keys WHERE id = ? OR hash = ?', [row.id, row.hash])
  if (taken.length > 0) throw new HalftoneError('conflict', `There is already a key ${row.id}, or one with this secret.`)
  await tx.insertMany('keys', [toTuple('keys', row)])
  await writeAudit(tx, context, {
    actor: row.managed_by,
    action: 'key.create',
    objectId: row.id,
    data: { name: row.name, role: row.role },
    after: plainRow(row),
  })
}

/** See the port. Rows stay under their id, which requests and budgets name, also when the secret changes. */
export async function putKey(tx: Tx, context: AuditContext, row: NewRow<'keys'>): Promise<void> {
  const found = await tx.all('SELECT * FROM keys WHERE id = ? OR hash = ? ORDER BY id FOR UPDATE', [row.id, row.hash])
  for (const key of found) {
    if (key['managed_by'] === row.managed_by || (key['hash'] === row.hash && key['revoked_us'] === null)) continue
    throw new HalftoneError('conflict', `There is already a key ${row.id}, or one that was revoked with this secret.`)
  }
  const own = found.find((key) => key['id'] === row.id)
  const other = found.find((key) => key['id'] !== row.id)
  if (other) await replaceKey(tx, context, other)
  const after = { ...row, created_us: own ? (own['created_us'] as bigint) : row.created_us }
  if (own && sameRow(own, after)) return
  if (own) await tx.run('DELETE FROM keys WHERE id = ?', [row.id])
  await tx.insertMany('keys', [toTuple('keys', after)])
  await writeAudit(tx, context, {
    actor: row.managed_by,
    action: own ? 'key.update' : 'key.create',
    objectId: row.id,
    data: { name: row.name, role: row.role },
    before: own && plainRow(own),
    after: plainRow(after),
  })
}

/** Its secret belongs to another id from now on, and one secret is of one key. */
async function replaceKey(tx: Tx, context: AuditContext, key: Row): Promise<void> {
  const id = String(key['id'])
  await revokeKey(tx, context, { id, atUs: context.nowUs })
  await tx.run('UPDATE keys SET hash = ? WHERE id = ?', [`replaced:${id}`, id])
}

/** False when there is no such key. Revoking twice keeps the first time. */
export async function revokeKey(tx: Tx, context: AuditContext, { id, atUs }: { id: string; atUs: number }): Promise<boolean> {
  const [key] = await tx.all('SELECT * FROM keys WHERE id = ? FOR UPDATE', [id])
  if (!key) return false
  if (key['revoked_us'] !== null) return true
  await tx.run('UPDATE keys SET revoked_us = ? WHERE id = ?', [atUs, id])
  await writeAudit(tx, context, {
    actor: String(key['managed_by']),
    action: 'key.revoke',
    objectId: id,
    data: {},
    before: plainRow(key),
    after: { ...plainRow(key), revoked_us: String(atUs) },
  })
  return true
}

/** The file no longer has it: whoever wants it next has it. */
const RELEASED = 'released'

const objects = { projects: 'project', budgets: 'budget', prices: 'price' } as const

export async function putManaged<T extends keyof typeof objects>(
  tx: Tx,
  context: AuditContext,
  table: T,
  row: NewRow<T> & { readonly id: string; readonly managed_by: string },
): Promise<void> {
  const [existing] = await tx.all(`SELECT * FROM ${table} WHERE id = ? FOR UPDATE`, [row.id])
  const owner = existing?.['managed_by']
  if (owner !== undefined && owner !== row.managed_by && owner !== RELEASED && row.managed_by !== RELEASED) {
    throw owner === 'file'
      ? new HalftoneError('managed_by_file', `"${row.id}" is defined in the configuration file; change it there.`)
      : new HalftoneError('conflict', `"${row.id}" is managed by ${owner === 'api' ? 'the API' : 'the environment'}.`)
  }
  // What stands in the configuration is put at each start; only a change of it is one.
  if (existing && sameRow(existing, row)) return
  if (existing) await tx.run(`DELETE FROM ${table} WHERE id = ?`, [row.id])
  await tx.insertMany(table as TableName, [toTuple(table, row)])
  const after = plainRow(row)
  const action = `${objects[table]}.${existing ? 'update' : 'create'}`
  await writeAudit(tx, context, {
    actor: row.managed_by === RELEASED ? 'file' : row.managed_by,
    action,
    objectId: row.id,
    data: after,
    before: existing && plainRow(existing),
    after,
  })
}

/** The counters stay: a budget made again under the same id goes on from what was spent. */
export async function deleteBudget(tx: Tx, context: AuditContext, id: string): Promise<boolean> {
  const [budget] = await tx.all('SELECT * FROM budgets WHERE id = ? FOR UPDATE', [id])
  if (!budget) return false
  await tx.run('DELETE FROM budgets WHERE id = ?', [id])
  await writeAudit(tx, context, {
    actor: String(budget['managed_by']),
    action: 'budget.delete',
    objectId: id,
    data: {},
    before: plainRow(budget),
  })
  return true
}
