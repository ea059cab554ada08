/** Who is asking: keys by hash, with a short memory, and the dashboard's session cookie. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { HalftoneError } from '../core/error.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyRecord, Ledger, ProjectRecord } from '../ports/ledger.ts'

export interface Identity {
  readonly key: KeyRecord
  readonly project: ProjectRecord
}

export interface KeyRing {
  /** Throws `invalid_api_key` for unknown and revoked keys. */
  authenticate(secret: string): Promise<Identity>
  /** A cookie value that stands for the key until it expires or the key is revoked. */
  startSession(identity: Identity): string
  authenticateSession(cookie: string): Promise<Identity>
  /** Forget what is remembered, after a change to keys or projects. */
  forget(): void
}

export const SESSION_SECONDS = 12 * 3_600
/** Other nodes see a revocation within this time; this node at once. */
const MEMORY_MS = 3_000
const MEMORY_ENTRIES = 10_000

export const hashKey = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** `ht-` and 40 random characters; the prefix is what is shown afterwards. */
export function newSecret(): { readonly secret: string; readonly hash: string; readonly prefix: string } {
  const secret = `ht-${randomBytes(30).toString('base64url')}`
  return { secret, hash: hashKey(secret), prefix: secret.slice(0, 9) }
}

export interface KeyRingOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  /** Signs session cookies; from the data folder, so that a restart keeps people signed in. */
  readonly sessionKey: Uint8Array
  readonly defaultProject: ProjectRecord
  /** Told of every key this node has not seen lately: another node may have made it a moment ago, with a cap of its own. */
  onNewKey?(): Promise<void>
}

export function createKeyRing({ ledger, clock, sessionKey, defaultProject, onNewKey }: KeyRingOptions): KeyRing {
  const remembered = new Map<string, { readonly identity: Identity | undefined; readonly untilMs: number }>()

  async function byHash(hash: string): Promise<Identity> {
    const known = remembered.get(hash)
    if (known && known.untilMs > clock.monotonicMs()) return valid(known.identity)
    const key = await ledger.admin.keyByHash(hash)
    // A key is written after its cap: whoever sees the key reads the cap too.
    if (key && !known?.identity) await onNewKey?.()
    const projects = key ? await ledger.admin.projects() : []
    const identity = key && {
      key,
      project: projects.find((project) => project.id === key.projectId) ?? { ...defaultProject, id: key.projectId },
    }
    if (remembered.size >= MEMORY_ENTRIES) remembered.clear()
    remembered.set(hash, { identity, untilMs: clock.monotonicMs() + MEMORY_MS })
    return valid(identity)
  }

  const sign = (payload: string): string => createHmac('sha256', sessionKey).update(payload).digest('base64url')

  return {
    authenticate: (secret) => byHash(hashKey(secret)),
    startSession({ key }) {
      const payload = `${key.hash}.${Math.floor(clock.nowUs() / 1_000_000) + SESSION_SECONDS}`
      return `${payload}.${sign(payload)}`
    },
    async authenticateSession(cookie) {
      const [hash = '', expires = '', signature = ''] = cookie.split('.')
      const expected = Buffer.from(sign(`${hash}.${expires}`))
      const given = Buffer.from(signature)
      const genuine = given.length === expected.length && timingSafeEqual(given, expected)
      if (!genuine || Number(expires) * 1_000_000 < clock.nowUs())
        throw new HalftoneError('invalid_api_key', 'The session has expired; sign in again.')
      return byHash(hash)
    },
    forget: () => remembered.clear(),
  }
}

function valid(identity: Identity | undefined): Identity {
  if (!identity)
    throw new HalftoneError('invalid_api_key', 'The API key is not known here. `halftone keys list` shows the keys there are.')
  if (identity.key.revokedUs !== null)
    throw new HalftoneError('invalid_api_key', `The API key "${identity.key.name}" was revoked.`)
  return identity
}
