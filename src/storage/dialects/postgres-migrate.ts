/** The schema on PostgreSQL. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { HalftoneError } from '../../core/error.ts'
import { MIGRATION_LOCK } from '../batch/nodes.ts'
import { type DdlFlavour, stateRank } from '../migrations/ddl.ts'
import { type Migration, migrations } from '../migrations/index.ts'
import { applyMigrations, type MigrationReport, needsToBeAlone } from '../migrations/migrate.ts'
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

/** How often it is looked whether the nodes of before are gone. */
const LOOK_EVERY_MS = 500

/**
 * Bring the schema up to date in one transaction; nodes that start together wait for each other. Where no node of an earlier release may go on
 * beside it, leases of nodes that are gone are waited for; one that is renewed meanwhile belongs to a node that has to be stopped first.
 * Throws `schema_newer` and `upgrade_blocked`.
 */
export async function migratePostgres(
  url: string,
  nowUs: number,
  known: readonly Migration[] = migrations,
): Promise<MigrationReport> {
  const client = await connect(url)
  const seen = new Map<string, string>()
  try {
    for (;;) {
      const done = await migrateUnlessRunning(client, nowUs, known)
      if ('applied' in done) return done
      refuseRenewed(seen, done.running)
      await sleep(LOOK_EVERY_MS)
    }
  } finally {
    await client.end()
  }
}

interface RunningNode {
  readonly id: string
  readonly renewedUs: string
}

async function migrateUnlessRunning(
  client: Client,
  nowUs: number,
  known: readonly Migration[],
): Promise<MigrationReport | { readonly running: readonly RunningNode[] }> {
  try {
    await client.query('BEGIN')
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('halftone:${MIGRATION_LOCK}', 0))`)
    if (needsToBeAlone(await readVersion(client), known)) {
      const running = await runningNodes(client)
      if (running.length > 0) {
        await client.query('ROLLBACK')
        return { running }
      }
    }
    const target = {
      flavour,
      execute: async (sql: string) => void (await client.query(sql)),
      appliedVersions: async () =>
        (await client.query('SELECT version FROM schema_migrations')).rows.map((row) => Number(row.version)),
    }
    const report = await applyMigrations(target, nowUs, known)
    await client.query('COMMIT')
    return report
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** Until this transaction ends no node can register. One whose lease ran out is closed, so that it cannot come back either. */
async function runningNodes(client: Client): Promise<readonly RunningNode[]> {
  const clock = '(extract(epoch FROM clock_timestamp()) * 1000000)::bigint'
  await client.query(`UPDATE nodes SET closed_us = ${clock} WHERE closed_us IS NULL AND lease_until_us < ${clock}`)
  const { rows } = await client.query('SELECT node_id, epoch, renewed_us FROM nodes WHERE closed_us IS NULL ORDER BY node_id')
  return rows.map((row) => ({ id: `${row.node_id}`, renewedUs: `${row.epoch} ${row.renewed_us}` }))
}

function refuseRenewed(seen: Map<string, string>, running: readonly RunningNode[]): void {
  const renewed = running.filter(({ id, renewedUs }) => (seen.get(id) ?? renewedUs) !== renewedUs)
  for (const { id, renewedUs } of running) if (!seen.has(id)) seen.set(id, renewedUs)
  if (renewed.length === 0) return
  throw new HalftoneError(
    'upgrade_blocked',
    `This release changes what is written with each call, and ${renewed.map(({ id }) => id).join(', ')} of an earlier one ${renewed.length === 1 ? 'is' : 'are'} running; stop every node, then start the new ones.`,
  )
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
