/** Keys, projects and budgets, as the port names them. */
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely'
import type { BudgetRecord, KeyRecord, LedgerAdmin, ManagedBy, ProjectRecord } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { numberOrNull, parseTags } from './decode.ts'

export type AdminReads = Pick<LedgerAdmin, 'keyByHash' | 'keyById' | 'keys' | 'lastUsed' | 'projects' | 'budgets'>

export const createAdminReads = (db: Kysely<Database>): AdminReads => ({
  keyByHash: async (hash) => {
    const row = await db.selectFrom('keys').selectAll().where('hash', '=', hash).executeTakeFirst()
    return row && toKey(row)
  },
  keyById: async (id) => {
    const row = await db.selectFrom('keys').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toKey(row)
  },
  keys: async () => (await db.selectFrom('keys').selectAll().orderBy('id').execute()).map(toKey),
  lastUsed: async () => {
    // One look into the index per key: grouping all requests by key would read every one of them.
    const newest = (key: RawBuilder<unknown>) =>
      sql<number | null>`(SELECT r.created_us FROM requests r WHERE r.key_id = ${key} ORDER BY r.id DESC LIMIT 1)`
    const rows = await db
      .selectFrom('keys')
      .select(['keys.id', newest(sql.ref('keys.id')).as('used_us')])
      .execute()
    return new Map(rows.flatMap(({ id, used_us }) => (used_us === null ? [] : [[id, Number(used_us)] as const])))
  },
  projects: async () => (await db.selectFrom('projects').selectAll().orderBy('id').execute()).map(toProject),
  budgets: async () => (await db.selectFrom('budgets').selectAll().orderBy('id').execute()).map(toBudget),
})

const toKey = (row: Selectable<Database['keys']>): KeyRecord => ({
  id: row.id,
  name: row.name,
  hash: row.hash,
  prefix: row.prefix,
  role: row.role as KeyRecord['role'],
  projectId: row.project_id,
  tags: parseTags(row.tags),
  ...(row.allowed_models !== null && { allowedModels: JSON.parse(row.allowed_models) as string[] }),
  createdUs: Number(row.created_us),
  managedBy: row.managed_by as ManagedBy,
  revokedUs: numberOrNull(row.revoked_us),
})

const toProject = (row: Selectable<Database['projects']>): ProjectRecord => ({
  id: row.id,
  name: row.name,
  promptMode: row.prompt_mode as ProjectRecord['promptMode'],
  assetTtlDays: Number(row.asset_ttl_days),
  ...(row.content_ttl_days !== null && { contentTtlDays: Number(row.content_ttl_days) }),
  ...(row.record_ttl_days !== null && { recordsTtlDays: Number(row.record_ttl_days) }),
  tags: parseTags(row.tags),
  managedBy: row.managed_by === 'released' ? 'api' : (row.managed_by as ManagedBy),
})

export const toBudget = (row: Selectable<Database['budgets']>): BudgetRecord => ({
  id: row.id,
  scope: row.scope as BudgetRecord['scope'],
  scopeValue: row.scope_value,
  period: row.period as BudgetRecord['period'],
  limitNanoUsd: row.limit_nano_usd,
  hard: row.hard === 1n,
  managedBy: row.managed_by as ManagedBy,
})
