import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { BatchLineWire, BatchWire } from '../../../../src/contract/batch-endpoints.ts'
import { batchLinesQuery } from '../../api/batches-queries.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/notice.tsx'
import { Section } from '../../ui/page-header.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { type BatchFilter, type BatchSearch, isOver } from './select-batches.ts'
import { LineState } from './state.tsx'

interface Props {
  readonly batch: BatchWire
  readonly filter: BatchFilter | undefined
  readonly onFilter: (next: BatchSearch) => void
}

const choices = [
  { value: 'all', label: 'All' },
  { value: 'waiting', label: 'Waiting' },
  { value: 'done', label: 'Done' },
  { value: 'failed', label: 'Failed' },
] as const

/** The lines of a batch in the order of its file. */
export function Lines({ batch, filter, onFilter }: Props) {
  const query = useInfiniteQuery(batchLinesQuery(batch.id, filter, !isOver(batch)))
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data), [query.data])
  return (
    <Section
      title="Lines"
      actions={
        <Segmented
          label="Which lines"
          choices={choices}
          value={filter ?? 'all'}
          onChange={(next) => onFilter(next === 'all' ? {} : { lines: next })}
        />
      }
    >
      <DataTable
        caption="Lines of the batch"
        columns={columns}
        rows={rows}
        rowId={({ line }) => String(line)}
        error={query.error}
        retry={() => void query.refetch()}
        pageSize={10_000}
        empty={<EmptyState title="None of them">No line of this batch is {filter ?? 'there'}.</EmptyState>}
      />
      {query.hasNextPage && (
        <button
          type="button"
          className="button mt-4 w-full"
          disabled={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {query.isFetchingNextPage ? 'Loading more lines' : 'Show more lines'}
        </button>
      )}
    </Section>
  )
}

const Why = ({ line: { error, tries, state } }: { line: BatchLineWire }) => (
  <>
    {error && (
      <span className="text-sm break-words">
        {error.message}
        <span className="label block font-mono">{error.param === null ? error.code : `${error.code}, ${error.param}`}</span>
      </span>
    )}
    {tries > 0 && state === 'waiting' && <span className="label block">tried {tries === 1 ? 'once' : `${tries} times`}</span>}
  </>
)

const columns: readonly DataColumn<BatchLineWire>[] = [
  { id: 'line', header: 'Line', numeric: true, className: 'w-16', cell: ({ line }) => line },
  {
    id: 'name',
    header: 'Name',
    rowHeader: true,
    className: 'max-w-80',
    cell: (line) => (
      <>
        <span className="line-clamp-2 break-all" title={line.custom_id}>
          {line.custom_id}
        </span>
        <span className="block font-normal sm:hidden">
          <Why line={line} />
        </span>
      </>
    ),
  },
  { id: 'state', header: 'State', cell: ({ state }) => <LineState state={state} /> },
  {
    id: 'why',
    header: 'Why',
    hideBelow: 'sm',
    cell: (line) => <Why line={line} />,
  },
  {
    id: 'request',
    header: <span className="sr-only">Its request</span>,
    numeric: true,
    cell: ({ request_id, custom_id }) =>
      request_id && (
        <Link to="/requests/$requestId" params={{ requestId: request_id }} search={{}} className="text-sm">
          Request<span className="sr-only"> of {custom_id}</span>
        </Link>
      ),
  },
]
