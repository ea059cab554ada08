import { useQuery } from '@tanstack/react-query'
import type { CandidateQuote } from '../../../../src/contract/records.ts'
import type { Body } from '../../api/paths.ts'
import { quoteQuery } from '../../api/queries.ts'
import { exactUsd } from '../../lib/money.ts'
import { Exact, Short } from '../../ui/money.tsx'
import { ErrorNotice, Loading } from '../../ui/notice.tsx'
import { type QuoteView, selectQuote, settingsText } from './select-quote.ts'

/** What the request would cost, before it runs. */
export function QuotePanel({ body, onTake }: { body: Body<'quote'>; onTake: (offer: string) => void }) {
  const ready = body.prompt !== ''
  const { data, error, isFetching, refetch } = useQuery({ ...quoteQuery(body), enabled: ready })
  if (!ready)
    return <p className="text-muted">Write a prompt, and its price on every offer appears here before anything is made.</p>
  if (error) return <ErrorNotice error={error} title="No quote for this request" retry={() => void refetch()} />
  if (!data) return <Loading label="Pricing the request" />
  const view = selectQuote(data)
  return (
    <div className={isFetching ? 'opacity-60' : ''} aria-busy={isFetching}>
      {view.chosen ? <Choice chosen={view.chosen} n={data.n} /> : <NoChoice view={view} />}
      {view.alternatives.length > 0 && <Alternatives view={view} onTake={onTake} />}
      {view.eliminated.length > 0 && (
        <details className="mt-4 text-sm">
          <summary className="text-muted">
            {data.eliminated.length} {data.eliminated.length === 1 ? 'offer' : 'offers'} left out
          </summary>
          <EliminatedList view={view} />
        </details>
      )}
    </div>
  )
}

function Choice({ chosen, n }: { chosen: CandidateQuote; n: number }) {
  return (
    <div>
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-1">
        <div>
          <p className="label">Expected{n > 1 ? ` for ${n} pictures` : ''}</p>
          <Exact usd={chosen.expected_usd} className="text-[2rem] leading-none font-bold tracking-tight" />
        </div>
        <p className="label num text-right">
          {chosen.min_usd === chosen.max_usd ? 'exact, known before the call' : `from ${exactUsd(chosen.min_usd)}`}
          {chosen.min_usd !== chosen.max_usd && (
            <span className="block">
              {chosen.max_usd === null ? 'no upper bound is known' : `at most ${exactUsd(chosen.max_usd)}`}
            </span>
          )}
        </p>
      </div>
      <p className="mt-2">
        <span className="font-medium break-all">{chosen.offer}</span>
        <span className="text-muted"> would be chosen, {settingsText(chosen)}</span>
      </p>
      <ul className="mt-2 border-t border-rule text-sm">
        {chosen.lines.map((line) => (
          <li key={`${line.rate_id} ${line.description}`} className="flex justify-between gap-4 border-b border-rule py-1">
            <span>{line.description}</span>
            <Exact usd={line.amount_usd} />
          </li>
        ))}
      </ul>
      <p className="label mt-1.5">
        {chosen.spread.length > 0 && `${chosen.spread.join(' ')} `}Prices checked {chosen.checked_at.slice(0, 10)}.
      </p>
    </div>
  )
}

function NoChoice({ view }: { view: QuoteView }) {
  return (
    <div className="border-l-4 border-warn bg-warn-ground px-3 py-2">
      <p className="font-semibold">No offer can make this</p>
      <p className="text-sm">
        {view.alternatives.length > 0
          ? 'Take one of the offers below, or change the settings.'
          : 'Change the settings; the reasons are below.'}
      </p>
    </div>
  )
}

function Alternatives({ view, onTake }: { view: QuoteView; onTake: (offer: string) => void }) {
  return (
    <div className="mt-5">
      <h3 className="text-sm font-semibold">Cheapest alternatives</h3>
      <ul className="mt-1">
        {view.alternatives.map(({ candidate, delta }) => (
          <li key={`${candidate.offer} ${settingsText(candidate)}`} className="border-b border-rule">
            <button
              type="button"
              className="row-link flex w-full items-baseline gap-3 py-1.5 text-left text-sm"
              onClick={() => onTake(candidate.offer)}
              title="Use this offer"
            >
              <span className="min-w-0 flex-1">
                <span className="block truncate">{candidate.offer}</span>
                <span className="label block">{settingsText(candidate)}</span>
              </span>
              <span className="num text-muted">{delta}</span>
              <Short usd={candidate.expected_usd} className="w-16 text-right" />
            </button>
          </li>
        ))}
      </ul>
      {view.more > 0 && <p className="label mt-1">and {view.more} more, all dearer</p>}
    </div>
  )
}

export function EliminatedList({ view }: { view: Pick<QuoteView, 'eliminated'> }) {
  return (
    <ul className="mt-2 flex flex-col gap-1.5">
      {view.eliminated.map((entry) => (
        <li key={entry.reason}>
          <span className="num font-medium">
            {entry.count} x {entry.reason.replaceAll('_', ' ')}
          </span>
          {entry.example && <span className="text-muted">: {entry.example}</span>}
        </li>
      ))}
    </ul>
  )
}
