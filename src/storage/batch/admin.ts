/** Keys, projects and budgets. Every change leaves an audit row. */
import { v7 as uuidv7 } from 'uuid'
import { HalftoneError } from '../../core/error.ts'
import { type NewRow, type TableName, toTuple } from '../schema.ts'
import type { Tx } from '../tx.ts'

export async function createKey(tx: Tx, nowUs: number, row: NewRow<'keys'>): Promise<void> {
  const taken = await tx.all('SELECT id FROM keys WHERE id = ? OR hash = ?', [row.id, row.hash])
  if (taken.length > 0) throw new HalftoneError('conflict', `There is already a key ${row.id}, or one with this secret.`)
  await tx.insertMany('keys', [toTuple('keys', row)])
  await audit(tx, nowUs, {
    actor: row.managed_by,
    action: 'key.create',
    objectId: row.id,
    data: { name: row.name, role: row.role },
  })
}

/** False when there is no such key. Revoking twice keeps the first time. */
export async function revokeKey(tx: Tx, nowUs: number, { id, atUs }: { id: string; atUs: number }): Promise<boolean> {
  const [key] = await tx.all('SELECT revoked_us, managed_by FROM keys WHERE id = ?', [id])
  if (!key) return false
  if (key['revoked_us'] !== null) return true
  await tx.run('UPDATE keys SET revoked_us = ? WHERE id = ?', [atUs, id])
  await audit(tx, nowUs, { actor: String(key['managed_by']), action: 'key.revoke', objectId: id, data: {} })
  return true
}

const objects = { projects: 'project', budgets: 'budget', prices: 'price' } as const

export async function putManaged<T extends keyof typeof objects>(
  tx: Tx,
  nowUs: number,
  table: T,
  row: NewRow<T> & { readonly id: string; readonly managed_by: string },
): Promise<void> {
  const [existing] = await tx.all(`SELECT managed_by FROM ${table} WHERE id = ? FOR UPDATE`, [row.id])
  const owner = existing?.['managed_by']
  if (owner !== undefined && owner !== row.managed_by) {
    throw owner === 'file'
      ? new HalftoneError('managed_by_file', `"${row.id}" is defined in the configuration file; change it there.`)
      : new HalftoneError('conflict', `"${row.id}" is managed by ${owner === 'api' ? 'the API' : 'the environment'}.`)
  }
  if (existing) await tx.run(`DELETE FROM ${table} WHERE id = ?`, [row.id])
  await tx.insertMany(table as TableName, [toTuple(table, row)])
  const data = Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  )
  const action = `${objects[table]}.${existing ? 'update' : 'create'}`
  await audit(tx, nowUs, { actor: row.managed_by, action, objectId: row.id, data })
}

/** The counters stay: a budget made again under the same id goes on from what was spent. */
export async function deleteBudget(tx: Tx, nowUs: number, id: string): Promise<boolean> {
  const [budget] = await tx.all('SELECT managed_by FROM budgets WHERE id = ?', [id])
  if (!budget) return false
  await tx.run('DELETE FROM budgets WHERE id = ?', [id])
  await audit(tx, nowUs, { actor: String(budget['managed_by']), action: 'budget.delete', objectId: id, data: {} })
  return true
}

async function audit(
  tx: Tx,
  atUs: number,
  { actor, action, objectId, data }: { actor: string; action: string; objectId: string; data: object },
): Promise<void> {
  const row = { id: uuidv7(), at_us: atUs, actor, action, object_id: objectId, data: JSON.stringify(data) }
  await tx.insertMany('audit', [toTuple('audit', row)])
}
