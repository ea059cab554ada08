import { Link } from '@tanstack/react-router'
import { ApiError } from '../../api/client.ts'
import type { Answer } from '../../api/paths.ts'
import { aspectOf, pixelsOf } from '../../lib/size.ts'
import { formatDuration } from '../../lib/time.ts'
import { useNow } from '../../lib/use-now.ts'
import { EmptyState, ErrorNotice } from '../../ui/notice.tsx'
import { Plate, Proof } from '../../ui/proof.tsx'
import { ReceiptOf } from '../receipt/receipt-ledger.tsx'

/** One press of the button, from its start to its answer. */
export type Run =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'running'
      readonly startedAt: number
      readonly n: number
      readonly size: string | undefined
      readonly stop: () => void
    }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'made'; readonly prompt: string; readonly answer: Answer<'createImage'>; readonly tookMs: number }

export function ResultPanel({ run }: { run: Run }) {
  switch (run.kind) {
    case 'idle':
      return (
        <EmptyState title="The picture appears here">
          With its receipt: every attempt and every charge, line by line, refused and failed ones too.
        </EmptyState>
      )
    case 'running':
      return <Running run={run} />
    case 'stopped':
      return (
        <EmptyState title="You stopped waiting">
          A call that was already sent may finish and be charged. <Link to="/requests">Requests</Link> shows how it ended.
        </EmptyState>
      )
    case 'failed':
      return <Failed error={run.error} />
    case 'made':
      return <Made run={run} />
  }
}

function Running({ run }: { run: Extract<Run, { kind: 'running' }> }) {
  const now = useNow(100)
  return (
    <div>
      <div role="status" className="flex items-center justify-between gap-4">
        <p className="font-semibold">{run.n > 1 ? `Making ${run.n} pictures` : 'Making the picture'}</p>
        <button type="button" className="button" onClick={run.stop}>
          Stop waiting
        </button>
      </div>
      <p className="num text-muted" aria-hidden="true">
        {formatDuration(Math.max(0, now - run.startedAt))}
      </p>
      <Plates n={run.n} aspect={aspectOf(run.size)} />
    </div>
  )
}

const gridOf = (n: number): string => `mt-3 grid gap-5 ${n > 1 ? 'grid-cols-2' : ''} ${n > 4 ? 'xl:grid-cols-3' : ''}`

function Plates({ n, aspect }: { n: number; aspect: number }) {
  return (
    <div className={gridOf(n)}>
      {Array.from({ length: n }, (_, index) => `plate ${index}`).map((plate) => (
        <div key={plate} className="proof">
          <Plate aspect={aspect} developing />
        </div>
      ))}
    </div>
  )
}

function Failed({ error }: { error: unknown }) {
  const requestId = error instanceof ApiError && error.status > 0 ? error.requestId : undefined
  return (
    <div className="flex flex-col gap-6">
      <ErrorNotice error={error} title="No picture was made" />
      {requestId && <Receipt requestId={requestId} />}
    </div>
  )
}

function Made({ run }: { run: Extract<Run, { kind: 'made' }> }) {
  const { answer, prompt, tookMs } = run
  const details = answer.halftone
  return (
    <div>
      <p role="status" className="font-semibold">
        {answer.data.length === 1 ? 'Made' : `${answer.data.length} pictures made`} in {formatDuration(tookMs)}
      </p>
      {details?.offer && <p className="break-all text-muted">{details.offer}</p>}
      <div className={gridOf(answer.data.length)}>
        {answer.data.map((image, index) => (
          <Proof
            key={image.url ?? index}
            url={image.url ?? null}
            alt={image.revised_prompt ?? prompt}
            caption={[answer.size, answer.quality, answer.output_format].filter(Boolean).join(', ')}
            {...pixelsOf(answer.size)}
          />
        ))}
      </div>
      {details && details.warnings.length > 0 && (
        <ul className="mt-4 border-l-4 border-warn bg-warn-ground px-3 py-2 text-sm">
          {details.warnings.map((warning) => (
            <li key={`${warning.code} ${warning.param ?? ''}`}>{warning.message}</li>
          ))}
        </ul>
      )}
      {details && <Receipt requestId={details.request_id} />}
    </div>
  )
}

function Receipt({ requestId }: { requestId: string }) {
  return (
    <section className="mt-6" aria-labelledby="receipt-title">
      <div className="mb-1 flex flex-wrap items-baseline justify-between gap-x-4">
        <h2 id="receipt-title" className="text-lg font-semibold">
          Receipt
        </h2>
        <Link to="/requests/$requestId" params={{ requestId }} search={{}} className="text-sm">
          Attempts and decision
        </Link>
      </div>
      <ReceiptOf requestId={requestId} />
    </section>
  )
}
