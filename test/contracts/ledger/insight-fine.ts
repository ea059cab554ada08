/** The finest sums against the rows they summarise: every pair of dimensions, by the hour, by the day and in all. */
import { expect } from 'vitest'
import type { Fact, LatencyFact } from '../../../src/core/insight/explore.ts'
import type { StoredDimension } from '../../../src/core/insight/rules.ts'
import type { FineQuery, LedgerInsight } from '../../../src/ports/ledger.ts'
import { T0 } from '../../support/ledger-rows.ts'
import { grouped, groupedWaits, type Recounted } from '../../support/recount.ts'

const HOUR = 3_600_000_000
export const DAY = 24 * HOUR
/** The day the rows of these tests end on. */
export const dayUs = Math.floor(T0 / DAY) * DAY
/** Everything that really happened. */
export const whole = { sandbox: false, fromUs: dayUs - 10 * DAY, toUs: dayUs + 2 * DAY } as const

export const allDimensions: readonly StoredDimension[] = [
  'offer',
  'operation',
  'size',
  'quality',
  'route',
  'project',
  'key',
  'outcome',
  'prompt_class',
  'end_customer',
  'group',
  'tag:campaign',
  'tag:other',
]

export async function readFine(insight: LedgerInsight, query: FineQuery): Promise<Recounted> {
  const facts: Fact[] = []
  const latencies: LatencyFact[] = []
  for await (const page of insight.fine(query)) {
    facts.push(...page.facts)
    latencies.push(...page.latencies)
  }
  return { facts, latencies }
}

/** Each value of the counted rows that passes: as the ledger filters. */
const filtered = (rows: Recounted, filters: FineQuery['filters'] = []): Recounted => {
  const passes = ({ values }: Pick<Fact, 'values'>) =>
    filters.every(({ dimension, values: wanted }) => wanted.includes(values[dimension] ?? ''))
  return { facts: rows.facts.filter(passes), latencies: rows.latencies.filter(passes) }
}

/** The facts of a question without time have none: they are cut no more. */
const untimed = <T extends { readonly atUs: number | null }>(rows: readonly T[], atUs: number): readonly T[] =>
  rows.map((row) => ({ ...row, atUs: row.atUs ?? atUs }))

export async function expectFineEqualsRows(
  insight: LedgerInsight,
  rows: Recounted,
  query: Omit<FineQuery, 'wants'>,
): Promise<void> {
  const { dimensions, fromUs, toUs, grain } = query
  const found = await readFine(insight, { ...query, wants: 'both' })
  const asked = { dimensions, fromUs, toUs, stepUs: grain === 'none' ? 0 : grain === 'hour' ? HOUR : DAY }
  const wanted = filtered(rows, query.filters)
  const name = `${dimensions.join(' x ')} by ${grain}`
  expect(grouped(untimed(found.facts, fromUs), asked), name).toEqual(grouped(wanted.facts, asked))
  expect(groupedWaits(untimed(found.latencies, fromUs), asked), `${name}, waits`).toEqual(groupedWaits(wanted.latencies, asked))
}
