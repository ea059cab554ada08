/** Routes made by API: every version of each, for good. */
import type { TableSpecs } from './ddl.ts'

export const routeTables = {
  route_versions: {
    key: ['name', 'version'],
    columns: {
      name: 'text',
      /** 1, 2, ... of this name. */
      version: 'int',
      /** JSON as it was sent; of a retirement that of the version before. */
      document: 'text',
      /** 1: from this version on there is no such route. */
      retired: 'int',
      /** The version whose document it took, for one that rolls back. */
      restores: 'int?',
      created_us: 'int',
      /** Name of who made it. */
      created_by: 'text',
    },
  },
} as const satisfies TableSpecs
