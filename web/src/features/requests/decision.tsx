import { useQuery } from '@tanstack/react-query'
import type { Explanation } from '../../../../src/contract/records.ts'
import { explainQuery } from '../../api/queries.ts'
import { exactUsd, isZeroUsd } from '../../lib/money.ts'
import { Exact } from '../../ui/money.tsx'
import { ErrorNotice, Loading } from '../../ui/notice.tsx'
import { EliminatedList } from '../candidates/eliminated-list.tsx'
import {
  type DecisionRow,
  type Ground,
  selectDecision,
  selectFloor,
  selectGrounds,
  selectLeftOut,
  selectObservation,
} from './select-decision.ts'
import { deletedText } from './select-requests.ts'

/** Why this offer: the candidates in the order of the plan, what was left out, and on what it was decided. */
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
      {data.explored && <Explored explored={data.explored} />}
      <Candidates rows={selectDecision(data, tried)} />
      <Floor explanation={data} />
      {data.observation && <Grounds title="On trial" grounds={selectObservation(data.observation)} />}
      <LeftOut explanation={data} />
      <Grounds
        title="What it was decided on"
        note="The same request, prices, configuration and experience are decided the same way again."
        grounds={selectGrounds(data)}
      />
    </div>
  )
}

/** The route gave way to curiosity: that is said before the order, which it does not follow. */
const Explored = ({ explored }: { explored: NonNullable<Explanation['explored']> }) => (
  <p className="mt-3 border-l-4 border-link bg-note-ground px-3 py-2">
    Tried <strong className="break-all">{explored.offer}</strong> instead of the usual{' '}
    <span className="break-all">{explored.instead_of}</span>, because little was known of it
    {isZeroUsd(explored.extra_usd) ? ', at the same price' : `, for ${exactUsd(explored.extra_usd)} more`}.
  </p>
)

function Candidates({ rows }: { rows: readonly DecisionRow[] }) {
  if (rows.length === 0) return <p className="mt-3 text-muted">No candidate was eligible.</p>
  return (
    <table className="mt-3 w-full border-collapse">
      <caption className="sr-only">Candidates in the order of the plan</caption>
      <thead>
        <tr className="label border-b border-ink text-left">
          <th className="py-1.5 pr-3 font-normal">Candidate</th>
          <th className="py-1.5 pr-3 text-right font-normal">Expected</th>
          <th className="py-1.5 pr-3 text-right font-normal max-sm:hidden">At most</th>
          <th className="py-1.5 pr-3 text-right font-normal">Success</th>
          <th className="py-1.5 text-right font-normal">Score</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Candidate key={row.key} row={row} />
        ))}
      </tbody>
    </table>
  )
}

const Candidate = ({ row }: { row: DecisionRow }) => (
  <tr className="border-b border-rule align-top" data-candidate={row.offer}>
    <td className="py-1.5 pr-3">
      <span className={`break-all ${row.tried ? 'font-semibold' : ''}`}>
        {row.rank}. {row.offer}
      </span>
      <span className="label block">
        {row.settings}
        {row.tried && ', tried'}
      </span>
      {row.finishing.length > 0 && <span className="label block">here: {row.finishing.join(', ')}</span>}
      {row.terms.map((term) => (
        <span key={term} className="label block">
          {term}
        </span>
      ))}
    </td>
    <td className="py-1.5 pr-3 text-right">
      <Exact usd={row.expectedUsd} />
    </td>
    <td className="py-1.5 pr-3 text-right max-sm:hidden">
      {row.maxUsd === null ? <span className="text-muted">no bound</span> : <Exact usd={row.maxUsd} />}
    </td>
    <td className="num py-1.5 pr-3 text-right">
      {row.success}
      {row.basis && <span className="label block">{row.basis}</span>}
    </td>
    <td className="num py-1.5 text-right">{row.score}</td>
  </tr>
)

const FLOORED = 6

/** Models that are not good enough by public ratings, or by what people said. */
function Floor({ explanation }: { explanation: Explanation }) {
  const floor = selectFloor(explanation)
  if (!floor) return null
  return (
    <section className="mt-5" aria-label="Quality floor" data-decision="floor">
      <h3 className="font-semibold">Quality floor</h3>
      {floor.text && <p className="break-words">{floor.text}</p>}
      <ul className="mt-1 text-sm">
        {floor.below.slice(0, FLOORED).map(({ offer, detail }) => (
          <li key={`${offer} ${detail}`} className="border-b border-rule py-1 break-words">
            <span className="font-medium">{offer}</span>: {detail}
          </li>
        ))}
      </ul>
      {floor.below.length > FLOORED && <p className="label mt-1">and {floor.below.length - FLOORED} more below it.</p>}
    </section>
  )
}

function LeftOut({ explanation }: { explanation: Explanation }) {
  const counted = selectLeftOut(explanation)
  if (counted.length === 0) return null
  return (
    <section className="mt-5">
      <h3 className="font-semibold">Left out</h3>
      <EliminatedList eliminated={counted} />
      {explanation.eliminated.length > 0 && (
        <details className="mt-2 text-sm">
          <summary className="text-muted">Every offer left out, and why</summary>
          <ul className="mt-1">
            {explanation.eliminated.map((entry) => (
              <li key={`${entry.offer} ${entry.reason} ${entry.detail}`} className="border-b border-rule py-1 break-words">
                <span className="font-medium">{entry.offer}</span>: {entry.reason.replaceAll('_', ' ')}. {entry.detail}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}

function Grounds({ title, note, grounds }: { title: string; note?: string; grounds: readonly Ground[] }) {
  return (
    <section className="mt-5" aria-label={title}>
      <h3 className="font-semibold">{title}</h3>
      {note && <p className="label">{note}</p>}
      <dl className="mt-1">
        {grounds.map(([name, value]) => (
          <div key={name} className="flex flex-wrap justify-between gap-x-4 border-b border-rule py-1">
            <dt className="text-muted">{name}</dt>
            <dd className="num min-w-0 break-all whitespace-normal">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
