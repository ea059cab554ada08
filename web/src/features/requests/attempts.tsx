import type { AttemptWire } from '../../../../src/contract/records.ts'
import { formatDuration, formatMoment } from '../../lib/time.ts'
import { useNow } from '../../lib/use-now.ts'
import { Outcome } from '../../ui/outcome.tsx'
import { callText, moneyText, selectTimeline, type TimelineBar } from './select-timeline.ts'

/** Every call that was made for a request, on one time axis. */
export function Attempts({ attempts }: { attempts: readonly AttemptWire[] }) {
  const running = attempts.some((attempt) => attempt.settled_at === null)
  const now = useNow(250, running)
  const { bars, spanMs } = selectTimeline(attempts, now)
  if (bars.length === 0) return <p className="py-3 text-muted">No provider was called for this request.</p>
  return (
    <div>
      <p className="label num flex justify-between border-b border-rule pb-1" aria-hidden="true">
        <span>0</span>
        <span>{formatDuration(spanMs)}</span>
      </p>
      <ol className="flex flex-col">
        {bars.map((bar) => (
          <li key={bar.attempt.id} className="border-b border-rule py-3">
            <Bar bar={bar} />
            <AttemptFacts attempt={bar.attempt} />
          </li>
        ))}
      </ol>
    </div>
  )
}

function Bar({ bar }: { bar: TimelineBar }) {
  const failed = bar.attempt.outcome !== null && bar.attempt.outcome !== 'succeeded' && bar.attempt.outcome !== 'partial'
  const fill = bar.running ? 'fill-cyan' : failed ? 'fill-magenta' : 'fill-ink'
  return (
    <svg viewBox="0 0 1000 10" preserveAspectRatio="none" className="mb-2 block h-2.5 w-full" aria-hidden="true">
      <rect x="0" y="4.5" width="1000" height="1" className="fill-rule" />
      <rect x={bar.start} y="0" width={bar.width} height="10" className={fill} />
    </svg>
  )
}

function AttemptFacts({ attempt }: { attempt: AttemptWire }) {
  return (
    <div className="text-sm">
      <p className="flex flex-wrap items-baseline justify-between gap-x-4">
        <span className="font-medium break-all">
          {attempt.sequence}. {attempt.offer}
        </span>
        <Outcome outcome={attempt.outcome} />
      </p>
      <p className="label num whitespace-normal">{callText(attempt)}</p>
      <p className="label num whitespace-normal">{moneyText(attempt)}</p>
      {attempt.error_code && (
        <p className="mt-1 break-words text-bad">
          {attempt.error_code}
          {attempt.error_message && `: ${attempt.error_message}`}
          {attempt.stage && ` (refused ${attempt.stage} the picture was made)`}
        </p>
      )}
      {attempt.provider_request_id && (
        <p className="label mt-1 font-mono break-all">provider's id {attempt.provider_request_id}</p>
      )}
      {attempt.job_id && <p className="label mt-1 font-mono break-all">job {attempt.job_id}</p>}
      {attempt.events.length > 0 && (
        <details className="mt-1.5">
          <summary className="text-muted">
            {attempt.events.length} {attempt.events.length === 1 ? 'event' : 'events'}
          </summary>
          <ol className="mt-1 border-l border-rule-strong pl-3">
            {attempt.events.map((event) => (
              <li key={`${event.at} ${event.kind}`} className="py-0.5">
                <span className="num label font-mono">{formatMoment(event.at).slice(11)}</span> {event.kind}
                {Object.keys(event.data).length > 0 && (
                  <code className="ml-2 font-mono text-[0.78rem] break-all text-muted">{JSON.stringify(event.data)}</code>
                )}
              </li>
            ))}
          </ol>
        </details>
      )}
    </div>
  )
}
