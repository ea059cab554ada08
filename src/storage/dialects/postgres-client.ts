/** Connections to PostgreSQL: the optional driver, its types, versions and errors. */
import type { Client, ClientConfig, CustomTypesConfig } from 'pg'
import { type ErrorCode, HalftoneError } from '../../core/error.ts'

const OLDEST_SERVER = 150_000
const INT8 = 20
const INT4 = 23
const NUMERIC = 1700

type Driver = Pick<typeof import('pg'), 'Client' | 'Pool' | 'types'>

/** Loaded on first use: an embedded ledger needs no driver. */
export async function loadDriver(): Promise<Driver> {
  try {
    return await import('pg')
  } catch (cause) {
    throw new HalftoneError('config_invalid', 'PostgreSQL needs the package "pg"; run npm install pg.', { cause })
  }
}

export async function clientConfig(url: string): Promise<ClientConfig> {
  const { types } = await loadDriver()
  const integer = (text: string) => BigInt(text)
  // `sum(bigint)` is numeric here; every numeric this package selects is a whole number.
  const parsers = new Map<number, (text: string) => unknown>([
    [INT8, integer],
    [INT4, integer],
    [NUMERIC, integer],
  ])
  const bigints: CustomTypesConfig = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') => parsers.get(oid) ?? types.getTypeParser(oid, format as 'text'),
  }
  return { connectionString: url, types: bigints, application_name: 'halftone', keepAlive: true, connectionTimeoutMillis: 10_000 }
}

/** Throws `storage_failed` when the server cannot be reached and `config_invalid` when it is too old. */
export async function connect(url: string): Promise<Client> {
  const { Client } = await loadDriver()
  const client = new Client(await clientConfig(url))
  // Errors of an idle connection show at its next use.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (cause) {
    throw new HalftoneError('storage_failed', `PostgreSQL cannot be reached: ${messageOf(cause)}`, { cause })
  }
  const { rows } = await client.query("SELECT current_setting('server_version_num')::bigint AS version")
  if (Number(rows[0]?.version) < OLDEST_SERVER) {
    await client.end()
    throw new HalftoneError('config_invalid', 'The ledger needs PostgreSQL 15 or newer; upgrade the server.')
  }
  return client
}

export const sqlStateOf = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/** Serialization failure or deadlock: the same batch may succeed when run again. */
export const isContention = (error: unknown): boolean => ['40001', '40P01'].includes(sqlStateOf(error) ?? '')

/** Another node inserted the same key since this batch looked: looking again, it will be found. */
export const isDuplicate = (error: unknown): boolean => sqlStateOf(error) === '23505'

/** The server did not judge the statement; the connection, or the server, went away. */
export const isConnectionLoss = (error: unknown): boolean => {
  const state = sqlStateOf(error)
  if (state !== undefined) return state.startsWith('08') || state.startsWith('57P')
  return !(error instanceof HalftoneError) && /connection|closed|ECONN|EPIPE|ETIMEDOUT|socket/i.test(messageOf(error))
}

/** Class 53: the server is out of disk or memory. */
export const toCode = (error: unknown): ErrorCode => (sqlStateOf(error) === '53100' ? 'storage_full' : 'storage_failed')

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
