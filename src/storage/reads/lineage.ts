/** What a request was given and who was given what it made, by the hashes of the pictures. */
import type { Kysely } from 'kysely'
import type { Operation } from '../../core/request.ts'
import type { LedgerReader, RequestLineage } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'

/** Requests named on either side. */
const MAX_RELATIVES = 50

export const createLineageReads = (db: Kysely<Database>): Pick<LedgerReader, 'lineage'> => ({
  lineage: (requestId) => readLineage(db, requestId),
})

async function readLineage(db: Kysely<Database>, requestId: string): Promise<RequestLineage | undefined> {
  const request = await db
    .selectFrom('requests')
    .select(['project_id', 'duplicates_prevented'])
    .where('id', '=', requestId)
    .executeTakeFirst()
  if (!request) return undefined
  const assets = await db
    .selectFrom('assets')
    .select(['id', 'role', 'sha256', 'deleted_us'])
    .where('request_id', '=', requestId)
    .orderBy('position')
    .limit(MAX_RELATIVES)
    .execute()
  const given = assets.filter(({ role }) => !ownRoles.includes(role))
  const made = assets.filter(({ role }) => role === 'output')
  const makers = await outputsOf(db, { projectId: request.project_id, hashes: given.map(({ sha256 }) => sha256) })
  return {
    inputs: given.map((asset) => {
      const maker = makers.find((row) => row.sha256 === asset.sha256 && row.request_id !== requestId)
      return {
        assetId: asset.id,
        role: asset.role,
        expired: asset.deleted_us !== null,
        madeBy: maker ? { requestId: maker.request_id, assetId: maker.id } : null,
      }
    }),
    usedBy: await usersOf(db, { projectId: request.project_id, made }),
    replays: Number(request.duplicates_prevented),
  }
}

/** What a request stores of its own making; everything else is an input. */
const ownRoles: readonly string[] = ['output', 'original', 'partial']

async function outputsOf(db: Kysely<Database>, { projectId, hashes }: { projectId: string; hashes: readonly string[] }) {
  if (hashes.length === 0) return []
  return db
    .selectFrom('assets')
    .select(['id', 'request_id', 'sha256'])
    .where('sha256', 'in', [...hashes])
    .where('project_id', '=', projectId)
    .where('role', '=', 'output')
    .orderBy('id', 'desc')
    .limit(MAX_RELATIVES)
    .execute()
}

async function usersOf(
  db: Kysely<Database>,
  { projectId, made }: { projectId: string; made: readonly { readonly id: string; readonly sha256: string }[] },
): Promise<RequestLineage['usedBy']> {
  if (made.length === 0) return []
  const rows = await db
    .selectFrom('assets')
    .innerJoin('requests', 'requests.id', 'assets.request_id')
    .select(['assets.request_id', 'assets.sha256', 'requests.operation'])
    .where(
      'assets.sha256',
      'in',
      made.map(({ sha256 }) => sha256),
    )
    .where('assets.project_id', '=', projectId)
    .where('assets.role', 'not in', [...ownRoles])
    .orderBy('assets.request_id', 'desc')
    .limit(MAX_RELATIVES)
    .execute()
  return rows.map((row) => ({
    requestId: row.request_id,
    operation: row.operation as Operation,
    assetId: made.find(({ sha256 }) => sha256 === row.sha256)?.id ?? '',
  }))
}
