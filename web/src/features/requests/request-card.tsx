import { Link } from '@tanstack/react-router'
import type { RequestSummaryWire } from '../../../../src/contract/records.ts'
import { formatAge } from '../../lib/time.ts'
import { sameOrigin } from '../../lib/url.ts'
import { Cost } from '../../ui/money.tsx'
import { costStatusText, Outcome } from '../../ui/outcome.tsx'
import { isStandIn, promptText, type RequestsSearch } from './select-requests.ts'

interface Props {
  readonly request: RequestSummaryWire
  readonly search: RequestsSearch
  readonly now: number
  readonly chosen: boolean
}

/** Pictures shown on one card; the rest is a number. */
const SHOWN = 4

/** A request as a print: its pictures, what was asked, what it cost. */
export function RequestCard({ request, search, now, chosen }: Props) {
  return (
    <Link
      to="/requests/$requestId"
      params={{ requestId: request.id }}
      search={search}
      className="request-card"
      data-request={request.id}
      aria-current={chosen ? 'true' : undefined}
      resetScroll={false}
    >
      <Pictures request={request} />
      <span className="flex flex-1 flex-col gap-1.5 p-2.5">
        <span className={`line-clamp-2 text-[0.9rem] leading-snug break-words ${isStandIn(request) ? 'text-muted italic' : ''}`}>
          {promptText(request)}
        </span>
        <span className="mt-auto flex items-baseline justify-between gap-2 text-sm">
          <Outcome outcome={request.outcome} />
          <Cost usd={request.cost_usd} status={request.cost_status} className="font-medium" />
        </span>
        <span className="label num flex justify-between gap-2">
          <span className="truncate">{formatAge(request.created_at, now)}</span>
          {request.cost_status !== 'final' && <span>{costStatusText(request.cost_status)}</span>}
        </span>
      </span>
    </Link>
  )
}

function Pictures({ request }: { request: RequestSummaryWire }) {
  const urls = request.images.flatMap(({ thumbnail_url: url }) => (url === null ? [] : [url]))
  const more = request.images.length - SHOWN
  if (urls.length === 0) {
    const expired = request.images.length > 0
    return (
      <span className={`card-picture ${request.finished_at === null ? 'screen-developing' : 'screen'}`}>
        {expired && <span className="card-badge">Picture expired</span>}
      </span>
    )
  }
  return (
    <span className="card-picture" data-many={urls.length > 1}>
      {urls.slice(0, SHOWN).map((url) => (
        <img key={url} src={sameOrigin(url)} alt="" loading="lazy" decoding="async" />
      ))}
      {more > 0 && <span className="card-badge">+{more}</span>}
    </span>
  )
}
