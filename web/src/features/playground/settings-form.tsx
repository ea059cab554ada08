import { ToggleGroup } from 'radix-ui'
import { type ReactNode, useId, useState } from 'react'
import type { ModelWire } from '../../../../src/contract/admin.ts'
import { SIZE } from '../../lib/size.ts'
import { ModelPicker } from './model-picker.tsx'
import { changeForm, MAX_GROUP, MAX_N, MAX_PLANNED, MAX_SEED, type PlaygroundForm } from './select-form.ts'
import { selectChoices } from './select-models.ts'

interface Props {
  readonly form: PlaygroundForm
  readonly models: readonly ModelWire[]
  readonly onChange: (form: PlaygroundForm) => void
}

/** Every setting of a generation. What is left at `auto` the gateway decides and the quote tells. */
export function SettingsForm({ form, models, onChange }: Props) {
  const model = form.model ?? 'auto'
  const choices = selectChoices(models.find((known) => known.id === model))
  const change = (values: Parameters<typeof changeForm>[1]) => onChange(changeForm(form, values))
  return (
    <div className="grid gap-x-6 gap-y-4 sm:grid-cols-2">
      <Setting label="Model" wide>
        <ModelPicker models={models} value={model} onChange={(id) => change({ model: id === 'auto' ? undefined : id })} />
      </Setting>
      <Setting label="Size" wide hint={choices.sizeRule}>
        <SizeChoice sizes={choices.sizes} value={form.size} onChange={(size) => change({ size })} />
      </Setting>
      {choices.qualities.length > 0 && (
        <Setting label="Quality" wide>
          <Segmented
            label="Quality"
            choices={choices.qualities}
            value={form.quality}
            onChange={(quality) => change({ quality: quality as PlaygroundForm['quality'] })}
          />
        </Setting>
      )}
      <Setting label="Format" wide>
        <Segmented
          label="Format"
          choices={choices.formats}
          value={form.format}
          onChange={(format) => change({ format: format as PlaygroundForm['format'] })}
        />
      </Setting>
      <NumberSetting label="Pictures" value={form.n ?? 1} min={1} max={MAX_N} onChange={(n) => change({ n })} />
      <NumberSetting
        label="Seed"
        value={form.seed}
        min={0}
        max={MAX_SEED}
        placeholder="random"
        hint={choices.seed ? 'The same seed makes the same picture, where the offer takes one.' : 'This model takes no seed.'}
        onChange={(seed) => change({ seed })}
      />
      <GroupSetting form={form} onChange={change} />
    </div>
  )
}

function Setting(props: { label: string; wide?: boolean; hint?: string; children: ReactNode }) {
  return (
    <div className={props.wide ? 'sm:col-span-2' : ''}>
      <p className="mb-1 font-medium">{props.label}</p>
      {props.children}
      {props.hint && <p className="label mt-1">{props.hint}</p>}
    </div>
  )
}

function Segmented(props: {
  label: string
  choices: readonly string[]
  value: string | undefined
  onChange: (value: string | undefined) => void
}) {
  return (
    <ToggleGroup.Root
      type="single"
      className="segmented"
      aria-label={props.label}
      value={props.value ?? 'auto'}
      onValueChange={(value) => props.onChange(value === 'auto' || value === '' ? undefined : value)}
    >
      {['auto', ...props.choices.filter((choice) => choice !== 'auto')].map((choice) => (
        <ToggleGroup.Item key={choice} value={choice} className="num">
          {choice}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  )
}

/** Pictures that must look alike: they stay at the offer, quality and seeds of the first of them. */
function GroupSetting({
  form,
  onChange,
}: {
  form: PlaygroundForm
  onChange: (values: Parameters<typeof changeForm>[1]) => void
}) {
  const id = useId()
  return (
    <>
      <div>
        <label htmlFor={id} className="mb-1 block font-medium">
          Group
        </label>
        <input
          id={id}
          className="field"
          maxLength={MAX_GROUP}
          placeholder="none"
          value={form.group ?? ''}
          onChange={(event) => onChange({ group: event.target.value === '' ? undefined : event.target.value })}
        />
        <p className="label mt-1">Pictures of one group look alike.</p>
      </div>
      {form.group !== undefined && (
        <NumberSetting
          label="Planned in it"
          value={form.planned}
          min={2}
          max={MAX_PLANNED}
          placeholder="not said"
          hint="The quote then says what all of them cost."
          onChange={(planned) => onChange({ planned })}
        />
      )}
    </>
  )
}

/** The declared sizes, and any other typed as WIDTHxHEIGHT. */
function SizeChoice(props: {
  sizes: readonly string[]
  value: string | undefined
  onChange: (size: string | undefined) => void
}) {
  const listed = props.value === undefined || props.sizes.includes(props.value)
  const [own, setOwn] = useState(!listed)
  const [text, setText] = useState(props.value ?? '')
  const invalid = own && text !== '' && !SIZE.test(text)
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Segmented
        label="Size"
        choices={[...props.sizes, 'other']}
        value={own ? 'other' : props.value}
        onChange={(size) => {
          setOwn(size === 'other')
          if (size !== 'other') props.onChange(size)
        }}
      />
      {own && (
        <input
          className="field num max-w-40"
          aria-label="Other size, width x height"
          aria-invalid={invalid}
          placeholder="1280x720"
          value={text}
          onChange={(event) => {
            const size = event.target.value.trim().replace('×', 'x')
            setText(size)
            props.onChange(SIZE.test(size) ? size : undefined)
          }}
        />
      )}
      {invalid && <span className="text-sm text-bad">Write width x height, such as 1280x720.</span>}
    </div>
  )
}

interface NumberProps {
  readonly label: string
  readonly value: number | undefined
  readonly min: number
  readonly max: number
  readonly placeholder?: string
  readonly hint?: string
  readonly onChange: (value: number | undefined) => void
}

function NumberSetting(props: NumberProps) {
  const id = useId()
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium">
        {props.label}
      </label>
      <input
        id={id}
        className="field num max-w-44"
        type="number"
        inputMode="numeric"
        min={props.min}
        max={props.max}
        step={1}
        placeholder={props.placeholder}
        value={props.value ?? ''}
        onChange={(event) => {
          const value = event.target.valueAsNumber
          props.onChange(Number.isInteger(value) ? Math.min(props.max, Math.max(props.min, value)) : undefined)
        }}
      />
      {props.hint && <p className="label mt-1">{props.hint}</p>}
    </div>
  )
}
