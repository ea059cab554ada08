/** What the drawing library is asked to draw. */
import {
  areaY,
  axisX,
  axisY,
  barX,
  barY,
  dot,
  gridX,
  gridY,
  initializer,
  line,
  lineY,
  type Markish,
  type PlotOptions,
  pointer,
  pointerX,
  pointerY,
  rectY,
  ruleX,
  ruleY,
  stackY,
  text,
  tip,
} from '@observablehq/plot'
import { type ChartPoint, type ChartProps, seriesColour, xText } from './chart-data.ts'
import { placeNames } from './place-names.ts'

type Options = PlotOptions & { marks: Markish[] }
type Drawn = ChartProps & { readonly series: readonly string[]; readonly height: number }

const NARROW = 520
/** More names than these would cover each other; the tip has them all. */
const MAX_NAMED = 24

export function plotOptions(props: Drawn, width: number): Options {
  const { series, height, horizontal = false } = props
  return {
    width,
    height,
    marginTop: 14,
    marginRight: 14,
    marginLeft: horizontal ? Math.min(190, width / 3) : 56,
    marginBottom: props.kind === 'scatter' ? 38 : 28,
    color: { domain: [...series], range: series.map((_, index) => seriesColour(index)) },
    ...(props.kind === 'scatter' ? { inset: 18 } : {}),
    ...(props.logX ? { x: { type: 'log' as const } } : {}),
    ...(horizontal ? { x: { label: null } } : { y: { label: null, zero: props.kind !== 'scatter' } }),
    marks: [...axes(props, width), ...marks(props, width), tips(props)],
  }
}

const isTime = (points: readonly ChartPoint[]): boolean => points[0]?.x instanceof Date

function axes({ kind, points, yFormat, horizontal, xLabel, xFormat }: Drawn, width: number): Markish[] {
  const ticks = width < NARROW ? 4 : 7
  const figures = yFormat ? { tickFormat: (value: number) => yFormat(value) } : {}
  if (horizontal) return [gridX({ ticks }), axisX({ ticks, label: null, ...figures }), axisY({ label: null, tickSize: 0 })]
  const bottom =
    kind === 'scatter'
      ? axisX({ ticks, label: xLabel, ...(xFormat ? { tickFormat: (x: number) => xFormat(x) } : {}) })
      : axisX({
          label: null,
          tickSize: 0,
          ...(isTime(points) ? { ticks } : {}),
          ...(xFormat && !isTime(points) ? { tickFormat: (x: string) => xFormat(x) } : {}),
        })
  return [gridY({ ticks: 4 }), axisY({ ticks: 4, label: null, tickSize: 0, ...figures }), bottom]
}

function marks({ kind, points, horizontal, path }: Drawn, width: number): Markish[] {
  const coloured = points.some((point) => point.series !== undefined)
  const fill = coloured ? 'series' : 'var(--series-1)'
  switch (kind) {
    case 'bar':
    case 'stacked':
      if (horizontal) return [barX(points, { x: 'y', y: 'x', fill, sort: { y: '-x' }, insetTop: 1, insetBottom: 1 }), ruleX([0])]
      // A bar of time is as wide as its day; a category has its band.
      return [isTime(points) ? rectY(points, timeBars(points, fill)) : barY(points, { x: 'x', y: 'y', fill }), ruleY([0])]
    case 'area':
      return [areaY(points, { x: 'x', y: 'y', fill, fillOpacity: 0.85 }), ruleY([0])]
    case 'line':
      return [ruleY([0]), lineY(points, { x: 'x', y: 'y', stroke: fill, strokeWidth: 1.8 })]
    case 'scatter':
      return [
        ...(path ? [line(path, { x: 'x', y: 'y', stroke: 'var(--magenta)', strokeWidth: 1.5, strokeDasharray: '4 3' })] : []),
        ruleX(
          points.filter(({ spread }) => spread),
          {
            x: 'x',
            y1: ({ spread }: ChartPoint) => spread?.[0],
            y2: ({ spread }: ChartPoint) => spread?.[1],
            stroke: fill,
            strokeOpacity: 0.55,
          },
        ),
        dot(points, { x: 'x', y: 'y', r: 5, fill, stroke: 'var(--sheet)' }),
        ...(width < NARROW || points.length > MAX_NAMED ? [] : [names(points)]),
      ]
  }
}

const names = (points: readonly ChartPoint[]): Markish =>
  text(
    points,
    initializer(
      {
        x: 'x',
        y: 'y',
        text: 'name',
        textAnchor: 'start',
        fontSize: 10.5,
        fill: 'var(--muted)',
        stroke: 'var(--paper)',
        strokeWidth: 3,
      },
      (data, facets, _channels, scales, { width, marginLeft, marginRight }) => {
        const dots = points.map(({ name = '', x, y }) => ({ name, x: scales.x?.(x) ?? 0, y: scales.y?.(y) ?? 0 }))
        const places = placeNames(dots, { left: marginLeft, right: width - marginRight })
        return {
          data,
          facets,
          channels: { x: { value: places.map((place) => place.x) }, y: { value: places.map((place) => place.y) } },
        }
      },
    ),
  )

/** Each bar spans the smallest step between two moments. */
function timeBars(points: readonly ChartPoint[], fill: string) {
  const moments = [...new Set(points.map(({ x }) => Number(x)))].sort((left, right) => left - right)
  const steps = moments.slice(1).map((moment, index) => moment - (moments[index] ?? 0))
  const step = steps.length > 0 ? Math.min(...steps) : 86_400_000
  return {
    x1: (point: ChartPoint) => point.x,
    x2: (point: ChartPoint) => new Date(Number(point.x) + step),
    y: 'y',
    fill,
    inset: 0.5,
  }
}

function tips(props: Drawn): Markish {
  const { kind, points, yFormat, xFormat, horizontal } = props
  const title = (point: ChartPoint) =>
    [point.name ?? point.series, xText(point.x, xFormat), point.text ?? (yFormat ? yFormat(point.y) : String(point.y))]
      .filter(Boolean)
      .join('\n')
  if (horizontal) return tip(points, pointerY({ x: 'y', y: 'x', title }))
  if (kind === 'scatter') return tip(points, pointer({ x: 'x', y: 'y', title }))
  // In a stack the nearest part is told, not the nearest figure.
  if (kind !== 'line') return tip(points, pointerX(stackY({ x: 'x', y: 'y', z: 'series', title })))
  return tip(points, pointerX({ x: 'x', y: 'y', title }))
}
