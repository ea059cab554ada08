import { createDatabase, type PostgresDatabase } from './postgres.ts'
import { sharedService } from './shared-service.ts'

/** A new, empty PostgreSQL database for one test file; the caller drops it. The first call of a run starts the server (seconds). */
export const createTestDatabase = async (): Promise<PostgresDatabase> => createDatabase(await sharedService('postgresBroker'))
