/** Who is signed in, and who changed what. */
import type { RoleClaims } from '../core/access/claims.ts'
import type { JsonObject } from '../core/json.ts'
import type { TimestampUs } from './ledger.ts'

export interface LedgerAccess {
  /** Also forgets sessions that ended more than a day ago. */
  startSession(session: NewSession): Promise<void>
  /** By the SHA-256 of the token; ended ones are returned with their state. */
  sessionByHash(hash: string): Promise<SessionRecord | undefined>
  /** Those that are neither ended nor over at `nowUs`, newest first. */
  sessions(nowUs: TimestampUs): Promise<readonly SessionRecord[]>
  /** Somebody is still there. Does nothing to a session that has ended. */
  touchSession(id: string, seenUs: TimestampUs): Promise<void>
  /** False when there is no such session, or it has ended already. */
  endSession(id: string, atUs: TimestampUs): Promise<boolean>
  /** Write down what no other command of the ledger writes down. */
  recordAudit(entry: NewAuditEntry): Promise<void>
  /** Newest first. `cursor` is the last id of the page before. */
  audit(query: AuditQuery): Promise<{ readonly rows: readonly AuditRecord[]; readonly nextCursor: string | null }>
}

/** Who asks for a change, and from where: goes into the audit row of whatever is changed. */
export interface Actor {
  /** Key id, or the id of a person who signed in elsewhere; empty when nobody is known yet. */
  readonly id: string
  readonly name: string
  readonly role: string
  /** IP address. */
  readonly address: string
}

export interface NewSession {
  readonly id: string
  /** SHA-256 of the token in the cookie. */
  readonly hash: string
  /** Null: signed in by the identity provider. */
  readonly keyId: string | null
  /** The person or key that signed in. */
  readonly subject: string
  readonly name: string
  /** What the role follows from, of those who signed in elsewhere. */
  readonly claims: RoleClaims | null
  readonly createdUs: TimestampUs
  readonly expiresUs: TimestampUs
  readonly address: string
}
export interface SessionRecord extends NewSession {
  readonly seenUs: TimestampUs
  readonly endedUs: TimestampUs | null
}

export interface NewAuditEntry {
  /** `object.verb`. */
  readonly action: string
  readonly objectId: string
  readonly data: JsonObject
}

export interface AuditQuery {
  readonly limit: number
  readonly cursor?: string
  /** The whole word, or its first part: `key` finds `key.create`. */
  readonly action?: string
  /** Id or name. */
  readonly actor?: string
  readonly objectId?: string
  readonly sinceUs?: TimestampUs
  readonly untilUs?: TimestampUs
}

export interface AuditRecord extends NewAuditEntry {
  readonly id: string
  readonly atUs: TimestampUs
  /** Name of who did it; `file`, `environment` or `api` where no request asked for it. */
  readonly actor: string
  readonly actorId: string | null
  readonly actorRole: string | null
  readonly address: string | null
  /** The object as it was and as it became; null where there was none, or the action has none. Never a secret. */
  readonly before: JsonObject | null
  readonly after: JsonObject | null
}
