import { useQuery } from '@tanstack/react-query'
import type { ChargeWire, Receipt } from '../../../../src/contract/records.ts'
import { parseUsd } from '../../../../src/core/money.ts'
import { ApiError } from '../../api/client.ts'
import { receiptQuery } from '../../api/queries.ts'
import { exactUsd } from '../../lib/money.ts'
import { formatDuration, formatMoment } from '../../lib/time.ts'
import { Exact } from '../../ui/money.tsx'
import { ErrorNotice, Loading } from '../../ui/notice.tsx'
import { costStatusText, outcomeText } from '../../ui/outcome.tsx'
import { lookText, provenanceText, quantityText, type ReceiptAttempt, selectReceipt } from './select-receipt.ts'

/** The receipt of a request, read from the gateway. */
export function ReceiptOf({ requestId }: { requestId: string }) {
  const { data, error, refetch } = useQuery(receiptQuery(requestId))
  if (error instanceof ApiError && error.status === 404) {
    return <p className="text-muted">The request was refused at the door: no provider was called and nothing was charged.</p>
  }
  if (error) return <ErrorNotice error={error} title="The receipt could not be read" retry={() => void refetch()} />
  return data ? <ReceiptLedger receipt={data} /> : <Loading label="Loading the receipt" />
}

/** Every attempt, every charge, and a total that is their sum. */
export function ReceiptLedger({ receipt }: { receipt: Receipt }) {
  const view = selectReceipt(receipt)
  return (
    <div>
      <table className="w-full border-collapse text-[0.93rem]">
        <caption className="sr-only">Receipt of request {receipt.request_id}</caption>
        <thead>
          <tr className="label border-b border-ink text-left">
            <th className="py-1.5 pr-3 font-normal">Charge</th>
            <th className="py-1.5 pr-3 font-normal max-sm:hidden">Evidence</th>
            <th className="py-1.5 text-right font-normal">USD</th>
          </tr>
        </thead>
        {view.attempts.map((attempt) => (
          <AttemptLines key={attempt.id} attempt={attempt} />
        ))}
        {view.attempts.length === 0 && (
          <tbody>
            <tr>
              <td colSpan={3} className="py-3 text-muted">
                No provider was called, so nothing was charged.
              </td>
            </tr>
          </tbody>
        )}
        <tfoot>
          <tr className="ledger-total">
            <th scope="row" className="py-2.5 pr-3 text-left font-semibold">
              Total
              <span className="ml-2 font-normal text-muted">
                {costStatusText(receipt.cost_status)}
                {receipt.sandbox ? ', play money' : ''}
              </span>
            </th>
            <td className="max-sm:hidden" />
            <td className="py-2.5 text-right text-lg font-semibold" data-receipt="total">
              <Exact usd={view.totalUsd} />
            </td>
          </tr>
        </tfoot>
      </table>
      {receipt.cost_per_image_usd !== null && receipt.images_returned > 1 && (
        <p className="label num mt-2 text-right">
          {exactUsd(receipt.cost_per_image_usd)} for each of {receipt.images_returned} pictures
        </p>
      )}
      {!view.agrees && (
        <p role="alert" className="mt-3 border-l-4 border-bad bg-bad-ground px-3 py-2">
          The lines add up to {exactUsd(view.linesUsd)}, not to the total. Please report this with the request id.
        </p>
      )}
      <Comparison receipt={receipt} />
      {receipt.consistency && <Look consistency={receipt.consistency} />}
      <Alternatives view={view} />
    </div>
  )
}

/** What was promised, what was prepaid, and what the declared baseline would have cost. */
function Comparison({ receipt }: { receipt: Receipt }) {
  const { quote, baseline, billed_usd: billed, effective_usd: effective, total_usd: total } = receipt
  const isPrepaid = parseUsd(billed) !== parseUsd(total) || parseUsd(effective) !== parseUsd(total)
  const saved = baseline && parseUsd(baseline.saved_usd)
  const rows: readonly (readonly [string, string])[] = [
    ...(quote ? [[`Held to the quote ${quote.id}`, `at most ${exactUsd(quote.max_usd)}`] as const] : []),
    ...(isPrepaid ? [['Billed, without what was prepaid', exactUsd(billed)] as const] : []),
    ...(isPrepaid ? [['Effective, with the share of what was prepaid', exactUsd(effective)] as const] : []),
    ...(baseline
      ? [
          [
            `Baseline ${baseline.name}: ${baseline.offer}${baseline.quality ? `, ${baseline.quality}` : ''}`,
            exactUsd(baseline.expected_usd),
          ] as const,
        ]
      : []),
    ...(baseline && saved !== null
      ? [
          [
            saved < 0n ? 'Dearer than the baseline by' : 'Saved against it',
            exactUsd(baseline.saved_usd.replace('-', '')),
          ] as const,
        ]
      : []),
  ]
  if (rows.length === 0) return null
  return (
    <dl className="mt-4 text-[0.93rem]">
      {rows.map(([name, value]) => (
        <div key={name} className="flex justify-between gap-4 border-b border-rule py-1.5">
          <dt className="min-w-0 break-words text-muted">{name}</dt>
          <dd className="num">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** What it had to look like, and what that was expected to cost. */
const Look = ({ consistency }: { consistency: NonNullable<Receipt['consistency']> }) => (
  <p className="mt-4 border-l-4 border-link bg-note-ground px-3 py-2 text-sm" data-look={consistency.role}>
    {lookText(consistency)}
  </p>
)

function AttemptLines({ attempt }: { attempt: ReceiptAttempt }) {
  const facts = [attempt.kind, outcomeText(attempt.outcome).toLowerCase()]
  if (attempt.durationMs !== null) facts.push(formatDuration(attempt.durationMs))
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={3} className="pt-3.5 pb-1 text-left font-normal">
          <span className="font-semibold break-all">{attempt.offer}</span>
          <span className="label block">
            Attempt {attempt.sequence}: {facts.join(', ')}
          </span>
          {attempt.error && <span className="block text-sm break-words text-bad">{attempt.error}</span>}
        </th>
      </tr>
      {attempt.lines.map((charge) => (
        <ChargeRow key={charge.id} charge={charge} />
      ))}
      {attempt.note && (
        <tr className="border-b border-rule">
          <td colSpan={2} className="py-1.5 pr-3 text-muted">
            {attempt.note}
          </td>
          <td className="num py-1.5 text-right text-muted">{attempt.lines.length === 0 ? '$0.00' : ''}</td>
        </tr>
      )}
    </tbody>
  )
}

function ChargeRow({ charge }: { charge: ChargeWire }) {
  const quantity = quantityText(charge)
  return (
    <tr className="border-b border-rule align-top">
      <td className="py-1.5 pr-3">
        <details>
          <summary className="marker:text-rule-strong">
            {charge.description}
            {quantity && <span className="label num ml-2">{quantity}</span>}
            <span className="label block sm:hidden">{provenanceText(charge.provenance)}</span>
          </summary>
          <ChargeFacts charge={charge} />
        </details>
      </td>
      <td className="label py-[0.45rem] pr-3 whitespace-nowrap max-sm:hidden">{provenanceText(charge.provenance)}</td>
      <td className="py-1.5 text-right" data-receipt="line">
        <Exact usd={charge.amount_usd} />
      </td>
    </tr>
  )
}

/** What is needed to compute the line again. */
function ChargeFacts({ charge }: { charge: ChargeWire }) {
  const facts: readonly (readonly [string, string])[] = [
    ['Rate', charge.rate_id],
    ['Native amount', `${charge.native_amount} ${charge.native_unit}`],
    ...(charge.native_unit === 'USD' ? [] : [['Exchange', `${charge.fx_rate} USD, ${charge.fx_source}`] as const]),
    ['Price book', charge.price_book],
    ['Kind', charge.kind],
    ['Incurred', formatMoment(charge.incurred_at)],
    ...(charge.posted_at === charge.incurred_at ? [] : [['Posted', formatMoment(charge.posted_at)] as const]),
    ...(charge.reverses ? [['Reverses', charge.reverses] as const] : []),
    ...(charge.corrects ? [['Corrects', charge.corrects] as const] : []),
    ...(charge.corrects_month ? [['Of the closed month', charge.corrects_month] as const] : []),
  ]
  return (
    <dl className="my-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-0.5 border-l border-rule-strong pl-3 text-sm">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="font-mono text-[0.8rem] leading-5 break-all">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Alternatives({ view }: { view: ReturnType<typeof selectReceipt> }) {
  if (view.alternatives.length === 0) return null
  return (
    <section className="mt-6">
      <h3 className="font-semibold">What the alternatives would have cost</h3>
      <p className="label">As quoted then, against the total paid.</p>
      <ul className="mt-2">
        {view.alternatives.map((other) => (
          <li key={other.name} className="flex items-baseline gap-4 border-b border-rule py-1.5 text-[0.93rem]">
            <span className="min-w-0 flex-1 break-all">{other.name}</span>
            <span className={`num label ${other.cheaper ? 'text-good' : ''}`}>{other.delta}</span>
            <Exact usd={other.usd} className="w-24 text-right" />
          </li>
        ))}
      </ul>
    </section>
  )
}
