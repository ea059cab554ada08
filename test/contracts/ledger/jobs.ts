import { expect, test } from 'vitest'
import { T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

export function jobRules(opened: () => OpenedLedger): void {
  const job = (id: string, createdUs = T0) => ({ id, kind: id.split('-')[0] ?? '', createdUs, payload: { id } })
  const claim = (kind: string, nowUs = T0) => ({ kind, nodeId: 'node-1', nowUs, leaseUntilUs: nowUs + 1_000, limit: 10 })

  test('a job is leased once, oldest first, until its lease runs out', async () => {
    const { jobs } = opened().ledger
    await jobs.add([job('lease-b', T0 + 1), job('lease-a'), job('lease-later', T0 + 500)])
    const both = await Promise.all([jobs.claim(claim('lease', T0 + 1)), jobs.claim(claim('lease', T0 + 1))])
    expect(both.flat()).toMatchObject([
      { id: 'lease-a', tries: 1, payload: { id: 'lease-a' } },
      { id: 'lease-b', tries: 1 },
    ])
    const again = await jobs.claim(claim('lease', T0 + 1_002))
    expect(again.map(({ id, tries }) => [id, tries])).toEqual([
      ['lease-a', 2],
      ['lease-b', 2],
      ['lease-later', 1],
    ])
  })

  test('an id is done once for good, however often it is added', async () => {
    const { jobs } = opened().ledger
    await jobs.add([job('once-1')])
    await jobs.add([job('once-1'), job('once-1')])
    expect(await jobs.claim(claim('once'))).toHaveLength(1)
    await jobs.finish({ id: 'once-1', atUs: T0 })
    await jobs.add([job('once-1', T0 + 5)])
    expect(await jobs.claim(claim('once', T0 + 10_000))).toEqual([])
  })

  test('a job that failed comes back when its time has come, and never after it was given up', async () => {
    const { jobs } = opened().ledger
    await jobs.add([job('back-1')])
    await jobs.claim(claim('back'))
    await jobs.retry({ id: 'back-1', runAtUs: T0 + 50, error: 'busy' })
    expect(await jobs.claim(claim('back', T0 + 49))).toEqual([])
    expect(await jobs.claim(claim('back', T0 + 50))).toMatchObject([{ id: 'back-1', tries: 2 }])
    await jobs.finish({ id: 'back-1', atUs: T0 + 60, error: 'gone' })
    await jobs.retry({ id: 'back-1', runAtUs: T0 + 70, error: 'late' })
    expect(await jobs.claim(claim('back', T0 + 10_000))).toEqual([])
  })
}
