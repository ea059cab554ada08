import { useQuery } from '@tanstack/react-query'
import { statusQuery } from '../../api/queries.ts'

/** Says at all times whether the next call spends money, and what is wrong with the gateway. */
export function MoneyBanner() {
  const { data } = useQuery(statusQuery)
  if (!data) return <div className="h-9 border-b border-rule" />
  const spends = data.spends_money
  return (
    <aside aria-label="Mode" className="border-b border-rule">
      <p className={`flex items-start gap-2.5 px-4 py-2 text-sm md:px-8 ${spends ? '' : 'bg-note-ground'}`}>
        <i className={`mt-[0.4rem] size-2.5 shrink-0 rounded-full ${spends ? 'bg-magenta' : 'bg-cyan'}`} aria-hidden="true" />
        {spends ? (
          <span>
            <strong>Real money.</strong> Pictures are bought from the configured providers.
          </span>
        ) : (
          <span>
            <strong>Sandbox.</strong> Pictures are drawn on this machine and the amounts are play money.
            <span className="max-sm:hidden"> Configure a provider key to buy real ones.</span>
          </span>
        )}
      </p>
      {data.problems.length > 0 && (
        <div role="status" className="border-t border-rule bg-warn-ground px-4 py-2 text-sm md:px-8">
          <strong>{data.ready ? 'Needs attention.' : 'Not ready to serve.'}</strong> {data.problems.join(' ')}
        </div>
      )}
      {data.notices.length > 0 && (
        <div role="status" className="border-t border-rule bg-note-ground px-4 py-2 text-sm md:px-8">
          <strong>Worth a look.</strong> {data.notices.join(' ')}
        </div>
      )}
    </aside>
  )
}
