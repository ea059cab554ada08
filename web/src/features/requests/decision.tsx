import { useQuery } from '@tanstack/react-query'
import type { Explanation } from '../../../../src/contract/records.ts'
import { explainQuery } from '../../api/queries.ts'
import { Exact } from '../../ui/money.tsx'
import { ErrorNotice, Loading } from '../../ui/notice.tsx'
import { EliminatedList } from '../candidates/eliminated-list.tsx'
import { selectEliminated, settingsText } from '../candidates/select-candidates.ts'
import { deletedText } from './select-requests.ts'

/** Why this offer: the candidates in the order of the plan, and what was left out. */
export function Decision({ requestId, tried }: { requestId: string; tried: readonly string[] }) {
  const { data, error, refetch } = useQuery(explainQuery(requestId))
  if (error) return <ErrorNotice error={error} title="The decision could not be read" retry={() => void refetch()} />
  if (!data) return <Loading label="Loading the decision" />
  if (data.record_deleted_at !== null) return <p className="text-muted">{deletedText(data.record_deleted_at)}</p>
  return (
    <div className="text-[0.93rem]">
      <p>
        Route <strong>{data.route}</strong>, objective <strong>{data.objective}</strong>. The lowest score is tried first.
      </p>
      <Candidates explanation={data} tried={tried} />
      {data.eliminated.length > 0 && (
        <section className="mt-5">
          <h3 className="font-semibold">Left out</h3>
          <EliminatedList eliminated={selectEliminated(data.eliminated)} />
          <details className="mt-2 text-sm">
            <summary className="text-muted">Every offer left out, and why</summary>
            <ul className="mt-1">
              {data.eliminated.map((entry) => (
                <li key={`${entry.offer} ${entry.reason} ${entry.detail}`} className="border-b border-rule py-1 break-words">
                  <span className="font-medium">{entry.offer}</span>: {entry.reason.replaceAll('_', ' ')}. {entry.detail}
                </li>
              ))}
            </ul>
          </details>
        </section>
      )}
      <p className="label mt-4 font-mono break-all">price book {data.price_book}</p>
    </div>
  )
}

function Candidates({ explanation, tried }: { explanation: Explanation; tried: readonly string[] }) {
  if (explanation.candidates.length === 0) return <p className="mt-3 text-muted">No candidate was eligible.</p>
  return (
    <table className="mt-3 w-full border-collapse">
      <caption className="sr-only">Candidates in the order of the plan</caption>
      <thead>
        <tr className="label border-b border-ink text-left">
          <th className="py-1.5 pr-3 font-normal">Candidate</th>
          <th className="py-1.5 pr-3 text-right font-normal">Expected</th>
          <th className="py-1.5 pr-3 text-right font-normal max-sm:hidden">At most</th>
          <th className="py-1.5 text-right font-normal">Score</th>
        </tr>
      </thead>
      <tbody>
        {explanation.candidates.map((candidate, rank) => (
          <tr key={`${candidate.offer} ${settingsText(candidate)}`} className="border-b border-rule align-top">
            <td className="py-1.5 pr-3">
              <span className={`break-all ${tried.includes(candidate.offer) ? 'font-semibold' : ''}`}>
                {rank + 1}. {candidate.offer}
              </span>
              <span className="label block">
                {settingsText(candidate)}
                {tried.includes(candidate.offer) && ', tried'}
              </span>
            </td>
            <td className="py-1.5 pr-3 text-right">
              <Exact usd={candidate.expected_usd} />
            </td>
            <td className="py-1.5 pr-3 text-right max-sm:hidden">
              {candidate.max_usd === null ? <span className="text-muted">no bound</span> : <Exact usd={candidate.max_usd} />}
            </td>
            <td className="num py-1.5 text-right">{scoreText(candidate.score)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Scores only rank candidates; they are not money. */
const scoreText = (score: number | null): string => (score === null ? 'none' : String(Number(score.toPrecision(4))))
