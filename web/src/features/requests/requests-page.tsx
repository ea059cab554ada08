import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link, Outlet, useChildMatches, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { RequestSummaryWire } from '../../../../src/contract/records.ts'
import { PAGE_SIZE, requestsQuery } from '../../api/queries.ts'
import { counted } from '../../lib/numbers.ts'
import { useNow } from '../../lib/use-now.ts'
import { CsvButton } from '../../ui/csv-button.tsx'
import { moveBetweenRows } from '../../ui/move-between-rows.ts'
import { EmptyState, ErrorNotice, Skeleton } from '../../ui/notice.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { useLiveState } from '../shell/shell.tsx'
import { RequestCard } from './request-card.tsx'
import { RequestFilterBar } from './request-filters.tsx'
import { RequestRow } from './request-row.tsx'
import {
  clearedSearch,
  csvHeader,
  csvRow,
  filtersOf,
  isFiltered,
  parseRequestsSearch,
  type RequestsSearch,
} from './select-requests.ts'

const route = getRouteApi('/shell/requests')

/** Recent requests as they happen; the chosen one stands beside the list, or over it where there is no room. */
export function RequestsPage() {
  // The router hands on what a detail has in the address too; another request opens at its receipt.
  const search = parseRequestsSearch({ ...route.useSearch() })
  const chosen = useChildMatches({ select: (matches) => matches[0]?.params as { requestId?: string } | undefined })?.requestId
  return (
    <div className={`grid items-start gap-8 ${chosen ? 'xl:grid-cols-[minmax(0,1fr)_minmax(0,36rem)]' : ''}`}>
      <div className={`min-w-0 ${chosen ? 'max-xl:hidden' : ''}`}>
        <PageHeader title="Requests" actions={<ViewToggle search={search} />}>
          <LiveLine />
        </PageHeader>
        <div className="mt-4">
          <RequestFilterBar search={search} />
        </div>
        <RequestList search={search} chosen={chosen} />
      </div>
      <Outlet />
    </div>
  )
}

function ViewToggle({ search }: { search: RequestsSearch }) {
  const navigate = useNavigate()
  return (
    <Segmented
      label="View"
      choices={viewChoices}
      value={search.view ?? 'table'}
      onChange={(view) => {
        const { view: _, ...rest } = search
        void navigate({
          to: '/requests',
          search: view === 'gallery' ? { ...rest, view } : rest,
          replace: true,
          resetScroll: false,
        })
      }}
    />
  )
}

const viewChoices = [
  { value: 'table', label: 'Table' },
  { value: 'gallery', label: 'Gallery' },
] as const

function LiveLine() {
  const live = useLiveState()
  const dot = { live: 'bg-good live-dot', connecting: 'bg-yellow', lost: 'bg-magenta' }[live]
  const text = {
    live: 'Live: new requests appear by themselves',
    connecting: 'Connecting to live updates',
    lost: 'Live updates stopped; trying again',
  }[live]
  return (
    <p className="flex items-center gap-2" role="status">
      <i className={`size-2 rounded-full ${dot}`} aria-hidden="true" />
      {text}
    </p>
  )
}

function RequestList({ search, chosen }: { search: RequestsSearch; chosen: string | undefined }) {
  // The bounds of a preset stay those of the moment it was chosen: else every minute would be another list.
  const [openedAt] = useState(() => Date.now())
  const query = useInfiniteQuery(requestsQuery(filtersOf(search, openedAt)))
  const rows = query.data?.pages.flatMap((page) => page.data) ?? []
  const running = rows.some((row) => row.finished_at === null)
  const now = useNow(running ? 250 : 15_000)
  if (query.isPending) return <ListSkeleton />
  if (query.error && rows.length === 0) {
    return (
      <div className="mt-5">
        <ErrorNotice error={query.error} title="The requests could not be read" retry={() => void query.refetch()} />
      </div>
    )
  }
  const isShort = (query.data?.pages.at(-1)?.data.length ?? 0) < PAGE_SIZE
  return (
    <>
      {rows.length === 0 ? (
        <NoRequests search={search} more={query.hasNextPage} />
      ) : search.view === 'gallery' ? (
        <Gallery rows={rows} search={search} now={now} chosen={chosen} />
      ) : (
        <Rows rows={rows} search={search} now={now} chosen={chosen} />
      )}
      {query.hasNextPage && (
        <button
          type="button"
          className="button mt-4 w-full"
          disabled={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {query.isFetchingNextPage ? 'Loading older requests' : isShort ? 'Look further back' : 'Show older requests'}
        </button>
      )}
      {rows.length > 0 && (
        <div className="mt-3 flex flex-wrap items-center justify-between gap-3">
          <p className="label">
            {counted(rows.length, 'request')} shown{query.hasNextPage ? '' : '. That is all of them.'}
          </p>
          <CsvButton name="requests" header={csvHeader} rows={() => rows.map(csvRow)} />
        </div>
      )}
    </>
  )
}

interface ListProps {
  readonly rows: readonly RequestSummaryWire[]
  readonly search: RequestsSearch
  readonly now: number
  readonly chosen: string | undefined
}

function Gallery({ rows, search, now, chosen }: ListProps) {
  return (
    <ol
      aria-label="Requests, newest first"
      className="request-gallery mt-5"
      onKeyDown={(event) => moveBetweenRows(event, '[data-request]')}
    >
      {rows.map((row) => (
        <li key={row.id}>
          <RequestCard request={row} search={search} now={now} chosen={row.id === chosen} />
        </li>
      ))}
    </ol>
  )
}

function Rows({ rows, search, now, chosen }: ListProps) {
  const beside = chosen !== undefined
  return (
    <>
      <div
        aria-hidden="true"
        className="request-grid label mt-5 border-b border-ink px-2 pb-1.5 max-md:hidden"
        data-beside={beside}
      >
        <span />
        <span>Prompt</span>
        <span className="request-offer">Offer</span>
        <span>Outcome</span>
        <span className="text-right">Latency</span>
        <span className="text-right">Cost</span>
      </div>
      <ol
        aria-label="Requests, newest first"
        className="max-md:mt-4 max-md:border-t max-md:border-ink"
        onKeyDown={(event) => moveBetweenRows(event, '[data-request]')}
      >
        {rows.map((row) => (
          <li key={row.id} className="border-b border-rule">
            <RequestRow request={row} search={search} now={now} chosen={row.id === chosen} beside={beside} />
          </li>
        ))}
      </ol>
    </>
  )
}

function NoRequests({ search, more }: { search: RequestsSearch; more: boolean }) {
  if (isFiltered(search)) {
    return (
      <EmptyState title={more ? 'None among the newest requests' : 'No request matches'}>
        {more && 'Older ones were not looked at yet: look further back, name a time, or '}
        <Link to="/requests" search={clearedSearch(search)}>
          {more ? 'show all requests' : 'Show all requests'}
        </Link>
        .
      </EmptyState>
    )
  }
  return (
    <EmptyState title="No requests yet">
      <Link to="/playground">Make a picture in the playground</Link>, or point an OpenAI client at this gateway. Requests appear
      here the moment they start.
    </EmptyState>
  )
}

const ListSkeleton = () => (
  <div role="status" aria-label="Loading requests" className="mt-8 flex flex-col gap-4">
    {['a', 'b', 'c', 'd', 'e'].map((row) => (
      <div key={row} className="flex items-center gap-4">
        <Skeleton className="size-14" />
        <Skeleton className="h-5 flex-1" />
        <Skeleton className="h-5 w-20" />
      </div>
    ))}
  </div>
)
