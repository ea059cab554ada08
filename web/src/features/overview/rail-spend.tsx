import { useQuery } from '@tanstack/react-query'
import { overviewQuery } from '../../api/queries.ts'
import { Short } from '../../ui/money.tsx'
import { usePermission } from '../shell/use-session.ts'
import { selectNow } from './select-overview.ts'

/** The state of the money, beside every page. */
export function RailSpend() {
  const allowed = usePermission('insight.read')
  const { data, isError } = useQuery({ ...overviewQuery, enabled: allowed })
  if (isError) return <p className="label px-5 text-bad">Spend could not be read.</p>
  if (!data) return null
  return (
    <dl aria-label="Money now" className="grid grid-cols-[1fr_auto] gap-x-3 gap-y-0.5 px-5 text-sm">
      {selectNow(data).map(({ label, usd, attention }) => (
        <div key={label} className="col-span-2 grid grid-cols-subgrid">
          <dt className="label leading-[1.6]">{label}</dt>
          <dd className={`text-right ${attention ? 'text-warn' : ''}`}>
            <Short usd={usd} />
          </dd>
        </div>
      ))}
    </dl>
  )
}
