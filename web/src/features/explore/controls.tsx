import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useId } from 'react'
import { tagKeysQuery } from '../../api/queries.ts'
import { Segmented } from '../../ui/segmented.tsx'
import {
  dimensionName,
  type ExploreSearch,
  insightDimensions,
  insightGrains,
  insightMeasures,
  measureNames,
  type Show,
  showOf,
  usualMeasure,
  usualRows,
} from './select-explore.ts'

interface Props {
  readonly search: ExploreSearch
  readonly onChange: (next: Record<string, unknown>) => void
}

/** By what, over which time, which figure, and how it is drawn. */
export function ExploreControls({ search, onChange }: Props) {
  const { rows = usualRows, cols, grain, measure = usualMeasure } = search
  const tags = useQuery(tagKeysQuery).data ?? []
  const dimensions = (without: string | undefined, chosen: string | undefined) => (
    <DimensionOptions tags={tags} without={without} chosen={chosen} />
  )
  const show = (next: Show) => onChange({ ...search, show: next, ...(next === 'lines' && !grain && { grain: 'day' }) })
  return (
    <div className="flex flex-wrap items-end gap-x-4 gap-y-2">
      <Pick
        label="Group by"
        value={rows}
        onPick={(next) => onChange({ ...search, rows: next, ...(next === cols && { cols: undefined }) })}
      >
        <option value="none">Nothing</option>
        {dimensions(undefined, rows)}
      </Pick>
      <Pick label="and by" value={cols ?? ''} onPick={(next) => onChange({ ...search, cols: next || undefined })}>
        <option value="">Nothing else</option>
        {dimensions(rows, cols)}
      </Pick>
      <Pick
        label="Time"
        value={grain ?? ''}
        onPick={(next) =>
          onChange({ ...search, grain: next || undefined, ...(next === '' && showOf(search) === 'lines' && { show: undefined }) })
        }
      >
        <option value="">In all</option>
        {insightGrains.map((name) => (
          <option key={name} value={name}>
            By the {name}
          </option>
        ))}
      </Pick>
      <Pick label="Figure" value={measure} onPick={(next) => onChange({ ...search, measure: next })}>
        {insightMeasures.map((name) => (
          <option key={name} value={name}>
            {measureNames[name]}
          </option>
        ))}
      </Pick>
      <Segmented label="Shown as" choices={showChoices} value={showOf(search)} onChange={show} />
    </div>
  )
}

const showChoices = [
  { value: 'bars', label: 'Bars' },
  { value: 'lines', label: 'Lines' },
  { value: 'pivot', label: 'Heat map' },
  { value: 'table', label: 'Table' },
] as const

function DimensionOptions(props: { tags: readonly string[]; without: string | undefined; chosen: string | undefined }) {
  const isTag = props.chosen?.startsWith('tag:') === true
  const known = [...new Set([...props.tags.map((key) => `tag:${key}`), ...(isTag && props.chosen ? [props.chosen] : [])])]
  return (
    <>
      {insightDimensions
        .filter((name) => name !== props.without)
        .map((name) => (
          <option key={name} value={name}>
            {dimensionName(name)}
          </option>
        ))}
      {known.length > 0 && (
        <optgroup label="Tags">
          {known
            .filter((name) => name !== props.without)
            .map((name) => (
              <option key={name} value={name}>
                {dimensionName(name)}
              </option>
            ))}
        </optgroup>
      )}
    </>
  )
}

function Pick(props: { label: string; value: string; onPick: (value: string) => void; children: ReactNode }) {
  const id = useId()
  return (
    <div className="max-sm:w-[calc(50%-0.5rem)]">
      <label htmlFor={id} className="label mb-0.5 block">
        {props.label}
      </label>
      <select
        id={id}
        className="field min-h-[2.1rem] py-1 text-[0.9rem] sm:w-auto"
        value={props.value}
        onChange={(event) => props.onPick(event.target.value)}
      >
        {props.children}
      </select>
    </div>
  )
}
