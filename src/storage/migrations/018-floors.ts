/** Which schema a node has to know to write beside others; an older one is turned away when it registers. */
import type { TableSpecs } from './ddl.ts'

export const floorTables = {
  /** One row for each migration that was applied alone; what came before the table needs none. */
  schema_floors: { key: ['version'], columns: { version: 'int' } },
} as const satisfies TableSpecs

export const FLOORS_SINCE = 18
