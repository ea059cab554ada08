/**
 * The sessions of people: an opaque token in a cookie, its hash in the ledger. What a session may do is asked anew at each
 * request: of the key that it was started with, or of the rules that give people of the identity provider their role.
 */
import { randomBytes } from 'node:crypto'
import { type RoleClaims, type RoleRule, ruleFor } from '../core/access/claims.ts'
import { maySignIn } from '../core/access/roles.ts'
import { HalftoneError } from '../core/error.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ledger, ProjectRecord, SessionRecord } from '../ports/ledger.ts'
import { hashKey, type Identity, type KeyRing } from './key-ring.ts'

export interface SessionSettings {
  readonly maxSeconds: number
  readonly idleSeconds: number
  /** Of people who sign in at the identity provider; empty without one. */
  readonly roles: readonly RoleRule[]
}

export interface Sessions {
  /** Returns the token for the cookie. */
  start(who: NewSignIn): Promise<{ readonly token: string; readonly identity: Identity }>
  /** Throws `invalid_api_key` when the session is over, for whatever reason. */
  authenticate(token: string): Promise<Identity>
  /** The same for an answer that goes on by itself: nobody has done anything, so an idle session stays one. */
  look(token: string): Promise<Identity>
  /** End it at once on this node; on others within three seconds. False: there is no such session. */
  end(id: string): Promise<boolean>
  endByToken(token: string): Promise<boolean>
  forget(): void
}

export type NewSignIn = { readonly address: string } & (
  | { readonly kind: 'key'; readonly identity: Identity }
  | { readonly kind: 'oidc'; readonly subject: string; readonly name: string; readonly claims: RoleClaims }
)

const MEMORY_MS = 3_000
const MEMORY_ENTRIES = 10_000
/** How exactly it is known when somebody was last there. */
const TOUCH_US = 60_000_000
const TOKEN = /^[A-Za-z0-9_-]{43}$/

export interface SessionsOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly keys: KeyRing
  readonly newId: () => string
  readonly settings: () => SessionSettings
  /** Told when it could not be written down that somebody is still there. */
  onError(error: unknown): void
}

export function createSessions({ ledger, clock, keys, newId, settings, onError }: SessionsOptions): Sessions {
  const remembered = new Map<string, { record: SessionRecord; readonly untilMs: number }>()

  /** How often everything was forgotten. */
  let version = 0
  const forget = (): void => {
    version += 1
    remembered.clear()
  }

  async function read(hash: string): Promise<SessionRecord> {
    const known = remembered.get(hash)
    if (known && known.untilMs > clock.monotonicMs()) return known.record
    const asOf = version
    const record = await ledger.access.sessionByHash(hash)
    if (!record) throw over()
    // What ended while it was read is read again next time.
    if (asOf !== version) return record
    if (remembered.size >= MEMORY_ENTRIES) remembered.clear()
    remembered.set(hash, { record, untilMs: clock.monotonicMs() + MEMORY_MS })
    return record
  }

  async function identityOf(
    record: Pick<SessionRecord, 'id' | 'keyId' | 'subject' | 'name' | 'claims' | 'createdUs'>,
  ): Promise<Identity> {
    if (record.keyId !== null) {
      const identity = await keys.byId(record.keyId)
      if (!identity || identity.key.revokedUs !== null) throw over('The key of this session was revoked.')
      return { ...identity, sessionId: record.id }
    }
    const rule = record.claims && ruleFor(record.claims, settings().roles)
    if (!rule || !maySignIn(rule.role)) throw over('Nothing gives this person a role any more.')
    const project = await keys.project(rule.project)
    return { key: personAsKey(record, rule, project), project, sessionId: record.id }
  }

  async function find(token: string): Promise<{ hash: string; record: SessionRecord; identity: Identity }> {
    if (!TOKEN.test(token)) throw over()
    const hash = hashKey(token)
    const record = await read(hash)
    const nowUs = clock.nowUs()
    const idleUs = settings().idleSeconds * 1_000_000
    if (record.endedUs !== null || record.expiresUs <= nowUs || record.seenUs + idleUs <= nowUs) throw over()
    return { hash, record, identity: await identityOf(record) }
  }

  /** Somebody who looks at a page every few minutes is not idle; the ledger hears of it once a minute. */
  function touch(hash: string, record: SessionRecord): void {
    const nowUs = clock.nowUs()
    if (nowUs - record.seenUs < TOUCH_US) return
    const entry = remembered.get(hash)
    if (entry) entry.record = { ...record, seenUs: nowUs }
    ledger.access.touchSession(record.id, nowUs).catch(onError)
  }

  return {
    async start(who) {
      const token = randomBytes(32).toString('base64url')
      const createdUs = clock.nowUs()
      const record = {
        id: newId(),
        hash: hashKey(token),
        ...(who.kind === 'key'
          ? { keyId: who.identity.key.id, subject: who.identity.key.id, name: who.identity.key.name, claims: null }
          : { keyId: null, subject: who.subject, name: who.name, claims: who.claims }),
        createdUs,
        expiresUs: createdUs + settings().maxSeconds * 1_000_000,
        address: who.address,
      }
      const identity = await identityOf(record)
      await ledger.access.startSession(record)
      return { token, identity }
    },
    async authenticate(token) {
      const { hash, record, identity } = await find(token)
      touch(hash, record)
      return identity
    },
    look: async (token) => (await find(token)).identity,
    async end(id) {
      const hasEnded = await ledger.access.endSession(id, clock.nowUs())
      forget()
      return hasEnded
    },
    async endByToken(token) {
      if (!TOKEN.test(token)) return false
      const record = await ledger.access.sessionByHash(hashKey(token))
      return record ? this.end(record.id) : false
    },
    forget,
  }
}

const over = (message = 'The session has ended; sign in again.'): HalftoneError => new HalftoneError('invalid_api_key', message)

/** A person has no key; what they do is booked under their own name, like what a key does. */
const personAsKey = (
  { subject, name, createdUs }: Pick<SessionRecord, 'subject' | 'name' | 'createdUs'>,
  { role }: RoleRule,
  project: ProjectRecord,
): Identity['key'] => ({
  id: subject,
  name,
  hash: '',
  prefix: '',
  role,
  projectId: project.id,
  tags: {},
  createdUs,
  managedBy: 'file',
  revokedUs: null,
})
