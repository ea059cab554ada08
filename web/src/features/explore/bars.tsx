import { useMemo } from 'react'
import { seriesColour } from '../../ui/chart/chart-data.ts'
import { DrillLink } from './drill-link.tsx'
import { drillOf, type Ruled } from './select-drill.ts'
import {
  dimensionName,
  type ExploreSearch,
  groupsOf,
  isAdditive,
  measureNames,
  usualMeasure,
  withoutColumns,
} from './select-explore.ts'
import { type Answer, type BarRow, measureText, selectBars } from './select-rows.ts'

interface Props {
  readonly answer: Answer
  readonly search: ExploreSearch
  readonly ruled: Ruled
}

/** Bars that lie: a name, its length, its figure. The name leads to its requests. */
export function Bars({ answer, search, ruled }: Props) {
  const measure = search.measure ?? usualMeasure
  const stacks = isAdditive(measure)
  const { bars, legend } = useMemo(() => selectBars(answer, measure, stacks), [answer, measure, stacks])
  const stacked = legend.length > 0
  const asked = stacked ? withoutColumns(search) : search
  const by = answer.group_by.map(dimensionName).join(' and ')
  const name = `${measureNames[measure]}${by ? ` by ${by.toLowerCase()}` : ''}`
  return (
    <figure className="chart" data-chart={name}>
      <figcaption className="sr-only">{name}</figcaption>
      {stacked && <Legend names={legend} dimension={dimensionName(groupsOf(search)[1] ?? '')} />}
      <table className="bars">
        <caption className="sr-only">{name}</caption>
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.name} data-bar={bar.name}>
              <th scope="row">
                <DrillLink
                  drill={drillOf(asked, { key: bar.row.key, other: bar.row.other }, answer.period, ruled)}
                  label="Show its requests"
                >
                  {bar.name}
                </DrillLink>
              </th>
              <td className="bars-bar">
                <Bar bar={bar} text={(part) => `${part.name ? `${part.name}: ` : ''}${measureText(measure, part.row, true)}`} />
              </td>
              <td className="num bars-figure" title={measureText(measure, bar.row, true)}>
                {measureText(measure, bar.row)}
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr className="ledger-total font-semibold">
            <th scope="row">All</th>
            <td />
            <td className="num bars-figure" data-total title={measureText(measure, answer.total, true)}>
              {measureText(measure, answer.total)}
            </td>
          </tr>
        </tfoot>
      </table>
    </figure>
  )
}

const OTHER_COLOUR = 7

function Legend({ names, dimension }: { names: readonly string[]; dimension: string }) {
  return (
    <ul aria-label={`Legend: ${dimension}`} className="chart-legend">
      {names.map((name, index) => (
        <li key={name}>
          <svg viewBox="0 0 10 10" className="size-2.5 shrink-0" aria-hidden="true">
            <circle cx="5" cy="5" r="5" fill={seriesColour(Math.min(index, OTHER_COLOUR))} />
          </svg>
          <span className="break-all">{name}</span>
        </li>
      ))}
    </ul>
  )
}

function Bar({ bar, text }: { bar: BarRow; text: (part: BarRow['parts'][number]) => string }) {
  let at = 0
  return (
    <svg viewBox="0 0 1000 10" preserveAspectRatio="none" className="block h-5 w-full" aria-hidden="true">
      {bar.parts.map((part) => {
        const x = at
        at += part.length
        return (
          <rect key={`${part.name} ${x}`} x={x} y="0" width={part.length} height="10" fill={seriesColour(part.series)}>
            <title>{text(part)}</title>
          </rect>
        )
      })}
    </svg>
  )
}
