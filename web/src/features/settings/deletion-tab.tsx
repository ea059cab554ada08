import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { call } from '../../api/client.ts'
import type { Answer, Body } from '../../api/paths.ts'
import { keys } from '../../api/queries.ts'
import { counted } from '../../lib/numbers.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Field, Form, SelectField, TextField } from '../../ui/form.tsx'
import { Notice } from '../../ui/notice.tsx'
import { usePeople } from '../people/use-people.ts'
import { parseRequestsSearch } from '../requests/select-requests.ts'
import {
  type DeletionForm,
  type DeletionKind,
  deletionBody,
  deletionKinds,
  deletionParts,
  deletionTexts,
  reachedBy,
} from './select-settings.ts'

const fields = [...deletionKinds, 'before', 'what']

/** What people wrote and got can go; what it cost stays. */
export function DeletionTab() {
  const [form, setForm] = useState<DeletionForm>({ kind: 'end_customer', value: '', before: '', what: 'all' })
  const [tried, setTried] = useState(false)
  const [asking, setAsking] = useState<Body<'deleteContent'>>()
  const queryClient = useQueryClient()
  const remove = useMutation({
    mutationFn: (body: Body<'deleteContent'>) => call('deleteContent', { body }),
    onSettled: () => setAsking(undefined),
    onSuccess: async () => {
      setForm({ ...form, value: '' })
      setTried(false)
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: keys.requestLists }),
        queryClient.invalidateQueries({ queryKey: ['request'] }),
      ])
    },
  })
  const body = deletionBody(form)
  const change = (values: Partial<DeletionForm>) => {
    remove.reset()
    setForm({ ...form, ...values })
  }
  const reached = reachedBy(form)
  return (
    <div className="max-w-xl">
      <p className="mb-4 text-muted">
        Prompts, parameters, answers, pictures and inputs of finished requests are deleted for good. Charges and sums stay as they
        are, and the audit log says who asked for it.
      </p>
      {remove.data && <Done answer={remove.data} />}
      <Form
        error={remove.error}
        fields={fields}
        onSubmit={() => {
          setTried(true)
          if (typeof body !== 'string') setAsking(body)
        }}
      >
        <SelectField
          name="kind"
          label="Delete what belongs to"
          value={form.kind}
          onChange={(event) =>
            change({ kind: deletionKinds.find((each) => each === event.target.value) ?? form.kind, value: '' })
          }
        >
          {deletionKinds.map((kind) => (
            <option key={kind} value={kind}>
              {deletionTexts[kind].label}
            </option>
          ))}
        </SelectField>
        <Whose form={form} problem={tried && typeof body === 'string' ? body : undefined} onChange={change} />
        <SelectField
          name="what"
          label="Of it"
          value={form.what}
          onChange={(event) =>
            change({ what: (['all', 'prompts', 'images'] as const).find((each) => each === event.target.value) ?? 'all' })
          }
        >
          {Object.entries(deletionParts).map(([what, text]) => (
            <option key={what} value={what}>
              {text}
            </option>
          ))}
        </SelectField>
        <div className="flex flex-wrap items-center justify-between gap-3 border-t border-rule pt-4">
          {reached ? (
            <Link to="/requests" search={parseRequestsSearch({ ...reached })} className="text-sm">
              Show what it reaches
            </Link>
          ) : (
            <span />
          )}
          <button type="submit" className="button button-danger">
            Delete
          </button>
        </div>
      </Form>
      <ConfirmDialog
        open={asking !== undefined}
        title="Delete it for good?"
        confirm="Delete"
        danger
        pending={remove.isPending}
        onConfirm={() => asking && remove.mutate(asking)}
        onClose={() => setAsking(undefined)}
      >
        <p className="break-words">
          {deletionTexts[form.kind].of} <strong>{form.value.trim()}</strong>
          {form.kind === 'project_id' && `, before ${form.before}`}: {deletionParts[form.what]}. Nothing brings it back, and a
          repeated call with the same idempotency key is refused. What it cost stays.
        </p>
      </ConfirmDialog>
    </div>
  )
}

interface WhoseProps {
  readonly form: DeletionForm
  readonly problem: string | undefined
  readonly onChange: (values: Partial<DeletionForm>) => void
}

function Whose({ form, problem, onChange }: WhoseProps) {
  const { projects } = usePeople()
  const { of, hint } = deletionTexts[form.kind]
  if (form.kind !== 'project_id')
    return (
      <TextField
        name={form.kind}
        label={of}
        hint={hint}
        value={form.value}
        maxLength={maxOf(form.kind)}
        spellCheck={false}
        autoComplete="off"
        problem={problem}
        onChange={(event) => onChange({ value: event.target.value })}
      />
    )
  return (
    <>
      <SelectField
        name="project_id"
        label={of}
        hint={hint}
        value={form.value}
        onChange={(event) => onChange({ value: event.target.value })}
      >
        <option value="">choose one</option>
        {(projects.data?.data ?? []).map(({ id, name }) => (
          <option key={id} value={id}>
            {name === id ? id : `${name} (${id})`}
          </option>
        ))}
      </SelectField>
      <Field name="before" label="Made before" problem={problem}>
        {(wired) => (
          <input
            {...wired}
            type="date"
            className="field num"
            value={form.before}
            onChange={(event) => onChange({ before: event.target.value })}
          />
        )}
      </Field>
    </>
  )
}

const maxOf = (kind: DeletionKind): number => ({ end_customer: 512, request_id: 64, group: 256, tag: 577, project_id: 64 })[kind]

function Done({ answer }: { answer: Answer<'deleteContent'> }) {
  const { requests, images, running, replaced_by: name } = answer
  return (
    <div className="mb-4">
      <Notice
        tone={running > 0 ? 'warn' : 'note'}
        title={`Content of ${counted(requests, 'request')} and ${counted(images, 'image')} deleted`}
      >
        {name !== null && (
          <p>
            Sums now call it <code className="break-all">{name}</code>.
          </p>
        )}
        {running > 0 && <p>{counted(running, 'request')} still ran: delete again when they have ended.</p>}
      </Notice>
    </div>
  )
}
