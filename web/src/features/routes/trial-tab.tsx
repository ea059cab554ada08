import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ObservationReport } from '../../../../src/contract/observe.ts'
import { parseUsd } from '../../../../src/core/money.ts'
import { observationQuery } from '../../api/settings-queries.ts'
import { counted, formatCount, formatShare } from '../../lib/numbers.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { Short } from '../../ui/money.tsx'
import { EmptyState, ErrorNotice, Notice } from '../../ui/notice.tsx'
import { Section } from '../../ui/page-header.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { StatRow, StatSkeleton, StatTile } from '../../ui/stat-tile.tsx'

const spans = [
  { value: '1', label: 'A day' },
  { value: '7', label: '7 days' },
  { value: '31', label: '31 days' },
] as const

/** How a route of mode observe does against the model it watches. */
export function TrialTab({ name }: { name: string }) {
  const [days, setDays] = useState<(typeof spans)[number]['value']>('7')
  const query = useQuery(observationQuery(name, Number(days)))
  return (
    <>
      <Segmented label="How far back" choices={spans} value={days} onChange={setDays} />
      <div className="mt-4">
        {query.data ? (
          <Report report={query.data} />
        ) : query.error ? (
          <ErrorNotice error={query.error} title="The trial could not be read" retry={() => void query.refetch()} />
        ) : (
          <StatSkeleton />
        )}
      </div>
    </>
  )
}

function Report({ report }: { report: ObservationReport }) {
  if (report.calls === 0) {
    return (
      <EmptyState title="Nothing seen yet">
        Requests that name <code>{report.observes}</code> or this route are watched from now on.
      </EmptyState>
    )
  }
  const named = parseUsd(report.named_usd)
  const savedShare = named > 0n ? Number((parseUsd(report.saved_usd) * 10_000n) / named) / 10_000 : null
  return (
    <>
      {report.rolled_back && (
        <div className="mb-4">
          <Notice tone="bad" title="Rolled back by itself">
            Its pictures were accepted less often than those of {report.observes}, so every request goes there. Change the
            document and set a later day in <code>since</code> to begin again.
          </Notice>
        </div>
      )}
      <StatRow label="Trial">
        <StatTile
          label="Seen"
          value={formatCount(report.calls)}
          note={`${counted(report.routed_calls, 'request')} served by the route, ${formatShare(report.fraction)} wanted`}
        />
        <StatTile label={`With ${report.observes}`} value={<Short usd={report.named_usd} />} note="expected, for all of it" />
        <StatTile label="With the route" value={<Short usd={report.routed_usd} />} note="expected, for all of it" />
        <StatTile
          label="Saved"
          value={<Short usd={report.saved_usd} />}
          tone={report.saved_usd.startsWith('-') ? 'bad' : 'ink'}
          note={savedShare === null ? undefined : formatShare(savedShare)}
          method="Expected cost with the watched model less that with the route, at the prices of each moment. Requests that one of the two could not have served are in neither."
        />
        <StatTile
          label="Accepted, route"
          value={formatShare(report.routed.acceptance)}
          note={`${formatCount(report.routed.accepted)} of ${formatCount(report.routed.accepted + report.routed.rejected)} rated`}
        />
        <StatTile
          label="Accepted, watched"
          value={formatShare(report.observed.acceptance)}
          note={`${formatCount(report.observed.accepted)} of ${formatCount(report.observed.accepted + report.observed.rejected)} rated`}
        />
      </StatRow>
      <Section title="What it chose or would choose">
        <DataTable
          caption="What it chose or would choose"
          columns={columns}
          rows={report.models}
          rowId={({ offer, quality }) => `${offer} ${quality}`}
          empty={<p className="text-muted">Nothing could be compared.</p>}
        />
      </Section>
    </>
  )
}

const columns: readonly DataColumn<ObservationReport['models'][number]>[] = [
  {
    id: 'offer',
    header: 'Offer',
    rowHeader: true,
    sort: ({ offer }) => offer,
    cell: ({ offer, quality }) => (
      <span className="break-all">
        {offer}
        {quality ? `, ${quality}` : ''}
      </span>
    ),
  },
  { id: 'calls', header: 'Requests', numeric: true, sort: ({ calls }) => calls, cell: ({ calls }) => formatCount(calls) },
  {
    id: 'named',
    header: 'Watched model',
    numeric: true,
    sort: ({ named_usd: usd }) => parseUsd(usd),
    cell: ({ named_usd: usd }) => <Short usd={usd} />,
  },
  {
    id: 'routed',
    header: 'Route',
    numeric: true,
    sort: ({ routed_usd: usd }) => parseUsd(usd),
    cell: ({ routed_usd: usd }) => <Short usd={usd} />,
  },
]
