import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link, Outlet, useChildMatches, useNavigate } from '@tanstack/react-router'
import type { KeyboardEvent } from 'react'
import { outcomes } from '../../../../src/core/outcome.ts'
import { requestsQuery } from '../../api/queries.ts'
import { useNow } from '../../lib/use-now.ts'
import { EmptyState, ErrorNotice, Skeleton } from '../../ui/notice.tsx'
import { outcomeText } from '../../ui/outcome.tsx'
import { useLiveState } from '../shell/shell.tsx'
import { RequestRow } from './request-row.tsx'
import type { RequestsSearch } from './select-requests.ts'

const route = getRouteApi('/shell/requests')

/** Recent requests as they happen; the chosen one stands beside the list, or over it where there is no room. */
export function RequestsPage() {
  const search = route.useSearch()
  const chosen = useChildMatches({ select: (matches) => matches[0]?.params as { requestId?: string } | undefined })?.requestId
  return (
    <>
      <title>Requests · Halftone</title>
      <div className={`grid items-start gap-8 ${chosen ? 'xl:grid-cols-[minmax(0,1fr)_minmax(0,34rem)]' : ''}`}>
        <div className={chosen ? 'max-xl:hidden' : ''}>
          <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
            <div>
              <h1 className="text-2xl font-bold tracking-tight">Requests</h1>
              <LiveLine />
            </div>
            <Filters search={search} />
          </div>
          <RequestList search={search} chosen={chosen} />
        </div>
        <Outlet />
      </div>
    </>
  )
}

function LiveLine() {
  const live = useLiveState()
  const dot = { live: 'bg-good live-dot', connecting: 'bg-yellow', lost: 'bg-magenta' }[live]
  const text = {
    live: 'Live: new requests appear by themselves',
    connecting: 'Connecting to live updates',
    lost: 'Live updates stopped; trying again',
  }[live]
  return (
    <p className="mt-0.5 flex items-center gap-2 text-sm text-muted" role="status">
      <i className={`size-2 rounded-full ${dot}`} aria-hidden="true" />
      {text}
    </p>
  )
}

function Filters({ search }: { search: RequestsSearch }) {
  const navigate = useNavigate()
  return (
    <label className="flex items-center gap-2 text-sm">
      Outcome
      <select
        className="field w-auto"
        value={search.outcome ?? ''}
        onChange={(event) => {
          const outcome = outcomes.find((known) => known === event.target.value)
          const { outcome: _, ...rest } = search
          void navigate({ to: '/requests', search: outcome ? { ...rest, outcome } : rest })
        }}
      >
        <option value="">All</option>
        {outcomes.map((outcome) => (
          <option key={outcome} value={outcome}>
            {outcomeText(outcome)}
          </option>
        ))}
      </select>
    </label>
  )
}

function RequestList({ search, chosen }: { search: RequestsSearch; chosen: string | undefined }) {
  const query = useInfiniteQuery(requestsQuery(search))
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
  if (rows.length === 0) return <NoRequests filtered={Object.keys(search).length > 0} />
  return (
    <>
      <div
        aria-hidden="true"
        className="request-grid label mt-5 border-b border-ink px-2 pb-1.5 max-md:hidden"
        data-beside={chosen !== undefined}
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
        onKeyDown={moveBetweenRows}
      >
        {rows.map((row) => (
          <li key={row.id} className="border-b border-rule">
            <RequestRow request={row} search={search} now={now} chosen={row.id === chosen} beside={chosen !== undefined} />
          </li>
        ))}
      </ol>
      {query.hasNextPage ? (
        <button
          type="button"
          className="button mt-4 w-full"
          disabled={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {query.isFetchingNextPage ? 'Loading older requests' : 'Show older requests'}
        </button>
      ) : (
        <p className="label mt-4 text-center">That is all of them.</p>
      )}
    </>
  )
}

/** Up and down arrows walk the rows. */
function moveBetweenRows(event: KeyboardEvent<HTMLOListElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined) return
  const links: (Element | null)[] = [...event.currentTarget.querySelectorAll('a')]
  const at = links.indexOf(document.activeElement)
  const next = links[at + step]
  if (at < 0 || !(next instanceof HTMLElement)) return
  event.preventDefault()
  next.focus()
}

function NoRequests({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <EmptyState title="No request matches">
        <Link to="/requests" search={{}}>
          Show all requests
        </Link>
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
