import type { InsightOverview } from '../../../../src/contract/insight.ts'
import { changeShare, isZeroUsd, plotUsd } from '../../lib/money.ts'
import { counted, formatCount, formatShare } from '../../lib/numbers.ts'
import { formatDuration } from '../../lib/time.ts'
import { Short } from '../../ui/money.tsx'
import { Sparkline } from '../../ui/sparkline.tsx'
import { StatRow, StatTile } from '../../ui/stat-tile.tsx'
import { Method } from '../insight/method.tsx'
import { forecastText, selectSaved, wasteShare } from './select-overview.ts'

interface Props {
  readonly data: InsightOverview
}

/** What was spent, and what will have been. */
export function MoneyTiles({ data }: Props) {
  const { spend, forecast, series, waste } = data
  const saved = selectSaved(data.saved)
  return (
    <StatRow label="Money">
      <StatTile
        label="Spent in this period"
        value={<Short usd={spend.period_usd} />}
        change={changeShare(spend.previous_usd, spend.period_usd)}
        better="less"
        method={<Method at="spend">The sum of all charges, failed and corrected ones included.</Method>}
      >
        <Sparkline
          values={series.points.map(({ total_usd: usd }) => plotUsd(usd))}
          label={`Spend by the ${series.grain}; the figures are in the chart below`}
        />
      </StatTile>
      <StatTile
        label="Today"
        value={<Short usd={spend.today_usd} />}
        note="since midnight, UTC"
        method={<Method at="spend">The sum of all charges since midnight, UTC.</Method>}
      />
      <StatTile
        label="Month to date"
        value={<Short usd={spend.month_to_date_usd} />}
        note="since the first of the month"
        method={<Method at="spend">The sum of all charges since the first of this month, UTC.</Method>}
      />
      <StatTile
        label="Forecast of the month"
        value={forecast.month_usd === null ? 'not yet' : <Short usd={forecast.month_usd} />}
        note={forecastText(forecast)}
        method={
          <Method at="forecast">
            {forecast.method === 'linear_pace'
              ? 'The month so far, times the length of the month, over the time passed.'
              : 'The month so far, and for each day to come the mean of the same weekday in the last 28 days.'}
          </Method>
        }
      />
      <StatTile
        label="Saved against baselines"
        value={saved ? <Short usd={saved.usd} /> : 'no baseline'}
        note={saved ? `against ${saved.names}` : 'a route can declare one: `baseline`'}
        method={
          <Method at="saved">
            What the named baseline was expected to cost at the prices of each moment, less all charges of those requests.
          </Method>
        }
      />
      <StatTile
        label="Waste"
        value={<Short usd={waste.total_usd} />}
        tone={isZeroUsd(waste.total_usd) ? 'ink' : 'warn'}
        note={wasteShare(data)}
        method={
          <Method at="waste-failed-but-billed">
            Charges that brought nobody a picture: failed or refused but billed, hedges, breakage, and what is unknown. Each kind
            stands below.
          </Method>
        }
      />
    </StatRow>
  )
}

/** What a picture costs, and how well the gateway did. */
export function ImageTiles({ data }: Props) {
  const { acceptance, success, latency, duplicates, counts } = data
  return (
    <StatRow label="Images">
      <StatTile
        label="Cost per image"
        value={data.cost_per_image_usd === null ? 'no images' : <Short usd={data.cost_per_image_usd} />}
        note={counted(counts.images, 'image')}
        method={<Method at="cost-per-image">All charges of attempts over the images made, failed tries included.</Method>}
      />
      <StatTile
        label="Cost per accepted image"
        value={acceptance.cost_per_accepted_usd === null ? 'nothing rated' : <Short usd={acceptance.cost_per_accepted_usd} />}
        note={`${formatShare(acceptance.coverage)} of images rated, ${formatShare(acceptance.share)} of those accepted`}
        method={
          <Method at="cost-per-accepted-image">
            Cost over the images that would be accepted if those nobody rated were as good as the rated ones.
          </Method>
        }
      />
      <StatTile
        label="Success"
        value={formatShare(success.share)}
        note={`${formatCount(counts.delivered)} of ${counted(counts.requests, 'request')}`}
        method={<Method at="success">Requests that ended succeeded or partial, of all that ended.</Method>}
      />
      <StatTile
        label="Latency p50"
        value={latency.p50_ms === null ? 'none' : formatDuration(latency.p50_ms)}
        note={latency.p95_ms === null ? undefined : `p95 ${formatDuration(latency.p95_ms)}`}
        method={
          <Method at="latency">
            From a request's arrival to its end, of requests that brought pictures; within {formatShare(latency.relative_error)}.
          </Method>
        }
      />
      <StatTile
        label="Duplicates prevented"
        value={<Short usd={duplicates.usd} />}
        note={`${counted(duplicates.prevented, 'repeat')} joined a first call`}
        method={
          <Method at="duplicates-prevented">
            Repeats that were given the pictures of the request they repeat, each worth what that one cost.
          </Method>
        }
      />
    </StatRow>
  )
}
