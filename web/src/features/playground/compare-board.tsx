import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { QuoteResponse } from '../../../../src/contract/quote.ts'
import { ApiError, call } from '../../api/client.ts'
import { keys, requestQuery } from '../../api/queries.ts'
import { aspectOf } from '../../lib/size.ts'
import { formatDuration } from '../../lib/time.ts'
import { useNow } from '../../lib/use-now.ts'
import { Cost, Exact } from '../../ui/money.tsx'
import { ErrorNotice, Loading } from '../../ui/notice.tsx'
import { costStatusText } from '../../ui/outcome.tsx'
import { Plate, Proof } from '../../ui/proof.tsx'
import { useToast } from '../../ui/toast.tsx'
import { Rate } from '../requests/rate.tsx'
import type { Run } from './result-panel.tsx'
import { againstQuote } from './select-compare.ts'
import { selectQuote } from './select-quote.ts'
import type { TargetRun } from './use-runs.ts'

interface Props {
  readonly targets: readonly string[]
  readonly quotes: ReadonlyMap<string, { readonly data: QuoteResponse | undefined; readonly error: unknown }>
  readonly runs: ReadonlyMap<string, TargetRun>
}

/** A column per target: its price before, its progress, its pictures, its cost after, and a vote. */
export function CompareBoard({ targets, quotes, runs }: Props) {
  return (
    <div className="compare-board">
      {targets.map((target) => (
        <article key={target} className="sheet flex min-w-0 flex-col p-4" aria-label={target} data-target={target}>
          <h2 className="leading-snug font-semibold break-all">{target}</h2>
          <QuoteLine quote={quotes.get(target)} />
          <div className="mt-3 border-t border-rule pt-3">
            <Column target={runs.get(target)} />
          </div>
        </article>
      ))}
    </div>
  )
}

function QuoteLine({ quote }: { quote: { readonly data: QuoteResponse | undefined; readonly error: unknown } | undefined }) {
  if (quote?.error)
    return <p className="label text-bad">No quote: {quote.error instanceof Error ? quote.error.message : 'unknown error'}</p>
  if (!quote?.data) return <p className="label">Its price appears with the prompt.</p>
  const { chosen, eliminated } = selectQuote(quote.data)
  if (!chosen) return <p className="label text-warn">No offer can make this: {eliminated[0]?.example ?? 'no candidate'}</p>
  return (
    <p className="label" data-quote="column">
      Quote <Exact usd={chosen.expected_usd} className="font-semibold text-ink" />
      {chosen.max_usd === null
        ? ', no upper bound'
        : chosen.max_usd !== chosen.expected_usd && (
            <>
              , at most <Exact usd={chosen.max_usd} />
            </>
          )}
    </p>
  )
}

function Column({ target }: { target: TargetRun | undefined }) {
  if (!target) return <p className="py-8 text-center text-sm text-muted">The picture appears here.</p>
  const { run, quotedUsd } = target
  switch (run.kind) {
    case 'idle':
      return null
    case 'running':
      return <Progress run={run} />
    case 'stopped':
      return <p className="text-sm text-muted">You stopped waiting. What was sent may still be charged: see Requests.</p>
    case 'failed': {
      const requestId = run.error instanceof ApiError && run.error.status > 0 ? run.error.requestId : undefined
      return (
        <div className="flex flex-col gap-3">
          <ErrorNotice error={run.error} title="No picture" />
          {requestId && <Outcome requestId={requestId} quotedUsd={quotedUsd} />}
        </div>
      )
    }
    case 'made':
      return <Made run={run} quotedUsd={quotedUsd} />
  }
}

function Progress({ run }: { run: Extract<Run, { kind: 'running' }> }) {
  const now = useNow(100)
  return (
    <div>
      <p className="flex items-center justify-between gap-2 text-sm">
        <span role="status">Making it</span>
        <span className="num text-muted" aria-hidden="true">
          {formatDuration(Math.max(0, now - run.startedAt))}
        </span>
      </p>
      <div className="proof">
        <Plate aspect={aspectOf(run.size)} developing />
      </div>
      <button type="button" className="button button-quiet text-sm" onClick={run.stop}>
        Stop waiting
      </button>
    </div>
  )
}

function Made({ run, quotedUsd }: { run: Extract<Run, { kind: 'made' }>; quotedUsd: string | undefined }) {
  const requestId = run.answer.halftone?.request_id
  if (!requestId) return <p className="text-sm">Made in {formatDuration(run.tookMs)}.</p>
  return <Outcome requestId={requestId} quotedUsd={quotedUsd} tookMs={run.tookMs} />
}

/** What became of it, from its record: pictures with votes, latency, and the cost against the quote. */
function Outcome({ requestId, quotedUsd, tookMs }: { requestId: string; quotedUsd: string | undefined; tookMs?: number }) {
  const { data: record, error, refetch } = useQuery(requestQuery(requestId))
  if (error) return <ErrorNotice error={error} title="Its record could not be read" retry={() => void refetch()} />
  if (!record) return <Loading label="Loading the result" />
  return (
    <div className="flex flex-col gap-2">
      <div className={record.images.length > 1 ? 'grid grid-cols-2 gap-2' : ''}>
        {record.images.map((image) => (
          <div key={image.id} className="min-w-0">
            <Proof
              url={image.url}
              alt={record.prompt ?? 'Picture'}
              caption={`${image.width} x ${image.height}`}
              width={image.width}
              height={image.height}
            />
            <Rate requestId={requestId} image={image} />
          </div>
        ))}
      </div>
      {record.images.length > 0 && <Best requestId={requestId} />}
      <dl className="text-sm" data-after={record.cost_usd}>
        <Line name={`Cost, ${costStatusText(record.cost_status)}`}>
          <Cost usd={record.cost_usd} status={record.cost_status} exact className="font-semibold" />
        </Line>
        <Line name="Quote">{againstQuote(quotedUsd, record.cost_usd)}</Line>
        <Line name="Latency">{formatDuration(record.latency_ms ?? tookMs ?? 0)}</Line>
        <Line name="Offer">{record.offer ?? 'none called'}</Line>
      </dl>
      <Link to="/requests/$requestId" params={{ requestId }} search={{}} className="text-sm">
        Receipt, attempts and decision
      </Link>
    </div>
  )
}

const Line = ({ name, children }: { name: string; children: React.ReactNode }) => (
  <div className="flex justify-between gap-3 border-b border-rule py-1">
    <dt className="text-muted">{name}</dt>
    <dd className="num min-w-0 text-right break-all whitespace-normal">{children}</dd>
  </div>
)

/** The vote: an explicit accept of each of its pictures. The others are left unrated, because second best is not wrong. */
function Best({ requestId }: { requestId: string }) {
  const client = useQueryClient()
  const toast = useToast()
  const vote = useMutation({
    mutationFn: () =>
      call('giveFeedback', { body: { request_id: requestId, verdict: 'accept', reason: 'best of a comparison' } }),
    onSuccess: async () => {
      toast('Voted best: each of its pictures counts as accepted')
      await client.invalidateQueries({ queryKey: keys.request(requestId) })
      await client.invalidateQueries({ queryKey: keys.overview })
    },
  })
  return (
    <>
      <button
        type="button"
        className="button w-full text-sm"
        disabled={vote.isPending}
        aria-pressed={vote.isSuccess}
        onClick={() => vote.mutate()}
      >
        {vote.isSuccess ? 'Best' : 'Vote best'}
      </button>
      {vote.isError && <ErrorNotice error={vote.error} title="The vote was not kept" />}
    </>
  )
}
