import { useQuery } from '@tanstack/react-query'
import { statusQuery } from '../../api/queries.ts'
import { formatMoment } from '../../lib/time.ts'
import { ErrorNotice, Loading, Notice } from '../../ui/notice.tsx'
import { freeText } from './select-settings.ts'

/** The node that answers, as `halftone doctor` would describe it. */
export function GatewayTab() {
  const { data, error, refetch } = useQuery(statusQuery)
  if (error && !data) return <ErrorNotice error={error} title="The state could not be read" retry={() => void refetch()} />
  if (!data) return <Loading label="Loading the state" />
  const facts: readonly (readonly [string, string])[] = [
    ['Version', data.version],
    ['Node', data.node_id],
    ['Running since', `${formatMoment(data.started_at).slice(0, 19)} UTC`],
    ['Ledger', data.storage.ledger],
    ['Disk', freeText(data.storage.free_bytes)],
    ['Price book', data.price_book],
    ['Configuration', data.config_file ?? 'no file: defaults and environment'],
  ]
  return (
    <div className="max-w-3xl">
      {data.problems.length === 0 && data.notices.length === 0 ? (
        <p className="text-good">It serves, and nothing needs attention.</p>
      ) : (
        <div className="flex flex-col gap-2">
          {data.problems.map((problem) => (
            <Notice key={problem} tone="warn" title={problem} />
          ))}
          {data.notices.map((notice) => (
            <Notice key={notice} tone="note" title={notice} />
          ))}
        </div>
      )}
      <dl className="mt-4">
        {facts.map(([name, value]) => (
          <div key={name} className="flex flex-wrap justify-between gap-x-6 border-b border-rule py-1.5">
            <dt className="text-muted">{name}</dt>
            <dd className="num min-w-0 break-all whitespace-normal">{value}</dd>
          </div>
        ))}
      </dl>
      <p className="label mt-2">
        Of the node that answered. <code>halftone doctor</code> looks further: keys, prices, disk, and whether the ledger adds up.
      </p>
    </div>
  )
}
