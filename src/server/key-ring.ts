/** Who is asking: keys by hash, with a short memory. */

import { hash, randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { HalftoneError } from '../core/error.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyRecord, Ledger, ProjectRecord } from '../ports/ledger.ts'

export interface Identity {
  readonly key: KeyRecord
  readonly project: ProjectRecord
  /** Present when a session speaks for the key, or for a person. */
  readonly sessionId?: string
}

export interface KeyRing {
  /** Throws `invalid_api_key` for unknown and revoked keys. */
  authenticate(secret: string): Promise<Identity>
  /** Revoked ones too. */
  byId(id: string): Promise<Identity | undefined>
  /** By its id; of one that is not there, the default project under that id. */
  project(id: string): Promise<ProjectRecord>
  /** Forget what is remembered, after a change to keys or projects. */
  forget(): void
}

/** Other nodes see a revocation within this time; this node at once. */
const MEMORY_MS = 3_000
const MEMORY_ENTRIES = 10_000

export const hashKey = (secret: string): string => hash('sha256', secret)

/** `ht-` and 40 random characters; the prefix is what is shown afterwards. */
export function newSecret(): { readonly secret: string; readonly hash: string; readonly prefix: string } {
  const secret = `ht-${randomBytes(30).toString('base64url')}`
  return { secret, hash: hashKey(secret), prefix: secret.slice(0, 9) }
}

export interface KeyRingOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly defaultProject: ProjectRecord
  /** Told of every key this node has not seen lately: another node may have made it a moment ago, with a cap of its own. */
  onNewKey?(): Promise<void>
}

export function createKeyRing({ ledger, clock, defaultProject, onNewKey }: KeyRingOptions): KeyRing {
  /** By `hash:` or `id:`. */
  const remembered = new Map<string, { readonly identity: Identity | undefined; readonly untilMs: number }>()

  /** How often everything was forgotten. */
  let version = 0

  /** Of thousands of requests that come at once, the first reads for all of them. */
  const reading = new Map<string, Promise<Identity | undefined>>()

  async function find(name: string, read: () => Promise<KeyRecord | undefined>): Promise<Identity | undefined> {
    const known = remembered.get(name)
    if (known && known.untilMs > clock.monotonicMs()) return known.identity
    const underWay = reading.get(name)
    if (underWay) {
      const identity = await underWay
      // One after the other, as if each had read for itself: what one chooses the next has to know.
      await setImmediate()
      return identity
    }
    const found = look(name, read, known?.identity !== undefined).finally(() => {
      if (reading.get(name) === found) reading.delete(name)
    })
    reading.set(name, found)
    return found
  }

  async function look(
    name: string,
    read: () => Promise<KeyRecord | undefined>,
    wasKnown: boolean,
  ): Promise<Identity | undefined> {
    const asOf = version
    const key = await read()
    // A key is written after its cap: whoever sees the key reads the cap too.
    if (key && !wasKnown) await onNewKey?.()
    const identity = key && { key, project: await projectOf(key.projectId) }
    // What changed while it was read is read again next time.
    if (asOf !== version) return identity
    if (remembered.size >= MEMORY_ENTRIES) remembered.clear()
    remembered.set(name, { identity, untilMs: clock.monotonicMs() + MEMORY_MS })
    return identity
  }

  const projectOf = async (id: string): Promise<ProjectRecord> =>
    (await ledger.admin.projects()).find((project) => project.id === id) ?? { ...defaultProject, id }

  return {
    async authenticate(secret) {
      const hash = hashKey(secret)
      return valid(await find(`hash:${hash}`, () => ledger.admin.keyByHash(hash)))
    },
    byId: (id) => find(`id:${id}`, () => ledger.admin.keyById(id)),
    project: projectOf,
    forget() {
      version += 1
      remembered.clear()
      // Who asks from here on must not be told what was read before.
      reading.clear()
    },
  }
}

function valid(identity: Identity | undefined): Identity {
  if (!identity)
    throw new HalftoneError('invalid_api_key', 'The API key is not known here. `halftone keys list` shows the keys there are.')
  if (identity.key.revokedUs !== null)
    throw new HalftoneError('invalid_api_key', `The API key "${identity.key.name}" was revoked.`)
  return identity
}
