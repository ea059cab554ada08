import pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase } from './support/test-database.ts'

const query = async (connectionString: string, sql: string) => {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test('the tests run on a real PostgreSQL that is durable and at least version 15', async () => {
  const database = await createTestDatabase()
  try {
    const [row] = await query(
      database.url,
      "select current_setting('server_version_num')::int as version, current_setting('fsync') as fsync",
    )
    expect(row.version).toBeGreaterThanOrEqual(150_000)
    expect(row.fsync).toBe('on')
  } finally {
    await database.drop()
  }
}, 60_000)

test('every test file gets a database of its own, and dropping it works with connections open', async () => {
  const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()])
  await query(one.url, 'create table t (a int)')
  expect(await query(two.url, "select to_regclass('t') as t")).toEqual([{ t: null }])
  const open = new pg.Client({ connectionString: two.url })
  open.on('error', () => {})
  await open.connect()
  await Promise.all([one.drop(), two.drop()])
  await expect(query(two.url, 'select 1')).rejects.toThrow('does not exist')
}, 60_000)
