/** What each picture cost, as a distribution: after evidence it has every picture at what it costs now, and nowhere else. */
import { expect, test } from 'vitest'
import { latencyBucket } from '../../../src/core/latency.ts'
import type { ReconcileCommand } from '../../../src/ports/ledger.ts'
import { charge, newAsset, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'
import { expectConsistent } from './invariants.ts'

type Told = Pick<ReconcileCommand, 'outcome' | 'charges'> & Partial<ReconcileCommand>
interface Case {
  readonly says: string
  readonly settled: Parameters<typeof newSettle>[1]
  readonly told: readonly Told[]
  /** Price of one picture, and how many have it. */
  readonly costs: readonly (readonly [nanoUsd: bigint, images: bigint])[]
}

const two = { imagesMade: 2, charges: [charge(80_000_000n)] }
const unknown = { state: 'unknown', outcome: 'unknown', billed: 'unknown', charges: [] } as const

const cases: readonly Case[] = [
  {
    says: 'an invoice above the settle moves the pictures to their dearer bar',
    settled: two,
    told: [{ outcome: 'succeeded', charges: [charge(900_000_000n)], imagesMade: 2 }],
    costs: [[450_000_000n, 2n]],
  },
  {
    says: 'one that billed nothing leaves them free',
    settled: two,
    told: [{ outcome: 'succeeded', charges: [], imagesMade: 2 }],
    costs: [[0n, 2n]],
  },
  {
    says: 'evidence that there were none takes them out',
    settled: { ...two, durationUs: 900_000 },
    told: [{ outcome: 'error', charges: [charge(80_000_000n)], imagesMade: 0 }],
    costs: [],
  },
  {
    says: 'evidence of more pictures divides the money among them',
    settled: two,
    told: [{ outcome: 'succeeded', charges: [charge(90_000_001n)], imagesMade: 3 }],
    costs: [[30_000_000n, 3n]],
  },
  {
    says: 'the same bill again, and a better one after it, count them once',
    settled: two,
    told: [
      { outcome: 'partial', charges: [charge(70_000_000n)], imagesMade: 2, evidenceId: 'a' },
      { outcome: 'error', charges: [], imagesMade: 0, evidenceId: 'a' },
      { outcome: 'succeeded', charges: [charge(10_000_000n)], imagesMade: 2, evidenceId: 'b' },
    ],
    costs: [[5_000_000n, 2n]],
  },
  {
    says: 'a call of unknown outcome whose pictures had come is moved from what was held to what was billed',
    settled: { ...unknown, imagesMade: 2 },
    told: [{ outcome: 'succeeded', charges: [charge(80_000_000n)], imagesMade: 2 }],
    costs: [[40_000_000n, 2n]],
  },
  {
    says: 'one whose pictures came with the evidence has no bar before it',
    settled: { ...unknown, imagesMade: 0 },
    told: [{ outcome: 'succeeded', charges: [charge(80_000_000n)], assets: [newAsset(), newAsset({ index: 1 })] }],
    costs: [[40_000_000n, 2n]],
  },
]

export function imageCostRules(opened: () => OpenedLedger): void {
  const cubes = ['total', 'product', 'shape', 'caller', 'route', 'prompt_class', 'outcome']
  const barsOf = async (cube: string, promptClass?: string) => {
    const where = promptClass === undefined ? '' : ` AND d1 = '${promptClass}'`
    const rows = await opened().harness.query(
      `SELECT bucket, CAST(sum(entries) AS TEXT) AS entries, CAST(sum(amount) AS TEXT) AS amount FROM insight_histograms
       WHERE measure = 'cost' AND cube = '${cube}'${where} GROUP BY bucket HAVING sum(entries) <> 0 OR sum(amount) <> 0 ORDER BY bucket`,
    )
    return rows.map((row) => [Number(row['bucket']), Number(row['entries']), BigInt(String(row['amount']))])
  }
  const bucketOf = (nanoUsd: bigint): number => Math.ceil(latencyBucket(Number(nanoUsd)) / 2)

  test.each(cases)('$says', async ({ says, settled, told, costs }) => {
    const { ledger, owner, harness } = opened()
    const reserve = newReserve(owner, { request: { promptClass: says } })
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve, settled))
    for (const [index, evidence] of told.entries()) {
      await ledger.reconcile({
        attemptId: reserve.attempt.id,
        atUs: T0 + 1 + index,
        evidenceId: `${says} ${index}`,
        source: 'invoice',
        assets: [],
        ...evidence,
      })
    }
    const [made] = await harness.query(
      `SELECT CAST(sum(amount_nano_usd) AS TEXT) AS cost FROM charges WHERE attempt_id = '${reserve.attempt.id}'`,
    )
    const cost = BigInt(String(made?.['cost'] ?? 0))
    expect(await barsOf('prompt_class', says)).toEqual(costs.map(([each, images]) => [bucketOf(each), Number(images), cost]))
    await expectConsistent(harness)
  })

  test('every distribution has the bars of all these calls', async () => {
    const attempts = await opened().harness.query(
      `SELECT images_made AS images, coalesce((SELECT CAST(sum(c.amount_nano_usd) AS BIGINT) FROM charges c WHERE c.attempt_id = a.id), 0) AS cost
       FROM attempts a WHERE images_made > 0`,
    )
    const bars = new Map<number, [number, bigint]>()
    for (const { images, cost } of attempts as readonly { images: bigint; cost: bigint }[]) {
      const bucket = bucketOf(BigInt(cost) / BigInt(images))
      const [entries, amount] = bars.get(bucket) ?? [0, 0n]
      bars.set(bucket, [entries + Number(images), amount + BigInt(cost)])
    }
    const expected = [...bars].sort(([a], [b]) => a - b).map(([bucket, [entries, amount]]) => [bucket, entries, amount])
    expect(expected.length).toBeGreaterThan(3)
    for (const cube of cubes) expect(await barsOf(cube), cube).toEqual(expected)
  })

  test('a settle after recovery brings its pictures and how long they took', async () => {
    const { harness, ledger } = opened()
    const { epoch } = opened().owner
    const reserve = newReserve({ nodeId: 'node-1', epoch })
    await ledger.reserve(reserve)
    const { durationUs: _, ...unmeasured } = newSettle(reserve, unknown)
    await ledger.settle(unmeasured)
    await ledger.settle(newSettle(reserve, { ...two, durationUs: 3_000_000 }))
    const [row] = await harness.query(`SELECT state, duration_us FROM attempts WHERE id = '${reserve.attempt.id}'`)
    expect(row).toEqual({ state: 'reconciled', duration_us: 3_000_000n })
    const [sums] = await harness.query('SELECT CAST(sum(duration_us) AS TEXT) AS us FROM rollups')
    const [rows] = await harness.query('SELECT CAST(sum(duration_us) AS TEXT) AS us FROM attempts')
    expect(sums).toEqual(rows)
    await expectConsistent(harness)
  })

  test('how long calls took that made pictures is told of those that did, after evidence as before', async () => {
    const [counted] = await opened().harness.query(
      `SELECT CAST(sum(entries) AS TEXT) AS calls, CAST(sum(amount) AS TEXT) AS us FROM insight_histograms WHERE measure = 'duration'`,
    )
    const [made] = await opened().harness.query(
      'SELECT CAST(count(*) AS TEXT) AS calls, CAST(sum(duration_us) AS TEXT) AS us FROM attempts WHERE images_made > 0 AND duration_us IS NOT NULL',
    )
    expect(counted).toEqual(made)
  })
}
