import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { RouteTrialWire } from '../../../../src/contract/routes.ts'
import { parseUsd } from '../../../../src/core/money.ts'
import { isSameJson } from '../../lib/json-diff.ts'
import { formatShare } from '../../lib/numbers.ts'
import { type DataColumn, DataTable, TableSkeleton } from '../../ui/data-table.tsx'
import { Short } from '../../ui/money.tsx'
import { EmptyState, ErrorNotice, Notice } from '../../ui/notice.tsx'
import { Section } from '../../ui/page-header.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { usePermission } from '../shell/use-session.ts'
import { selectShares, type TrialShare } from './select-routes.ts'
import { TrialFigures } from './trial-figures.tsx'
import type { Draft } from './use-draft.ts'
import { useDryRun } from './use-dry-run.ts'

const spans = [
  { value: '1', label: 'A day' },
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
] as const
const samples = [
  { value: 'route', label: 'Requests of this route' },
  { value: 'all', label: 'All requests' },
] as const

/** The document as it is in the editor, on requests that were made. */
export function DryRunTab({ draft, exists }: { draft: Draft; exists: boolean }) {
  const mayTry = usePermission('routes.write')
  const [days, setDays] = useState<(typeof spans)[number]['value']>('7')
  const [of, setOf] = useState<'route' | 'all'>(exists ? 'route' : 'all')
  const run = useDryRun(draft)
  const { trial } = draft
  if (!mayTry) return <EmptyState title="It is for operators">Trying a route needs the permission to change routes.</EmptyState>
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-5 gap-y-3">
        <Segmented label="How far back" choices={spans} value={days} onChange={setDays} />
        {exists && <Segmented label="Which requests" choices={samples} value={of} onChange={setOf} />}
        <button
          type="button"
          className="button button-primary"
          disabled={run.isPending}
          onClick={() => run.mutate({ days: Number(days), of })}
        >
          {run.isPending ? 'Deciding again' : 'Run it'}
        </button>
      </div>
      <p className="label mt-2 max-w-3xl">
        Each past request is decided again under the document in the editor, with the prices of its moment. Nobody is called and
        nothing is saved. At most the newest 2,000 requests.
      </p>
      <div className="mt-5" aria-live="polite">
        {run.error && <ErrorNotice error={run.error} title="It could not be tried" />}
        {run.isPending ? (
          <TableSkeleton caption="the dry run" />
        ) : trial ? (
          <TrialResult trial={trial.result} isOfDraft={isSameJson(trial.of, draft.document)} />
        ) : (
          !run.error && (
            <EmptyState title="Not tried yet">
              Run it to see what last week would have cost, who would have served it, and what it could not serve.
            </EmptyState>
          )
        )}
      </div>
    </>
  )
}

function TrialResult({ trial, isOfDraft }: { trial: RouteTrialWire; isOfDraft: boolean }) {
  const unserved = Object.entries(trial.unserved)
  return (
    <>
      {!isOfDraft && (
        <div className="mb-4">
          <Notice tone="note" title="The document was changed since">
            These figures are of the document before; run it again.
          </Notice>
        </div>
      )}
      <TrialFigures trial={trial} />
      {trial.sample.requests > 0 && (
        <>
          <Section
            title="Who serves"
            note="As it was: the offer that served, with what was paid. As it would be: the first choice, with its expected cost."
          >
            <DataTable
              caption="Who serves"
              columns={shareColumns}
              rows={selectShares(trial)}
              rowId={({ offer }) => offer}
              empty={null}
            />
          </Section>
          {unserved.length > 0 && (
            <Section title="What it could not serve">
              <ul className="flex flex-col gap-1">
                {unserved.map(([reason, count]) => (
                  <li key={reason}>
                    <span className="num font-medium">{count} x</span> {reason.replaceAll('_', ' ')}
                  </li>
                ))}
              </ul>
            </Section>
          )}
          {trial.examples.length > 0 && (
            <Section title="Where it differs most">
              <DataTable
                caption="Where it differs most"
                columns={exampleColumns}
                rows={trial.examples}
                rowId={({ request_id }) => request_id}
                empty={null}
              />
            </Section>
          )}
        </>
      )}
    </>
  )
}

const None = () => <span className="text-muted">none</span>

const shareColumns: readonly DataColumn<TrialShare>[] = [
  {
    id: 'offer',
    header: 'Offer',
    rowHeader: true,
    sort: ({ offer }) => offer,
    cell: ({ offer }) => <span className="break-all">{offer}</span>,
  },
  {
    id: 'before',
    header: 'As it was',
    numeric: true,
    sort: ({ before }) => before?.share ?? 0,
    cell: ({ before }) => (before ? formatShare(before.share) : <None />),
  },
  {
    id: 'after',
    header: 'As it would be',
    numeric: true,
    sort: ({ after }) => after?.share ?? 0,
    cell: ({ after }) => (after ? <strong>{formatShare(after.share)}</strong> : <None />),
  },
  {
    id: 'paid',
    header: 'Paid',
    numeric: true,
    sort: ({ before }) => parseUsd(before?.cost_usd ?? '0'),
    cell: ({ before }) => (before ? <Short usd={before.cost_usd} /> : <None />),
    hideBelow: 'sm',
  },
  {
    id: 'expected',
    header: 'Expected',
    numeric: true,
    sort: ({ after }) => parseUsd(after?.cost_usd ?? '0'),
    cell: ({ after }) => (after ? <Short usd={after.cost_usd} /> : <None />),
    hideBelow: 'sm',
  },
]

type Example = RouteTrialWire['examples'][number]

const exampleColumns: readonly DataColumn<Example>[] = [
  {
    id: 'request',
    header: 'Request',
    rowHeader: true,
    sort: ({ at }) => Date.parse(at),
    cell: ({ request_id: id, at }) => (
      <Link to="/requests/$requestId" params={{ requestId: id }} className="num">
        {at.slice(0, 16).replace('T', ' ')}
      </Link>
    ),
  },
  { id: 'then', header: 'As it was', cell: (example) => <Choice offer={example.before_offer} usd={example.before_usd} /> },
  {
    id: 'now',
    header: 'As it would be',
    cell: (example) => <Choice offer={example.after_offer} usd={example.after_usd} quality={example.after_quality} />,
  },
]

const Choice = ({ offer, usd, quality }: { offer: string; usd: string; quality?: string | null }) => (
  <>
    <Short usd={usd} className="font-medium" />
    <span className="label block break-all">
      {offer}
      {quality ? `, ${quality}` : ''}
    </span>
  </>
)
