import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { InsightMeasure } from '../../../../src/core/insight/terms.ts'
import { axisUsd } from '../../lib/money.ts'
import { formatCompact, formatShare } from '../../lib/numbers.ts'
import { formatDuration } from '../../lib/time.ts'
import { Chart } from '../../ui/chart/chart.tsx'
import type { ChartPoint } from '../../ui/chart/chart-data.ts'
import { useToast } from '../../ui/toast.tsx'
import { drillOf, type Ruled } from './select-drill.ts'
import { dimensionName, type ExploreSearch, isAdditive, measureNames, showOf, usualMeasure } from './select-explore.ts'
import { type Answer, measureText, rowOf, selectPoints } from './select-rows.ts'

interface Props {
  readonly answer: Answer
  readonly search: ExploreSearch
  readonly ruled: Ruled
}

/** A figure against time, a colour per group. A press leads to the requests of that group and day. */
export function Timeline({ answer, search, ruled }: Props) {
  const navigate = useNavigate()
  const toast = useToast()
  const measure = search.measure ?? usualMeasure
  const points = useMemo(() => selectPoints(answer, measure), [answer, measure])
  const pick = (point: ChartPoint) => {
    const row = rowOf(answer, point)
    if (!row) return
    const drill = drillOf(search, row, answer.period, ruled)
    if ('why' in drill) toast(drill.why, 'note')
    else void navigate({ to: '/requests', search: drill.search })
  }
  const by = answer.group_by.map(dimensionName).join(' and ').toLowerCase()
  const name = `${measureNames[measure]} by the ${answer.grain}${by ? `, by ${by}` : ''}`
  return (
    <>
      <p className="mb-3 flex flex-wrap items-baseline gap-x-2">
        <span className="text-[1.5rem] font-semibold tracking-tight" data-total title={measureText(measure, answer.total, true)}>
          {measureText(measure, answer.total)}
        </span>
        <span className="label">{measureNames[measure].toLowerCase()} in all</span>
      </p>
      <Chart
        kind={showOf(search) === 'lines' || !isAdditive(measure) ? 'line' : 'stacked'}
        label={name}
        points={points}
        xLabel={answer.grain === 'hour' ? 'Hour' : answer.grain === 'month' ? 'Month' : 'Day'}
        yLabel={measureNames[measure]}
        yFormat={axisOf(measure)}
        height={360}
        onPick={pick}
      />
    </>
  )
}

function axisOf(measure: InsightMeasure): (value: number) => string {
  switch (measure) {
    case 'cost_usd':
    case 'cost_per_image_usd':
      return axisUsd
    case 'success_share':
      return formatShare
    case 'latency_p50_ms':
    case 'latency_p95_ms':
      return formatDuration
    default:
      return formatCompact
  }
}
