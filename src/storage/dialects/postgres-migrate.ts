/** The schema on PostgreSQL. */
import type { Client } from 'pg'
import { type DdlFlavour, stateRank } from '../migrations/ddl.ts'
import { applyMigrations, type MigrationReport } from '../migrations/migrate.ts'
import { connect } from './postgres-client.ts'

/** Compared by code point, as everywhere else, whatever the locale of the server. */
const flavour: DdlFlavour = {
  types: { text: 'text COLLATE "C"', int: 'bigint' },
  decimal: 'numeric',
  jsonText: (column, path) => `(${column}::json #>> '{${path.join(',')}}')`,
  jsonEach: (column) => `json_each_text(${column}::json)`,
  // Room on the page keeps updates of hot rows off the indexes.
  tableOptions: (spec) => (spec.hot ? ' WITH (fillfactor = 50)' : ''),
  insertOnly: (table) => [
    `CREATE FUNCTION ${table}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION '${table} is insert-only'; END $$`,
    `CREATE TRIGGER ${table}_insert_only BEFORE UPDATE OR DELETE ON ${table}
     FOR EACH STATEMENT EXECUTE FUNCTION ${table}_refuse_change()`,
  ],
  deletableOnlyWhen: (table, condition) => [
    `DROP TRIGGER ${table}_insert_only ON ${table}`,
    `CREATE TRIGGER ${table}_insert_only BEFORE UPDATE ON ${table}
     FOR EACH STATEMENT EXECUTE FUNCTION ${table}_refuse_change()`,
    `CREATE FUNCTION ${table}_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN IF NOT (${condition}) THEN RAISE EXCEPTION '${table} is insert-only'; END IF; RETURN OLD; END $$`,
    `CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION ${table}_refuse_delete()`,
  ],
  forwardOnlyAttempts: () => [
    `CREATE FUNCTION attempts_refuse_backwards() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION 'attempts only move forward'; END $$`,
    `CREATE TRIGGER attempts_forward_only BEFORE UPDATE OF state ON attempts FOR EACH ROW
     WHEN (NEW.state <> OLD.state AND ${stateRank('NEW.state')} <= ${stateRank('OLD.state')})
     EXECUTE FUNCTION attempts_refuse_backwards()`,
  ],
}

/** Bring the schema up to date in one transaction; nodes that start together wait for each other. Throws `schema_newer`. */
export async function migratePostgres(url: string, nowUs: number): Promise<MigrationReport> {
  const client = await connect(url)
  try {
    await client.query('BEGIN')
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('halftone:migrate', 0))")
    const target = {
      flavour,
      execute: async (sql: string) => void (await client.query(sql)),
      appliedVersions: async () =>
        (await client.query('SELECT version FROM schema_migrations')).rows.map((row) => Number(row.version)),
    }
    const report = await applyMigrations(target, nowUs)
    await client.query('COMMIT')
    return report
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  } finally {
    await client.end()
  }
}

/** Schema version of the database; 0 when it has none yet. */
export async function postgresSchemaVersion(url: string): Promise<number> {
  const client = await connect(url)
  try {
    return await readVersion(client)
  } finally {
    await client.end()
  }
}

async function readVersion(client: Client): Promise<number> {
  const { rows } = await client.query("SELECT to_regclass('schema_migrations') IS NOT NULL AS known")
  if (rows[0]?.known !== true) return 0
  const versions = await client.query('SELECT coalesce(max(version), 0) AS version FROM schema_migrations')
  return Number(versions.rows[0]?.version)
}
