/** Who made the first pictures of a group, and who made a picture. */
import type { Kysely } from 'kysely'
import type { GroupLook, LedgerReader, MadeBy } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { parseObject, toSum } from './decode.ts'

/** Enlarging and cutting out keep the look that a picture has. */
const painting = ['generate', 'edit', 'variation'] as const

export const createGroupReads = (db: Kysely<Database>): Pick<LedgerReader, 'groupLook' | 'madeBy'> => ({
  groupLook: (query) => readGroupLook(db, query),
  madeBy: async ({ projectId, sha256 }) => {
    const row = await db
      .selectFrom('assets')
      .innerJoin('attempts', 'attempts.id', 'assets.attempt_id')
      .select(['attempts.offer', 'attempts.settings'])
      .where('assets.sha256', '=', sha256)
      .where('assets.project_id', '=', projectId)
      .where('assets.role', '=', 'output')
      .orderBy('assets.created_us', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row && toMadeBy(row)
  },
})

async function readGroupLook(
  db: Kysely<Database>,
  { projectId, group, sinceUs }: { projectId: string; group: string; sinceUs: number },
): Promise<GroupLook | undefined> {
  const ofGroup = db
    .selectFrom('requests')
    .where('requests.project_id', '=', projectId)
    .where('requests.request_group', '=', group)
    .where('requests.created_us', '>=', BigInt(sinceUs))
    .where('requests.operation', 'in', painting)
  const joined = ofGroup
    .innerJoin('attempts', 'attempts.request_id', 'requests.id')
    .select(['requests.id', 'requests.created_us', 'requests.decision', 'attempts.offer', 'attempts.settings'])
    .orderBy('requests.id')
    .orderBy('attempts.sequence')
    .limit(1)
  const made = await joined.where('attempts.images_made', '>', 0n).executeTakeFirst()
  const row =
    made ??
    // Nothing is made yet: whoever comes second follows the choice of the one that is still running.
    (await joined.where('requests.finished_us', 'is', null).executeTakeFirst())
  if (!row) return undefined
  const sum = await ofGroup.select(({ fn }) => fn.sum<bigint>('n').as('images')).executeTakeFirst()
  const seed = (parseObject(row.decision)['consistency'] as { readonly seed?: number } | undefined)?.seed
  return {
    ...toMadeBy(row),
    requestId: row.id,
    made: made !== undefined,
    createdUs: Number(row.created_us),
    images: Number(toSum(sum?.images)),
    ...(seed !== undefined && { seed }),
  }
}

function toMadeBy({ offer, settings }: { readonly offer: string; readonly settings: string }): MadeBy {
  // As the gateway stored the settings of the attempt.
  const { quality } = parseObject(settings) as { readonly quality?: MadeBy['quality'] }
  return { offer, ...(quality !== undefined && { quality }) }
}
