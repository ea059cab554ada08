/** Bring a database to the schema of this build, or refuse one that is newer. The caller holds the migration lock. */
import { HalftoneError } from '../../core/error.ts'
import type { DdlFlavour } from './ddl.ts'
import { latestVersion, migrations } from './index.ts'

export interface MigrationTarget {
  readonly flavour: DdlFlavour
  execute(sql: string): Promise<void>
  /** Versions recorded so far; empty when the database is new. */
  appliedVersions(): Promise<readonly number[]>
}

export interface MigrationReport {
  readonly from: number
  readonly to: number
  readonly applied: readonly { readonly version: number; readonly name: string }[]
}

/** Runs every missing migration; the caller wraps it in one transaction. Throws `schema_newer`. */
export async function applyMigrations(target: MigrationTarget, nowUs: number): Promise<MigrationReport> {
  const { text, int } = target.flavour.types
  await target.execute(
    `CREATE TABLE IF NOT EXISTS schema_migrations (version ${int} PRIMARY KEY, name ${text} NOT NULL, applied_us ${int} NOT NULL)`,
  )
  const applied = new Set(await target.appliedVersions())
  const from = Math.max(0, ...applied)
  refuseNewer(from)
  const missing = migrations.filter((migration) => !applied.has(migration.version))
  for (const { version, name, statements } of missing) {
    for (const statement of statements(target.flavour)) await target.execute(statement)
    await target.execute(`INSERT INTO schema_migrations (version, name, applied_us) VALUES (${version}, '${name}', ${nowUs})`)
  }
  return { from, to: latestVersion, applied: missing.map(({ version, name }) => ({ version, name })) }
}

/** Throws `schema_newer` when a newer Halftone wrote this database. */
export function refuseNewer(version: number): void {
  if (version <= latestVersion) return
  throw new HalftoneError(
    'schema_newer',
    `The database has schema version ${version} and this Halftone knows up to ${latestVersion}; upgrade Halftone.`,
  )
}
