import { expect, test } from 'vitest'
import type { PastRequest } from '../../../src/ports/ledger.ts'
import { T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

export function routeRules(opened: () => OpenedLedger): void {
  const put = (name: string, after: number, change: object = {}) =>
    opened().ledger.routes.put({
      name,
      after,
      document: { objective: 'cost', after },
      retired: false,
      atUs: T0 + after,
      ...change,
    })

  test('a route is a row of versions, counted by name, and its newest one stands', async () => {
    const { routes } = opened().ledger
    const before = await routes.revision()
    await put('thumbs', 0)
    expect(await put('thumbs', 1)).toMatchObject({ version: 2, createdBy: 'api', restores: null })
    await put('thumbs', 2, { restores: 1 })
    await put('other', 0)
    expect((await routes.versions('thumbs')).map(({ version, restores }) => [version, restores])).toEqual([
      [3, 1],
      [2, null],
      [1, null],
    ])
    expect((await routes.newest()).map(({ name, version }) => [name, version])).toEqual([
      ['other', 1],
      ['thumbs', 3],
    ])
    expect((await routes.newest())[1]).toMatchObject({ document: { objective: 'cost', after: 2 }, createdUs: T0 + 2 })
    expect(await routes.revision()).toBe(before + 4)
  })

  test('of two changes of the same version one is refused, in one batch or in two', async () => {
    const results = await Promise.allSettled([put('race', 0), put('race', 0), put('race', 0)])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
    await expect(put('race', 0)).rejects.toMatchObject({ code: 'conflict' })
    await expect(put('race', 7)).rejects.toMatchObject({ code: 'conflict' })
    expect(await opened().ledger.routes.versions('race')).toHaveLength(1)
  })

  test('a change of a route is in the audit log with its document before and after', async () => {
    await put('told', 0)
    await put('told', 1)
    await put('told', 2, { retired: true })
    await put('told', 3)
    const { rows } = await opened().ledger.access.audit({ limit: 10, objectId: 'told' })
    expect(rows.map(({ action, before, after }) => [action, before?.['version'], after?.['version']])).toEqual([
      ['route.create', undefined, 4],
      ['route.delete', 2, undefined],
      ['route.update', 1, 2],
      ['route.create', undefined, 1],
    ])
  })

  test('versions are for good: the database refuses to change or remove one', async () => {
    const { harness } = opened()
    await put('kept', 0)
    await expect(harness.query("UPDATE route_versions SET document = '{}' WHERE name = 'kept'")).rejects.toThrow()
    await expect(harness.query("DELETE FROM route_versions WHERE name = 'kept'")).rejects.toThrow()
    expect(await opened().ledger.routes.versions('kept')).toHaveLength(1)
  })

  test('a stored document that is no object is reported, and hides no other', async () => {
    const { harness, ledger } = opened()
    await put('fine', 0)
    await harness.query(
      "INSERT INTO route_versions (name, version, document, retired, restores, created_us, created_by) VALUES ('broken', 1, 'no json', 0, NULL, 1, 'hand')",
    )
    const newest = await ledger.routes.newest()
    expect(newest.find(({ name }) => name === 'broken')?.document).toBeUndefined()
    expect(newest.find(({ name }) => name === 'fine')?.document).toBeDefined()
  })

  test('past requests come newest first with what they cost and asked for', async () => {
    const past: PastRequest[] = []
    for await (const row of opened().ledger.routes.past({ sinceUs: 0, sandbox: false })) past.push(row)
    expect(past.map(({ id }) => id)).toEqual(
      past
        .map(({ id }) => id)
        .sort()
        .reverse(),
    )
  })
}
