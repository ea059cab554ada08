import { useMemo } from 'react'
import type { ExploreRow } from '../../../../src/contract/insight.ts'
import type { InsightMeasure } from '../../../../src/core/insight/terms.ts'
import { parseUsd } from '../../../../src/core/money.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { DrillLink } from './drill-link.tsx'
import { shownMeasures } from './select-csv.ts'
import { drillOf, type Ruled } from './select-drill.ts'
import { dimensionName, type ExploreSearch, joinExact, measureNames, usualMeasure } from './select-explore.ts'
import { timeText } from './select-pivot.ts'
import { type Answer, measureText, OTHER, valueText } from './select-rows.ts'

interface Props {
  readonly answer: Answer
  readonly search: ExploreSearch
  readonly ruled: Ruled
  readonly onChange: (next: Record<string, unknown>) => void
}

/** Every group with all its figures; the last row is the total of the API. */
export function GroupTable({ answer, search, ruled, onChange }: Props) {
  const measures = shownMeasures(search.measure ?? usualMeasure)
  const columns = useMemo(
    () => columnsOf({ answer, search, ruled, onChange }, measures),
    [answer, search, ruled, onChange, measures],
  )
  const places = columns.length - measures.length
  return (
    <DataTable
      caption={`By ${answer.group_by.map(dimensionName).join(' and ') || 'nothing'}`}
      columns={columns}
      rows={answer.rows}
      rowId={(row) => `${row.key.join('\n')}|${row.at ?? ''}|${row.other}`}
      empty={null}
      footer={[
        'Total',
        ...Array.from({ length: places - 1 }, () => null),
        ...measures.map((measure) => (
          <span key={measure} data-total={measure} title={measureText(measure, answer.total, true)}>
            {measureText(measure, answer.total)}
          </span>
        )),
      ]}
    />
  )
}

function columnsOf(
  { answer, search, ruled, onChange }: Props,
  measures: readonly InsightMeasure[],
): readonly DataColumn<ExploreRow>[] {
  const names = answer.group_by.map(
    (dimension, index): DataColumn<ExploreRow> => ({
      id: dimension,
      header: dimensionName(dimension),
      rowHeader: index === 0,
      sort: (row) => (row.other ? null : (row.key[index] ?? '')),
      cell: (row) => {
        if (row.other) return index === 0 ? <em>{OTHER}</em> : null
        const value = row.key[index] ?? null
        const text = valueText(dimension, value, answer.names)
        const id = value !== null && value !== '' && text !== value && dimension !== 'outcome' ? value : undefined
        return (
          <span className="group/cell inline-flex max-w-96 items-baseline gap-1.5">
            {index === 0 ? (
              <DrillLink
                drill={drillOf(search, row, answer.period, ruled)}
                label={id === undefined ? 'Show its requests' : `Show its requests: ${id}`}
                className="break-all"
              >
                {text}
              </DrillLink>
            ) : (
              <span className="break-all" title={id}>
                {text}
              </span>
            )}
            <button
              type="button"
              className="only-this"
              aria-label={`Only ${dimensionName(dimension).toLowerCase()} ${text}`}
              title="Only this"
              onClick={() => onChange({ ...search, [dimension]: joinExact([value ?? '']) })}
            >
              <svg viewBox="0 0 16 16" className="size-3 fill-none stroke-current stroke-[1.6]" aria-hidden="true">
                <path d="M2.5 3.5h11L9.5 8.5v4l-3-1.5V8.5z" />
              </svg>
            </button>
          </span>
        )
      },
    }),
  )
  const time: DataColumn<ExploreRow> = {
    id: 'at',
    header: answer.grain === 'hour' ? 'Hour' : answer.grain === 'month' ? 'Month' : 'Day',
    rowHeader: names.length === 0,
    className: 'num',
    sort: (row) => row.at ?? '',
    cell: (row) => timeText(row.at, answer.grain),
  }
  const everything: DataColumn<ExploreRow> = { id: 'all', header: '', rowHeader: true, cell: () => 'Everything' }
  const places = [...names, ...(answer.grain === 'none' ? [] : [time])]
  return [
    ...(places.length > 0 ? places : [everything]),
    ...measures.map(
      (measure): DataColumn<ExploreRow> => ({
        id: measure,
        header: measureNames[measure],
        numeric: true,
        sort: (row) => sortValue(measure, row),
        cell: (row) => <span title={measureText(measure, row, true)}>{measureText(measure, row)}</span>,
      }),
    ),
  ]
}

function sortValue(measure: InsightMeasure, row: ExploreRow): bigint | number | null {
  const value = row[measure]
  if (value === null) return null
  return measure === 'cost_usd' || measure === 'cost_per_image_usd' ? parseUsd(String(value)) : Number(value)
}
