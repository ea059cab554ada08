import type { InsightOverview } from '../../../../src/contract/insight.ts'
import { DotMeter } from '../../ui/dot-meter.tsx'
import { Section } from '../../ui/page-header.tsx'
import { Hint } from '../../ui/tooltip.tsx'
import { Method } from '../insight/method.tsx'
import { usePeople } from '../people/use-people.ts'
import { selectBudgets } from './select-overview.ts'

/** How fast each budget burns. */
export function Budgets({ data }: { data: InsightOverview }) {
  const { names } = usePeople()
  const budgets = selectBudgets(data.budgets, names)
  return (
    <Section
      title="Budgets"
      actions={
        <Hint label="budget burn">
          <Method at="budget-burn">Spent and held, of the limit; at its end what the pace so far leads to.</Method>
        </Hint>
      }
    >
      {budgets.length === 0 && (
        <p className="text-muted">
          None is set, so nothing stops spending. A hard budget does: see <code>budgets</code> in the configuration.
        </p>
      )}
      <ul className="flex flex-col gap-4">
        {budgets.map((budget) => (
          <li key={budget.id} data-budget={budget.id}>
            <p className="font-medium break-words" title={budget.scopeId}>
              {budget.name}
            </p>
            <div className="py-1.5">
              <DotMeter perMille={budget.perMille} tone={budget.tone} />
            </div>
            <p className={`text-sm ${budget.tone === 'bad' ? 'text-bad' : budget.tone === 'warn' ? 'text-warn' : ''}`}>
              {budget.text}
            </p>
            {budget.pace && <p className="label">{budget.pace}</p>}
          </li>
        ))}
      </ul>
    </Section>
  )
}
