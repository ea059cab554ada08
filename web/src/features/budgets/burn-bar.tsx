import type { BurnBar as Bar } from './select-budgets.ts'

const fills = { ink: 'fill-ink', warn: 'fill-warn', bad: 'fill-bad' } as const

/** Spent, held, where people are told, the limit, and where it is heading. The words beside it say the same. */
export function BurnBar({ bar, tone }: { bar: Bar; tone: keyof typeof fills }) {
  return (
    <svg viewBox="0 0 1000 32" preserveAspectRatio="none" className="burn" aria-hidden="true">
      <rect x="0" y="10" width={bar.limit} height="12" className="fill-well" />
      <rect x={bar.limit} y="10" width={1000 - bar.limit} height="12" className="fill-bad-ground" />
      {bar.forecast !== null && bar.forecast > bar.spent + bar.held && (
        <rect x="0" y="14" width={bar.forecast} height="4" className="fill-rule-strong" />
      )}
      <rect x="0" y="10" width={bar.spent} height="12" className={fills[tone]} />
      <rect x={bar.spent} y="10" width={bar.held} height="12" className={`${fills[tone]} opacity-45`} />
      {bar.thresholds.map(({ percent, at, passed }) => (
        <line
          key={percent}
          x1={at}
          x2={at}
          y1={percent === 100 ? 2 : 6}
          y2={percent === 100 ? 30 : 26}
          className={percent === 100 ? 'stroke-ink stroke-2' : passed ? 'stroke-paper stroke-2' : 'stroke-rule-strong stroke-2'}
          vectorEffect="non-scaling-stroke"
        />
      ))}
      {bar.forecast !== null && (
        <line
          x1={bar.forecast}
          x2={bar.forecast}
          y1="4"
          y2="28"
          className="stroke-magenta stroke-2"
          strokeDasharray="3 2"
          vectorEffect="non-scaling-stroke"
        />
      )}
    </svg>
  )
}

export const BurnLegend = () => (
  <ul aria-label="What the bars show" className="chart-legend mb-0 text-muted">
    <LegendItem mark="fill-ink">spent</LegendItem>
    <LegendItem mark="fill-ink opacity-45">held for running calls</LegendItem>
    <LegendItem mark="fill-rule-strong" isLine>
      told at 50%, 80%, 100%
    </LegendItem>
    <LegendItem mark="fill-magenta" isLine>
      forecast: linear pace of this period
    </LegendItem>
  </ul>
)

const LegendItem = ({ mark, isLine = false, children }: { mark: string; isLine?: boolean; children: string }) => (
  <li>
    <svg viewBox="0 0 10 10" className="size-2.5 shrink-0" aria-hidden="true">
      <rect x={isLine ? 4 : 0} width={isLine ? 2 : 10} height="10" className={mark} />
    </svg>
    {children}
  </li>
)
