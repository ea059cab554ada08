/** Views and tag rules as they stand. */
import type { Kysely } from 'kysely'
import type { InsightObject, InsightObjectKind } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { groupBy } from './decode.ts'

/** Every version is read: there are few, and the newest says when the object was made last. */
export async function readObjects(db: Kysely<Database>, kind: InsightObjectKind): Promise<readonly InsightObject[]> {
  const rows = await db
    .selectFrom('insight_objects')
    .selectAll()
    .where('kind', '=', kind)
    .orderBy('id')
    .orderBy('version')
    .execute()
  return [...groupBy(rows, ({ id }) => id).values()].flatMap((versions) => {
    const last = versions.at(-1)
    if (!last || last.deleted === 1n) return []
    const first = versions[versions.findLastIndex(({ deleted }) => deleted === 1n) + 1] ?? last
    return [
      {
        id: last.id,
        version: Number(last.version),
        createdUs: Number(first.created_us),
        updatedUs: Number(last.created_us),
        actor: last.actor,
        document: JSON.parse(last.document) as Record<string, unknown>,
      },
    ]
  })
}
