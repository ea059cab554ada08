/** What Explore shows of an answer: bars, lines, a pivot, a table; and the same as CSV. Sums stay exact. */
import type { ExploreResponse, ExploreRow } from '../../../../src/contract/insight.ts'
import type { InsightMeasure } from '../../../../src/core/insight/terms.ts'
import { formatUsd, parseUsd } from '../../../../src/core/money.ts'
import { exactUsd, plotUsd, shortUsd } from '../../lib/money.ts'
import { formatCount, formatShare } from '../../lib/numbers.ts'
import { formatDuration } from '../../lib/time.ts'
import { WITHOUT_ATTEMPT } from '../../lib/words.ts'
import type { ChartPoint } from '../../ui/chart/chart-data.ts'
import { outcomeText } from '../../ui/outcome.tsx'
import { type Names, nameOf } from '../people/names.ts'

export const OTHER = 'others'
const NONE = 'none'
/** Every call has one; charges that are of no call have none. */
const ofCalls: ReadonlySet<string> = new Set(['model', 'offer', 'provider'])

/** An answer, and the names of the keys and projects in it. */
export interface Answer extends ExploreResponse {
  readonly names: Names
}

/** A value of a dimension as a reader knows it. */
export function valueText(dimension: string, value: string | null, names: Names): string {
  if (value === null && ofCalls.has(dimension)) return WITHOUT_ATTEMPT
  if (value === null || value === '') return NONE
  return dimension === 'outcome' ? outcomeText(value) : (nameOf(names, dimension, value) ?? value)
}

export const rowName = (answer: Pick<Answer, 'group_by' | 'names'>, row: Pick<ExploreRow, 'key' | 'other'>): string =>
  row.other
    ? OTHER
    : answer.group_by.map((name, index) => valueText(name, row.key[index] ?? null, answer.names)).join(' \u00b7 ') || 'Everything'

/** A figure with every digit that matters; a share and a duration have no more. */
export function measureText(measure: InsightMeasure, row: Measured, exact = false): string {
  const value = row[measure]
  if (value === null) return 'none'
  switch (measure) {
    case 'cost_usd':
    case 'cost_per_image_usd':
      return exact ? exactUsd(String(value)) : shortUsd(String(value))
    case 'success_share':
      return formatShare(Number(value))
    case 'latency_p50_ms':
    case 'latency_p95_ms':
      return formatDuration(Number(value))
    case 'accepted':
      return String(value)
    default:
      return formatCount(Number(value))
  }
}

type Measured = Pick<ExploreRow, InsightMeasure>

/** For the geometry of a drawing, and for sorting. */
export function plotValue(measure: InsightMeasure, row: Measured): number {
  const value = row[measure]
  if (value === null) return 0
  return measure === 'cost_usd' || measure === 'cost_per_image_usd' ? plotUsd(String(value)) : Number(value)
}

/** A point per group and moment. Rows of `other` are one series. */
export const selectPoints = (answer: Answer, measure: InsightMeasure): readonly ChartPoint[] =>
  answer.rows.flatMap((row): ChartPoint[] =>
    row.at === null || row[measure] === null
      ? []
      : [
          {
            x: new Date(row.at),
            y: plotValue(measure, row),
            text: measureText(measure, row, true),
            series: rowName(answer, row),
          },
        ],
  )

/** The group of the chart's point. */
export const rowOf = (answer: Answer, point: ChartPoint): ExploreRow | undefined =>
  answer.rows.find(
    (row) => rowName(answer, row) === point.series && point.x instanceof Date && row.at === isoSeconds(point.x, row.at),
  )

const isoSeconds = (moment: Date, like: string | null): string | null =>
  like !== null && Date.parse(like) === moment.getTime() ? like : null

export interface BarRow {
  readonly row: ExploreRow
  readonly name: string
  /** Of the longest, 0 to 1000. */
  readonly length: number
  readonly parts: readonly { readonly row: ExploreRow; readonly name: string; readonly length: number; readonly series: number }[]
}

/** Colours there are for parts; the rest of a bar is grey. */
const PART_COLOURS = 7

/**
 * A bar per value of the first dimension. Where figures add up, the second dimension makes its parts; where they do not,
 * each pair has a bar of its own.
 */
export function selectBars(
  answer: Answer,
  measure: InsightMeasure,
  stacks: boolean,
): { readonly bars: readonly BarRow[]; readonly legend: readonly string[] } {
  if (answer.group_by.length < 2 || !stacks) {
    const longest = Math.max(0, ...answer.rows.map((row) => plotValue(measure, row)))
    const bars = answer.rows.map((row) => {
      const length = perMilleOf(plotValue(measure, row), longest)
      return { row, name: rowName(answer, row), length, parts: [{ row, name: '', length, series: 0 }] }
    })
    return { bars, legend: [] }
  }
  const parts = rankedParts(answer, measure)
  const legend = [...parts.slice(0, PART_COLOURS), ...(parts.length > PART_COLOURS ? [OTHER] : [])]
  const groups = groupBy(answer.rows, (row) =>
    row.other ? OTHER : valueText(answer.group_by[0] ?? '', row.key[0] ?? null, answer.names),
  )
  const sums = new Map([...groups].map(([name, rows]) => [name, sumRows(rows)]))
  const longest = Math.max(0, ...[...sums.values()].map((row) => plotValue(measure, row)))
  const bars = [...groups].map(([name, rows]) => {
    const row = sums.get(name) ?? sumRows(rows)
    return {
      row,
      name,
      length: perMilleOf(plotValue(measure, row), longest),
      parts: rows.map((part) => {
        const partName = part.other ? OTHER : valueText(answer.group_by[1] ?? '', part.key[1] ?? null, answer.names)
        const place = parts.indexOf(partName)
        const series = place < 0 || place >= PART_COLOURS ? PART_COLOURS : place
        return { row: part, name: partName, length: perMilleOf(plotValue(measure, part), longest), series }
      }),
    }
  })
  return { bars: bars.sort((left, right) => right.length - left.length), legend }
}

const perMilleOf = (value: number, longest: number): number => (longest > 0 ? Math.max(0, (value / longest) * 1_000) : 0)

function rankedParts(answer: Answer, measure: InsightMeasure): readonly string[] {
  const dimension = answer.group_by[1] ?? ''
  const groups = groupBy(
    answer.rows.filter((row) => !row.other),
    (row) => valueText(dimension, row.key[1] ?? null, answer.names),
  )
  return [...groups]
    .map(([name, rows]) => ({ name, size: plotValue(measure, sumRows(rows)) }))
    .sort((left, right) => right.size - left.size)
    .map(({ name }) => name)
}

export function groupBy<Row>(rows: readonly Row[], nameOf: (row: Row) => string): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const name = nameOf(row)
    const known = groups.get(name)
    if (known) known.push(row)
    else groups.set(name, [row])
  }
  return groups
}

/** Rows put together. Only what adds up is summed: ratios and quantiles of parts say nothing of the whole, and are none. */
export function sumRows(rows: readonly ExploreRow[]): ExploreRow {
  const count = (of: (row: ExploreRow) => number) => rows.reduce((sum, row) => sum + of(row), 0)
  const [first] = rows
  return {
    key: first && !first.other ? first.key.slice(0, 1) : [],
    at: null,
    other: rows.every(({ other }) => other),
    cost_usd: formatUsd(rows.reduce((sum, row) => sum + parseUsd(row.cost_usd), 0n)),
    images: count(({ images }) => images),
    requests: count(({ requests }) => requests),
    attempts: count(({ attempts }) => attempts),
    delivered: count(({ delivered }) => delivered),
    accepted: tidy(count(({ accepted }) => accepted)),
    rejected: tidy(count(({ rejected }) => rejected)),
    cost_per_image_usd: null,
    success_share: null,
    latency_p50_ms: null,
    latency_p95_ms: null,
  }
}

/** Parts of an acceptance have three digits. */
const tidy = (sum: number): number => Math.round(sum * 1_000) / 1_000

/** The figure as a cell of CSV: with every digit, and nothing where there is none. */
export const csvValue = (measure: InsightMeasure, row: Measured): string | number | null => row[measure]
