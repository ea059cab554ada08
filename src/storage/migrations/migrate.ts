/** Bring a database to the schema of this build, or refuse one that is newer. The caller holds the migration lock. */
import { HalftoneError } from '../../core/error.ts'
import { FLOORS_SINCE } from './018-floors.ts'
import type { DdlFlavour } from './ddl.ts'
import { latestVersion, type Migration, migrations } from './index.ts'

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

/** Whether nodes of an earlier release must be gone before a database of `version` is brought to `known`. */
export const needsToBeAlone = (version: number, known: readonly Migration[] = migrations): boolean =>
  version > 0 && known.some((migration) => migration.version > version && migration.alone === true)

/** Runs every missing migration of `known`; the caller wraps it in one transaction. Throws `schema_newer`. */
export async function applyMigrations(
  target: MigrationTarget,
  nowUs: number,
  known: readonly Migration[] = migrations,
): Promise<MigrationReport> {
  const { text, int } = target.flavour.types
  await target.execute(
    `CREATE TABLE IF NOT EXISTS schema_migrations (version ${int} PRIMARY KEY, name ${text} NOT NULL, applied_us ${int} NOT NULL)`,
  )
  const applied = new Set(await target.appliedVersions())
  const from = Math.max(0, ...applied)
  const to = known.at(-1)?.version ?? 0
  refuseNewer(from, to)
  const missing = known.filter((migration) => !applied.has(migration.version))
  for (const { version, name, alone, statements } of missing) {
    for (const statement of statements(target.flavour)) await target.execute(statement)
    await target.execute(`INSERT INTO schema_migrations (version, name, applied_us) VALUES (${version}, '${name}', ${nowUs})`)
    if (alone && version > FLOORS_SINCE) await target.execute(`INSERT INTO schema_floors (version) VALUES (${version})`)
  }
  return { from, to, applied: missing.map(({ version, name }) => ({ version, name })) }
}

/** Throws `schema_newer` when a newer Halftone wrote this database. */
export function refuseNewer(version: number, known = latestVersion): void {
  if (version <= known) return
  throw new HalftoneError(
    'schema_newer',
    `The database has schema version ${version} and this Halftone knows up to ${known}; upgrade Halftone.`,
  )
}
