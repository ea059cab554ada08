import { useQuery } from '@tanstack/react-query'
import { Popover } from 'radix-ui'
import { type FormEvent, useState } from 'react'
import type { InsightDimension } from '../../../../src/core/insight/terms.ts'
import { exploreQuery, tagKeysQuery } from '../../api/queries.ts'
import { askedOf, insightPresets, usualPeriod } from '../../lib/insight-period.ts'
import { formatCount } from '../../lib/numbers.ts'
import { ChoiceFilter, FilterBar, PeriodFilter } from '../../ui/filter-bar.tsx'
import { usePeople } from '../people/use-people.ts'
import {
  dimensionName,
  type ExploreSearch,
  filtersIn,
  insightDimensions,
  isDimension,
  joinExact,
  valuesIn,
  withoutFilters,
} from './select-explore.ts'
import { valueText } from './select-rows.ts'

interface Props {
  readonly search: ExploreSearch
  readonly onChange: (next: Record<string, unknown>) => void
}

/** Time, and any dimension: what is chosen stands in the URL. */
export function ExploreFilters({ search, onChange }: Props) {
  const [added, setAdded] = useState<readonly InsightDimension[]>([])
  const set = filtersIn(search).map(([name]) => name)
  const shown = [...set, ...added.filter((name) => !set.includes(name))]
  const { period, from, to } = search
  return (
    <FilterBar
      onClear={
        set.length > 0 || period || from || to
          ? () => {
              setAdded([])
              const { period: _period, from: _from, to: _to, ...rest } = withoutFilters(search)
              onChange(rest)
            }
          : undefined
      }
    >
      <PeriodFilter
        value={{ ...(period && { period }), ...(from && { from }), ...(to && { to }) }}
        fallback={usualPeriod}
        choices={insightPresets}
        onChange={(next) => onChange({ ...search, period: next.period, from: next.from, to: next.to })}
      />
      {shown.map((name) => (
        <DimensionFilter key={name} name={name} search={search} onChange={onChange} />
      ))}
      <AddFilter shown={shown} onAdd={(name) => setAdded([...added, name])} />
    </FilterBar>
  )
}

/** Values to offer: those of the period, most money first. */
const OFFERED = 200

function DimensionFilter({ name, search, onChange }: Props & { name: InsightDimension }) {
  const { names } = usePeople()
  const answer = useQuery(exploreQuery({ ...askedOf(search), group_by: [name], limit: OFFERED })).data
  const options = (answer?.group_by[0] === name ? answer.rows : [])
    .filter(({ other }) => !other)
    .map((row) => ({
      value: row.key[0] ?? '',
      label: valueText(name, row.key[0] ?? null, names),
      note: formatCount(row.requests),
    }))
  return (
    <ChoiceFilter
      label={dimensionName(name)}
      options={options}
      values={valuesIn(search[name])}
      onChange={(values) => onChange({ ...search, [name]: values.length > 0 ? joinExact(values) : undefined })}
    />
  )
}

function AddFilter({ shown, onAdd }: { shown: readonly InsightDimension[]; onAdd: (name: InsightDimension) => void }) {
  const [open, setOpen] = useState(false)
  const [tag, setTag] = useState('')
  const tags = useQuery(tagKeysQuery).data ?? []
  const add = (name: string) => {
    setOpen(false)
    setTag('')
    if (isDimension(name)) onAdd(name)
  }
  const offered = [...insightDimensions, ...tags.map((key) => `tag:${key}`)].filter(
    (name) => !shown.some((known) => known === name),
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add(`tag:${tag.trim()}`)
  }
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className="button button-quiet text-sm">Add a filter</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          aria-label="Add a filter"
          className="menu w-64 max-w-[92vw]"
          align="start"
          sideOffset={4}
          collisionPadding={8}
        >
          <div className="grid max-h-[50vh] grid-cols-2 gap-0.5 overflow-y-auto p-2">
            {offered.map((name) => (
              <button
                key={name}
                type="button"
                className="button button-quiet justify-start text-left text-sm"
                onClick={() => add(name)}
              >
                {dimensionName(name)}
              </button>
            ))}
          </div>
          <form onSubmit={submit} className="flex gap-2 border-t border-rule p-2">
            <input
              className="field min-h-[2rem] text-sm"
              aria-label="Key of another tag"
              placeholder="another tag"
              maxLength={64}
              value={tag}
              onChange={(event) => setTag(event.target.value)}
            />
            <button type="submit" className="button button-quiet shrink-0 text-sm" disabled={tag.trim() === ''}>
              Add
            </button>
          </form>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}
