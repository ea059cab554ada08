/** A pivot: one measure, one thing down, another across, and totals that are sums of what is in sight. */
import type { ExploreResponse, ExploreRow } from '../../../../src/contract/insight.ts'
import type { InsightMeasure } from '../../../../src/core/insight/terms.ts'
import { type Answer, csvValue, groupBy, OTHER, plotValue, rowName, sumRows, valueText } from './select-rows.ts'

interface PivotCell {
  readonly row: ExploreRow | undefined
  /** 0 (nothing) to 8 (the most of all cells); by the square root, so that small figures still differ. */
  readonly shade: number
}

export interface Pivot {
  readonly columns: readonly string[]
  readonly lines: readonly { readonly name: string; readonly cells: readonly PivotCell[]; readonly total: ExploreRow }[]
  readonly totals: readonly ExploreRow[]
}

const SHADES = 8

export function selectPivot(answer: Answer, measure: InsightMeasure): Pivot {
  const overTime = answer.grain !== 'none'
  const [first = '', second] = answer.group_by
  const lineOf = (row: ExploreRow) =>
    overTime ? rowName(answer, row) : row.other ? OTHER : valueText(first, row.key[0] ?? null, answer.names)
  const columnOf = (row: ExploreRow) => {
    if (overTime) return timeText(row.at, answer.grain)
    if (second === undefined) return 'All'
    return row.other ? OTHER : valueText(second, row.key[1] ?? null, answer.names)
  }
  const byColumn = groupBy(answer.rows, columnOf)
  const sizes = new Map([...byColumn].map(([name, rows]) => [name, plotValue(measure, sumRows(rows))]))
  const columns = [...byColumn.keys()].sort((left, right) => {
    // What is not listed stands last.
    if (left === OTHER || right === OTHER) return left === OTHER ? 1 : -1
    return overTime ? (left < right ? -1 : 1) : (sizes.get(right) ?? 0) - (sizes.get(left) ?? 0)
  })
  const most = Math.max(0, ...answer.rows.map((row) => plotValue(measure, row)))
  const lines = [...groupBy(answer.rows, lineOf)].map(([name, rows]) => {
    const known = new Map(rows.map((row) => [columnOf(row), row]))
    return { name, cells: columns.map((column) => cellOf(known.get(column), measure, most)), total: sumRows(rows) }
  })
  return { columns, lines, totals: columns.map((column) => sumRows(byColumn.get(column) ?? [])) }
}

function cellOf(row: ExploreRow | undefined, measure: InsightMeasure, most: number): PivotCell {
  const value = row ? plotValue(measure, row) : 0
  return { row, shade: value > 0 && most > 0 ? Math.max(1, Math.round(Math.sqrt(value / most) * SHADES)) : 0 }
}

/** `2026-11-22`, `2026-11-22 14:00`, `2026-11`. */
export function timeText(at: string | null, grain: ExploreResponse['grain']): string {
  if (at === null) return ''
  return grain === 'month' ? at.slice(0, 7) : grain === 'day' ? at.slice(0, 10) : `${at.slice(0, 10)} ${at.slice(11, 16)}`
}

/** The pivot as it stands, its totals last where figures add up. */
export function pivotCsv(
  pivot: Pivot,
  measure: InsightMeasure,
  corner: string,
  additive: boolean,
): { readonly header: readonly string[]; readonly rows: readonly (readonly (string | number | null)[])[] } {
  const total = (row: ExploreRow) => (additive ? [csvValue(measure, row)] : [])
  return {
    header: [corner, ...pivot.columns, ...(additive ? ['total'] : [])],
    rows: [
      ...pivot.lines.map((line) => [
        line.name,
        ...line.cells.map(({ row }) => (row ? csvValue(measure, row) : null)),
        ...total(line.total),
      ]),
      ...(additive
        ? [
            [
              'total',
              ...pivot.totals.map((row) => csvValue(measure, row)),
              csvValue(measure, sumRows(pivot.lines.map((line) => line.total))),
            ],
          ]
        : []),
    ],
  }
}
