import { ApiError } from '../../api/client.ts'
import { ErrorNotice } from '../../ui/notice.tsx'
import type { ExploreSearch } from './select-explore.ts'

interface Props {
  readonly error: unknown
  readonly search: ExploreSearch
  readonly onChange: (next: Record<string, unknown>) => void
  readonly retry: () => void
}

/** A question that is too large was cut off: what to leave out is one press away. */
export function ExploreFailure({ error, search, onChange, retry }: Props) {
  if (!(error instanceof ApiError) || error.code !== 'query_too_large')
    return <ErrorNotice error={error} title="The figures could not be read" retry={retry} />
  const { period: _period, from: _from, to: _to, ...rest } = search
  return (
    <>
      <ErrorNotice error={error} title="That asks for too much at once" />
      <div className="mt-3 flex flex-wrap gap-2">
        {search.period !== '7d' && search.period !== 'today' && (
          <button type="button" className="button text-sm" onClick={() => onChange({ ...rest, period: '7d' })}>
            Take 7 days
          </button>
        )}
        {search.grain === 'hour' && (
          <button type="button" className="button text-sm" onClick={() => onChange({ ...search, grain: 'day' })}>
            Go by the day
          </button>
        )}
        {search.cols && (
          <button type="button" className="button text-sm" onClick={() => onChange({ ...search, cols: undefined })}>
            Leave out the second grouping
          </button>
        )}
        {search.measure?.startsWith('latency') && (
          <button type="button" className="button text-sm" onClick={() => onChange({ ...search, measure: undefined })}>
            Leave out latencies
          </button>
        )}
      </div>
    </>
  )
}
