/** Sessions and the audit log, as the port names them. */
import type { Kysely, Selectable } from 'kysely'
import type { RoleClaims } from '../../core/access/claims.ts'
import type { JsonObject } from '../../core/json.ts'
import type { AuditQuery, AuditRecord, LedgerAccess, SessionRecord } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { numberOrNull, parseObject } from './decode.ts'

const MAX_PAGE = 200
const MAX_SESSIONS = 1_000

export const createAccessReads = (db: Kysely<Database>): Pick<LedgerAccess, 'sessionByHash' | 'sessions' | 'audit'> => ({
  sessionByHash: async (hash) => {
    const row = await db.selectFrom('sessions').selectAll().where('hash', '=', hash).executeTakeFirst()
    return row && toSession(row)
  },
  sessions: async (nowUs) => {
    const rows = await db
      .selectFrom('sessions')
      .selectAll()
      .where('ended_us', 'is', null)
      .where('expires_us', '>', BigInt(nowUs))
      .orderBy('id', 'desc')
      .limit(MAX_SESSIONS)
      .execute()
    return rows.map(toSession)
  },
  audit: (query) => readAudit(db, query),
})

async function readAudit(
  db: Kysely<Database>,
  { limit, cursor, action, actor, objectId, sinceUs, untilUs }: AuditQuery,
): Promise<{ rows: readonly AuditRecord[]; nextCursor: string | null }> {
  const size = Math.max(1, Math.min(Math.trunc(limit), MAX_PAGE))
  let query = db
    .selectFrom('audit')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(size + 1)
  if (cursor !== undefined) query = query.where('id', '<', cursor)
  // A dot is followed by a slash in the order of characters: all words that begin with it and a dot, and none else.
  if (action !== undefined)
    query = query.where((where) =>
      where.or([
        where('action', '=', action),
        where.and([where('action', '>=', `${action}.`), where('action', '<', `${action}/`)]),
      ]),
    )
  if (actor !== undefined) query = query.where((where) => where.or([where('actor', '=', actor), where('actor_id', '=', actor)]))
  if (objectId !== undefined) query = query.where('object_id', '=', objectId)
  if (sinceUs !== undefined) query = query.where('at_us', '>=', BigInt(sinceUs))
  if (untilUs !== undefined) query = query.where('at_us', '<', BigInt(untilUs))
  const found = await query.execute()
  const page = found.slice(0, size)
  return { rows: page.map(toAudit), nextCursor: found.length > size ? (page.at(-1)?.id ?? null) : null }
}

const toSession = (row: Selectable<Database['sessions']>): SessionRecord => ({
  id: row.id,
  hash: row.hash,
  keyId: row.key_id,
  subject: row.subject,
  name: row.name,
  // What startSession stored.
  claims: row.claims === null ? null : (JSON.parse(row.claims) as RoleClaims),
  createdUs: Number(row.created_us),
  seenUs: Number(row.seen_us),
  expiresUs: Number(row.expires_us),
  endedUs: numberOrNull(row.ended_us),
  address: row.address,
})

const toAudit = (row: Selectable<Database['audit']>): AuditRecord => ({
  id: row.id,
  atUs: Number(row.at_us),
  actor: row.actor,
  actorId: row.actor_id,
  actorRole: row.actor_role,
  address: row.address,
  action: row.action,
  objectId: row.object_id,
  data: parseObject(row.data),
  before: objectOrNull(row.before),
  after: objectOrNull(row.after),
})

const objectOrNull = (text: string | null): JsonObject | null => (text === null ? null : parseObject(text))
