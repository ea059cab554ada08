import { Popover } from 'radix-ui'
import { type FormEvent, type ReactNode, useId, useState } from 'react'
import { toggleValue } from '../lib/filters.ts'
import { type PeriodSearch, type Preset, periodText, presetTexts } from '../lib/period.ts'

/** Filters side by side; they wrap. Each reads its value from the URL and hands the next one to the page's `navigate`. */
export const FilterBar = ({ children, onClear }: { children: ReactNode; onClear?: (() => void) | undefined }) => (
  <search aria-label="Filters" className="filter-bar">
    {children}
    {onClear && (
      <button type="button" className="button button-quiet text-sm" onClick={onClear}>
        Clear all
      </button>
    )}
  </search>
)

export interface FilterOption {
  readonly value: string
  readonly label?: ReactNode
  /** How many there are, or another short fact. */
  readonly note?: string
}

interface ChoiceProps {
  readonly label: string
  readonly options: readonly FilterOption[]
  readonly values: readonly string[]
  readonly onChange: (values: readonly string[]) => void
}

/** A filter of several values: a chip that says what is chosen and opens the list. */
export function ChoiceFilter({ label, options, values, onChange }: ChoiceProps) {
  const textOf = (value: string) => options.find((option) => option.value === value)?.label ?? value
  const chosen = values.length === 0 ? null : values.length === 1 ? textOf(values[0] ?? '') : `${values.length} chosen`
  return (
    <FilterChip label={label} chosen={chosen} onClear={() => onChange([])}>
      <OptionList label={label} options={options} values={values} onChange={onChange} />
    </FilterChip>
  )
}

const SEARCHABLE_FROM = 9

function OptionList({ label, options, values, onChange }: ChoiceProps) {
  const [search, setSearch] = useState('')
  const id = useId()
  const listed = [
    ...values.filter((value) => !options.some((option) => option.value === value)).map((value) => ({ value })),
    ...options,
  ]
  const found = listed.filter(({ value }) => value.toLowerCase().includes(search.trim().toLowerCase()))
  return (
    <fieldset>
      <legend className="sr-only">{label}</legend>
      {listed.length >= SEARCHABLE_FROM && (
        <div className="border-b border-rule p-2">
          <input
            className="field"
            aria-label={`Search: ${label}`}
            placeholder="Search"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        </div>
      )}
      <div className="max-h-[min(20rem,50vh)] overflow-y-auto py-1">
        {found.map((option: FilterOption) => (
          <label
            key={option.value}
            htmlFor={`${id}-${option.value}`}
            className="option flex cursor-pointer items-center gap-2.5 px-3 py-1.5 hover:bg-well"
          >
            <input
              id={`${id}-${option.value}`}
              type="checkbox"
              className="size-4 shrink-0 accent-ink"
              checked={values.includes(option.value)}
              onChange={() => onChange(toggleValue(values, option.value))}
            />
            <span className="min-w-0 flex-1 break-all">{option.label ?? option.value}</span>
            {option.note && <span className="label num">{option.note}</span>}
          </label>
        ))}
        {found.length === 0 && <p className="px-3 py-4 text-center text-muted">Nothing to choose from.</p>}
      </div>
    </fieldset>
  )
}

/** The frame of a filter: a chip, its popover, and a cross when something is chosen. */
export function FilterChip(props: { label: string; chosen: ReactNode; onClear: () => void; children: ReactNode }) {
  const set = props.chosen !== null
  return (
    <span className="chip" data-set={set}>
      <Popover.Root>
        <Popover.Trigger className="chip-open">
          <span className={set ? 'text-muted' : ''}>
            {props.label}
            {set && ':'}
          </span>
          {set && <span className="max-w-44 truncate font-medium">{props.chosen}</span>}
          {!set && (
            <svg viewBox="0 0 16 16" className="size-3.5 fill-none stroke-current" aria-hidden="true">
              <path d="M4 6.5 8 10.5 12 6.5" />
            </svg>
          )}
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            aria-label={props.label}
            className="menu w-[min(20rem,92vw)]"
            align="start"
            sideOffset={4}
            collisionPadding={8}
          >
            {props.children}
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      {set && (
        <button type="button" className="chip-clear" aria-label={`Remove the filter ${props.label}`} onClick={props.onClear}>
          <svg viewBox="0 0 16 16" className="size-3.5 fill-none stroke-current stroke-[1.5]" aria-hidden="true">
            <path d="m4.5 4.5 7 7m0-7-7 7" />
          </svg>
        </button>
      )}
    </span>
  )
}

interface TextProps {
  readonly label: string
  readonly value: string | undefined
  readonly placeholder?: string
  readonly hint?: string
  readonly onChange: (value: string | undefined) => void
}

/** A filter of one typed value, taken on Enter. */
export function TextFilter({ label, value, placeholder, hint, onChange }: TextProps) {
  return (
    <FilterChip label={label} chosen={value ?? null} onClear={() => onChange(undefined)}>
      <TextForm key={value} label={label} value={value} placeholder={placeholder ?? ''} hint={hint} onChange={onChange} />
    </FilterChip>
  )
}

function TextForm({ label, value, placeholder, hint, onChange }: Omit<TextProps, 'hint'> & { hint: string | undefined }) {
  const [text, setText] = useState(value ?? '')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onChange(text.trim() === '' ? undefined : text.trim())
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-2 p-3">
      <div className="flex gap-2">
        <input
          className="field"
          aria-label={label}
          placeholder={placeholder}
          value={text}
          maxLength={256}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="button shrink-0">
          Apply
        </button>
      </div>
      {hint && <p className="label">{hint}</p>}
    </form>
  )
}

interface PeriodProps {
  readonly value: PeriodSearch
  /** What holds while the URL says nothing; it is not shown as a filter. */
  readonly fallback: Preset
  readonly choices?: readonly Preset[]
  readonly onChange: (value: PeriodSearch) => void
}

const usual: readonly Preset[] = ['today', '7d', '30d', '90d', 'month', 'last-month']

/** A span of time: presets, or two days. */
export function PeriodFilter({ value, fallback, choices = usual, onChange }: PeriodProps) {
  const isSet = Object.keys(value).length > 0
  const text = periodText(value, fallback)
  return (
    <FilterChip label={isSet ? 'Time' : `Time: ${text}`} chosen={isSet ? text : null} onClear={() => onChange({})}>
      <div className="grid grid-cols-2 gap-1 p-2">
        {choices.map((preset) => (
          <button
            key={preset}
            type="button"
            className="button button-quiet justify-start text-sm aria-pressed:bg-well aria-pressed:font-semibold"
            aria-pressed={periodText(value, fallback) === presetTexts[preset]}
            onClick={() => onChange(preset === fallback ? {} : { period: preset })}
          >
            {presetTexts[preset]}
          </button>
        ))}
      </div>
      <div className="grid grid-cols-2 gap-2 border-t border-rule p-3">
        <DayInput label="From" value={value.from} onChange={(from) => onChange(range(from, value.to))} />
        <DayInput label="To" value={value.to} onChange={(to) => onChange(range(value.from, to))} />
        <p className="label col-span-2">Days in UTC, both included.</p>
      </div>
    </FilterChip>
  )
}

const range = (from: string | undefined, to: string | undefined): PeriodSearch => ({ ...(from && { from }), ...(to && { to }) })

function DayInput(props: { label: string; value: string | undefined; onChange: (day: string | undefined) => void }) {
  const id = useId()
  return (
    <div>
      <label htmlFor={id} className="label block">
        {props.label}
      </label>
      <input
        id={id}
        type="date"
        className="field num px-2"
        value={props.value ?? ''}
        onChange={(event) => props.onChange(event.target.value === '' ? undefined : event.target.value)}
      />
    </div>
  )
}
