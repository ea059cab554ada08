import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { outcomes } from '../../../../src/core/outcome.ts'
import { operations, qualities } from '../../../../src/core/request.ts'
import { apiKeysQuery, modelsQuery, projectsQuery } from '../../api/queries.ts'
import { joinValues, valuesOf } from '../../lib/filters.ts'
import { ChoiceFilter, FilterBar, FilterChip, PeriodFilter, TextFilter } from '../../ui/filter-bar.tsx'
import { outcomeText } from '../../ui/outcome.tsx'
import { usePermission } from '../shell/use-session.ts'
import { CostRange } from './cost-range.tsx'
import { clearedSearch, isFiltered, parseRequestsSearch, type RequestsSearch } from './select-requests.ts'

type ListName = 'outcome' | 'operation' | 'model' | 'provider' | 'route' | 'size' | 'quality' | 'prompt_class'
type Change = { readonly [Key in keyof RequestsSearch]?: RequestsSearch[Key] | undefined }

const outcomeOptions = outcomes.map((value) => ({ value, label: outcomeText(value) }))
const operationOptions = operations.map((value) => ({ value, label: value.replaceAll('_', ' ') }))

const none = { value: 'none', label: 'none set' }
const sizeOptions = ['icon', 'small', '1k', '2k', '4k', 'larger'].map((value) => ({ value }))
const qualityOptions = [...qualities.map((value) => ({ value })), none]

/** Everything the list can be narrowed by, kept in the URL. */
export function RequestFilterBar({ search }: { search: RequestsSearch }) {
  const navigate = useNavigate()
  const options = useOptions()
  const [more, setMore] = useState(false)
  const all = more || isRare(search)
  const change = (values: Change) => {
    const { period: _period, from: _from, to: _to, ...rest } = search
    const isTime = 'period' in values || 'from' in values || 'to' in values
    void navigate({ to: '/requests', search: parseRequestsSearch({ ...(isTime ? rest : search), ...values }) })
  }
  const choice = (label: string, name: ListName, choices: readonly { value: string }[]) => (
    <ChoiceFilter
      label={label}
      options={choices}
      values={valuesOf(search[name])}
      onChange={(values) => change({ [name]: joinValues(values) })}
    />
  )
  const one = (label: string, name: 'project_id' | 'key_id', choices: readonly { value: string; label?: string }[]) => (
    <ChoiceFilter
      label={label}
      options={choices}
      values={valuesOf(search[name])}
      onChange={(values) => change({ [name]: values.at(-1) })}
    />
  )
  const { period, from, to } = search
  return (
    <FilterBar onClear={isFiltered(search) ? () => void navigate({ to: '/requests', search: clearedSearch(search) }) : undefined}>
      <SearchField key={search.q} value={search.q} onChange={(q) => change({ q })} />
      <PeriodFilter
        value={{ ...(period && { period }), ...(from && { from }), ...(to && { to }) }}
        fallback="all"
        onChange={(next) => change({ period: next.period, from: next.from, to: next.to })}
      />
      {choice('Outcome', 'outcome', outcomeOptions)}
      {choice('Model or offer', 'model', options.models)}
      {choice('Provider', 'provider', options.providers)}
      {options.projects.length > 0 && one('Project', 'project_id', options.projects)}
      <TextFilter
        label="Tag"
        value={search.tag}
        placeholder="campaign=summer"
        hint="A tag's key, an equals sign, its value."
        onChange={(tag) => change({ tag })}
      />
      {all && (
        <>
          {choice('Route', 'route', options.routes)}
          {choice('Operation', 'operation', operationOptions)}
          {choice('Size', 'size', sizeOptions)}
          {choice('Quality', 'quality', qualityOptions)}
          {search.prompt_class !== undefined && choice('Prompt class', 'prompt_class', [])}
          {options.keys.length > 0 && one('Key', 'key_id', options.keys)}
          <TextFilter label="Group" value={search.group} onChange={(group) => change({ group })} />
          <TextFilter label="End customer" value={search.customer} onChange={(customer) => change({ customer })} />
          <FilterChip label="Cost" chosen={costText(search)} onClear={() => change({ min: undefined, max: undefined })}>
            <CostRange min={search.min} max={search.max} onChange={change} />
          </FilterChip>
        </>
      )}
      {!all && (
        <button type="button" className="button button-quiet text-sm" onClick={() => setMore(true)}>
          More filters
        </button>
      )}
    </FilterBar>
  )
}

/** Whether a filter is set that stands behind "More filters". */
const isRare = ({ route, operation, size, quality, prompt_class, key_id, group, customer, min, max }: RequestsSearch): boolean =>
  [route, operation, size, quality, prompt_class, key_id, group, customer, min, max].some((value) => value !== undefined)

function costText({ min, max }: RequestsSearch): string | null {
  if (min === undefined && max === undefined) return null
  if (max === undefined) return `from $${min}`
  return min === undefined ? `up to $${max}` : `$${min} to $${max}`
}

function SearchField({ value, onChange }: { value: string | undefined; onChange: (q: string | undefined) => void }) {
  const [text, setText] = useState(value ?? '')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onChange(text.trim() === '' ? undefined : text.trim())
  }
  return (
    <form onSubmit={submit} className="max-sm:w-full">
      <input
        type="search"
        className="field min-h-[2.1rem] text-[0.9rem] sm:w-64"
        aria-label="Search ids, tags and prompts"
        placeholder="Search ids, tags, prompts"
        maxLength={200}
        minLength={2}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          if (event.target.value === '' && value !== undefined) onChange(undefined)
        }}
      />
    </form>
  )
}

function useOptions() {
  const mayKeys = usePermission('keys.read')
  const mayProjects = usePermission('projects.read')
  const models = useQuery(modelsQuery).data?.data ?? []
  const projects = useQuery({ ...projectsQuery, enabled: mayProjects }).data?.data ?? []
  const keys = useQuery({ ...apiKeysQuery, enabled: mayKeys }).data?.data ?? []
  const ofKind = (...kinds: readonly string[]) =>
    models.filter(({ halftone }) => halftone !== undefined && kinds.includes(halftone.kind)).map(({ id }) => ({ value: id }))
  const offers = ofKind('offer')
  const providers = [...new Set(offers.map(({ value }) => value.split(':', 1)[0] ?? value))].map((value) => ({ value }))
  return {
    models: [...ofKind('model'), ...offers],
    providers,
    routes: ofKind('route'),
    projects: projects.map(({ id, name }) => ({ value: id, label: name === id ? id : `${name} (${id})` })),
    keys: keys.map(({ id, name }) => ({ value: id, label: name })),
  }
}
