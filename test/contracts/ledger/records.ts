import { beforeAll, expect, test } from 'vitest'
import { focusVersions } from '../../../src/core/export/focus/columns.ts'
import { closeMonth } from '../../../src/gateway/months.ts'
import { systemClock } from '../../../src/system-clock.ts'
import { entriesOf, everyCharge, FROM_US, rowsOf, TO_US } from '../../support/every-charge.ts'
import { charge, newAsset, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'
import { expectConsistent } from './invariants.ts'

const DAY_US = 86_400_000_000
const NOVEMBER = Date.UTC(2026, 10, 1) * 1_000
const DECEMBER = Date.UTC(2026, 11, 1) * 1_000
const OCTOBER_10 = Date.UTC(2026, 9, 10) * 1_000
const SECRET = 'a very private wish'
/** Rows come in no order of their own. */
const asText = (row: object): string => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value))
const span = { fromUs: FROM_US, toUs: TO_US, sandbox: false }

export function recordRules(opened: () => OpenedLedger): void {
  /** A request that everything private was said in. */
  const made = async (createdUs: number, expiresUs: number, more: Parameters<typeof newReserve>[1] = {}) => {
    const { ledger, owner } = opened()
    const content = { prompt: SECRET, promptHmac: null, parameters: { negativePrompt: SECRET }, features: { words: 4 } }
    const reserve = newReserve(owner, {
      ...more,
      request: {
        content,
        createdUs,
        recordExpiresUs: expiresUs,
        decision: { because: SECRET },
        tags: { campaign: 'x' },
        ...more.request,
      },
      attempt: { createdUs, settings: { size: '1024x1024', negativePrompt: SECRET }, ...more.attempt },
    })
    await ledger.reserve(reserve)
    return reserve
  }
  const settled = async (createdUs: number, expiresUs: number, more: Parameters<typeof newSettle>[1] = {}) => {
    const reserve = await made(createdUs, expiresUs)
    const sha256 = reserve.request.id.replaceAll('-', '').padEnd(64, '0')
    await opened().ledger.settle(
      newSettle(reserve, {
        settledUs: createdUs,
        assets: [newAsset({ sha256, revisedPrompt: SECRET, seed: 7, expiresUs: T0 + 900 * DAY_US })],
        errorMessage: SECRET,
        providerRequestId: SECRET,
        evidence: { body: { error: SECRET } },
        ...more,
      }),
    )
    return { id: reserve.request.id, attemptId: reserve.attempt.id, sha256 }
  }
  const sweep = (nowUs: number, limit = 100) => opened().ledger.sweep({ nowUs, limit })
  const deletedUs = async (id: string) => (await opened().ledger.read.request(id))?.recordDeletedUs
  const eventsOf = async (id: string) => (await opened().ledger.read.attempt(id))?.events.map(({ kind }) => kind)
  /** All that money is told by: charges, sums by hour and by day, the report, the finest sums, every column of both exports. */
  const money = async () => {
    const { ledger, harness } = opened()
    const scanned: string[] = []
    for await (const page of ledger.insight.fine({
      ...span,
      wants: 'both',
      grain: 'day',
      dimensions: ['project', 'offer', 'tag:campaign', 'end_customer'],
    }))
      scanned.push(...[...page.facts, ...page.latencies].map(asText))
    const tables = ['charges', 'holds', 'credit_lots', 'credit_draws', 'budget_periods', 'rollups', 'rollup_tags', 'insight_days']
    const rows: unknown[] = []
    for (const table of [...tables, 'insight_histograms', 'volumes', 'audit'])
      rows.push(
        [...(await harness.query(`SELECT * FROM ${table}`))].map((row) => Object.values(row).map(String).join('|')).sort(),
      )
    return {
      rows,
      scanned: scanned.sort(),
      report: await ledger.read.reports.money(span),
      totals: await ledger.read.totals({ sandbox: false }),
      focus: await Promise.all(focusVersions.map(async (version) => rowsOf(await entriesOf(ledger), version))),
    }
  }
  const whole = async () => {
    const texts: string[] = []
    for (const table of ['requests', 'request_content', 'attempts', 'attempt_events', 'assets', 'feedback', 'idempotency'])
      for (const row of await opened().harness.query(`SELECT * FROM ${table}`)) texts.push(...Object.values(row).map(String))
    return texts
  }

  beforeAll(() => everyCharge(opened().ledger, opened().owner))

  test('without an end a record stays', async () => {
    const before = await whole()
    await sweep(T0 + 29 * DAY_US)
    expect(await whole()).toEqual(before)
  })

  test('after its time a record goes, and everything that tells of money stays as it was', async () => {
    const { ledger } = opened()
    const { id, attemptId, sha256 } = await settled(OCTOBER_10, T0)
    await ledger.feedback.rate({
      subject: { requestId: id },
      keyId: 'key-1',
      signal: 'explicit',
      verdict: 'accept',
      reason: SECRET,
      atUs: T0,
    })
    const before = await money()
    const record = await ledger.read.request(id)
    await sweep(T0 - 1)
    expect(await deletedUs(id)).toBeNull()
    expect((await sweep(T0)).deletedBlobs).toContain(sha256)
    expect(await ledger.read.request(id)).toEqual({
      ...record,
      recordDeletedUs: T0,
      prompt: null,
      errorMessage: null,
      parameters: {},
      features: {},
      decision: {},
      warnings: [],
      response: null,
      images: record?.images.map((image) => ({ ...image, expired: true })),
      assets: record?.assets.map((asset) => ({ ...asset, deleted: true, revisedPrompt: null, seed: null })),
      attemptRows: record?.attemptRows.map((row) => ({
        ...row,
        settings: {},
        errorMessage: null,
        providerRequestId: null,
        events: [],
      })),
    })
    expect((await whole()).filter((text) => text.includes(SECRET))).toEqual([])
    expect((await whole()).filter((text) => text.includes(`fingerprint-${id}`))).toEqual([])
    expect(await money()).toEqual(before)
    expect(await eventsOf(attemptId)).toEqual([])
    await expectConsistent(opened().harness)
  })

  test('every kind of charge keeps its rows in FOCUS and reports when the records of its month go', async () => {
    const before = await money()
    await opened().harness.query(`UPDATE requests SET record_expires_us = ${T0} WHERE record_deleted_us IS NULL`)
    await sweep(DECEMBER, 1_000)
    const [counted] = await opened().harness.query(
      "SELECT count(*) AS n FROM requests WHERE record_deleted_us IS NULL AND id NOT IN (SELECT request_id FROM attempts WHERE state = 'unknown')",
    )
    expect(counted?.['n']).toEqual(0n)
    expect(await money()).toEqual(before)
    await expectConsistent(opened().harness)
  })

  test('a sweep looks at a bounded number, and goes on where it was', async () => {
    const ids: string[] = []
    for (let index = 0; index < 3; index += 1) ids.push((await settled(OCTOBER_10, T0 + index)).id)
    const states = () => Promise.all(ids.map(async (id) => (await deletedUs(id)) !== null))
    expect((await sweep(T0 + 10, 1)).more).toBe(true)
    expect(await states()).toEqual([true, false, false])
    while ((await sweep(T0 + 10, 1)).more);
    expect(await states()).toEqual([true, true, true])
  })

  test('what runs, what nobody knows the outcome of, and what may be answered again wait, and hold nothing up', async () => {
    const { ledger } = opened()
    const running = await made(OCTOBER_10, T0)
    const unknown = await settled(OCTOBER_10, T0, { state: 'unknown', charges: [], billed: 'unknown' })
    const replayable = await made(OCTOBER_10, T0, { idempotency: { scope: 'again', fingerprint: 'f', expiresUs: T0 + DAY_US } })
    await ledger.settle(newSettle(replayable, { settledUs: OCTOBER_10 }))
    const ripe = await settled(OCTOBER_10, T0 + 1)
    while ((await sweep(T0 + 2, 1)).more);
    expect(await deletedUs(ripe.id)).toBe(T0 + 2)
    for (const { id } of [running.request, unknown, replayable.request]) expect(await deletedUs(id)).toBeNull()
    expect((await ledger.read.request(unknown.id))?.prompt).toBe(SECRET)
    const evidence = { source: 'invoice', outcome: 'succeeded', assets: [] } as const
    await ledger.reconcile({
      ...evidence,
      attemptId: unknown.attemptId,
      atUs: T0,
      evidenceId: 'r-1',
      charges: [charge(41_000_001n)],
    })
    await sweep(T0 + 2 + DAY_US)
    expect(await deletedUs(unknown.id)).toBe(T0 + 2 + DAY_US)
    expect(await deletedUs(replayable.request.id)).toBe(T0 + 2 + DAY_US)
    expect(await deletedUs(running.request.id)).toBeNull()
    // What it was reconciled by is evidence, which must not count twice.
    expect(await eventsOf(unknown.attemptId)).toEqual(['reconciled'])
    const before = await money()
    await ledger.reconcile({ ...evidence, attemptId: unknown.attemptId, atUs: T0, evidenceId: 'r-1', charges: [charge(99n)] })
    expect(await money()).toEqual(before)
    await expectConsistent(opened().harness)
  })

  test('better evidence about a deleted record is booked all the same', async () => {
    const { ledger, harness } = opened()
    const { id, attemptId } = await settled(OCTOBER_10, T0)
    await sweep(T0)
    const evidence = { source: 'invoice', outcome: 'succeeded', assets: [], imagesMade: 1 } as const
    await ledger.reconcile({ ...evidence, attemptId, atUs: T0, evidenceId: 'r-2', charges: [charge(5n)] })
    expect((await ledger.read.request(id))?.costNanoUsd).toBe(5n)
    await expectConsistent(harness)
  })

  test('it can neither be priced again nor be looked at for what it might have cost, and says so', async () => {
    const { ledger } = opened()
    const { id, attemptId } = await settled(T0, T0)
    const find = async () => {
      const { rows } = await ledger.prices.settled({ sinceUs: T0 - 60 * DAY_US, limit: 200 })
      const calls: unknown[] = []
      for await (const page of ledger.read.reports.calls({ slices: [span], sandbox: false, repeatsWithinUs: 0 }))
        calls.push(...page)
      const past: string[] = []
      for await (const { id } of ledger.routes.past({ sinceUs: T0 - 60 * DAY_US, sandbox: false })) past.push(id)
      return [
        rows.find(({ attempt }) => attempt.id === attemptId)?.request.isRecordDeleted,
        calls.find((call) => (call as { readonly id: string }).id === attemptId),
        past.includes(id),
      ] as const
    }
    const [isDeleted, call, isPast] = await find()
    expect([isDeleted, isPast]).toEqual([false, true])
    expect(call).not.toHaveProperty('recordDeleted')
    await sweep(DECEMBER)
    const [isDeletedNow, callNow, isPastNow] = await find()
    expect([isDeletedNow, isPastNow]).toEqual([true, false])
    expect(callNow).toHaveProperty('recordDeleted', true)
  })

  test('the database lets no event go while its record stands, and none that money rests on', async () => {
    const standing = await settled(OCTOBER_10, T0 + 900 * DAY_US)
    const { harness } = opened()
    const refused = (where: string) =>
      expect(harness.query(`DELETE FROM attempt_events WHERE ${where}`), where).rejects.toThrow(/insert-only/)
    await refused(`attempt_id = '${standing.attemptId}'`)
    await refused("kind = 'reconciled'")
    await refused("kind = 'corrected'")
    await expect(harness.query("UPDATE attempt_events SET data = '{}'")).rejects.toThrow(/insert-only/)
  })

  test('a month that is not over waits; where months are closed, one that is not closed does', async () => {
    const { ledger, harness } = opened()
    const [october, november] = [await settled(OCTOBER_10, T0), await settled(NOVEMBER + DAY_US, T0)]
    const late = await settled(NOVEMBER - 1, T0, { settledUs: NOVEMBER + 1 })
    await sweep(T0)
    expect([await deletedUs(october.id), await deletedUs(november.id), await deletedUs(late.id)]).toEqual([T0, null, null])
    harness.clock.nowUs = DECEMBER + DAY_US
    const services = { ledger, clock: { ...systemClock, nowUs: () => harness.clock.nowUs } }
    const waiting = await settled(NOVEMBER + DAY_US, T0)
    await closeMonth(services, '2026-10', true)
    await sweep(DECEMBER + DAY_US)
    for (const { id } of [november, late, waiting]) expect(await deletedUs(id)).toBeNull()
    await closeMonth(services, '2026-11', true)
    await sweep(DECEMBER + 2 * DAY_US)
    for (const { id } of [november, late, waiting]) expect(await deletedUs(id)).toBe(DECEMBER + 2 * DAY_US)
  })
}
