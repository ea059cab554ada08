import { useMemo } from 'react'
import type { ExploreRow } from '../../../../src/contract/insight.ts'
import { DrillLink } from './drill-link.tsx'
import { drillOf, type Ruled } from './select-drill.ts'
import { dimensionName, type ExploreSearch, isAdditive, measureNames, usualMeasure } from './select-explore.ts'
import { selectPivot } from './select-pivot.ts'
import { type Answer, measureText } from './select-rows.ts'

interface Props {
  readonly answer: Answer
  readonly search: ExploreSearch
  readonly ruled: Ruled
}

/** One figure, tinted by its size. Each cell leads to its requests. */
export function PivotTable({ answer, search, ruled }: Props) {
  const measure = search.measure ?? usualMeasure
  const additive = isAdditive(measure)
  const pivot = useMemo(() => selectPivot(answer, measure), [answer, measure])
  const [down, across] = answer.group_by.map(dimensionName)
  const name = `${measureNames[measure]} by ${[down, answer.grain === 'none' ? across : answer.grain].filter(Boolean).join(' and ').toLowerCase()}`
  const figure = (row: ExploreRow) => <span title={measureText(measure, row, true)}>{measureText(measure, row)}</span>
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable to be scrolled by keyboard */}
      <section className="table-scroll max-h-[70vh] overflow-y-auto" tabIndex={0} aria-label={name}>
        <table className="data-table pivot">
          <caption className="sr-only">{name}</caption>
          <thead>
            <tr>
              <th scope="col">{down ?? 'All'}</th>
              {pivot.columns.map((column) => (
                <th key={column} scope="col" className="num text-right">
                  {column}
                </th>
              ))}
              {additive && (
                <th scope="col" className="text-right">
                  Total
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {pivot.lines.map((line) => (
              <tr key={line.name} data-line={line.name}>
                <th scope="row">{line.name}</th>
                {line.cells.map(({ row, shade }, index) => (
                  <td key={pivot.columns[index]} className={`num text-right heat-${shade}`}>
                    {row && (
                      <DrillLink drill={drillOf(search, row, answer.period, ruled)} label="Show its requests">
                        {figure(row)}
                      </DrillLink>
                    )}
                  </td>
                ))}
                {additive && <td className="num text-right font-semibold">{figure(line.total)}</td>}
              </tr>
            ))}
          </tbody>
          {additive && (
            <tfoot>
              <tr className="ledger-total font-semibold">
                <th scope="row">Total</th>
                {pivot.totals.map((row, index) => (
                  <td key={pivot.columns[index]} className="num text-right">
                    {figure(row)}
                  </td>
                ))}
                <td className="num text-right" data-total title={measureText(measure, answer.total, true)}>
                  {measureText(measure, answer.total)}
                </td>
              </tr>
            </tfoot>
          )}
        </table>
      </section>
      {!additive && (
        <p className="label mt-2">
          In all <span data-total>{measureText(measure, answer.total, true)}</span>. Ratios and quantiles do not add up, so lines
          and columns have no totals.
        </p>
      )}
    </>
  )
}
