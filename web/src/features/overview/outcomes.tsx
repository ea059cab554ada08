import { Link } from '@tanstack/react-router'
import type { InsightOverview } from '../../../../src/contract/insight.ts'
import type { InsightSearch } from '../../lib/insight-period.ts'
import { formatCount } from '../../lib/numbers.ts'
import { Short } from '../../ui/money.tsx'
import { Outcome } from '../../ui/outcome.tsx'
import { Section } from '../../ui/page-header.tsx'
import { parseExploreSearch } from '../explore/select-explore.ts'

/** How requests ended, and what each end cost. */
export function Outcomes({ data, search }: { data: InsightOverview; search: InsightSearch }) {
  return (
    <Section
      title="How requests ended"
      note="Requests by the outcome they ended with; attempts and money by the outcome of each attempt. A request that succeeded at the second try has one of each."
    >
      <div className="table-scroll">
        <table className="data-table">
          <caption className="sr-only">Requests, attempts and money by outcome</caption>
          <thead>
            <tr>
              <th scope="col">Outcome</th>
              {['Requests', 'Attempts', 'USD'].map((name) => (
                <th key={name} scope="col" className="text-right">
                  {name}
                </th>
              ))}
              <th scope="col" className="text-right max-sm:hidden">
                <span className="sr-only">Where</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.success.by_outcome.map(({ outcome, requests, attempts, usd }) => (
              <tr key={outcome} data-outcome={outcome}>
                <th scope="row">
                  <Outcome outcome={outcome} />
                </th>
                <td className="num text-right">{formatCount(requests)}</td>
                <td className="num text-right">{formatCount(attempts)}</td>
                <td className="text-right">
                  <Short usd={usd} />
                </td>
                <td className="text-right max-sm:hidden">
                  <Link to="/explore" search={parseExploreSearch({ ...search, rows: 'offer', outcome, measure: 'attempts' })}>
                    By offer<span className="sr-only">: {outcome}</span>
                  </Link>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  )
}
