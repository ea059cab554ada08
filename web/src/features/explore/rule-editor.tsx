import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../../api/client.ts'
import { exploreQuery, keys } from '../../api/queries.ts'
import { counted } from '../../lib/numbers.ts'
import { useSettled } from '../../lib/use-settled.ts'
import { CheckField, Form, TextField } from '../../ui/form.tsx'
import { Short } from '../../ui/money.tsx'
import { ErrorNotice, Skeleton } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { previewOf, type RuleForm, ruleBody } from './select-rules.ts'
import { newId } from './select-views.ts'

/** A rule, and beside it what of the last 30 days it would match. */
export function RuleEditor({ start, onDone }: { start: RuleForm; onDone: () => void }) {
  const [form, setForm] = useState(start)
  const client = useQueryClient()
  const toast = useToast()
  const save = useMutation({
    mutationFn: () => call('putTagRule', { id: form.id ?? newId(form.name, Date.now()), body: ruleBody(form) }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.tagRules })
      await client.invalidateQueries({ queryKey: keys.insight })
      toast(`${form.name.trim()} is saved: history reads so from now on`)
      onDone()
    },
  })
  const text = (field: keyof RuleForm & keyof Texts, label: string, name: string = field, hint?: string) => (
    <TextField
      name={name}
      label={label}
      maxLength={256}
      value={form[field]}
      onChange={(event) => setForm({ ...form, [field]: event.target.value })}
      {...(hint && { hint })}
    />
  )
  return (
    <div className="grid gap-8 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <Form error={save.error} fields={['name', 'key', 'value', 'position', 'when']} onSubmit={() => save.mutate()}>
        {text('name', 'Name')}
        <fieldset className="grid gap-3 sm:grid-cols-2">
          <legend className="mb-1 text-sm text-muted">Where all of these match; leave out what does not matter</legend>
          {text('project', 'Project', 'when')}
          {text('route', 'Route', 'when.route')}
          {text('model', 'Model', 'when.model')}
          {text('provider', 'Provider', 'when.provider')}
          {text('callerKey', 'Key (its id)', 'when.key')}
          <div className="max-sm:hidden" />
          {text('tagKey', 'A tag it carries: key', 'when.tag')}
          {text('tagValue', 'and its value', 'when.tag.value')}
        </fieldset>
        <fieldset className="grid gap-3 sm:grid-cols-2">
          <legend className="mb-1 text-sm text-muted">it reads as this tag</legend>
          {text('key', 'Tag')}
          {text('value', 'Value')}
        </fieldset>
        <div className="grid items-end gap-3 sm:grid-cols-2">
          {text('position', 'Order', 'position', 'A lower number is read first; the first match counts.')}
          <CheckField
            name="enabled"
            label="In use"
            checked={form.enabled}
            onChange={(event) => setForm({ ...form, enabled: event.target.checked })}
          />
        </div>
        <div className="flex flex-wrap justify-end gap-2">
          <button type="button" className="button" onClick={onDone}>
            Back to the rules
          </button>
          <button type="submit" className="button button-primary" disabled={save.isPending}>
            Save the rule
          </button>
        </div>
      </Form>
      <Preview form={form} />
    </div>
  )
}

type Texts = { readonly [Key in keyof RuleForm as RuleForm[Key] extends string ? Key : never]: string }

const QUIET_MS = 400

function Preview({ form }: { form: RuleForm }) {
  const body = useSettled(previewOf(form) ?? null, QUIET_MS)
  const { data, error } = useQuery({ ...exploreQuery(body ?? {}), enabled: body !== null })
  return (
    <section aria-label="What it matches" className="sheet h-fit p-4" aria-live="polite">
      <p className="label">What it matches, last 30 days</p>
      {body === null ? (
        <p className="mt-1 text-muted">Give a condition: it is tried on history before anything is saved.</p>
      ) : error ? (
        <div className="mt-2">
          <ErrorNotice error={error} title="It could not be tried" />
        </div>
      ) : !data ? (
        <Skeleton className="mt-2 h-8 w-full" />
      ) : (
        <>
          <p className="mt-1 text-[1.3rem] font-semibold" data-preview>
            {counted(data.total.requests, 'request')}, <Short usd={data.total.cost_usd} />
          </p>
          {data.group_by.length > 0 && data.rows.length > 0 && (
            <ul className="mt-2 text-sm">
              <li className="label">As they read today:</li>
              {data.rows.map((row) => (
                <li key={row.other ? 'others' : (row.key[0] ?? 'none')} className="flex justify-between gap-3">
                  <span className="min-w-0 break-words">{row.other ? 'others' : (row.key[0] ?? 'no such tag')}</span>
                  <Short usd={row.cost_usd} />
                </li>
              ))}
            </ul>
          )}
          {data.total.requests === 0 && (
            <p className="mt-1 text-sm text-muted">Nothing: look at the spelling of the conditions.</p>
          )}
        </>
      )}
    </section>
  )
}
