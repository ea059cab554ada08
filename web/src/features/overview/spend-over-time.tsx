import { useNavigate } from '@tanstack/react-router'
import type { InsightOverview } from '../../../../src/contract/insight.ts'
import type { InsightSearch } from '../../lib/insight-period.ts'
import { axisUsd } from '../../lib/money.ts'
import { WITHOUT_ATTEMPT } from '../../lib/words.ts'
import { Chart } from '../../ui/chart/chart.tsx'
import type { ChartPoint } from '../../ui/chart/chart-data.ts'
import { Section } from '../../ui/page-header.tsx'
import { parseExploreSearch } from '../explore/select-explore.ts'
import { OTHER_MODELS, selectSeries } from './select-overview.ts'

/** A press on a part opens that day and model in Explore. */
export function SpendOverTime({ data, search }: { data: InsightOverview; search: InsightSearch }) {
  const navigate = useNavigate()
  const { names, points } = selectSeries(data)
  const open = ({ x, series }: ChartPoint) => {
    if (!(x instanceof Date)) return
    const day = x.toISOString().slice(0, 10)
    const isModel = series !== undefined && series !== OTHER_MODELS && series !== WITHOUT_ATTEMPT
    const found = { from: day, to: day, ...(search.money && { money: search.money }) }
    void navigate({ to: '/explore', search: parseExploreSearch(isModel ? { ...found, rows: 'quality', model: series } : found) })
  }
  return (
    <Section
      title="Spend over time"
      note={`By the ${data.series.grain}, UTC, stacked by model; the models with most money first. Press a part to open that day in Explore.`}
    >
      {points.length === 0 ? (
        <p className="py-10 text-center text-muted">Nothing was charged in this period.</p>
      ) : (
        <Chart
          kind="stacked"
          label={`Spend in USD by the ${data.series.grain}, by model`}
          points={points}
          series={names}
          xLabel={data.series.grain === 'day' ? 'Day' : 'Hour'}
          yLabel="USD"
          yFormat={axisUsd}
          height={300}
          onPick={open}
        />
      )}
    </Section>
  )
}
