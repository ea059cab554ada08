import { lazy, Suspense } from 'react'
import { Skeleton } from '../notice.tsx'
import { type ChartProps, seriesColour, seriesOf } from './chart-data.ts'
import { ChartTable } from './chart-table.tsx'

/** The drawing library is its own chunk: it loads with the first chart. */
const loadPlot = () => import('./plot-chart.tsx')
const PlotChart = lazy(async () => ({ default: (await loadPlot()).PlotChart }))

/** For pages that are sure to draw: the library comes while their data does. What fails here fails again with the chart, which says so. */
export const preloadChart = (): void => void loadPlot().catch(() => undefined)

/** A chart with its legend, and the same figures as a table below: for those who cannot see it, and for exact reading. */
export function Chart(props: ChartProps) {
  const series = seriesOf(props.points, props.series)
  const height = props.height ?? 260
  return (
    <figure className="chart" data-chart={props.label}>
      {series.length > 1 && (
        <ul aria-label="Legend" className="chart-legend">
          {series.map((name, index) => (
            <li key={name}>
              <svg viewBox="0 0 10 10" className="size-2.5 shrink-0" aria-hidden="true">
                <circle cx="5" cy="5" r="5" fill={seriesColour(index)} />
              </svg>
              <span className="break-all">{name}</span>
            </li>
          ))}
        </ul>
      )}
      <Suspense fallback={<Skeleton className="h-64 w-full" />}>
        <PlotChart {...props} series={series} height={height} />
      </Suspense>
      <ChartTable {...props} />
    </figure>
  )
}
