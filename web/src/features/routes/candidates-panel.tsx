import type { UseQueryResult } from '@tanstack/react-query'
import { useId, useState } from 'react'
import type { RouteCandidatesWire } from '../../../../src/contract/routes.ts'
import { Short } from '../../ui/money.tsx'
import { ErrorNotice, Skeleton } from '../../ui/notice.tsx'

interface Props {
  readonly query: UseQueryResult<RouteCandidatesWire>
  readonly isValid: boolean
}

const SHOWN = 5

/** Whom it would choose for usual requests, with the health, prices and experience of this moment. */
export function CandidatesPanel({ query, isValid }: Props) {
  const id = useId()
  const [asked, setAsked] = useState('')
  const usual = query.data?.requests.find(({ request }) => request === asked) ?? query.data?.requests[0]
  return (
    <section aria-label="Candidates" className="sheet p-4">
      <h2 className="mb-2 font-semibold">Whom it would choose now</h2>
      {usual && query.data ? (
        <>
          <label htmlFor={id} className="sr-only">
            For
          </label>
          <select id={id} className="field mb-3" value={usual.request} onChange={(event) => setAsked(event.target.value)}>
            {query.data.requests.map(({ request }) => (
              <option key={request} value={request}>
                For {request}
              </option>
            ))}
          </select>
          <div className={!isValid || query.isPlaceholderData ? 'opacity-60' : ''}>
            <Chosen usual={usual} />
          </div>
          <p className="label mt-2">
            {isValid
              ? 'By the health, prices and experience of now. Of a split of traffic the larger part comes first.'
              : 'Of the last valid document.'}
          </p>
        </>
      ) : query.error && isValid ? (
        <ErrorNotice error={query.error} title="It could not be asked" retry={() => void query.refetch()} />
      ) : isValid ? (
        <Skeleton className="h-24 w-full" />
      ) : (
        <p className="text-muted">They appear when the document is valid.</p>
      )}
    </section>
  )
}

function Chosen({ usual: { candidates, eliminated } }: { usual: RouteCandidatesWire['requests'][number] }) {
  const more = candidates.length - SHOWN
  return (
    <>
      {candidates.length === 0 && <p className="font-medium text-bad">Nobody: such a request would be refused.</p>}
      <ol className="flex flex-col">
        {candidates.slice(0, SHOWN).map((candidate, index) => (
          <li
            key={`${candidate.offer} ${candidate.quality} ${candidate.size}`}
            className="grid grid-cols-[1.4rem_minmax(0,1fr)_auto] gap-x-2 border-b border-rule py-1.5"
          >
            <span className="num text-muted">{index + 1}</span>
            <span className="min-w-0 break-words">
              {candidate.offer}
              <span className="label block">
                {[candidate.quality, candidate.size].filter(Boolean).join(', ')}
                {candidate.quality_score !== null && `, rated ${Math.round(candidate.quality_score)}`}
              </span>
            </span>
            <span className="text-right">
              <Short usd={candidate.expected_usd} />
              {candidate.all_in_usd !== null && candidate.all_in_usd !== candidate.expected_usd && (
                <span className="label block">
                  <Short usd={candidate.all_in_usd} /> all-in
                </span>
              )}
            </span>
          </li>
        ))}
      </ol>
      {more > 0 && <p className="label mt-1.5">and {more} more to fall back to</p>}
      {eliminated.length > 0 && (
        <details className="mt-3 text-sm">
          <summary>Left out: {eliminated.reduce((sum, { offers }) => sum + offers, 0)} offers</summary>
          <ul className="mt-1.5 flex flex-col gap-1">
            {eliminated.map(({ reason, offers, example }) => (
              <li key={reason} className="break-words">
                <span className="num font-medium">
                  {offers} x {reason.replaceAll('_', ' ')}
                </span>
                <span className="text-muted">: {example}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}
