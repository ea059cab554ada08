/** Sums by day, distributions, scans, and what is kept to ask again. */
import { v7 as uuidv7 } from 'uuid'
import { expect, test } from 'vitest'
import { addSums, zeroSums } from '../../../src/core/insight/explore.ts'
import type { StoredDimension } from '../../../src/core/insight/rules.ts'
import type { ChargeLine, Outcome } from '../../../src/core/outcome.ts'
import type { NewLot, SettleCommand, SumsQuery } from '../../../src/ports/ledger.ts'
import { fineTables } from '../../../src/storage/migrations/014-fine.ts'
import { cubes, daySums, MOST_NAMES_A_DAY } from '../../../src/storage/migrations/insight-cubes.ts'
import { charge, newAsset, newAttempt, newFinish, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import { grouped, recount } from '../../support/recount.ts'
import type { OpenedLedger } from '../ledger.ts'
import { allDimensions, expectFineEqualsRows, readFine } from './insight-fine.ts'
import { expectConsistent } from './invariants.ts'

const DAY = 86_400_000_000
/** Hundreds of commits or questions: what runs on after its time would write into the tests that follow. */
const PATIENT_MS = 120_000
const dayUs = Math.floor(T0 / DAY) * DAY
const whole = { sandbox: false, fromUs: dayUs - 10 * DAY, toUs: dayUs + 2 * DAY } as const

/** Mulberry32: the same run each time. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const correction = (amountNanoUsd: bigint): ChargeLine =>
  charge(amountNanoUsd, { kind: 'correction', rateId: 'rate-2', priceBook: 'book-2' })

/** Another attempt will end the request. */
const withoutFinish = ({ finish: _, ...settle }: SettleCommand): SettleCommand => settle

export function insightRules(opened: () => OpenedLedger): void {
  /** Requests with every kind of end, over several days, real and sandbox. */
  async function live(count: number): Promise<void> {
    const { ledger, owner } = opened()
    const random = randomFrom(7)
    const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
    const words = [{ verdict: 'accept' }, { verdict: 'reject' }, { verdict: 'score', score: 250 }] as const
    let rated = 0
    for (let index = 0; index < count; index += 1) {
      const at = T0 - Math.floor(random() * 6 * DAY)
      const sandbox = random() < 0.2
      const made = 1 + Math.floor(random() * 3)
      const reserve = newReserve(owner, {
        sandbox,
        holdNanoUsd: 90_000_000n,
        request: {
          id: uuidv7({ msecs: Math.floor(at / 1_000) }),
          createdUs: at,
          n: made,
          operation: one(['generate', 'edit'] as const),
          sizeClass: one(['1k', '2k']),
          quality: one(['', 'low', 'high']),
          route: one(['auto', 'thumbnails']),
          projectId: one(['shop', 'studio']),
          keyId: one(['key-a', 'key-b', 'key-c']),
          promptClass: one(['plain', 'people']),
          tags: one<Record<string, string>>([{}, { campaign: 'summer' }, { campaign: "win'ter", other: 'x' }]),
          ...(random() < 0.5 && { endCustomer: one(['ann', 'bob', 'o"hara']) }),
          ...(random() < 0.3 && { group: one(['g-1', 'g-2']) }),
          ...(random() < 0.5 && { baseline: { name: one(['everything-high', 'last-year']), expectedNanoUsd: 100_000_001n } }),
        },
        attempt: { offer: one(['acme:acme/painter', 'acme:acme/fast@eu', 'bolt:acme/painter+batch']), kind: 'primary' },
      })
      await ledger.reserve(reserve)
      const common = { settledUs: at + 1_500_000, durationUs: 1_000_000 + Math.floor(random() * 9e6) }
      const finish = (outcome: Outcome, images: number) =>
        newFinish({
          outcome,
          imagesReturned: images,
          finishedUs: at + 2_000_000,
          latencyUs: Math.floor(random() * 20e6),
        })
      const charges = [charge(BigInt(1 + Math.floor(random() * 90_000_000)))]
      switch (
        one([
          'good',
          'good',
          'good',
          'partial',
          'refused',
          'free',
          'unknown',
          'unknown',
          'fallback',
          'hedge',
          'corrected',
          'rated',
          'unserved',
        ])
      ) {
        case 'partial':
          await ledger.settle(
            newSettle(reserve, { ...common, outcome: 'partial', charges, imagesMade: 1, finish: finish('partial', 1) }),
          )
          break
        case 'refused':
          await ledger.settle(
            newSettle(reserve, { ...common, outcome: 'refused', charges, imagesMade: 0, finish: finish('refused', 0) }),
          )
          break
        case 'free':
          await ledger.settle(
            newSettle(reserve, {
              ...common,
              state: 'voided',
              billed: 'no',
              outcome: 'rate_limited',
              charges: [],
              imagesMade: 0,
              finish: finish('error', 0),
            }),
          )
          break
        case 'unknown': {
          await ledger.settle(
            newSettle(reserve, {
              ...common,
              state: 'unknown',
              billed: 'unknown',
              outcome: 'timeout',
              charges: [],
              imagesMade: 0,
              finish: finish('timeout', 0),
            }),
          )
          if (random() < 0.5) break
          const evidence = {
            attemptId: reserve.attempt.id,
            atUs: T0,
            evidenceId: `e-${index}`,
            source: 'invoice',
            outcome: 'succeeded',
          } as const
          for (let twice = 0; twice < 2; twice += 1) await ledger.reconcile({ ...evidence, charges, assets: [newAsset()] })
          break
        }
        case 'fallback':
        case 'hedge': {
          await ledger.settle(withoutFinish(newSettle(reserve, { ...common, outcome: 'error', charges, imagesMade: 0 })))
          const kind = random() < 0.5 ? 'fallback' : 'hedge'
          const second = {
            attempt: newAttempt(owner, { requestId: reserve.request.id, sandbox, sequence: 2, kind }),
            budgetIds: [],
          }
          await ledger.reserve(second)
          await ledger.settle(newSettle(second, { ...common, charges, imagesMade: made, finish: finish('succeeded', made) }))
          break
        }
        case 'corrected': {
          await ledger.settle(newSettle(reserve, { ...common, charges, imagesMade: made, finish: finish('succeeded', made) }))
          const standing = (await ledger.read.request(reserve.request.id))?.attemptRows[0]?.charges.map(({ id }) => id) ?? []
          const corrections = [{ line: correction(-BigInt(Math.floor(random() * 1_000))), corrects: standing[0] ?? '' }]
          await ledger.prices.correct({ attemptId: reserve.attempt.id, atUs: T0, standing, corrections, evidence: {} })
          break
        }
        case 'rated':
          await ledger.settle(
            newSettle(reserve, { ...common, charges, imagesMade: made, assets: [newAsset()], finish: finish('succeeded', made) }),
          )
          await ledger.feedback.rate({
            subject: { requestId: reserve.request.id },
            keyId: 'key-a',
            signal: 'explicit',
            ...(words[rated % words.length] ?? words[0]),
            atUs: T0,
          })
          rated += 1
          break
        case 'unserved':
          await ledger.finishRequest({ requestId: reserve.request.id, finish: finish('error', 0) })
          break
        default:
          await ledger.settle(newSettle(reserve, { ...common, charges, imagesMade: made, finish: finish('succeeded', made) }))
      }
    }
    for (const { id } of (await ledger.read.requests({ limit: 20 })).rows) {
      await ledger.countRepeat({ requestId: id, savedNanoUsd: 40_000_001n })
    }
    const lot: NewLot = {
      id: 'unused',
      provider: 'acme',
      commitment: 'credits',
      kind: 'prepaidCredits',
      startsUs: T0 - 9 * DAY,
      expiresUs: T0 - 2 * DAY,
      meter: null,
      capacity: 1_000n,
      paidNanoUsd: 777n,
      nativeAmount: '1',
      nativeUnit: 'USD',
      source: 'test',
      managedBy: 'file',
    }
    await ledger.commitments.putLots([lot])
    await ledger.commitments.closeLots({ atUs: T0 })
  }

  test(
    'after every kind of end each sum by day equals the rows it summarises',
    async () => {
      await live(260)
      await expectConsistent(opened().harness)
    },
    PATIENT_MS,
  )

  const dimensions: readonly StoredDimension[] = [
    'offer',
    'operation',
    'size',
    'quality',
    'route',
    'project',
    'key',
    'outcome',
    'prompt_class',
  ]
  const totalOf = async (query: SumsQuery) => {
    const answer = await opened().ledger.insight.sums(query)
    return answer?.cells.map(({ sums }) => sums).reduce(addSums, zeroSums)
  }

  test('any two dimensions, and any one with a name of its own, add up to everything there is', async () => {
    const { ledger } = opened()
    const everything = await totalOf({ ...whole, grain: 'none', dimensions: [] })
    const totals = await ledger.read.totals({ sandbox: false })
    expect(everything?.costNanoUsd).toBe(totals.costNanoUsd)
    const cells = (await ledger.insight.sums({ ...whole, grain: 'none', dimensions: ['kind'] }))?.cells ?? []
    expect(cells.reduce((sum, { sums }) => sum + sums.provisionalNanoUsd, 0n)).toBe(totals.unknownNanoUsd)
    for (const [index, first] of dimensions.entries())
      for (const second of dimensions.slice(index + 1))
        expect(await totalOf({ ...whole, grain: 'day', dimensions: [first, second] }), `${first} x ${second}`).toEqual(everything)
    for (const named of [['end_customer'], ['group', 'project'], ['tag:campaign', 'offer'], ['baseline']] as const)
      expect(await totalOf({ ...whole, grain: 'none', dimensions: named }), named.join()).toEqual(everything)
    expect(await totalOf({ ...whole, grain: 'hour', dimensions: ['offer', 'key'] })).toEqual(everything)
  })

  test(
    'the finest sums by any two dimensions are what the rows say, to the nano-dollar and the wait',
    async () => {
      const { ledger, harness } = opened()
      const rows = await recount((sql) => harness.query(sql), false)
      const pairs = allDimensions.flatMap((first, index) =>
        allDimensions.slice(index + 1).map((second) => [first, second] as const),
      )
      const asked: readonly (readonly StoredDimension[])[] = [...pairs, [], ['tag:campaign'], allDimensions]
      for (const dimensions of asked)
        for (const grain of ['none', 'day', 'hour'] as const)
          await expectFineEqualsRows(ledger.insight, rows, { ...whole, grain, dimensions })
      const filters = [
        { dimension: 'end_customer', values: ['ann', ''] },
        { dimension: 'tag:campaign', values: ["win'ter"] },
        { dimension: 'route', values: ['auto'] },
      ] as const
      const narrow = { ...whole, fromUs: dayUs - 3 * DAY, toUs: dayUs - DAY, filters }
      await expectFineEqualsRows(ledger.insight, rows, {
        ...narrow,
        grain: 'day',
        dimensions: filters.map(({ dimension }) => dimension),
      })
      expect(rows.facts.length).toBeGreaterThan(500)
      const total = rows.facts.map(({ sums }) => sums).reduce(addSums)
      for (const column of ['accepted', 'rejected', 'images', 'delivered'] as const)
        expect(total[column], column).toBeGreaterThan(0)
    },
    PATIENT_MS,
  )

  test('cubes and the finest sums say the same', async () => {
    const { ledger } = opened()
    const pairs: readonly (readonly StoredDimension[])[] = [
      ['offer', 'outcome'],
      ['project', 'end_customer'],
      ['offer', 'tag:campaign'],
      ['group', 'project'],
    ]
    for (const dimensions of pairs) {
      const query = { ...whole, grain: 'day', dimensions } as const
      const asked = { ...whole, dimensions, stepUs: DAY }
      const { facts } = await readFine(ledger.insight, { ...query, wants: 'sums' })
      const cells = (await ledger.insight.sums(query))?.cells ?? []
      expect(
        grouped(
          cells.map((cell) => ({ ...cell, sums: addSums(zeroSums, cell.sums) })),
          asked,
        ),
        dimensions.join(),
      ).toEqual(grouped(facts, asked))
    }
  })

  test('what no sums are kept by is said, not guessed', async () => {
    const { insight } = opened().ledger
    expect(await insight.sums({ ...whole, grain: 'none', dimensions: ['end_customer', 'offer'] })).toBeUndefined()
    expect(await insight.sums({ ...whole, grain: 'none', dimensions: ['tag:other'] })).toBeUndefined()
    expect(
      await insight.distribution({ ...whole, grain: 'none', measure: 'latency', dimensions: ['offer', 'key'] }),
    ).toBeUndefined()
  })

  test('filters pick values, in the empty one what has none', async () => {
    const { insight } = opened().ledger
    const ask = async (values: readonly string[]) =>
      (
        await insight.sums({
          ...whole,
          grain: 'none',
          dimensions: ['end_customer'],
          filters: [{ dimension: 'end_customer', values }],
        })
      )?.cells.map(({ values: own }) => own.end_customer)
    expect(await ask(['ann'])).toEqual(['ann'])
    expect((await ask(['', 'bob']))?.sort()).toEqual(['', 'bob'])
  })

  test('a day has rows for a bounded number of end customers; the rest is one row and no money is lost', async () => {
    const { ledger, owner, harness } = opened()
    const query = {
      sandbox: true,
      fromUs: dayUs + DAY,
      toUs: dayUs + 2 * DAY,
      grain: 'none',
      dimensions: ['end_customer'],
    } as const
    await Promise.all(
      Array.from({ length: MOST_NAMES_A_DAY + 20 }, async (_, index) => {
        const reserve = newReserve(owner, { sandbox: true, request: { endCustomer: `c-${index}` } })
        await ledger.reserve(reserve)
        await ledger.settle(newSettle(reserve, { settledUs: T0 + DAY, finish: newFinish({ finishedUs: T0 + DAY }) }))
      }),
    )
    const cells = (await ledger.insight.sums(query))?.cells ?? []
    expect(cells).toHaveLength(MOST_NAMES_A_DAY + 1)
    expect(cells.find(({ values }) => values.end_customer === '\u0001')?.sums).toMatchObject({ requests: 20, images: 20 })
    const stored = await harness.query(
      `SELECT CAST(sum(cost_nano_usd) AS TEXT) AS cost FROM insight_days WHERE cube = 'end_customer' AND day_us = ${query.fromUs}`,
    )
    expect(stored).toEqual([{ cost: String(BigInt(MOST_NAMES_A_DAY + 20) * 40_000_000n) }])
  })

  test('views and rules have versions, an audit row each, and refuse a change of what was changed meanwhile', async () => {
    const { ledger, harness } = opened()
    const { insight } = ledger
    const put = (name: string, expectedVersion?: number) =>
      insight.putObject({
        kind: 'view',
        id: 'mine',
        document: { name },
        ...(expectedVersion !== undefined && { expectedVersion }),
      })
    expect(await put('one')).toMatchObject({ version: 1, document: { name: 'one' } })
    expect(await put('two', 1)).toMatchObject({ version: 2 })
    await expect(put('three', 1)).rejects.toMatchObject({ code: 'conflict' })
    expect(await insight.objects('view')).toMatchObject([{ id: 'mine', version: 2, document: { name: 'two' } }])
    expect(await insight.objects('tag_rule')).toEqual([])
    expect(await insight.deleteObject({ kind: 'view', id: 'mine' })).toBe(true)
    expect(await insight.deleteObject({ kind: 'view', id: 'mine' })).toBe(false)
    expect(await put('four')).toMatchObject({ version: 4 })
    expect(await harness.query("SELECT action FROM audit WHERE object_id = 'mine' ORDER BY id")).toEqual(
      ['create', 'update', 'delete', 'create'].map((action) => ({ action: `view.${action}` })),
    )
    await expect(harness.query("UPDATE insight_objects SET actor = 'x'")).rejects.toThrow('insert-only')
  })

  test('a ledger from before gets the same finest sums when it is migrated', async () => {
    const { ledger, harness } = opened()
    const rows = await recount((sql) => harness.query(sql), false)
    await ledger.close()
    for (const table of Object.keys(fineTables)) await harness.query(`DROP TABLE ${table}`)
    await harness.query('DELETE FROM schema_migrations WHERE version = 14')
    const again = await harness.open()
    try {
      for (const dimensions of [
        ['end_customer', 'offer'],
        ['tag:other', 'outcome'],
        ['group', 'tag:campaign'],
        ['size', 'key'],
        [],
      ] as const)
        for (const grain of ['none', 'hour'] as const)
          await expectFineEqualsRows(again.insight, rows, { ...whole, grain, dimensions })
    } finally {
      await again.close()
    }
  })

  test('a ledger from before gets the same sums when it is migrated', async () => {
    const { ledger, harness } = opened()
    const snapshot = async () => {
      const sums = (columns: readonly string[]) => columns.map((column) => `CAST(sum(${column}) AS TEXT) AS ${column}`).join(', ')
      const counted = daySums.filter((column) => column !== 'accepted' && column !== 'rejected')
      const grouped = 'cube, sandbox, day_us, d1, d2, d3, d4, d5, d6, d7, d8, d9'
      const some = counted.map((column) => `sum(${column}) <> 0`).join(' OR ')
      // Words from before are not split by what the sums by hour do not know.
      const known = Object.keys(cubes).filter((cube) => !['kind', 'end_customer', 'group', 'baseline', 'tag'].includes(cube))
      return {
        sums: await harness.query(
          `SELECT ${grouped}, ${sums(counted)} FROM insight_days WHERE sandbox = 0 GROUP BY ${grouped} HAVING ${some} ORDER BY ${grouped}`,
        ),
        words: await harness.query(
          `SELECT ${grouped}, ${sums(['accepted', 'rejected'])} FROM insight_days WHERE cube IN (${known.map((cube) => `'${cube}'`).join()})
           GROUP BY ${grouped} HAVING sum(accepted) <> 0 OR sum(rejected) <> 0 ORDER BY ${grouped}`,
        ),
        bars: await harness.query(
          `SELECT measure, cube, sandbox, day_us, d1, d2, bucket, CAST(sum(entries) AS TEXT) AS entries, CAST(sum(amount) AS TEXT) AS amount
           FROM insight_histograms WHERE measure <> 'duration' GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(entries) <> 0 ORDER BY 1, 2, 3, 4, 5, 6, 7`,
        ),
      }
    }
    const before = await snapshot()
    expect(before.sums.length).toBeGreaterThan(100)
    await harness.query(
      `UPDATE requests SET decision = '{"baseline":{"name":"' || baseline || '","offer":"o","expectedUsd":"0.100000001"}}' WHERE baseline IS NOT NULL`,
    )
    // A prevented duplicate had no price then.
    await ledger.close()
    for (const table of ['insight_days', 'insight_histograms', 'insight_names', 'insight_objects'])
      await harness.query(`DROP TABLE ${table}`)
    for (const column of ['baseline', 'baseline_nano_usd']) await harness.query(`ALTER TABLE requests DROP COLUMN ${column}`)
    await harness.query('ALTER TABLE requests RENAME COLUMN duplicates_nano_usd TO kept')
    await harness.query('DROP FUNCTION insight_objects_refuse_change').catch(() => undefined)
    await harness.query('DELETE FROM schema_migrations WHERE version = 5')
    const again = await harness.open()
    await again.close()
    const after = await snapshot()
    const priceless = (rows: readonly Record<string, unknown>[]) => rows.map(({ duplicates_nano_usd: _, ...row }) => row)
    expect(priceless(after.sums)).toEqual(priceless(before.sums))
    expect(after.words).toEqual(before.words)
    expect(after.bars).toEqual(before.bars)
  })
}
