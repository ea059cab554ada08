/** What a node remembers of keys and sessions is forgotten when they end, whoever reads them in that moment. */
import { expect, test } from 'vitest'
import type { Ledger } from '../ports/ledger.ts'
import { systemClock } from '../system-clock.ts'
import { createKeyRing } from './key-ring.ts'
import { createSessions } from './sessions.ts'

const project = { id: 'default', name: 'default', promptMode: 'full', assetTtlDays: 30, tags: {}, managedBy: 'file' } as const
const key = {
  id: 'key',
  name: 'app',
  hash: 'hash',
  prefix: 'ht-',
  role: 'admin',
  projectId: 'default',
  tags: {},
  createdUs: 0,
  managedBy: 'api',
} as const
const invalid = { code: 'invalid_api_key' }

/** A ledger of one key and one session, whose reads and writes take a turn of the event loop: what is read is what it was before. */
function slowLedger() {
  const state = { revokedUs: null as number | null, endedUs: null as number | null }
  const later = async <Value>(value: Value): Promise<Value> => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return value
  }
  const session = {
    id: 'session',
    keyId: 'key',
    subject: 'key',
    name: 'app',
    claims: null,
    createdUs: 0,
    seenUs: systemClock.nowUs(),
    expiresUs: Number.MAX_SAFE_INTEGER,
  }
  // As much of a ledger as keys and sessions read.
  const ledger = {
    admin: {
      keyByHash: () => later({ ...key, revokedUs: state.revokedUs }),
      keyById: () => later({ ...key, revokedUs: state.revokedUs }),
      projects: () => later([project]),
    },
    access: {
      sessionByHash: () => later({ ...session, endedUs: state.endedUs }),
      touchSession: () => later(undefined),
      async endSession() {
        await later(undefined)
        state.endedUs = 1
        return later(true)
      },
    },
  } as unknown as Ledger
  return { state, ledger }
}

test('a key that is read while it is revoked is not remembered as valid', async () => {
  const { state, ledger } = slowLedger()
  const keys = createKeyRing({ ledger, clock: systemClock, defaultProject: project })
  const reading = keys.authenticate('secret')
  state.revokedUs = 1
  keys.forget()
  await reading
  await expect(keys.authenticate('secret')).rejects.toMatchObject(invalid)
})

test('a session that is read while it ends is not remembered as open', async () => {
  const { ledger } = slowLedger()
  const keys = createKeyRing({ ledger, clock: systemClock, defaultProject: project })
  const settings = () => ({ maxSeconds: 3_600, idleSeconds: 3_600, roles: [] })
  const sessions = createSessions({ ledger, clock: systemClock, keys, newId: () => 'id', settings, onError: () => undefined })
  const token = 'a'.repeat(43)
  const ending = sessions.end('session')
  await Promise.allSettled([sessions.authenticate(token), ending])
  await expect(sessions.authenticate(token)).rejects.toMatchObject(invalid)
})

test('requests that come at once have their key read once for all of them', async () => {
  const { ledger } = slowLedger()
  let reads = 0
  const counting = {
    admin: {
      ...ledger.admin,
      keyByHash: (hash: string) => {
        reads += 1
        return ledger.admin.keyByHash(hash)
      },
    },
  } as unknown as Ledger
  const keys = createKeyRing({ ledger: counting, clock: systemClock, defaultProject: project })
  await Promise.all(Array.from({ length: 50 }, () => keys.authenticate('secret')))
  expect(reads).toBe(1)
})

test('who asks after a change is not told what was read before it', async () => {
  const { state, ledger } = slowLedger()
  const keys = createKeyRing({ ledger, clock: systemClock, defaultProject: project })
  const before = keys.authenticate('secret')
  state.revokedUs = 1
  keys.forget()
  await expect(keys.authenticate('secret')).rejects.toMatchObject(invalid)
  await expect(before).resolves.toMatchObject({ key: { id: 'key' } })
})
