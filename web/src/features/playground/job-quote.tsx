import { Link } from '@tanstack/react-router'
import { type KeyboardEvent, useId } from 'react'
import type { JobQuoteWire } from '../../../../src/contract/quote.ts'
import { formatCount } from '../../lib/numbers.ts'
import { Short } from '../../ui/money.tsx'
import { changeForm, MAX_COUNT, type PlaygroundForm } from './select-form.ts'
import { selectJob, withinChoices } from './select-job.ts'

interface Props {
  readonly form: PlaygroundForm
  /** Of the count that stands in the form; undefined: none does, or it is still being asked for. */
  readonly job: JobQuoteWire | undefined
  readonly onChange: (form: PlaygroundForm) => void
}

/** How much for ten thousand of these until tomorrow. Nothing is made by asking. */
export function JobQuote({ form, job, onChange }: Props) {
  const [countId, withinId] = [useId(), useId()]
  // Enter in a field of the form would make the picture.
  const hold = (event: KeyboardEvent) => event.key === 'Enter' && event.preventDefault()
  return (
    <section className="mt-5" aria-label="Many of them" data-quote="job">
      <h3 className="text-sm font-semibold">How much for many of them?</h3>
      <div className="mt-1.5 grid grid-cols-2 gap-4 text-sm">
        <div>
          <label htmlFor={countId} className="label mb-1 block">
            How many in all
          </label>
          <input
            id={countId}
            className="field num"
            type="number"
            inputMode="numeric"
            min={2}
            max={MAX_COUNT}
            placeholder="10000"
            value={form.count ?? ''}
            onKeyDown={hold}
            onChange={(event) => {
              const count = event.target.valueAsNumber
              onChange(changeForm(form, { count: Number.isInteger(count) ? Math.min(MAX_COUNT, Math.max(1, count)) : undefined }))
            }}
          />
        </div>
        <div>
          <label htmlFor={withinId} className="label mb-1 block">
            Needed within
          </label>
          <select
            id={withinId}
            className="field"
            value={form.within ?? ''}
            onChange={(event) => onChange(changeForm(form, { within: Number(event.target.value) || undefined }))}
          >
            <option value="">no matter when</option>
            {withinChoices.map(({ hours, label }) => (
              <option key={hours} value={hours}>
                {label}
              </option>
            ))}
          </select>
        </div>
      </div>
      {job && <Candidates job={job} />}
    </section>
  )
}

function Candidates({ job }: { job: JobQuoteWire }) {
  const { rows, more } = selectJob(job)
  if (rows.length === 0) return <p className="mt-3 text-sm text-muted">No offer can make them.</p>
  return (
    <>
      <ul className="mt-3 border-t border-rule text-sm" aria-label={`Price of ${formatCount(job.count)} of them`}>
        {rows.map((row) => (
          <li key={row.key} className="border-b border-rule py-1.5" data-job={row.offer}>
            <div className="flex items-baseline justify-between gap-3">
              <span className="min-w-0 break-all">{row.offer}</span>
              <Short usd={row.expectedUsd} className={row.late ? 'text-muted' : 'font-medium'} />
            </div>
            <p className="label flex flex-wrap justify-between gap-x-3">
              <span>
                {row.product}
                {row.frontier && '; nothing rated is as good for less'}
                {row.apart && `; ${row.apart}`}
              </span>
              <span className="num">{row.range}</span>
            </p>
            <p className={`label ${row.late ? 'text-warn' : ''}`}>{row.time}</p>
            {row.reasons.length > 0 && (
              <details className="label">
                <summary>What it rests on</summary>
                <ul className="mt-0.5">
                  {row.reasons.map((reason) => (
                    <li key={reason}>{reason}</li>
                  ))}
                </ul>
              </details>
            )}
          </li>
        ))}
      </ul>
      <p className="label mt-1.5">
        {more > 0 && `and ${formatCount(more)} more. `}
        Volume tiers and what failed tries are expected to cost are in it. Have them made as a{' '}
        <Link to="/batches" className="underline">
          batch
        </Link>
        .
      </p>
    </>
  )
}
