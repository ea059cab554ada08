import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { PriceDraftWire } from '../../../../src/contract/prices.ts'
import { call } from '../../api/client.ts'
import { exploreQuery, keys, priceDraftsQuery } from '../../api/queries.ts'
import { counted } from '../../lib/numbers.ts'
import { amountText, rateText } from '../../lib/rates.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Short } from '../../ui/money.tsx'
import { EmptyState, ErrorNotice, Loading } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usePermission } from '../shell/use-session.ts'
import type { PricesSearch } from './select-prices.ts'

/** Changes drafted from what providers report again and again: accepted into a new set, or rejected. */
export function Drafts({ onChange }: { onChange: (next: PricesSearch) => void }) {
  const { data, error, refetch } = useQuery(priceDraftsQuery)
  const mayWrite = usePermission('prices.write')
  const client = useQueryClient()
  const review = useMutation({
    mutationFn: () => call('reviewPrices'),
    onSuccess: (answer) => client.setQueryData(priceDraftsQuery.queryKey, answer),
  })
  if (error && !data)
    return <ErrorNotice error={error} title="The proposed changes could not be read" retry={() => void refetch()} />
  if (!data) return <Loading label="Proposed changes" />
  const look = mayWrite && (
    <button type="button" className="button" disabled={review.isPending} onClick={() => review.mutate()}>
      {review.isPending ? 'Looking at the last 30 days' : 'Look now'}
    </button>
  )
  const open = data.data.filter(({ status }) => status === 'open')
  const closed = data.data.filter(({ status }) => status !== 'open')
  return (
    <>
      {review.error && <ErrorNotice error={review.error} title="The reports could not be looked at" />}
      {open.length === 0 ? (
        <EmptyState title="No change is proposed">
          <p>No provider reported another cost than the book has, five times and alike, in the last 30 days.</p>
          <p className="mt-3">{look}</p>
        </EmptyState>
      ) : (
        <>
          <div className="mb-3">{look}</div>
          {open.map((draft) => (
            <Draft key={draft.id} draft={draft} mayWrite={mayWrite} onChange={onChange} />
          ))}
        </>
      )}
      {closed.length > 0 && (
        <details className="mt-6">
          <summary className="label">{counted(closed.length, 'decided change')}</summary>
          {closed.map((draft) => (
            <Draft key={draft.id} draft={draft} mayWrite={false} onChange={onChange} />
          ))}
        </details>
      )}
    </>
  )
}

interface DraftProps {
  readonly draft: PriceDraftWire
  readonly mayWrite: boolean
  readonly onChange: (next: PricesSearch) => void
}

function Draft({ draft, mayWrite, onChange }: DraftProps) {
  const [asked, setAsked] = useState<'accept' | 'reject'>()
  const toast = useToast()
  const client = useQueryClient()
  const decide = useMutation({
    mutationFn: (what: 'accept' | 'reject') =>
      call(what === 'accept' ? 'acceptPriceDraft' : 'rejectPriceDraft', { id: draft.id }),
    onSettled: () => setAsked(undefined),
    onSuccess: async (answer) => {
      await client.invalidateQueries({ queryKey: keys.prices })
      toast(answer.installed_version === null ? 'Rejected' : `Accepted: prices ${answer.installed_version}`)
      if (answer.installed_version !== null) onChange({ tab: 'correct', since: answer.effective_from })
    },
  })
  return (
    <article aria-label={`${draft.provider}: ${draft.model}`} className="mb-4 border-b border-rule pb-4" data-draft={draft.id}>
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <h3 className="font-semibold">
          {draft.model} <span className="font-normal text-muted">at {draft.provider}</span>
        </h3>
        <p className="label">
          <span className="font-mono">{draft.id}</span>, {draft.status}
        </p>
      </div>
      <ul className="mt-1">
        {draft.rates.map((rate) => (
          <li key={rate.rate_id} className="num">
            {rateText(rate)} becomes <strong>{amountText({ price: rate.proposed, unit: rate.unit })}</strong>
            <span className="label"> from {draft.effective_from}</span>
          </li>
        ))}
      </ul>
      <p className="mt-1 text-sm">
        {counted(draft.attempts.length, 'attempt')} of {counted(draft.requests, 'request')} reported {draft.ratio} times our
        price.
        {draft.installed_version && ` Installed as ${draft.installed_version}.`}
      </p>
      {draft.status === 'open' && <Effect draft={draft} />}
      {decide.error && (
        <div className="mt-3">
          <ErrorNotice error={decide.error} title="It was not decided" />
        </div>
      )}
      {mayWrite && (
        <div className="mt-3 flex gap-2">
          <button type="button" className="button button-primary" onClick={() => setAsked('accept')}>
            Accept
          </button>
          <button type="button" className="button" onClick={() => setAsked('reject')}>
            Reject
          </button>
        </div>
      )}
      <ConfirmDialog
        open={asked !== undefined}
        title={asked === 'accept' ? 'Install the proposed price?' : 'Reject the proposed price?'}
        confirm={asked === 'accept' ? 'Install it' : 'Reject it'}
        pending={decide.isPending}
        onConfirm={() => asked && decide.mutate(asked)}
        onClose={() => setAsked(undefined)}
      >
        {asked === 'accept'
          ? 'Quotes, budgets and routes go by the new price at once. What was charged before stays as it is until you correct it, which comes next.'
          : 'The book stays as it is. The same evidence does not propose it again.'}
      </ConfirmDialog>
    </article>
  )
}

/** How much money the price decides about. */
function Effect({ draft }: { draft: PriceDraftWire }) {
  const mayAsk = usePermission('insight.read')
  const { data } = useQuery({
    ...exploreQuery({ period: '30d', filters: { provider: [draft.provider], model: [draft.model] }, sandbox: false }),
    enabled: mayAsk,
  })
  if (!data) return null
  return (
    <p className="text-sm">
      It prices <Short usd={data.total.cost_usd} /> of the last 30 days: {counted(data.total.images, 'image')} in{' '}
      {counted(data.total.requests, 'request')}.{' '}
      <Link to="/explore" search={{ rows: 'quality', provider: draft.provider }} className="underline underline-offset-2">
        Explore
      </Link>
    </p>
  )
}
