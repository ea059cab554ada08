import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { PriceChangeRequest, PriceChangeWire } from '../../../../src/contract/price-changes.ts'
import type { PriceRateWire } from '../../../../src/contract/prices.ts'
import { call } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import { perText } from '../../lib/rates.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Form, SelectField, TextField } from '../../ui/form.tsx'
import { Notice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usePermission } from '../shell/use-session.ts'
import { PriceLines } from './price-lines.tsx'
import { changeLines, placeText, typedPrice } from './select-prices.ts'

/** One rate: its steps through time with their sources, and a form that sets another price from a day on or ends it. */
export function RateSheet({ rate, line, onClose }: { rate: PriceRateWire; line: readonly PriceRateWire[]; onClose: () => void }) {
  const mayWrite = usePermission('prices.write')
  return (
    <Dialog open kind="sheet" title={placeText(rate)} onClose={onClose}>
      <p className="num font-mono text-sm break-all">
        {rate.provider} / {rate.rate_id}
      </p>
      <PriceLines rates={line} />
      {rate.note && <p className="label mt-2">{rate.note}</p>}
      {mayWrite && rate.retired_at === null && <ChangeForm key={rate.rate_id} rate={rate} onClose={onClose} />}
    </Dialog>
  )
}

const fields = ['price', 'effective_from', 'source_url', 'note', 'rate_id']

interface Typed {
  readonly what: 'price' | 'end'
  readonly price: string
  readonly from: string
  readonly source: string
  readonly note: string
}

const bodyOf = (rate: PriceRateWire, { what, price, from, source, note }: Typed): PriceChangeRequest => ({
  provider: rate.provider,
  rate_id: rate.rate_id,
  effective_from: from,
  ...(what === 'price' && { price: typedPrice(price) ?? price, source_url: source.trim() }),
  ...(note.trim() !== '' && { note: note.trim() }),
})

/** First what would change is shown, then the same is installed: nothing is changed by a slip of the hand. */
function ChangeForm({ rate, onClose }: { rate: PriceRateWire; onClose: () => void }) {
  const toast = useToast()
  const client = useQueryClient()
  const [typed, setTyped] = useState<Typed>({
    what: 'price',
    price: rate.price,
    from: new Date().toISOString().slice(0, 10),
    source: rate.source_url,
    note: '',
  })
  const preview = useMutation({
    mutationFn: (of: Typed) => call('changePrice', { body: { ...bodyOf(rate, of), dry_run: true } }),
  })
  const install = useMutation({
    mutationFn: () => call('changePrice', { body: bodyOf(rate, typed) }),
    onSuccess: async ({ installed_version: version }) => {
      toast(`Prices ${version} are in use`)
      await client.invalidateQueries({ queryKey: keys.prices })
      onClose()
    },
  })
  const put = (next: Partial<Typed>) => {
    setTyped({ ...typed, ...next })
    preview.reset()
    install.reset()
  }
  const isPrice = typed.what === 'price'
  const problem = isPrice && typedPrice(typed.price) === undefined ? 'Write a decimal such as 0.04.' : undefined
  return (
    <section aria-label="Change it" className="mt-6">
      <h3 className="mb-3 border-b border-ink pb-1 font-semibold">Change it</h3>
      <Form
        error={install.error ?? preview.error}
        fields={fields}
        onSubmit={() => problem === undefined && preview.mutate(typed)}
      >
        <div className="grid gap-4 sm:grid-cols-2">
          <SelectField
            name="what"
            label="What"
            value={typed.what}
            onChange={(event) => put({ what: event.target.value === 'end' ? 'end' : 'price' })}
          >
            <option value="price">Another price from a day on</option>
            <option value="end">It ends on a day</option>
          </SelectField>
          <TextField
            name="effective_from"
            label={isPrice ? 'From' : 'First day without it'}
            type="date"
            value={typed.from}
            onChange={(event) => put({ from: event.target.value })}
          />
        </div>
        {isPrice && (
          <>
            <TextField
              name="price"
              label={`Price in ${rate.unit}, ${perText(rate)}`}
              inputMode="decimal"
              value={typed.price}
              problem={problem}
              onChange={(event) => put({ price: event.target.value })}
            />
            <TextField
              name="source_url"
              label="Where it stands"
              type="url"
              value={typed.source}
              hint="The page or contract somebody can look at to see whether it still holds."
              onChange={(event) => put({ source: event.target.value })}
            />
          </>
        )}
        <TextField
          name="note"
          label="Note"
          value={typed.note}
          maxLength={512}
          onChange={(event) => put({ note: event.target.value })}
        />
        {!preview.data && (
          <button
            type="submit"
            className="button button-primary self-start"
            disabled={preview.isPending || problem !== undefined}
          >
            {preview.isPending ? 'Working it out' : 'Show what changes'}
          </button>
        )}
      </Form>
      {preview.data && (
        <Preview change={preview.data} pending={install.isPending} onInstall={() => install.mutate()} onBack={() => put({})} />
      )}
    </section>
  )
}

interface PreviewProps {
  readonly change: PriceChangeWire
  readonly pending: boolean
  readonly onInstall: () => void
  readonly onBack: () => void
}

const marks = { added: '+', ended: '\u2212', changed: '~' } as const

function Preview({ change, pending, onInstall, onBack }: PreviewProps) {
  const lines = changeLines(change)
  if (lines.length === 0)
    return (
      <Notice tone="note" title="Nothing would change">
        The price and its dates are the same.
      </Notice>
    )
  return (
    <section aria-label="What changes" className="mt-4 border border-ink p-4">
      <h4 className="font-semibold">What changes</h4>
      <ul className="mt-2 text-sm">
        {lines.map((line) => (
          <li
            key={`${line.kind} ${line.before ?? ''} ${line.after ?? ''}`}
            className="border-b border-rule py-2"
            data-change={line.kind}
          >
            <p>
              <span className="mr-2 font-mono" aria-hidden="true">
                {marks[line.kind]}
              </span>
              <span className="font-medium">{line.kind}</span> {line.title}
              {line.percent && <span className="num"> ({line.percent})</span>}
            </p>
            {line.before && <p className="num text-muted">was {line.before}</p>}
            {line.after && (
              <p className="num">
                {line.before ? 'is' : ''} {line.after}
              </p>
            )}
            {line.details.map((text) => (
              <p key={text} className="label">
                {text}
              </p>
            ))}
          </li>
        ))}
      </ul>
      {change.rerate_since && (
        <p className="label mt-2">
          Calls since {change.rerate_since} were charged at another price. Afterwards{' '}
          <Link to="/prices" search={{ tab: 'correct', since: change.rerate_since }} className="underline underline-offset-2">
            correct the past
          </Link>
          .
        </p>
      )}
      <p className="label mt-2">It becomes a new set of prices on top of {change.replaces}, which a roll back returns to.</p>
      <div className="mt-3 flex flex-wrap gap-2">
        <button type="button" className="button" onClick={onBack}>
          Back to the form
        </button>
        <button type="button" className="button button-primary" disabled={pending} onClick={onInstall}>
          {pending ? 'Installing' : 'Install this change'}
        </button>
      </div>
    </section>
  )
}
