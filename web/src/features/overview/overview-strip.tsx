import { useQuery } from '@tanstack/react-query'
import { overviewQuery } from '../../api/queries.ts'
import { DotMeter } from '../../ui/dot-meter.tsx'
import { Short } from '../../ui/money.tsx'
import { Skeleton } from '../../ui/notice.tsx'
import { selectBudgets, selectFigures } from './select-overview.ts'

/** Budgets shown here; the rest are on the budgets page. */
const SHOWN_BUDGETS = 2

/** The state of the money, on every page. */
export function OverviewStrip() {
  const { data, isError } = useQuery(overviewQuery)
  if (isError) return <p className="border-b border-rule px-4 py-3 text-sm text-bad md:px-8">Spend could not be read.</p>
  if (!data) return <StripSkeleton />
  const budgets = selectBudgets(data.budgets).slice(0, SHOWN_BUDGETS)
  return (
    <section aria-label="Spend" className="border-b border-rule px-4 py-3 md:px-8">
      <div className="flex flex-wrap items-start gap-x-9 gap-y-3">
        {selectFigures(data).map((figure, index) => (
          <div key={figure.label} className={index > 1 && !figure.attention ? 'max-sm:hidden' : ''}>
            <p className="label">{figure.label}</p>
            <Short
              usd={figure.usd}
              className={`text-[1.35rem] leading-tight font-semibold ${figure.attention ? 'text-warn' : ''}`}
            />
            <p className="label">{figure.note}</p>
          </div>
        ))}
        {budgets.map((budget) => (
          <div key={budget.id} className={`w-56 max-sm:w-full ${budget.tone === 'ink' ? 'max-sm:hidden' : ''}`}>
            <p className="label truncate">Budget: {budget.name}</p>
            <div className="py-[0.55rem]">
              <DotMeter perMille={budget.perMille} tone={budget.tone} />
            </div>
            <p className="label num">{budget.text}</p>
          </div>
        ))}
      </div>
    </section>
  )
}

const StripSkeleton = () => (
  <div role="status" aria-label="Loading spend" className="flex gap-9 border-b border-rule px-4 py-3 md:px-8">
    {['today', 'month', 'held', 'unknown'].map((figure) => (
      <Skeleton key={figure} className="my-1 h-14 w-24" />
    ))}
  </div>
)
