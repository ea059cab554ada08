/** The ledger of a configuration, and the rows that mirror what the file says. */
import type { Config } from '../config/index.ts'
import type { Actor, Ledger, ProjectRecord } from '../ports/ledger.ts'
import { openPostgresLedger, openSqliteLedger } from '../storage/index.ts'
import { systemClock } from '../system-clock.ts'

/** SQLite in the data folder, unless there is a database. */
export function openLedger(config: Config, actor: () => Actor | undefined): Promise<Ledger> {
  const options = { now: () => systemClock.nowUs(), declaredTags: config.declaredTags, actor }
  const url = config.storage.databaseUrl?.reveal()
  return url === undefined
    ? openSqliteLedger({ ...options, dataDir: config.storage.dataDir })
    : openPostgresLedger({ ...options, url })
}

/** Owner of keys that name none. */
export const defaultProject = (config: Config): ProjectRecord =>
  config.projects['default'] ?? {
    id: 'default',
    name: 'default',
    promptMode: 'full',
    assetTtlDays: config.storage.assetTtlDays,
    ...(config.storage.recordsTtlDays !== undefined && { recordsTtlDays: config.storage.recordsTtlDays }),
    tags: {},
    managedBy: 'file',
  }

/**
 * Objects of the file are rows too, so that limits and reports see them; those the file no longer has are removed. A project stays
 * as long as requests name it, so it goes over to the API.
 */
export async function applyManagedObjects(config: Config, { admin }: Ledger): Promise<void> {
  const projects = [defaultProject(config), ...Object.values(config.projects)]
  for (const project of projects) await admin.putProject(project)
  for (const project of await admin.projects()) {
    if (project.managedBy === 'file' && !projects.some(({ id }) => id === project.id))
      await admin.putProject({ ...project, managedBy: 'released' })
  }
  for (const key of Object.values(config.keys)) await admin.putKey({ ...key, createdUs: systemClock.nowUs() })
  const configured = new Set(Object.values(config.keys).map(({ id }) => id))
  for (const key of await admin.keys()) {
    if (key.managedBy === 'file' && key.revokedUs === null && !configured.has(key.id))
      await admin.revokeKey(key.id, systemClock.nowUs())
  }
  for (const budget of config.budgets) await admin.putBudget(budget)
  const kept = new Set(config.budgets.map((budget) => budget.id))
  for (const budget of await admin.budgets()) {
    if (budget.managedBy !== 'api' && !kept.has(budget.id)) await admin.deleteBudget(budget.id)
  }
}
