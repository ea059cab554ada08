/** Every sum by day against the attempts, requests and charges it summarises. */
import { expect } from 'vitest'
import { type CubeDimension, cubes, daySums, histogramCubes, wholeCubes } from '../../../src/storage/migrations/insight-cubes.ts'
import type { LedgerHarness } from '../ledger.ts'

const DAY = 86_400_000_000
const GOOD = "('succeeded', 'partial')"

const columns: Readonly<Record<CubeDimension, string>> = {
  offer: 'offer',
  operation: 'operation',
  size: 'size_class',
  quality: 'quality',
  route: 'route',
  project: 'project_id',
  key: 'key_id',
  outcome: 'outcome',
  prompt_class: 'prompt_class',
  kind: 'kind',
  end_customer: 'end_customer',
  group: 'request_group',
  baseline: 'baseline',
  tag: 'tag',
}

const shared =
  'r.operation, r.size_class, r.quality, r.route, r.project_id, r.key_id, r.prompt_class, r.end_customer, r.request_group, r.baseline'
/** Written apart from the code that it checks. */
const entries = `(
  SELECT a.settled_us / ${DAY} * ${DAY} AS day_us, a.sandbox, a.offer, a.outcome, a.kind, ${shared}, 0 AS requests, 0 AS delivered, 1 AS attempts,
    CASE WHEN a.outcome IN ${GOOD} THEN 1 ELSE 0 END AS attempts_succeeded, a.images_made AS images,
    coalesce((SELECT sum(c.amount_nano_usd) FROM charges c WHERE c.attempt_id = a.id), 0) AS cost_nano_usd,
    CASE WHEN a.state = 'unknown' THEN coalesce((SELECT sum(c.amount_nano_usd) FROM charges c WHERE c.attempt_id = a.id), 0) ELSE 0 END AS provisional_nano_usd,
    0 AS duplicates_prevented, 0 AS duplicates_nano_usd, 0 AS baseline_nano_usd
  FROM attempts a JOIN requests r ON r.id = a.request_id WHERE a.settled_us IS NOT NULL
  UNION ALL
  SELECT r.finished_us / ${DAY} * ${DAY}, r.sandbox, r.offer, r.outcome, '', ${shared}, 1, CASE WHEN r.outcome IN ${GOOD} THEN 1 ELSE 0 END,
    0, 0, 0, 0, 0, r.duplicates_prevented, coalesce(r.duplicates_nano_usd, 0),
    CASE WHEN r.outcome IN ${GOOD} THEN coalesce(r.baseline_nano_usd, 0) * r.images_returned / r.n ELSE 0 END
  FROM requests r WHERE r.finished_us IS NOT NULL
  UNION ALL
  SELECT c.incurred_us / ${DAY} * ${DAY}, c.sandbox, '', '', c.kind, '', '', '', '', '', '', '', NULL, NULL, NULL, 0, 0, 0, 0, 0, c.amount_nano_usd, 0, 0, 0, 0
  FROM charges c WHERE c.attempt_id = ''
) e`

const words = new Set(['accepted', 'rejected'])
const counted = daySums.filter((column) => !words.has(column))
const sumsOf = (names: readonly string[]): string => names.map((name) => `CAST(sum(${name}) AS TEXT) AS ${name}`).join(', ')
const someSum = (names: readonly string[]): string => names.map((name) => `sum(${name}) <> 0`).join(' OR ')

export async function expectInsightEqualsEntries(harness: LedgerHarness): Promise<void> {
  for (const name of [...wholeCubes, 'end_customer', 'group', 'baseline'] as const) {
    const dimensions: readonly CubeDimension[] = cubes[name]
    const own = dimensions.map((dimension, index) => `d${index + 1} AS ${columns[dimension]}`)
    const direct = dimensions.map((dimension) => columns[dimension])
    const special = name === 'end_customer' || name === 'group' || name === 'baseline' ? columns[name] : undefined
    const grouped = direct.map((_, index) => index + 3).join(', ')
    const stored = await harness.query(
      `SELECT day_us, sandbox, ${own.join(', ')}, ${sumsOf(counted)} FROM insight_days WHERE cube = '${name}'
       GROUP BY 1, 2, ${grouped} HAVING ${someSum(counted)} ORDER BY 1, 2, ${grouped}`,
    )
    const summed = await harness.query(
      `SELECT day_us, sandbox, ${direct.join(', ')}, ${sumsOf(counted)} FROM ${entries}${special ? ` WHERE ${special} IS NOT NULL` : ''}
       GROUP BY 1, 2, ${grouped} HAVING ${someSum(counted)} ORDER BY 1, 2, ${grouped}`,
    )
    expect(stored, `cube ${name}`).toEqual(summed)
  }
  const ratings = (table: string, cube: string) =>
    harness.query(`SELECT sandbox, ${sumsOf([...words])} FROM ${table}${cube} GROUP BY sandbox ORDER BY sandbox`)
  const hours = (await ratings('rollups', '')).filter((row) => row['accepted'] !== '0' || row['rejected'] !== '0')
  for (const name of wholeCubes) {
    const days = await ratings('insight_days', ` WHERE cube = '${name}'`)
    expect(days.filter((row) => row['accepted'] !== '0' || row['rejected'] !== '0')).toEqual(hours)
  }
  await expectDistributions(harness)
}

async function expectDistributions(harness: LedgerHarness): Promise<void> {
  for (const name of Object.keys(histogramCubes)) {
    const cost = await harness.query(
      `SELECT sandbox, CAST(sum(entries) AS TEXT) AS images, CAST(sum(amount) AS TEXT) AS cost FROM insight_histograms
       WHERE measure = 'cost' AND cube = '${name}' GROUP BY sandbox ORDER BY sandbox`,
    )
    const made = await harness.query(
      `SELECT a.sandbox, CAST(sum(a.images_made) AS TEXT) AS images,
         CAST(sum(coalesce((SELECT sum(c.amount_nano_usd) FROM charges c WHERE c.attempt_id = a.id), 0)) AS TEXT) AS cost
       FROM attempts a WHERE a.settled_us IS NOT NULL AND a.images_made > 0 GROUP BY a.sandbox ORDER BY a.sandbox`,
    )
    expect(cost, `cost by ${name}`).toEqual(made)
    const which = name === 'outcome' ? '' : ` AND outcome IN ${GOOD}`
    const waited = await harness.query(
      `SELECT sandbox, CAST(count(*) AS TEXT) AS n, CAST(sum(latency_us) AS TEXT) AS us FROM requests
       WHERE finished_us IS NOT NULL${which} GROUP BY sandbox ORDER BY sandbox`,
    )
    const latency = await harness.query(
      `SELECT sandbox, CAST(sum(entries) AS TEXT) AS n, CAST(sum(amount) AS TEXT) AS us FROM insight_histograms
       WHERE measure = 'latency' AND cube = '${name}' GROUP BY sandbox HAVING sum(entries) <> 0 ORDER BY sandbox`,
    )
    expect(latency, `latency by ${name}`).toEqual(waited)
  }
  expect(await harness.query('SELECT * FROM insight_histograms WHERE entries < 0')).toEqual([])
}
