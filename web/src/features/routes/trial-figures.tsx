import type { RouteTrialWire } from '../../../../src/contract/routes.ts'
import { deltaUsd } from '../../lib/money.ts'
import { counted, formatCount, formatShare } from '../../lib/numbers.ts'
import { Short } from '../../ui/money.tsx'
import { Notice } from '../../ui/notice.tsx'
import { StatRow, StatTile } from '../../ui/stat-tile.tsx'

/** What the requests of the sample cost, and what they would have cost. */
export function TrialFigures({ trial }: { trial: RouteTrialWire }) {
  const { sample, recorded_of_served: before, simulated: after, promises } = trial
  const unserved = Object.values(trial.unserved).reduce((sum, count) => sum + count, 0)
  if (sample.requests === 0) {
    return (
      <Notice tone="note" title="No request to try it on">
        {sample.of === 'route'
          ? 'Nobody named this route in that time. Try it on all requests instead.'
          : 'There was no finished request in that time.'}
      </Notice>
    )
  }
  const misses = promises.after.below_floor + promises.after.late
  const missesBefore = promises.before.below_floor + promises.before.late
  return (
    <>
      <StatRow label="Dry run">
        <StatTile
          label="It cost"
          value={<Short usd={before.cost_usd} />}
          note={`${counted(before.requests, 'request')} it serves`}
        />
        <StatTile
          label="It would cost"
          value={<Short usd={after.cost_usd} />}
          change={trial.change}
          better="less"
          note={deltaUsd(before.cost_usd, after.cost_usd)}
          method="Expected cost of the first choice for each request, at the prices of its moment, with the tries in vain that are to be expected."
        />
        <StatTile
          label="Other first choice"
          value={formatCount(trial.changed)}
          note={`of ${counted(sample.requests, 'request')}`}
        />
        <StatTile
          label="Not served"
          value={formatCount(unserved)}
          tone={unserved > 0 ? 'bad' : 'ink'}
          note={unserved > 0 ? formatShare(unserved / sample.requests) : 'every request finds an offer'}
        />
        <StatTile
          label="Promises missed"
          value={formatCount(Math.round(misses))}
          tone={misses > missesBefore ? 'warn' : 'ink'}
          note={`${formatCount(missesBefore)} as it was`}
          method="Choices below the quality floor of the document, and requests beyond its deadline; expected ones for what it would do."
        />
      </StatRow>
      <p className="label mt-2">
        {sample.of === 'route' ? 'Requests that named this route' : 'All requests'} since {sample.since.slice(0, 10)}
        {sample.complete
          ? ''
          : `: the newest ${counted(sample.requests, 'request')} of them, since ${sample.oldest_at?.slice(0, 16).replace('T', ' ') ?? 'then'} UTC`}
        .
      </p>
    </>
  )
}
