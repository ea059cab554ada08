import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ImportFormatWire } from '../../../../src/contract/imports.ts'
import { importFormatsQuery } from '../../api/books-queries.ts'
import { projectsQuery } from '../../api/queries.ts'
import { counted, formatBytes } from '../../lib/numbers.ts'
import { Field, Form, SelectField, TextField } from '../../ui/form.tsx'
import { ErrorNotice, Loading } from '../../ui/notice.tsx'
import { usePermission } from '../shell/use-session.ts'
import { FoundRows } from './found-rows.tsx'
import { isSource, MOST_BYTES } from './select-import.ts'
import { type ImportForm, useImport } from './use-import.ts'

/** Spend that was made elsewhere: from exported files to rows of the ledger, with a look at them in between. */
export function ImportTab() {
  const formats = useQuery(importFormatsQuery)
  if (formats.error) {
    return <ErrorNotice error={formats.error} title="The formats could not be read" retry={() => void formats.refetch()} />
  }
  return formats.data ? <Import formats={formats.data.data} /> : <Loading label="Formats of imports" />
}

const emptyOf = (format: string): ImportForm => ({ format, files: [], source: format, project: '', provider: '', columns: {} })

function Import({ formats }: { formats: readonly ImportFormatWire[] }) {
  const [form, setForm] = useState(() => emptyOf(formats[0]?.id ?? ''))
  const [tried, setTried] = useState(false)
  const { look, record, progress } = useImport(form)
  const format = formats.find(({ id }) => id === form.format)
  // What was found is not what stands in the form any more.
  const change = (next: Partial<ImportForm>) => {
    setForm({ ...form, ...next })
    look.reset()
    record.reset()
  }
  const problems = problemsOf(form)
  const submit = () => {
    setTried(true)
    if (problems.files || problems.source) return
    record.reset()
    look.mutate(form)
  }
  return (
    <div className="grid items-start gap-x-10 gap-y-8 lg:grid-cols-[minmax(0,24rem)_minmax(0,1fr)]">
      <Form error={look.error} fields={['format', 'source', 'project_id']} onSubmit={submit}>
        <p className="text-muted">
          What you paid elsewhere before, so that overviews, reports and exports begin with your real numbers. It counts against
          no budget and teaches the router nothing.
        </p>
        <SelectField
          name="format"
          label="What the files are"
          hint={format?.summary}
          value={form.format}
          onChange={(event) => {
            const next = event.target.value
            change({ format: next, columns: {}, ...(form.source === form.format && { source: next }) })
          }}
        >
          {formats.map(({ id }) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </SelectField>
        <Field
          name="files"
          label="Files"
          hint="2 MiB together; larger ones in parts, or with halftone import."
          problem={tried ? problems.files : undefined}
        >
          {(wired) => (
            <input
              {...wired}
              type="file"
              multiple
              className="field"
              onChange={(event) => change({ files: [...(event.target.files ?? [])] })}
            />
          )}
        </Field>
        {format?.columns && <Columns columns={format.columns} form={form} onChange={change} />}
        <TextField
          name="source"
          label="Name of the account"
          hint="The same row of the same account counts once. Name a second account differently."
          spellCheck={false}
          maxLength={32}
          value={form.source}
          problem={tried ? problems.source : undefined}
          onChange={(event) => change({ source: event.target.value })}
        />
        <Projects value={form.project} onChange={(project) => change({ project })} />
        <div className="flex flex-wrap items-center justify-end gap-3 border-t border-rule pt-4">
          {progress !== undefined && (
            <span role="status" className="label num">
              {Math.round(progress / 10)}% of the rows
            </span>
          )}
          <button type="submit" className="button button-primary" disabled={look.isPending || record.isPending}>
            {look.isPending ? 'Reading' : 'Read the files'}
          </button>
        </div>
      </Form>
      <FoundRows source={form.source} found={look.data} record={record} />
    </div>
  )
}

function problemsOf({ files, source }: ImportForm): { readonly files?: string; readonly source?: string } {
  const bytes = files.reduce((sum, file) => sum + file.size, 0)
  return {
    ...(files.length === 0 && { files: 'Choose a file, or more.' }),
    ...(bytes > MOST_BYTES && {
      files: `${counted(files.length, 'file')} of ${formatBytes(bytes)}: 2 MiB can be read at a time.`,
    }),
    ...(!isSource(source) && { source: 'Lower-case letters, digits and dashes, at most 32 of them.' }),
  }
}

/** Which heading of a table is what, where they are not called as Halftone calls them. */
function Columns(props: {
  columns: NonNullable<ImportFormatWire['columns']>
  form: ImportForm
  onChange: (next: Partial<ImportForm>) => void
}) {
  const { columns, form, onChange } = props
  const field = (word: string) => (
    <TextField
      key={word}
      name={`column-${word}`}
      label={word}
      placeholder={word}
      spellCheck={false}
      value={form.columns[word] ?? ''}
      onChange={(event) => onChange({ columns: { ...form.columns, [word]: event.target.value } })}
    />
  )
  return (
    <>
      <TextField
        name="provider"
        label="Who was paid"
        hint="Where the table has no column for it."
        spellCheck={false}
        value={form.provider}
        onChange={(event) => onChange({ provider: event.target.value })}
      />
      <details>
        <summary className="text-muted">The headings are called differently</summary>
        <div className="mt-2 grid gap-3 sm:grid-cols-2">{[...columns.required, ...columns.optional].map(field)}</div>
      </details>
    </>
  )
}

function Projects({ value, onChange }: { value: string; onChange: (project: string) => void }) {
  const { data } = useQuery({ ...projectsQuery, enabled: usePermission('projects.read') })
  return (
    <SelectField name="project_id" label="Project" value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">default</option>
      {data?.data
        .filter(({ id }) => id !== 'default')
        .map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
    </SelectField>
  )
}
