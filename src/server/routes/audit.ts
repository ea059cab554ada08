/** Who changed what. */
import type { z } from 'zod'
import type { AuditEntryWire, auditQuery } from '../../contract/access.ts'
import type { AuditRecord } from '../../ports/ledger.ts'
import type { Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'

export const listAudit: Handler = async ({ context, query }) => {
  const { limit, cursor, action, actor, object_id: objectId, since, until } = query as z.infer<typeof auditQuery>
  const page = await context.services.ledger.access.audit({
    limit,
    ...(cursor !== undefined && { cursor }),
    ...(action !== undefined && { action }),
    ...(actor !== undefined && { actor }),
    ...(objectId !== undefined && { objectId }),
    ...(since !== undefined && { sinceUs: Date.parse(since) * 1_000 }),
    ...(until !== undefined && { untilUs: Date.parse(until) * 1_000 }),
  })
  return { object: 'list', data: page.rows.map(auditWire), next_cursor: page.nextCursor }
}

const auditWire = (row: AuditRecord): AuditEntryWire => ({
  id: row.id,
  at: isoTime(row.atUs),
  actor: row.actor,
  actor_id: row.actorId,
  actor_role: row.actorRole,
  address: row.address,
  action: row.action,
  object_id: row.objectId,
  data: plain(row.data) ?? {},
  before: plain(row.before),
  after: plain(row.after),
})

/** Stored JSON has no undefined; the type of zod's `json` does not know that. */
const plain = (value: AuditRecord['before']): AuditEntryWire['before'] => value as AuditEntryWire['before']
