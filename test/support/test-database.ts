import { inject } from 'vitest'
import { createDatabase, type PostgresDatabase } from './postgres.ts'

/** A new, empty PostgreSQL database for one test file; the caller drops it. The first call of a run starts the server (seconds). */
export async function createTestDatabase(): Promise<PostgresDatabase> {
  const answer = await fetch(inject('postgresBroker'))
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return createDatabase(text)
}
