import type { UseMutationResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { parseUsd } from '../../../../src/core/money.ts'
import { exactUsd } from '../../lib/money.ts'
import { counted } from '../../lib/numbers.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Exact } from '../../ui/money.tsx'
import { EmptyState, ErrorNotice, Notice } from '../../ui/notice.tsx'
import {
  countStates,
  countsText,
  type FoundRow,
  importRoute,
  type StateCounts,
  type Sums,
  skippedText,
  stateTexts,
  sumsOf,
} from './select-import.ts'
import type { Found } from './use-import.ts'

type Record = UseMutationResult<StateCounts, Error, readonly FoundRow[]>

interface Props {
  readonly source: string
  readonly found: Found | undefined
  readonly record: Record
}

/** What is in the files, and what would become of it. Nothing is written before somebody says so. */
export function FoundRows({ source, found, record }: Props) {
  const sums = useMemo(() => found && sumsOf(found.rows.map(({ row }) => row)), [found])
  if (!found) {
    return (
      <EmptyState title="Nothing read yet">
        The rows of the files stand here, with what would be done with each, before anything is written.
      </EmptyState>
    )
  }
  const { read, rows } = found
  const skipped = skippedText(read.skipped)
  return (
    <section aria-label="What is in the files" className="min-w-0">
      {read.problem_count > 0 && <Problems read={read} />}
      {read.problem_count === 0 && !sums && (
        <EmptyState title="Nothing about pictures">{skipped ?? 'There is no row in the files.'}</EmptyState>
      )}
      {sums && (
        <>
          <Summary sums={sums} counts={countStates(rows.map(({ state }) => state))} />
          {skipped && <p className="label mt-2">{skipped}</p>}
          <Recording source={source} rows={rows} record={record} />
          <DataTable
            caption="Rows of the files"
            columns={columns}
            rows={rows}
            rowId={({ row }) => row.evidence_id}
            pageSize={50}
            empty={null}
          />
        </>
      )}
    </section>
  )
}

const Summary = ({ sums, counts }: { sums: Sums; counts: StateCounts }) => (
  <div data-import="summary">
    <p className="flex flex-wrap items-baseline gap-x-3">
      <Exact usd={sums.amountUsd} className="text-[1.75rem] leading-none font-bold tracking-tight" />
      <span>
        {counted(sums.rows, 'row')}, {counted(sums.images, 'picture')},{' '}
        <span className="num">{sums.from === sums.to ? sums.from : `${sums.from} to ${sums.to}`}</span>
      </span>
    </p>
    <p className="mt-1">{countsText(counts, 'before')}</p>
  </div>
)

const SHOWN = 20

const Problems = ({ read: { problems, problem_count: count } }: { read: Found['read'] }) => (
  <Notice tone="bad" title={`${counted(count, 'problem')}, so nothing is imported`}>
    <ul aria-label="Problems of the files">
      {problems.slice(0, SHOWN).map(({ file, at, message }) => (
        <li key={`${file} ${at} ${message}`} className="border-b border-rule py-1 break-words">
          <span className="font-medium">
            {file}: {at}
          </span>{' '}
          {message}
        </li>
      ))}
    </ul>
    {count > SHOWN && <p className="mt-1">and {count - SHOWN} more.</p>}
  </Notice>
)

function Recording({ source, rows, record }: { source: string; rows: readonly FoundRow[]; record: Record }) {
  const [asking, setAsking] = useState(false)
  const counts = countStates(rows.map(({ state }) => state))
  const due = counts.written + counts.corrected
  const requests = (
    <Link to="/requests" search={{ route: importRoute(source) }} className="underline underline-offset-2">
      its requests
    </Link>
  )
  if (record.data) {
    return (
      <div className="my-4">
        <Notice tone="note" title={`Recorded: ${countsText(record.data, 'after')}`}>
          They are part of spend, reports and exports now: {requests} stand on the route <code>{importRoute(source)}</code>.
        </Notice>
      </div>
    )
  }
  return (
    <div className="my-4">
      {record.error && (
        <div className="mb-3">
          <ErrorNotice error={record.error} title="It was not recorded whole" />
          <p className="label mt-1">What was recorded stays. Record it again: rows that are known are left alone.</p>
        </div>
      )}
      {due === 0 ? (
        <p className="text-muted">Everything in it is known already: {requests}.</p>
      ) : (
        <button type="button" className="button button-primary" disabled={record.isPending} onClick={() => setAsking(true)}>
          {record.isPending ? 'Recording' : `Record ${counted(due, 'row')}`}
        </button>
      )}
      <ConfirmDialog
        open={asking}
        title={`Record ${counted(due, 'row')} as spent?`}
        confirm="Record them"
        onConfirm={() => {
          setAsking(false)
          record.mutate(rows)
        }}
        onClose={() => setAsking(false)}
      >
        They are booked at the time they were spent, from the account <strong>{source}</strong>. They cannot be taken out again;
        files that say something else reverse what stands and post the new amount.
      </ConfirmDialog>
    </div>
  )
}

const columns: readonly DataColumn<FoundRow>[] = [
  {
    id: 'at',
    header: 'Spent',
    className: 'num',
    sort: ({ row }) => row.at,
    cell: ({ row }) => row.at.slice(0, 16).replace('T', ' '),
  },
  {
    id: 'model',
    header: 'Model',
    rowHeader: true,
    sort: ({ row }) => row.model,
    cell: ({ row }) => (
      <>
        <span className="break-all">{row.model}</span>
        <span className="label block font-normal">{[row.provider, row.quality, row.size].filter(Boolean).join(', ')}</span>
      </>
    ),
  },
  {
    id: 'id',
    header: 'Id of the row',
    hideBelow: 'md',
    className: 'max-w-48',
    cell: ({ row }) => (
      <span className="line-clamp-2 font-mono text-[0.78rem] break-all" title={row.evidence_id}>
        {row.evidence_id}
      </span>
    ),
  },
  {
    id: 'images',
    header: 'Pictures',
    numeric: true,
    hideBelow: 'sm',
    sort: ({ row }) => row.images,
    cell: ({ row }) => (row.images === 0 ? <span className="text-muted">not told</span> : row.images),
  },
  {
    id: 'amount',
    header: 'Amount',
    numeric: true,
    sort: ({ row }) => parseUsd(row.amount_usd),
    cell: ({ row }) => <span title={row.provenance}>{exactUsd(row.amount_usd)}</span>,
  },
  {
    id: 'state',
    header: 'In the ledger',
    sort: ({ state }) => state,
    cell: ({ state }) => (
      <span className={{ written: '', corrected: 'text-warn', unchanged: 'text-muted' }[state]}>{stateTexts[state].before}</span>
    ),
  },
]
