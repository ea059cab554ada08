import { expect, test } from 'vitest'
import { newBudget, newReserve, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

export function adminRules(opened: () => OpenedLedger): void {
  const key = {
    id: 'key-a',
    name: 'A',
    hash: 'hash-a',
    prefix: 'ht_a',
    role: 'inference' as const,
    projectId: 'p',
    tags: { team: 'x' },
    createdUs: T0,
    managedBy: 'api' as const,
  }

  test('a key is found by the hash of its secret, with its models, and keeps the time it was revoked', async () => {
    const { ledger } = opened()
    await ledger.admin.createKey(key)
    await ledger.admin.createKey({ ...key, id: 'key-b', hash: 'hash-b', allowedModels: ['acme/painter'] })
    expect(await ledger.admin.keyByHash('hash-a')).toEqual({ ...key, revokedUs: null })
    expect(await ledger.admin.keyByHash('hash-b')).toMatchObject({ allowedModels: ['acme/painter'] })
    expect(await ledger.admin.keyByHash('nothing')).toBeUndefined()
    expect(await ledger.admin.revokeKey('key-a', T0 + 5)).toBe(true)
    expect(await ledger.admin.revokeKey('key-a', T0 + 9)).toBe(true)
    expect(await ledger.admin.revokeKey('no-such', T0)).toBe(false)
    expect(await ledger.admin.keyByHash('hash-a')).toMatchObject({ revokedUs: T0 + 5 })
    expect((await ledger.admin.keys()).map((record) => record.id)).toEqual(['key-a', 'key-b'])
  })

  test('a key was last used when it last made a request, not by requests of others', async () => {
    const { ledger, owner } = opened()
    for (const id of ['used', 'unused', 'used-too']) await ledger.admin.createKey({ ...key, id, hash: `hash-${id}` })
    const use = (keyId: string, createdUs: number) => ledger.reserve(newReserve(owner, { request: { keyId, createdUs } }))
    await use('used', T0 + 7)
    await use('used', T0 + 9)
    await use('used-too', T0 + 3)
    const used = await ledger.admin.lastUsed()
    expect(['used', 'unused', 'used-too'].map((id) => used.get(id))).toEqual([T0 + 9, undefined, T0 + 3])
  })

  test('a key id or secret that exists is a conflict', async () => {
    const { ledger } = opened()
    await ledger.admin.createKey({ ...key, id: 'key-c', hash: 'hash-c' })
    await expect(ledger.admin.createKey({ ...key, id: 'key-c', hash: 'hash-d' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(ledger.admin.createKey({ ...key, id: 'key-d', hash: 'hash-c' })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('a key of the configuration follows it: rights, secret, id, and back after it was gone', async () => {
    const { ledger } = opened()
    const { admin } = ledger
    const file = { ...key, id: 'key-f', hash: 'hash-f', managedBy: 'file' as const }
    const standing = async (hash: string) => {
      const { id, role, revokedUs } = (await admin.keyByHash(hash)) ?? {}
      return { id, role, valid: revokedUs === null }
    }
    await admin.putKey({ ...file, role: 'admin' })
    await admin.putKey({ ...file, createdUs: T0 + 9 })
    expect(await admin.keyByHash('hash-f')).toEqual({ ...file, revokedUs: null })
    await admin.putKey({ ...file, hash: 'hash-f2' })
    expect([await standing('hash-f'), await standing('hash-f2')]).toMatchObject([{ valid: false }, { id: 'key-f', valid: true }])
    await admin.putKey({ ...file, id: 'key-g', hash: 'hash-f2' })
    expect(await standing('hash-f2')).toEqual({ id: 'key-g', role: 'inference', valid: true })
    expect(await admin.keyById('key-f')).toMatchObject({ revokedUs: expect.any(Number) })
    await admin.revokeKey('key-g', T0)
    await admin.putKey({ ...file, id: 'key-g', hash: 'hash-f2' })
    expect(await standing('hash-f2')).toEqual({ id: 'key-g', role: 'inference', valid: true })
  })

  test('the configuration takes over a key of the API, unless it was revoked or has another secret', async () => {
    const { admin } = opened().ledger
    const file = { ...key, managedBy: 'file' as const }
    for (const name of ['h', 'i', 'j']) await admin.createKey({ ...key, id: `key-${name}`, hash: `hash-${name}` })
    await admin.putKey({ ...file, id: 'key-h', hash: 'hash-h' })
    expect(await admin.keyByHash('hash-h')).toMatchObject({ managedBy: 'file', revokedUs: null })
    await admin.revokeKey('key-i', T0)
    await expect(admin.putKey({ ...file, id: 'key-i', hash: 'hash-i' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(admin.putKey({ ...file, id: 'key-j', hash: 'hash-k' })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('projects and budgets are replaced by their manager and by nobody else', async () => {
    const { ledger } = opened()
    const project = { id: 'p', name: 'P', promptMode: 'full' as const, assetTtlDays: 30, tags: {}, managedBy: 'file' as const }
    await ledger.admin.putProject(project)
    await ledger.admin.putProject({ ...project, promptMode: 'none', tags: { a: 'b' } })
    expect(await ledger.admin.projects()).toEqual([{ ...project, promptMode: 'none', tags: { a: 'b' } }])
    await expect(ledger.admin.putProject({ ...project, managedBy: 'api' })).rejects.toMatchObject({ code: 'managed_by_file' })
    await ledger.admin.putBudget(newBudget('env', { managedBy: 'environment' }))
    await expect(ledger.admin.putBudget(newBudget('env'))).rejects.toMatchObject({ code: 'conflict' })
    expect(await ledger.admin.budgets()).toEqual([newBudget('env', { managedBy: 'environment' })])
    expect(await ledger.admin.deleteBudget('env')).toBe(true)
    expect(await ledger.admin.deleteBudget('env')).toBe(false)
  })

  test('every administrative change leaves an audit row that cannot be changed', async () => {
    const { ledger, harness } = opened()
    await ledger.admin.putBudget(newBudget('audited'))
    await ledger.admin.putBudget(newBudget('audited', { limitNanoUsd: 2n ** 62n }))
    await ledger.admin.deleteBudget('audited')
    const rows = await harness.query("SELECT action, actor FROM audit WHERE object_id = 'audited' ORDER BY id")
    expect(rows.map((row) => row['action'])).toEqual(['budget.create', 'budget.update', 'budget.delete'])
    await expect(harness.query('DELETE FROM audit')).rejects.toThrow(/insert-only/)
  })
}
