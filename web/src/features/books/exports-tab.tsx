import { useState } from 'react'
import { Field, SelectField } from '../../ui/form.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { type ExportAsked, exportFormats, exportProblem, exportUrl, exportVersions, monthsUntil } from './select-books.ts'

const labelled = <Value extends string>(values: readonly Value[]) => values.map((value) => ({ value, label: value }))

/** Charges, purchases and credits as FOCUS rows, in one file. */
export function ExportsTab() {
  const [asked, setAsked] = useState<ExportAsked>(() => {
    const [month = ''] = monthsUntil(Date.now(), 1)
    return { from: `${month}-01`, until: new Date().toISOString().slice(0, 10), version: '1.3', format: 'csv', sandbox: false }
  })
  const problem = exportProblem(asked)
  const day = (name: 'from' | 'until', label: string) => (
    <Field name={name} label={label} problem={name === 'until' ? problem : undefined}>
      {(wired) => (
        <input
          {...wired}
          type="date"
          className="field num"
          value={asked[name]}
          onChange={(event) => setAsked({ ...asked, [name]: event.target.value })}
        />
      )}
    </Field>
  )
  return (
    <div className="flex max-w-xl flex-col gap-4">
      <p className="text-muted">
        Every charge of these days in the FOCUS form that billing tools read: list, contracted, billed and effective cost, credits
        and commitments, corrections, tags. Amounts have every digit.
      </p>
      <div className="grid gap-4 sm:grid-cols-2">
        {day('from', 'First day')}
        {day('until', 'Last day')}
      </div>
      <div className="flex flex-wrap gap-x-8 gap-y-4">
        <div>
          <p className="mb-1 font-medium">FOCUS</p>
          <Segmented
            label="Version of FOCUS"
            choices={labelled(exportVersions)}
            value={asked.version}
            onChange={(version) => setAsked({ ...asked, version })}
          />
        </div>
        <div>
          <p className="mb-1 font-medium">File</p>
          <Segmented
            label="Kind of file"
            choices={labelled(exportFormats)}
            value={asked.format}
            onChange={(format) => setAsked({ ...asked, format })}
          />
        </div>
      </div>
      <SelectField
        name="money"
        label="Money"
        value={String(asked.sandbox)}
        onChange={(event) => setAsked({ ...asked, sandbox: event.target.value === 'true' })}
      >
        <option value="false">real money</option>
        <option value="true">sandbox</option>
      </SelectField>
      <div>
        {problem === undefined ? (
          <a className="button button-primary" href={exportUrl(asked)} download>
            Download
          </a>
        ) : (
          <button type="button" className="button button-primary" disabled>
            Download
          </button>
        )}
      </div>
      <p className="label">
        For a schedule: <code>halftone export</code> writes a partition per day and rewrites those that changed.
      </p>
    </div>
  )
}
