import { Link } from '@tanstack/react-router'
import type { RequestSummaryWire } from '../../../../src/contract/records.ts'
import { formatAge, formatMoment } from '../../lib/time.ts'
import { sameOrigin } from '../../lib/url.ts'
import { Cost } from '../../ui/money.tsx'
import { costStatusText, Outcome } from '../../ui/outcome.tsx'
import { isStandIn, latencyText, promptText, type RequestsSearch, splitOffer } from './select-requests.ts'

interface Props {
  readonly request: RequestSummaryWire
  readonly search: RequestsSearch
  readonly now: number
  readonly chosen: boolean
  /** The detail stands beside the list, so a row has less room. */
  readonly beside: boolean
}

export function RequestRow({ request, search, now, chosen, beside }: Props) {
  return (
    <Link
      to="/requests/$requestId"
      params={{ requestId: request.id }}
      search={search}
      className="row-link request-grid items-center px-2 py-2.5"
      data-beside={beside}
      data-request={request.id}
      aria-current={chosen ? 'true' : undefined}
      resetScroll={false}
    >
      <Thumbnail request={request} />
      <span className="min-w-0">
        <span className={`line-clamp-2 leading-snug ${isStandIn(request) ? 'text-muted italic' : ''}`}>
          {promptText(request)}
        </span>
        <span className="label num">
          <time dateTime={request.created_at} title={formatMoment(request.created_at)}>
            {formatAge(request.created_at, now)}
          </time>
          {request.images_returned > 1 && `, ${request.images_returned} pictures`}
          {request.attempts > 1 && `, ${request.attempts} attempts`}
        </span>
      </span>
      <Offer offer={request.offer ?? request.model} />
      <span className="request-outcome min-w-0 text-sm">
        <Outcome outcome={request.outcome} />
        {request.error_code && <span className="label block truncate">{request.error_code}</span>}
      </span>
      <span className="request-latency num text-right text-sm">{latencyText(request, now)}</span>
      <span className="request-cost text-right">
        <Cost usd={request.cost_usd} status={request.cost_status} className="font-medium" />
        {request.cost_status !== 'final' && <span className="label block">{costStatusText(request.cost_status)}</span>}
      </span>
    </Link>
  )
}

function Offer({ offer }: { offer: string }) {
  const { provider, model } = splitOffer(offer)
  return (
    <span className="request-offer min-w-0 text-sm" title={offer}>
      <span className="block truncate">{model}</span>
      {provider && <span className="label block truncate">{provider}</span>}
    </span>
  )
}

function Thumbnail({ request }: { request: RequestSummaryWire }) {
  const url = request.images.find((image) => image.thumbnail_url !== null)?.thumbnail_url
  if (url) return <img src={sameOrigin(url)} alt="" className="size-14 bg-well object-cover" loading="lazy" decoding="async" />
  return <span className={`size-14 ${request.finished_at === null ? 'screen-developing' : 'screen'}`} aria-hidden="true" />
}
