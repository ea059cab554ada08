import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useMemo, useState } from 'react'
import type { RouteValidation } from '../../../../src/contract/routes.ts'
import { qualities } from '../../../../src/core/request.ts'
import { groupFailures } from '../../../../src/core/routing/consistency.ts'
import { modelsQuery } from '../../api/queries.ts'
import { CheckField, SelectField, TextArea, TextField } from '../../ui/form.tsx'
import { TokenField } from '../../ui/token-field.tsx'
import { type FieldOptions, fieldOptions } from './field-options.ts'
import {
  findingsByField,
  objectiveNames,
  objectiveText,
  parseShares,
  routeDefaults,
  shareLines,
  stringOf,
  stringsOf,
  withField,
  withMode,
  withObjective,
  wrongValues,
} from './select-routes.ts'
import type { Draft } from './use-draft.ts'

interface Props {
  readonly draft: Draft
  readonly findings: RouteValidation['findings']
  readonly disabled: boolean
}

/** Fields with a control here; what else a document says stays as it is, and is written as text. */
const controls =
  'objective weights order shares models providers offers regions quality floor easyFloor deadlineClass maxCostUsd baseline maxAttempts retries fallback fallbackOnRefusal payTwice onSoftBudget cacheSeconds groupFailure mode observes fraction since'.split(
    ' ',
  )

/** The common fields of a document. Every change makes another document; nothing is kept beside it. */
export function RouteFields({ draft, findings, disabled }: Props) {
  const { data } = useQuery(modelsQuery)
  const options = useMemo(() => fieldOptions(data?.data ?? []), [data])
  const control = useControls(draft, findings, disabled)
  const parts = { draft, control, options, disabled }
  const rest = Object.keys(draft.document).filter((name) => !controls.includes(name))
  return (
    <form noValidate className="flex flex-col gap-7" onSubmit={(event) => event.preventDefault()}>
      <WhatCounts {...parts} />
      <AmongWhat {...parts} />
      <WhenItFails {...parts} />
      <OnTrial {...parts} />
      {rest.length > 0 && (
        <p className="label">
          The document also says <code>{rest.join(', ')}</code>; write that as YAML or JSON.
        </p>
      )}
    </form>
  )
}

interface PartsProps {
  readonly draft: Draft
  readonly control: ReturnType<typeof useControls>
  readonly options: FieldOptions
  readonly disabled: boolean
}

function WhatCounts({ draft, control, options, disabled }: PartsProps) {
  const { document, change } = draft
  const objective = stringOf(document['objective']) || 'cost'
  return (
    <Group title="What counts">
      <SelectField
        {...control.text('objective', 'Objective')}
        value={objective}
        onChange={(event) => change(withObjective(document, event.target.value))}
      >
        {objectiveNames.map((name) => (
          <option key={name} value={name}>
            {name}: {objectiveText(name)}
          </option>
        ))}
      </SelectField>
      {objective === 'balanced' && <Weights draft={draft} disabled={disabled} problem={control.problem('weights')} />}
      {objective === 'priority' && (
        <TokenField
          {...control.tokens('order', 'Order')}
          hint="Offers, models or providers, first choice first."
          options={options.targets}
        />
      )}
      {objective === 'weighted' && <Shares draft={draft} disabled={disabled} problem={control.problem('shares')} />}
      <TextField
        {...control.text('floor', 'Quality floor')}
        hint="Least quality: draft, standard, high, or publisher/name@quality."
        placeholder="none"
        list="route-floors"
      />
      <TextField
        {...control.text('easyFloor', 'Quality floor of easy prompts')}
        hint="A lower one, for prompts that are taken for easy; what is said about their pictures corrects which those are."
        placeholder="the same"
        list="route-floors"
      />
      <Suggestions id="route-floors" values={['draft', 'standard', 'high', ...options.models]} />
      <TextField {...control.text('maxCostUsd', 'Most one request may cost, USD')} inputMode="decimal" placeholder="no limit" />
      <TextField
        {...control.number('cacheSeconds', 'Seconds for which equal requests share pictures')}
        hint="Of one key. Empty: each request makes its own."
        inputMode="numeric"
        placeholder="none"
      />
      <SelectField {...control.text('deadlineClass', 'How long requests may take')}>
        <option value="">not stated</option>
        <option value="realtime">realtime: 15 s</option>
        <option value="standard">standard: 60 s</option>
        <option value="economy">economy: a day, batch lanes included</option>
      </SelectField>
    </Group>
  )
}

function AmongWhat({ control, options }: PartsProps) {
  return (
    <Group title="Among what">
      <TokenField
        {...control.tokens('models', 'Models')}
        hint="publisher/name, or publisher/* for all of one publisher. Empty: all."
        options={options.models}
      />
      <TokenField {...control.tokens('providers', 'Providers')} hint="Empty: all." options={options.providers} />
      <TokenField
        {...control.tokens('offers', 'Offers')}
        hint="Exactly these, provider:publisher/name. Empty: any of the above."
        options={options.offers}
      />
      <TokenField {...control.tokens('regions', 'Regions')} hint="Empty: all." options={options.regions} />
      <SelectField {...control.text('quality', 'Quality setting')}>
        <option value="">as the request says</option>
        {qualities.map((quality) => (
          <option key={quality} value={quality}>
            always {quality}
          </option>
        ))}
      </SelectField>
      <TextField
        {...control.text('baseline', 'Baseline')}
        hint="What savings are measured against: a model, an offer or another route."
        placeholder="none"
        list="route-targets"
      />
      <Suggestions id="route-targets" values={[...options.routes, ...options.targets]} />
    </Group>
  )
}

function WhenItFails({ control }: PartsProps) {
  return (
    <Group title="When it fails">
      <TextField {...control.number('maxAttempts', 'Most tries per request')} inputMode="numeric" />
      <TextField {...control.number('retries', 'Most tries again at the same offer')} inputMode="numeric" />
      <CheckField {...control.check('fallback', 'Go on to the next offer after a failure')} />
      <CheckField {...control.check('fallbackOnRefusal', 'Go on after a content refusal too')} />
      <SelectField {...control.text('payTwice', 'After a try that may have been billed')}>
        <option value="never">stop: never pay twice</option>
        <option value="onUnknown">go on, and perhaps pay twice</option>
      </SelectField>
      <SelectField {...control.text('groupFailure', 'When the offer of a group cannot serve')}>
        {groupFailures.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </SelectField>
      <SelectField {...control.text('onSoftBudget', 'At the limit of a soft budget')}>
        <option value="warn">only warn</option>
        <option value="cheaper">take what is cheaper, within the floor</option>
      </SelectField>
    </Group>
  )
}

function OnTrial({ draft, control }: PartsProps) {
  const { document, change } = draft
  const mode = stringOf(document['mode']) || 'route'
  return (
    <Group title="On trial">
      <SelectField
        {...control.text('mode', 'Mode')}
        value={mode}
        onChange={(event) => change(withMode(document, event.target.value))}
      >
        <option value="route">route: it chooses</option>
        <option value="observe">observe: requests go where they went, and what it would choose is recorded</option>
      </SelectField>
      {mode === 'observe' && (
        <>
          <TextField
            {...control.text('observes', 'Watched model')}
            hint="The model that clients send now."
            list="route-targets"
          />
          <TextField
            {...control.number('fraction', 'Share that it serves itself, 0 to 1')}
            inputMode="decimal"
            hint="Rolled back by itself when its pictures are accepted less often."
          />
          <TextField {...control.text('since', 'Words about pictures count from')} type="date" />
        </>
      )}
    </Group>
  )
}

const Group = ({ title, children }: { title: string; children: ReactNode }) => (
  <fieldset className="grid gap-x-6 gap-y-4 border-t border-ink pt-3 md:grid-cols-2">
    <legend className="pr-3 text-lg font-semibold">{title}</legend>
    {children}
  </fieldset>
)

const Suggestions = ({ id, values }: { id: string; values: readonly string[] }) => (
  <datalist id={id}>
    {[...new Set(values)].map((value) => (
      <option key={value} value={value} />
    ))}
  </datalist>
)

/** What every control of a field has: its value out of the document, its change back into it, its finding. */
function useControls({ document, change }: Draft, findings: Props['findings'], disabled: boolean) {
  const byField = useMemo(() => findingsByField(findings, controls), [findings])
  const problem = (name: string): string | undefined =>
    byField
      .get(name)
      ?.map(({ message }) => message)
      .join('; ')
  const common = (name: string, label: string) => ({ name, label, problem: problem(name), disabled })
  const set = (name: string, value: string | number | boolean | readonly string[] | undefined) =>
    change(withField(document, name, value))
  const current = (name: string) => document[name] ?? routeDefaults[name]
  return {
    problem,
    text: (name: string, label: string) => ({
      ...common(name, label),
      value: stringOf(current(name)),
      onChange: (event: { target: { value: string } }) => set(name, event.target.value.trim()),
    }),
    number: (name: string, label: string) => ({
      ...common(name, label),
      value: stringOf(current(name)),
      onChange: (event: { target: { value: string } }) => set(name, numberOrText(event.target.value)),
    }),
    check: (name: string, label: string) => ({
      name,
      label,
      disabled,
      checked: current(name) === true,
      onChange: (event: { target: { checked: boolean } }) => set(name, event.target.checked),
    }),
    tokens: (name: string, label: string) => ({
      ...common(name, label),
      values: stringsOf(document[name]),
      wrong: wrongValues(byField.get(name), stringsOf(document[name])),
      onChange: (values: readonly string[]) => set(name, values),
    }),
  }
}

/** What is no number stays text, so that the validation says so instead of the field changing it. */
function numberOrText(text: string): number | string | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed
}

interface PartProps {
  readonly draft: Draft
  readonly disabled: boolean
  readonly problem: string | undefined
}

const weightNames = ['cost', 'latency', 'quality'] as const
const usualWeights = { cost: 0.5, latency: 0.25, quality: 0.25 }

function Weights({ draft: { document, change }, disabled, problem }: PartProps) {
  const given = document['weights']
  const weights = typeof given === 'object' && given !== null && !Array.isArray(given) ? given : usualWeights
  return (
    <fieldset>
      <legend className="mb-1 font-medium">Weights</legend>
      <div className="grid grid-cols-3 gap-2">
        {weightNames.map((name) => (
          <label key={name} className="label" htmlFor={`weight-${name}`}>
            {name}
            <input
              id={`weight-${name}`}
              className="field num text-[0.95rem] text-ink"
              inputMode="decimal"
              disabled={disabled}
              value={stringOf((weights as Readonly<Record<string, number | string>>)[name])}
              onChange={(event) =>
                change(
                  withField(document, 'weights', { ...usualWeights, ...weights, [name]: numberOrText(event.target.value) ?? 0 }),
                )
              }
            />
          </label>
        ))}
      </div>
      {problem && <p className="mt-1 text-sm text-bad">{problem}</p>}
    </fieldset>
  )
}

function Shares({ draft: { document, change }, disabled, problem }: PartProps) {
  // The text as it is typed: a document has no half-written lines.
  const [text, setText] = useState(() => shareLines(document['shares']))
  return (
    <TextArea
      name="shares"
      label="Shares"
      rows={4}
      hint="A line each: offer, model or provider, and its part. The others are fallbacks."
      placeholder={'google 4\nopenai 3'}
      value={text}
      disabled={disabled}
      spellCheck={false}
      problem={problem}
      onChange={(event) => {
        setText(event.target.value)
        change(withField(document, 'shares', parseShares(event.target.value)))
      }}
    />
  )
}
