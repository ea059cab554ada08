import { exactUsd } from '../../lib/money.ts'
import { Short, Signed } from '../../ui/money.tsx'
import type { Step } from './select-change.ts'

/** Each step begins where the one before it ended. The figures stand beside it, so the drawing adds nothing for a reader. */
export function Waterfall({ steps }: { steps: readonly Step[] }) {
  return (
    <table className="waterfall" aria-label="From the period before to this one">
      <tbody>
        {steps.map((step) => (
          <tr key={step.name} data-step={step.name} className={step.name === 'now' ? 'ledger-total font-semibold' : ''}>
            <th scope="row">{step.label}</th>
            <td className="waterfall-bar">
              <Bar step={step} />
            </td>
            <td className="num text-right" data-exact={exactUsd(step.usd)}>
              {step.name === 'before' || step.name === 'now' ? <Short usd={step.usd} /> : <Signed usd={step.usd} />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Wide enough to be seen where the amount is small. */
const THINNEST = 4

function Bar({ step: { name, from, to } }: { step: Step }) {
  const ends = name === 'before' || name === 'now'
  const tone = ends ? 'fill-ink' : to > from ? 'fill-magenta' : 'fill-cyan'
  const width = Math.max(Math.abs(to - from), from === to && !ends ? 0 : THINNEST)
  return (
    <svg viewBox="0 0 1000 10" preserveAspectRatio="none" className="block h-5 w-full" aria-hidden="true">
      {width > 0 ? (
        <rect x={Math.min(from, to, 1_000 - width)} y="0" width={width} height="10" className={tone} />
      ) : (
        <rect x={Math.min(from, 998)} y="0" width="2" height="10" className="fill-rule-strong" />
      )}
    </svg>
  )
}
