/** What a chart draws, and the same as a table. Pure. */

export interface ChartPoint {
  /** A category, a number, or a moment. */
  readonly x: string | number | Date
  /** For the geometry only. */
  readonly y: number
  /** The exact figure as text: `$0.042`; else `y` is formatted for the axis. */
  readonly text?: string
  /** The line, the part of the stack, the colour. */
  readonly series?: string
  /** The name of a dot. */
  readonly name?: string
  /** How uncertain a dot is: from and to, in `y`. */
  readonly spread?: readonly [from: number, to: number]
}

export type ChartKind = 'bar' | 'stacked' | 'line' | 'area' | 'scatter'

export interface ChartProps {
  readonly kind: ChartKind
  /** What it shows, in one sentence: `Spend per day in USD, by model`. */
  readonly label: string
  readonly points: readonly ChartPoint[]
  readonly xLabel: string
  readonly yLabel: string
  /** Figures of the axis; defaults to plain numbers. */
  readonly yFormat?: (y: number) => string
  readonly xFormat?: (x: ChartPoint['x']) => string
  /** The order of the series, and with it their colours: keep it stable between filters. Defaults to that of the points. */
  readonly series?: readonly string[]
  /** Pixels; defaults to 260. */
  readonly height?: number
  /** Bars lie: for categories with long names. */
  readonly horizontal?: boolean
  /** A line through some dots of a scatter chart, such as the frontier, in the order of x. */
  readonly path?: readonly ChartPoint[]
  readonly logX?: boolean
  /** A press on a bar or dot, or Enter on its row in the table: where its requests are. */
  readonly onPick?: (point: ChartPoint) => void
}

/** How many colours there are before they repeat; group the rest under one name. */
export const MAX_SERIES = 8

/** The colour of the series at this place, an ink or an overprint of two. Works in both themes. */
export const seriesColour = (index: number): string => `var(--series-${(index % MAX_SERIES) + 1})`

/** Names of the series in their order. */
export function seriesOf(points: readonly ChartPoint[], given?: readonly string[]): readonly string[] {
  const found = new Set(points.map((point) => point.series ?? ''))
  found.delete('')
  if (!given) return [...found]
  return [...given.filter((name) => found.has(name)), ...[...found].filter((name) => !given.includes(name))]
}

/** Text of an x: days as dates, times to the hour. */
export function xText(x: ChartPoint['x'], format?: (x: ChartPoint['x']) => string): string {
  if (format) return format(x)
  if (!(x instanceof Date)) return String(x)
  const text = x.toISOString()
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 16)}`
}

/**
 * The largest series by their sum, at most `limit`, and the rest of each x under `other`. Points of one x keep their sum:
 * nothing is left out.
 */
export function foldSeries(points: readonly ChartPoint[], limit = MAX_SERIES - 1, other = 'others'): readonly ChartPoint[] {
  const sums = new Map<string, number>()
  for (const { series = '', y } of points) sums.set(series, (sums.get(series) ?? 0) + y)
  if (sums.size <= limit + 1) return points
  const kept = new Set(
    [...sums]
      .sort((left, right) => right[1] - left[1])
      .slice(0, limit)
      .map(([name]) => name),
  )
  const folded = new Map<string, ChartPoint>()
  const result: ChartPoint[] = []
  for (const point of points) {
    if (kept.has(point.series ?? '')) result.push(point)
    else {
      const key = xText(point.x)
      folded.set(key, { x: point.x, y: (folded.get(key)?.y ?? 0) + point.y, series: other })
    }
  }
  return [...result, ...folded.values()]
}
