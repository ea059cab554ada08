import { expect, test } from 'vitest'
import { newBudget, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

const HOUR = 3_600_000_000

export function accessRules(opened: () => OpenedLedger): void {
  const session = (id: string, change: object = {}) => ({
    id,
    hash: `hash-${id}`,
    keyId: 'key-1',
    subject: 'key-1',
    name: 'Ann\0',
    claims: null,
    createdUs: T0,
    expiresUs: T0 + 12 * HOUR,
    address: '192.0.2.1',
    ...change,
  })

  test('a session is found by the hash of its token until it ends, and says when it was last seen', async () => {
    const { access } = opened().ledger
    const claims = { email: 'ann@acme.test', groups: ['money'] }
    await access.startSession(session('s-1'))
    await access.startSession(session('s-2', { keyId: null, claims }))
    await access.touchSession('s-1', T0 + HOUR)
    await access.touchSession('s-1', T0 + 5)
    expect(await access.sessionByHash('hash-s-1')).toEqual(
      session('s-1', { name: 'Ann\uFFFD', seenUs: T0 + HOUR, endedUs: null }),
    )
    expect(await access.sessionByHash('hash-s-2')).toMatchObject({ keyId: null, claims })
    expect(await access.endSession('s-1', T0 + 9)).toBe(true)
    expect(await access.endSession('s-1', T0 + 10)).toBe(false)
    expect(await access.endSession('no-such', T0)).toBe(false)
    await access.touchSession('s-1', T0 + 2 * HOUR)
    expect(await access.sessionByHash('hash-s-1')).toMatchObject({ endedUs: T0 + 9, seenUs: T0 + HOUR })
    expect((await access.sessions(T0 + HOUR)).map(({ id }) => id)).toEqual(['s-2'])
    expect(await access.sessions(T0 + 13 * HOUR)).toEqual([])
  })

  test('sessions that ran out more than a day ago are forgotten with the next one', async () => {
    const { harness, ledger } = opened()
    await ledger.access.startSession(session('old'))
    harness.clock.nowUs += 40 * HOUR
    await ledger.access.startSession(session('new', { expiresUs: harness.clock.nowUs + HOUR }))
    expect(await ledger.access.sessionByHash('hash-old')).toBeUndefined()
  })

  test('a change is written down with what was before and after, and never a secret', async () => {
    const { ledger } = opened()
    await ledger.admin.putBudget(newBudget('b-1', { limitNanoUsd: 5n }))
    await ledger.admin.putBudget(newBudget('b-1', { limitNanoUsd: 7n }))
    await ledger.admin.deleteBudget('b-1')
    const key = { id: 'k-9', name: 'K', hash: 'its-hash', prefix: 'ht-9', role: 'finance', projectId: 'p' } as const
    await ledger.admin.createKey({ ...key, tags: {}, createdUs: T0, managedBy: 'api' })
    await ledger.admin.revokeKey('k-9', T0 + 1)
    const budget = (await ledger.access.audit({ limit: 10, objectId: 'b-1' })).rows
    expect(budget.map(({ action, before, after }) => [action, before?.['limit_nano_usd'], after?.['limit_nano_usd']])).toEqual([
      ['budget.delete', '7', undefined],
      ['budget.update', '5', '7'],
      ['budget.create', undefined, '5'],
    ])
    const keys = (await ledger.access.audit({ limit: 10, objectId: 'k-9' })).rows
    expect(keys.map(({ action }) => action)).toEqual(['key.revoke', 'key.create'])
    expect(keys[0]).toMatchObject({ before: { revoked_us: null }, after: { revoked_us: String(T0 + 1), role: 'finance' } })
    expect(JSON.stringify(keys)).not.toContain('its-hash')
  })

  test('before and after of a change differ in what was changed, and in nothing else', async () => {
    const { ledger } = opened()
    await ledger.admin.putBudget(newBudget('one-change', { limitNanoUsd: 5n }))
    await ledger.admin.putBudget(newBudget('one-change', { limitNanoUsd: 7n }))
    const { rows } = await ledger.access.audit({ limit: 1, objectId: 'one-change' })
    const { before, after } = rows[0] ?? {}
    const changed = Object.keys({ ...before, ...after }).filter((name) => before?.[name] !== after?.[name])
    expect(changed).toEqual(['limit_nano_usd'])
  })

  test('putting what is already there is no change', async () => {
    const { ledger } = opened()
    for (let round = 0; round < 3; round += 1) await ledger.admin.putBudget(newBudget('same'))
    expect((await ledger.access.audit({ limit: 10, objectId: 'same' })).rows).toHaveLength(1)
  })

  test('the log is read in pages, by action, by actor and by time', async () => {
    const { ledger, harness } = opened()
    const record = (action: string) => ledger.access.recordAudit({ action, objectId: 'paged', data: { n: 1 } })
    for (const action of ['thing.make', 'thing.drop', 'things.other', 'thing']) await record(action)
    harness.clock.nowUs += HOUR
    await record('thing.late')
    const actions = async (query: object) =>
      (await ledger.access.audit({ limit: 10, objectId: 'paged', ...query })).rows.map(({ action }) => action)
    expect(await actions({ action: 'thing' })).toEqual(['thing.late', 'thing', 'thing.drop', 'thing.make'])
    expect(await actions({ action: 'thing.drop' })).toEqual(['thing.drop'])
    expect(await actions({ sinceUs: harness.clock.nowUs })).toEqual(['thing.late'])
    expect(await actions({ untilUs: harness.clock.nowUs, action: 'thing.late' })).toEqual([])
    expect(await actions({ actor: 'api' })).toHaveLength(5)
    expect(await actions({ actor: 'nobody' })).toEqual([])
    const first = await ledger.access.audit({ limit: 2, objectId: 'paged' })
    const second = await ledger.access.audit({ limit: 9, objectId: 'paged', cursor: first.nextCursor ?? '' })
    expect([first.rows.length, second.rows.length, second.nextCursor]).toEqual([2, 3, null])
  })
}
