/** Live updates: one EventSource for the whole dashboard, feeding the same cache the pages read. */
import type { InfiniteData, QueryClient } from '@tanstack/react-query'
import type { RequestSummaryWire } from '../../../src/contract/records.ts'
import { eventsPath } from './paths.ts'
import { keys } from './queries.ts'
import { mergeSummary, type RequestFilters, type RequestPage } from './select-live.ts'

export type LiveState = 'connecting' | 'live' | 'lost'

/** Money totals change with every request; under load they are read again at most this often. */
const TOTALS_EVERY_MS = 1_500

/** The browser reconnects by itself unless it was answered with an error, such as a proxy's 502. */
const REOPEN_AFTER_MS = 5_000

/** Watch requests until the returned function is called. `onState` hears about the connection. */
export function watchRequests(client: QueryClient, onState: (state: LiveState) => void): () => void {
  let source: EventSource
  let dropped = false
  let totals: ReturnType<typeof setTimeout> | undefined
  let reopen: ReturnType<typeof setTimeout> | undefined

  const open = () => {
    source = new EventSource(eventsPath)
    source.addEventListener('open', () => {
      onState('live')
      // What happened while the line was down was not sent again.
      if (dropped) void client.invalidateQueries({ queryKey: keys.requestLists })
      dropped = false
    })
    source.addEventListener('error', () => {
      dropped = true
      const closed = source.readyState === EventSource.CLOSED
      onState(closed ? 'lost' : 'connecting')
      if (closed) reopen = setTimeout(open, REOPEN_AFTER_MS)
    })
    source.addEventListener('request', (event) => {
      applyRequest(client, JSON.parse(event.data) as RequestSummaryWire)
      totals ??= setTimeout(() => {
        totals = undefined
        void client.invalidateQueries({ queryKey: keys.overview })
      }, TOTALS_EVERY_MS)
    })
  }
  open()
  return () => {
    clearTimeout(totals)
    clearTimeout(reopen)
    source.close()
  }
}

function applyRequest(client: QueryClient, summary: RequestSummaryWire): void {
  for (const [queryKey] of client.getQueriesData({ queryKey: keys.requestLists })) {
    const filters = (queryKey[1] ?? {}) as RequestFilters
    client.setQueryData<InfiniteData<RequestPage, string | undefined>>(
      queryKey,
      (data) => data && { ...data, pages: mergeSummary(data.pages, summary, filters) },
    )
  }
  void client.invalidateQueries({ queryKey: keys.request(summary.id) })
}
