import { Popover } from 'radix-ui'
import { type KeyboardEvent, useId, useRef, useState } from 'react'
import type { ModelWire } from '../../../../src/contract/admin.ts'
import { type ModelGroup, selectModelGroups } from './select-models.ts'

/** A searchable list of routes, models and offers with their prices. Arrows move, Enter takes, Escape leaves. */
export function ModelPicker(props: {
  models: readonly ModelWire[]
  value: string
  placeholder?: string
  onChange: (model: string) => void
}) {
  const [open, setOpen] = useState(false)
  const chosen = props.models.find((model) => model.id === props.value)
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className="field flex items-center gap-3 text-left">
        <span className="min-w-0 flex-1">
          <span className="sr-only">{props.placeholder ? '' : 'Model: '}</span>
          <span className={`block truncate ${props.placeholder ? 'text-muted' : 'font-medium'}`}>
            {props.placeholder ?? props.value}
          </span>
          {chosen?.halftone?.price && <span className="label num block truncate">{chosen.halftone.price}</span>}
        </span>
        <svg viewBox="0 0 16 16" className="size-4 shrink-0 fill-none stroke-current" aria-hidden="true">
          <path d="M4 6.5 8 10.5 12 6.5" />
        </svg>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          aria-label="Choose a model"
          className="menu w-[max(var(--radix-popover-trigger-width),min(34rem,92vw))] max-w-[94vw]"
          align="start"
          sideOffset={4}
          collisionPadding={10}
        >
          <ModelList
            models={props.models}
            value={props.value}
            onTake={(model) => {
              props.onChange(model)
              setOpen(false)
            }}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}

function ModelList(props: { models: readonly ModelWire[]; value: string; onTake: (model: string) => void }) {
  const [search, setSearch] = useState('')
  const [active, setActive] = useState(props.value)
  const listId = useId()
  const list = useRef<HTMLDivElement>(null)
  const groups = selectModelGroups(props.models, search)
  const ids = groups.flatMap((group) => group.options.map((option) => option.id))
  const current = ids.includes(active) ? active : ids[0]
  const move = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && current) {
      event.preventDefault()
      props.onTake(current)
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined || ids.length === 0) return
    event.preventDefault()
    const next = ids[(ids.indexOf(current ?? '') + step + ids.length) % ids.length] ?? ''
    setActive(next)
    list.current?.querySelector(`[data-id="${CSS.escape(next)}"]`)?.scrollIntoView({ block: 'nearest' })
  }
  return (
    <div>
      <div className="border-b border-rule p-2">
        <input
          className="field"
          role="combobox"
          aria-label="Search models"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={current && `${listId}-${current}`}
          placeholder="Search models"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={move}
        />
      </div>
      <div ref={list} id={listId} role="listbox" aria-label="Models" className="max-h-[min(26rem,60vh)] overflow-y-auto py-1">
        {groups.map((group) => (
          <Group key={group.label} group={group} listId={listId} value={props.value} active={current} onTake={props.onTake} />
        ))}
        {groups.length === 0 && <p className="px-3 py-6 text-center text-muted">No model has these words in its name.</p>}
      </div>
    </div>
  )
}

function Group(props: {
  group: ModelGroup
  listId: string
  value: string
  active: string | undefined
  onTake: (model: string) => void
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of options inside a listbox, not a fieldset
    <div role="group" aria-label={props.group.label}>
      <p className="px-3 pt-3 pb-1 text-sm">
        <strong>{props.group.label}</strong> <span className="text-muted">{props.group.hint}</span>
      </p>
      {props.group.options.map((option) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the search field holds the focus and hears the keys
        <div
          key={option.id}
          id={`${props.listId}-${option.id}`}
          data-id={option.id}
          data-active={option.id === props.active}
          role="option"
          tabIndex={-1}
          aria-selected={option.id === props.value}
          className="option cursor-pointer px-3 py-1.5 hover:bg-well"
          onClick={() => props.onTake(option.id)}
        >
          <span className="block break-all">
            {option.id}
            {option.retired && <span className="ml-2 text-sm text-bad">retired</span>}
          </span>
          <span className={`num block text-sm whitespace-normal ${option.unpriced ? 'text-warn' : 'text-muted'}`}>
            {option.unpriced ? 'No known price; cannot be bought until one is set.' : option.price}
          </span>
        </div>
      ))}
    </div>
  )
}
