import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadConfig } from '../config/index.ts'
import type { Ledger } from '../ports/ledger.ts'
import { openSqliteLedger } from '../storage/index.ts'
import { createKeyOnce, openAdminKey } from './data.ts'

const T0 = Date.UTC(2026, 10, 22) * 1_000
let dataDir: string
let ledger: Ledger

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'halftone-data-'))
  ledger = await openSqliteLedger({ dataDir, now: () => T0, declaredTags: [] })
})
afterEach(async () => {
  await ledger.close()
  await rm(dataDir, { recursive: true, force: true })
})

test('nodes that start at once on one ledger share the admin key', async () => {
  const env = { HALFTONE_ADMIN_KEY: 'an-admin-key-of-some-length', HALFTONE_DATA_DIR: dataDir }
  const { config } = await loadConfig({ env, cwd: dataDir })
  await Promise.all(Array.from({ length: 3 }, () => openAdminKey(config, ledger, T0)))
  expect(await ledger.admin.keys()).toHaveLength(1)
})

test('a key that was revoked is not taken for one that another node just made', async () => {
  const key = {
    id: 'key-1',
    name: 'key-1',
    hash: 'a'.repeat(64),
    prefix: 'sk-a',
    role: 'inference',
    projectId: 'default',
    tags: {},
    createdUs: T0,
    managedBy: 'file',
  } as const
  await createKeyOnce(ledger.admin, key)
  await createKeyOnce(ledger.admin, key)
  await ledger.admin.revokeKey('key-1', T0)
  await expect(createKeyOnce(ledger.admin, key)).rejects.toMatchObject({ code: 'conflict' })
})

test('an admin key that the environment no longer has is worth nothing', async () => {
  const open = async (key: string | undefined) => {
    const env = { HALFTONE_DATA_DIR: dataDir, ...(key !== undefined && { HALFTONE_ADMIN_KEY: key }) }
    const { config } = await loadConfig({ env, cwd: dataDir })
    await openAdminKey(config, ledger, T0)
  }
  const valid = async () => (await ledger.admin.keys()).flatMap(({ prefix, revokedUs }) => (revokedUs === null ? [prefix] : []))
  await open('old-admin-key-of-some-length')
  await open('new-admin-key-of-some-length')
  expect(await valid()).toEqual(['new-admin'])
  await open('old-admin-key-of-some-length')
  expect(await valid()).toEqual(['old-admin'])
  await open(undefined)
  expect(await valid()).toHaveLength(1)
})
