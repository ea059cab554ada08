import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { BatchWire } from '../../../../src/contract/batch-endpoints.ts'
import { batchesQuery } from '../../api/batches-queries.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { DotMeter } from '../../ui/dot-meter.tsx'
import { Exact } from '../../ui/money.tsx'
import { EmptyState } from '../../ui/notice.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { NewBatch } from './new-batch.tsx'
import { aboutText, countsText, endText, minuteOf, progressOf } from './select-batches.ts'
import { BatchState } from './state.tsx'

const route = getRouteApi('/shell/batches')

/** Files of requests that are done within a day, where that is cheapest. */
export function BatchesPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(batchesQuery)
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data), [data])
  const open = (isOpen: boolean) => void navigate({ to: '/batches', search: isOpen ? { new: true } : {}, replace: true })
  return (
    <>
      <PageHeader
        title="Batches"
        actions={
          <button type="button" className="button button-primary" onClick={() => open(true)}>
            New batch
          </button>
        }
      >
        Many requests in one file, done within a day in whatever lane is cheapest. What waits for its turn costs nothing yet.
      </PageHeader>
      <div className="mt-5">
        <DataTable
          caption="Batches, newest first"
          columns={columns}
          rows={rows}
          rowId={({ id }) => id}
          error={error}
          retry={() => void refetch()}
          onOpen={({ id }) => void navigate({ to: '/batches/$batch', params: { batch: id } })}
          empty={
            <EmptyState title="No batches yet">
              Start one from a file of requests, a line each, or hand one in with <code>halftone batch run pictures.jsonl</code>{' '}
              or any OpenAI client.
            </EmptyState>
          }
        />
      </div>
      {hasNextPage && (
        <button type="button" className="button mt-4 w-full" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {isFetchingNextPage ? 'Loading older batches' : 'Show older batches'}
        </button>
      )}
      <Dialog open={search.new === true} onClose={() => open(false)} kind="sheet" title="New batch">
        <NewBatch onClose={() => open(false)} />
      </Dialog>
    </>
  )
}

const columns: readonly DataColumn<BatchWire>[] = [
  {
    id: 'batch',
    header: 'Handed in',
    rowHeader: true,
    sort: ({ created_at }) => created_at,
    className: 'max-w-96',
    cell: (batch) => (
      <>
        <span className="num">{minuteOf(batch.created_at)}</span>
        <span className="label block truncate font-normal" title={batch.id}>
          {aboutText(batch)}
        </span>
      </>
    ),
  },
  { id: 'state', header: 'State', cell: (batch) => <BatchState batch={batch} /> },
  {
    id: 'lines',
    header: 'Lines',
    hideBelow: 'sm',
    className: 'min-w-44',
    sort: ({ request_counts: { total } }) => total,
    cell: (batch) => (
      <>
        <DotMeter perMille={progressOf(batch)} tone={batch.request_counts.failed > 0 ? 'warn' : 'ink'} />
        <span className="label mt-1 block">{countsText(batch)}</span>
      </>
    ),
  },
  {
    id: 'ends',
    header: 'Ends',
    hideBelow: 'md',
    cell: (batch) => <span className="num">{endText(batch)}</span>,
  },
  {
    id: 'cost',
    header: 'Cost so far',
    numeric: true,
    cell: ({ halftone }) => <Exact usd={halftone.cost_usd} />,
  },
]
