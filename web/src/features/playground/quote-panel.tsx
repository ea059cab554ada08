import { useQuery } from '@tanstack/react-query'
import type { CandidateQuote } from '../../../../src/contract/quote.ts'
import type { Body } from '../../api/paths.ts'
import { quoteQuery } from '../../api/queries.ts'
import { exactUsd } from '../../lib/money.ts'
import { formatCount } from '../../lib/numbers.ts'
import { Exact, Short } from '../../ui/money.tsx'
import { ErrorNotice, Loading } from '../../ui/notice.tsx'
import { EliminatedList } from '../candidates/eliminated-list.tsx'
import { productText, settingsText } from '../candidates/select-candidates.ts'
import { JobQuote } from './job-quote.tsx'
import { changeForm, type PlaygroundForm } from './select-form.ts'
import { checkedText, type GroupView, type QuoteView, selectGroup, selectQuote, selectWishes, type Wish } from './select-quote.ts'

const useQuote = (body: Body<'quote'>) => useQuery({ ...quoteQuery(body), enabled: body.prompt !== '' })

/** The price beside the button, so that nobody presses it without having seen what it costs. */
export function QuoteFigure({ body }: { body: Body<'quote'> }) {
  const { data, isError, isFetching } = useQuote(body)
  if (body.prompt === '') return <p className="label max-w-52">Write a prompt: its price appears here before anything is made.</p>
  if (isError) return <p className="text-bad">No quote</p>
  const chosen = data && selectQuote(data).chosen
  if (!chosen) return <p className="label">{data ? 'No offer can make this' : 'Pricing the request'}</p>
  return (
    <div className={isFetching ? 'opacity-60' : ''} aria-live="polite" data-quote="expected">
      <Exact usd={chosen.expected_usd} className="text-[1.75rem] leading-none font-bold tracking-tight" />
      <p className="label num mt-0.5">{boundsText(chosen)}</p>
      {chosen.stale && <p className="label text-warn">{checkedText(chosen)}</p>}
    </div>
  )
}

function boundsText(chosen: CandidateQuote): string {
  if (chosen.min_usd === chosen.max_usd) return 'exact, known before the call'
  if (chosen.max_usd === null) return `expected; from ${exactUsd(chosen.min_usd)}, no upper bound known`
  return `expected; ${exactUsd(chosen.min_usd)} to ${exactUsd(chosen.max_usd)}`
}

interface PanelProps {
  readonly body: Body<'quote'>
  readonly form: PlaygroundForm
  readonly onChange: (form: PlaygroundForm) => void
}

/** What the request would cost on every offer, before it runs. */
export function QuotePanel({ body, form, onChange }: PanelProps) {
  const { data, error, isFetching, refetch } = useQuote(body)
  if (body.prompt === '') return null
  if (error) return <ErrorNotice error={error} title="No quote for this request" retry={() => void refetch()} />
  if (!data) return <Loading label="Pricing the request" />
  const view = selectQuote(data)
  const group = selectGroup(data, form.planned)
  const onTake = (model: string) => onChange(changeForm(form, { model }))
  const wishes = selectWishes(data)
  return (
    <div className={isFetching ? 'opacity-60' : ''} aria-busy={isFetching}>
      <h2 className="font-semibold">Quote{data.n > 1 ? ` for ${data.n} pictures` : ''}</h2>
      {view.chosen ? <Choice chosen={view.chosen} /> : <NoChoice view={view} />}
      {group && <Group group={group} />}
      {wishes.length > 0 && <Wishes wishes={wishes} />}
      {view.alternatives.length > 0 && <Alternatives view={view} onTake={onTake} />}
      <JobQuote form={form} job={form.count === undefined ? undefined : (data.job ?? undefined)} onChange={onChange} />
      {view.eliminated.length > 0 && (
        <details className="mt-4 text-sm">
          <summary className="text-muted">
            {data.eliminated.length} {data.eliminated.length === 1 ? 'offer' : 'offers'} left out
          </summary>
          <EliminatedList eliminated={view.eliminated} />
        </details>
      )}
    </div>
  )
}

function Choice({ chosen }: { chosen: CandidateQuote }) {
  return (
    <div>
      <p className="mt-1">
        <span className="font-medium break-all">{chosen.offer}</span>
        <span className="text-muted"> would be chosen: {productText(chosen)}</span>
      </p>
      <ul className="mt-2 border-t border-rule text-sm">
        {chosen.lines.map((line) => (
          <li key={`${line.rate_id} ${line.description}`} className="flex justify-between gap-4 border-b border-rule py-1">
            <span>{line.description}</span>
            <Exact usd={line.amount_usd} />
          </li>
        ))}
      </ul>
      <ul className="label mt-1.5 flex flex-col gap-0.5">
        {chosen.marginal_usd !== null && <li>adds {exactUsd(chosen.marginal_usd)} to the bill: the rest is paid in advance</li>}
        {chosen.spread.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
        <li className={chosen.stale ? 'text-warn' : ''}>{checkedText(chosen)}</li>
      </ul>
    </div>
  )
}

/** What the request means for its group, and what the pictures planned in it cost together. */
const Group = ({ group: { text, together } }: { group: GroupView }) => (
  <section className="mt-4 border-l-4 border-link bg-note-ground px-3 py-2 text-sm" aria-label="Group" data-quote="group">
    <p className="break-words">{text}</p>
    {together && (
      <p className="mt-1">
        <Exact usd={together.expectedUsd} className="font-semibold" /> expected for all {formatCount(together.count)} pictures
        {together.maxUsd === null ? ', no upper bound known' : `, ${exactUsd(together.maxUsd)} at most`}. Volume tiers and failed
        tries are in it.
      </p>
    )}
  </section>
)

const Wishes = ({ wishes }: { wishes: readonly Wish[] }) => (
  <section className="mt-4 text-sm" aria-label="What each wish costs" data-quote="wishes">
    <h3 className="font-semibold">What each wish costs</h3>
    <dl className="mt-1">
      {wishes.map(({ name, text }) => (
        <div key={name} className="flex flex-wrap justify-between gap-x-4 border-b border-rule py-1">
          <dt className="break-all">{name}</dt>
          <dd className="num text-muted whitespace-normal">{text}</dd>
        </div>
      ))}
    </dl>
  </section>
)

function NoChoice({ view }: { view: QuoteView }) {
  return (
    <div className="border-l-4 border-warn bg-warn-ground px-3 py-2">
      <p className="font-semibold">No offer can make this</p>
      <p className="text-sm">
        {view.alternatives.length > 0
          ? 'Take one of the offers below, or change the settings.'
          : 'Change the settings; the reasons are below.'}
      </p>
    </div>
  )
}

function Alternatives({ view, onTake }: { view: QuoteView; onTake: (offer: string) => void }) {
  return (
    <div className="mt-5">
      <h3 className="text-sm font-semibold">Cheapest alternatives</h3>
      <ul className="mt-1">
        {view.alternatives.map(({ candidate, delta }) => (
          <li key={`${candidate.offer} ${settingsText(candidate)}`} className="border-b border-rule">
            <button
              type="button"
              className="row-link flex w-full items-baseline gap-3 py-1.5 text-left text-sm"
              onClick={() => onTake(candidate.offer)}
              title="Use this offer"
            >
              <span className="min-w-0 flex-1">
                <span className="block truncate">{candidate.offer}</span>
                <span className="label block">
                  {productText(candidate)}
                  {candidate.frontier && '; nothing rated is as good for less'}
                  {candidate.stale && <span className="text-warn">; {checkedText(candidate)}</span>}
                </span>
              </span>
              <span className="num text-muted">{delta}</span>
              <Short usd={candidate.expected_usd} className="w-16 text-right" />
            </button>
          </li>
        ))}
      </ul>
      {view.more > 0 && <p className="label mt-1">and {view.more} more, all dearer</p>}
    </div>
  )
}
