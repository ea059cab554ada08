/** Requests with everything that belongs to them: one query per table, whatever the number of requests. */
import { type Kysely, type Selectable, sql } from 'kysely'
import type { Warning } from '../../core/offer.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { Operation } from '../../core/request.ts'
import { type Rating, unrated } from '../../core/routing/learning/feedback.ts'
import type { LedgerReader, RequestQuery, RequestRecord, RequestSummary } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { groupBy, numberOrNull, parseObject, parseTags } from './decode.ts'
import { readRatings, readReasons } from './feedback.ts'
import { conditionsOf, isNarrowed, scanEnd } from './request-filter.ts'
import { type AssetRow, type AttemptRow, type ChargeRow, costOf, type EventRow, toAsset, toAttempt } from './rows.ts'

type RequestRow = Selectable<Database['requests']>
type SummaryColumn = (typeof summaryColumns)[number] extends `requests.${infer C extends keyof RequestRow}` ? C : never
type SummaryRow = Pick<RequestRow, SummaryColumn> & { readonly prompt: string | null }
type SummaryAttempt = Pick<AttemptRow, 'id' | 'request_id' | 'state' | 'billed' | 'offer' | 'sequence'>
type SummaryCharge = Pick<ChargeRow, 'id' | 'attempt_id' | 'kind' | 'amount_nano_usd' | 'provenance' | 'reverses'>

/** Also the bound on the lists of ids in one query. */
const MAX_PAGE = 200

const summaryColumns = [
  'requests.id',
  'requests.created_us',
  'requests.finished_us',
  'requests.key_id',
  'requests.project_id',
  'requests.operation',
  'requests.model',
  'requests.route',
  'requests.n',
  'requests.offer',
  'requests.outcome',
  'requests.http_status',
  'requests.error_code',
  'requests.error_message',
  'requests.images_returned',
  'requests.latency_us',
  'requests.sandbox',
  'requests.end_customer',
  'requests.request_group',
  'requests.tags',
  'requests.record_deleted_us',
] as const

export const createRequestReads = (
  db: Kysely<Database>,
): Pick<LedgerReader, 'request' | 'byFingerprint' | 'byScope' | 'asset' | 'attempt' | 'unknownAttempts'> => ({
  request: (id) => readRequest(db, id),
  asset: async (id) => {
    const row = await db.selectFrom('assets').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toAsset(row)
  },
  byFingerprint: async ({ keyId, fingerprint, sinceUs, answered }) => {
    const row = await db
      .selectFrom('requests')
      .$if(answered === true, (query) => query.where('images_returned', '>', 0n))
      .select(['id', 'finished_us'])
      .where('fingerprint', '=', fingerprint)
      .where('key_id', '=', keyId)
      .where('created_us', '>=', BigInt(sinceUs))
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row && { requestId: row.id, finished: row.finished_us !== null }
  },
  byScope: async (scopes) => {
    if (scopes.length === 0) return new Map()
    const rows = await db.selectFrom('idempotency').select(['scope', 'request_id']).where('scope', 'in', scopes).execute()
    return new Map(rows.map((row) => [row.scope, row.request_id]))
  },
  attempt: async (id) => {
    const rows = await db.selectFrom('attempts').selectAll().where('id', '=', id).execute()
    return (await withDetails(db, rows))[0]
  },
  unknownAttempts: async ({ limit, order }) => {
    const rows = await db
      .selectFrom('attempts')
      .selectAll()
      // Not bound: SQLite takes an index of some rows only for a condition that it can read.
      .where(sql<boolean>`state = 'unknown'`)
      .orderBy('id', order === 'newest' ? 'desc' : 'asc')
      .limit(limit)
      .execute()
    return withDetails(db, rows)
  },
})

export async function readRequests(
  db: Kysely<Database>,
  asked: RequestQuery,
): Promise<{ rows: readonly RequestSummary[]; nextCursor: string | null }> {
  const { limit, cursor, scanLimit: _, ...filter } = asked
  const size = Math.max(1, Math.min(Math.trunc(limit), MAX_PAGE))
  let query = db
    .selectFrom('requests')
    .leftJoin('request_content', 'request_content.request_id', 'requests.id')
    .select([...summaryColumns, 'request_content.prompt'])
    .orderBy('requests.id', 'desc')
    .limit(size + 1)
  if (cursor !== undefined) query = query.where('requests.id', '<', cursor)
  const { sinceUs } = filter
  const end = isNarrowed(filter) ? await scanEnd(db, asked) : undefined
  if (end) query = query.where('requests.id', '>=', end.id)
  if (isNarrowed(filter)) query = query.where((eb) => eb.and(conditionsOf(eb, filter)))
  const found = await query.execute()
  const page = found.slice(0, size)
  const isOver = end === undefined || (sinceUs !== undefined && end.createdUs < sinceUs)
  const nextCursor = found.length > size ? (page.at(-1)?.id ?? null) : isOver ? null : end.id
  return { rows: await summarise(db, page), nextCursor }
}

async function summarise(db: Kysely<Database>, rows: readonly SummaryRow[]): Promise<readonly RequestSummary[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const attempts: readonly SummaryAttempt[] = await db
    .selectFrom('attempts')
    .select(['id', 'request_id', 'state', 'billed', 'offer', 'sequence'])
    .where('request_id', 'in', ids)
    .orderBy('sequence')
    .execute()
  const charges = await summaryCharges(db, attempts)
  const assets = await db
    .selectFrom('assets')
    .selectAll()
    .where('request_id', 'in', ids)
    .where('role', '=', 'output')
    .orderBy('position')
    .execute()
  const ratings = await readRatings(db, ids)
  const attemptsOf = groupBy(attempts, (row) => row.request_id)
  const requestOfAttempt = new Map(attempts.map((row) => [row.id, row.request_id]))
  const chargesOf = groupBy(charges, (row) => requestOfAttempt.get(row.attempt_id) ?? null)
  const assetsOf = groupBy(assets, (row) => row.request_id)
  return rows.map((row) =>
    toSummary(row, {
      attempts: attemptsOf.get(row.id) ?? [],
      charges: chargesOf.get(row.id) ?? [],
      assets: assetsOf.get(row.id) ?? [],
      ratings,
    }),
  )
}

async function summaryCharges(db: Kysely<Database>, attempts: readonly SummaryAttempt[]): Promise<readonly SummaryCharge[]> {
  const ids = attempts.map((row) => row.id)
  if (ids.length === 0) return []
  return db
    .selectFrom('charges')
    .select(['id', 'attempt_id', 'kind', 'amount_nano_usd', 'provenance', 'reverses'])
    .where('attempt_id', 'in', ids)
    .execute()
}

interface SummaryParts {
  readonly attempts: readonly SummaryAttempt[]
  readonly charges: readonly SummaryCharge[]
  readonly assets: readonly AssetRow[]
  readonly ratings: ReadonlyMap<string, Rating>
}

const toSummary = (row: SummaryRow, { attempts, charges, assets, ratings }: SummaryParts): RequestSummary => ({
  id: row.id,
  createdUs: Number(row.created_us),
  finishedUs: numberOrNull(row.finished_us),
  keyId: row.key_id,
  projectId: row.project_id,
  operation: row.operation as Operation,
  model: row.model,
  route: row.route,
  n: Number(row.n),
  offer: attempts.at(-1)?.offer ?? null,
  outcome: row.outcome as Outcome | null,
  httpStatus: numberOrNull(row.http_status),
  errorCode: row.error_code,
  errorMessage: row.error_message,
  recordDeletedUs: numberOrNull(row.record_deleted_us),
  imagesReturned: Number(row.images_returned),
  attempts: attempts.length,
  latencyUs: numberOrNull(row.latency_us),
  ...costOf(row.finished_us !== null, attempts, charges),
  sandbox: row.sandbox === 1n,
  endCustomer: row.end_customer,
  group: row.request_group,
  tags: parseTags(row.tags),
  prompt: row.prompt,
  images: assets.map((asset) => ({
    id: asset.id,
    width: Number(asset.width),
    height: Number(asset.height),
    mediaType: asset.media_type,
    expired: asset.deleted_us !== null,
    rating: ratings.get(asset.id) ?? unrated,
  })),
})

async function readRequest(db: Kysely<Database>, id: string): Promise<RequestRecord | undefined> {
  const row = await db
    .selectFrom('requests')
    .leftJoin('request_content', 'request_content.request_id', 'requests.id')
    .selectAll('requests')
    .select(['request_content.prompt', 'request_content.parameters', 'request_content.features', 'request_content.response'])
    .where('requests.id', '=', id)
    .executeTakeFirst()
  if (!row) return undefined
  const attempts = await db.selectFrom('attempts').selectAll().where('request_id', '=', id).orderBy('sequence').execute()
  const assets = await db.selectFrom('assets').selectAll().where('request_id', '=', id).orderBy('position').execute()
  const attemptRows = await withDetails(db, attempts)
  const charges = await summaryCharges(db, attempts)
  const outputs = assets.filter((asset) => asset.role === 'output')
  return {
    ...toSummary(row, { attempts, charges, assets: outputs, ratings: await readRatings(db, [id]) }),
    parameters: parseObject(row.parameters ?? '{}'),
    features: parseObject(row.features ?? '{}'),
    decision: parseObject(row.decision),
    warnings: JSON.parse(row.warnings) as Warning[],
    response: row.response === null ? null : parseObject(row.response),
    attemptRows,
    assets: assets.map(toAsset),
  }
}

/** Attempts with their charges and events, in the order they were posted. */
async function withDetails(db: Kysely<Database>, attempts: readonly AttemptRow[]) {
  const ids = attempts.map((row) => row.id)
  if (ids.length === 0) return []
  const charges: readonly ChargeRow[] = await db
    .selectFrom('charges')
    .selectAll()
    .where('attempt_id', 'in', ids)
    .orderBy('id')
    .execute()
  const events: readonly EventRow[] = await db
    .selectFrom('attempt_events')
    .selectAll()
    .where('attempt_id', 'in', ids)
    .orderBy('id')
    .execute()
  const said = events.filter(({ kind }) => kind === 'feedback')
  const reasons = await readReasons(db, said.length > 0 ? [...new Set(attempts.map((row) => row.request_id))] : [])
  const draws = await db.selectFrom('credit_draws').selectAll().where('attempt_id', 'in', ids).orderBy('id').execute()
  const chargesOf = groupBy(charges, (row) => row.attempt_id)
  const drawsOf = groupBy(draws, (row) => row.attempt_id)
  const eventsOf = groupBy(events, (row) => row.attempt_id)
  return attempts.map((row) =>
    toAttempt(row, {
      charges: chargesOf.get(row.id) ?? [],
      events: (eventsOf.get(row.id) ?? []).map((event) => (event.kind === 'feedback' ? withReason(event, reasons) : event)),
      draws: drawsOf.get(row.id) ?? [],
    }),
  )
}

/** What was said about a picture, with the reason as long as it is kept. */
function withReason(event: EventRow, reasons: ReadonlyMap<string, string>): EventRow {
  const data = parseObject(event.data)
  const picture = data['assetId'] ?? event.attempt_id
  const reason = reasons.get(`${picture}|${data['signal']}|${data['keyId']}|${event.at_us}`)
  return reason === undefined ? event : { ...event, data: JSON.stringify({ ...data, reason }) }
}
