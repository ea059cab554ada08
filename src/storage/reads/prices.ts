/** What prices were worked out from, kept books and drafts, as the port names them. */
import type { Kysely, Selectable } from 'kysely'
import type { ReportedCost } from '../../core/outcome.ts'
import type { PriceBook } from '../../core/pricing/price-book.ts'
import type { InputRole, Operation } from '../../core/request.ts'
import type { DraftRecord, KeptBook, LedgerPrices, SettledAttempt, SettledQuery } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { groupBy, numberOrNull, parseObject } from './decode.ts'
import { type AttemptRow, toAttempt } from './rows.ts'

const BOOK = 'book:'
const DRAFT = 'draft:'
export const bookId = (hash: string): string => `${BOOK}${hash}`
export const draftId = (id: string): string => `${DRAFT}${id}`

/** Also the bound on the lists of ids in one query. */
const MAX_PAGE = 200
const US_PER_DAY = 86_400_000_000

export const createPriceReads = (db: Kysely<Database>): Pick<LedgerPrices, 'settled' | 'kept' | 'drafts'> => ({
  settled: (query) => readSettled(db, query),
  kept: async (hashes) => {
    if (hashes.length === 0) return []
    const rows = await db.selectFrom('prices').selectAll().where('id', 'in', hashes.map(bookId)).execute()
    return rows.map(toKept)
  },
  drafts: async () => {
    const rows = await db
      .selectFrom('prices')
      .selectAll()
      .where('id', 'like', `${DRAFT}%`)
      .orderBy('created_us', 'desc')
      .orderBy('id', 'desc')
      .execute()
    return rows.map(toDraft)
  },
})

type PriceRow = Selectable<Database['prices']>

const toKept = (row: PriceRow): KeptBook => ({
  ...(JSON.parse(row.document) as { readonly isOverlay: boolean; readonly book: PriceBook }),
  hash: row.id.slice(BOOK.length),
  name: row.provider,
  keptUs: Number(row.created_us),
})

const toDraft = (row: PriceRow): DraftRecord => ({
  id: row.id.slice(DRAFT.length),
  provider: row.provider,
  version: Number(row.version),
  createdUs: Number(row.created_us),
  closedUs: numberOrNull(row.retired_us),
  document: parseObject(row.document),
})

async function readSettled(
  db: Kysely<Database>,
  { sinceUs, cursor, limit, reported = false }: SettledQuery,
): Promise<{ rows: readonly SettledAttempt[]; nextCursor: string | null }> {
  const size = Math.max(1, Math.min(Math.trunc(limit), MAX_PAGE))
  let query = db
    .selectFrom('attempts')
    .selectAll()
    .where('id', '>', cursor ?? firstIdOf(sinceUs - US_PER_DAY))
    .where('state', '=', 'settled')
    .where('priced_at_us', '>=', BigInt(sinceUs))
    .orderBy('id')
    .limit(size + 1)
  if (reported) query = query.where('reported_cost', 'is not', null)
  const found = await query.execute()
  const page = found.slice(0, size)
  return { rows: await withInputs(db, page), nextCursor: found.length > size ? (page.at(-1)?.id ?? null) : null }
}

/** The smallest UUIDv7 of an instant: ids carry their time, so the primary key finds where to begin. */
function firstIdOf(atUs: number): string {
  const hex = Math.max(0, Math.floor(atUs / 1000))
    .toString(16)
    .padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}`
}

async function withInputs(db: Kysely<Database>, attempts: readonly AttemptRow[]): Promise<readonly SettledAttempt[]> {
  if (attempts.length === 0) return []
  const requestIds = [...new Set(attempts.map((row) => row.request_id))]
  const attemptIds = attempts.map((row) => row.id)
  const requests = await db
    .selectFrom('requests')
    .leftJoin('request_content', 'request_content.request_id', 'requests.id')
    .select(['requests.id', 'requests.operation', 'requests.n', 'requests.record_deleted_us'])
    .select(['request_content.prompt', 'request_content.parameters', 'request_content.features'])
    .where('requests.id', 'in', requestIds)
    .execute()
  const inputs = await db
    .selectFrom('assets')
    .select(['request_id', 'role', 'width', 'height', 'position'])
    .where('request_id', 'in', requestIds)
    .where('attempt_id', 'is', null)
    .where('role', 'not in', ['output', 'original', 'partial'])
    .orderBy('position')
    .execute()
  const charges = await db.selectFrom('charges').selectAll().where('attempt_id', 'in', attemptIds).orderBy('id').execute()
  const chargesOf = groupBy(charges, (row) => row.attempt_id)
  const inputsOf = groupBy(inputs, (row) => row.request_id)
  const byId = new Map(requests.map((row) => [row.id, row]))
  return attempts.flatMap((row): SettledAttempt[] => {
    const request = byId.get(row.request_id)
    if (!request) return []
    return [
      {
        attempt: toAttempt(row, { charges: chargesOf.get(row.id) ?? [], events: [], draws: [] }),
        reportedCost: row.reported_cost === null ? null : (JSON.parse(row.reported_cost) as ReportedCost),
        request: {
          operation: request.operation as Operation,
          n: Number(request.n),
          isRecordDeleted: request.record_deleted_us !== null,
          parameters: parseObject(request.parameters ?? '{}'),
          features: parseObject(request.features ?? '{}'),
          prompt: request.prompt,
          inputs: (inputsOf.get(row.request_id) ?? []).map(({ role, width, height }) => ({
            role: role as InputRole,
            width: Number(width),
            height: Number(height),
          })),
        },
      },
    ]
  })
}
