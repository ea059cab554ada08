/** Words about pictures, read back: per picture, and as sums. */
import type { Kysely } from 'kysely'
import { type FeedbackSignal, type Rating, ratingOf, type Verdict } from '../../core/routing/learning/feedback.ts'
import type { Acceptance, AcceptanceQuery, LedgerFeedback } from '../../ports/ledger.ts'
import { hourOf } from '../batch/rollup.ts'
import type { Database } from '../schema.ts'
import { groupBy, toSum } from './decode.ts'

export const createFeedbackReads = (db: Kysely<Database>): Pick<LedgerFeedback, 'acceptance'> => ({
  acceptance: (query) => readAcceptance(db, query),
})

async function readAcceptance(
  db: Kysely<Database>,
  { sinceUs, sandbox, keyId, projectId, route }: AcceptanceQuery,
): Promise<Acceptance> {
  let query = db
    .selectFrom('rollups')
    .select(({ fn }) => [
      fn.sum<bigint>('images').as('images'),
      fn.sum<bigint>('cost_nano_usd').as('cost'),
      fn.sum<bigint>('accepted').as('accepted'),
      fn.sum<bigint>('rejected').as('rejected'),
    ])
    .where('hour_us', '>=', BigInt(hourOf(sinceUs)))
    .where('sandbox', '=', sandbox ? 1n : 0n)
  if (keyId !== undefined) query = query.where('key_id', '=', keyId)
  if (projectId !== undefined) query = query.where('project_id', '=', projectId)
  if (route !== undefined) query = query.where('route', '=', route)
  const row = await query.executeTakeFirst()
  return {
    images: Number(toSum(row?.images)),
    costNanoUsd: toSum(row?.cost),
    accepted: Number(toSum(row?.accepted)),
    rejected: Number(toSum(row?.rejected)),
  }
}

/** By picture; those nobody said anything about are absent. */
export async function readRatings(db: Kysely<Database>, requestIds: readonly string[]): Promise<ReadonlyMap<string, Rating>> {
  const rows = await db
    .selectFrom('feedback')
    .select(['asset_id', 'signal', 'verdict', 'score', 'created_us'])
    .where('request_id', 'in', requestIds)
    .execute()
  const words = groupBy(
    rows.filter((row) => row.asset_id !== null),
    (row) => row.asset_id,
  )
  return new Map(
    [...words].map(([assetId, said]) => [
      assetId ?? '',
      ratingOf(
        said.map((row) => ({
          signal: row.signal as FeedbackSignal,
          verdict: row.verdict as Verdict,
          atUs: Number(row.created_us),
          ...(row.score !== null && { score: Math.round(Number(row.score) * 1_000) }),
        })),
      ),
    ]),
  )
}

/** Why a word was said, by its picture or attempt, signal, key and time. Reasons can be deleted; the events of words cannot. */
export async function readReasons(db: Kysely<Database>, requestIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (requestIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('feedback')
    .select(['id', 'created_us', 'reason'])
    .where('request_id', 'in', requestIds)
    .where('reason', 'is not', null)
    .execute()
  return new Map(rows.map((row) => [`${row.id}|${row.created_us}`, row.reason ?? '']))
}
