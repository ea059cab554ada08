import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { Report, ReportChange } from '../../../../src/contract/report.ts'
import { parseUsd } from '../../../../src/core/money.ts'
import { reportQuery } from '../../api/books-queries.ts'
import { statusQuery } from '../../api/queries.ts'
import { changeShare, exactUsd, isZeroUsd } from '../../lib/money.ts'
import { counted, formatCount, formatShare } from '../../lib/numbers.ts'
import { formatMoment } from '../../lib/time.ts'
import { useNow } from '../../lib/use-now.ts'
import { worded } from '../../lib/words.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { Exact, Short, Signed } from '../../ui/money.tsx'
import { EmptyState, ErrorNotice, Loading } from '../../ui/notice.tsx'
import { Section } from '../../ui/page-header.tsx'
import { Figures } from '../../ui/sheet.tsx'
import { type BooksSearch, monthsUntil } from './select-books.ts'

/** Months one can choose from. */
const OFFERED = 24

/** A month as a report: what it cost, how well that is known, and what would have saved most. */
export function ReportTab({ search }: { search: BooksSearch }) {
  const navigate = useNavigate()
  const now = useNow(3_600_000)
  const status = useQuery(statusQuery)
  const months = monthsUntil(now, OFFERED)
  const month = search.month ?? months[0] ?? ''
  const sandbox = status.data?.spends_money === false
  const { data, error, refetch } = useQuery({ ...reportQuery(month, sandbox), enabled: status.data !== undefined })
  return (
    <>
      <label className="flex flex-wrap items-center gap-3" htmlFor="report-month">
        <span className="font-medium">Month</span>
        <select
          id="report-month"
          className="field num w-auto"
          value={month}
          onChange={(event) =>
            void navigate({ to: '/books', search: { tab: 'report', month: event.target.value }, replace: true })
          }
        >
          {[...new Set([...months, month])].map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <span className="label">
          As a file: <code>halftone report --month {month} --html</code>
        </span>
      </label>
      {error && !data && (
        <div className="mt-4">
          <ErrorNotice error={error} title="The report could not be made" retry={() => void refetch()} />
        </div>
      )}
      {!data && !error && <Loading label="Pricing the calls of the month again" />}
      {data &&
        (data.totals.requests === 0 && isZeroUsd(data.totals.cost_usd) ? <Nothing month={month} /> : <Whole report={data} />)}
    </>
  )
}

const Nothing = ({ month }: { month: string }) => (
  <EmptyState title={`Nothing was spent in ${month}`}>Choose another month above.</EmptyState>
)

function Whole({ report }: { report: Report }) {
  const { totals, closed, corrections, basis } = report
  const change = changeShare(totals.previous_usd, totals.cost_usd)
  return (
    <>
      <Figures
        lines={[
          ['Spent', <Exact key="spent" usd={totals.cost_usd} />],
          [
            'Against the period before',
            change === null ? 'nothing was spent then' : `${change > 0 ? '+' : ''}${formatShare(change)}`,
          ],
          ['Images', formatCount(totals.images)],
          ['Cost per image', totals.cost_per_image_usd === null ? 'none' : exactUsd(totals.cost_per_image_usd)],
          ['Requests', `${formatCount(totals.delivered)} of ${formatCount(totals.requests)} delivered`],
          ['Books', closed ? `closed ${formatMoment(closed.closed_at).slice(0, 10)}` : 'open'],
        ]}
      />
      <Section
        title="What would have saved most"
        note={`${counted(basis.priced_again, 'call')} of ${formatCount(basis.calls)} priced again: quoted ${exactUsd(basis.quoted_usd)}, charged ${exactUsd(basis.charged_usd)}. Each change stands beside those before it, so together they are a sum.`}
      >
        {report.changes.length === 0 ? (
          <p className="text-muted">No change that the report knows would have saved anything.</p>
        ) : (
          <ol>
            {report.changes.map((each, place) => (
              <Change key={`${each.kind} ${each.where} ${each.from} ${each.to}`} place={place + 1} change={each} />
            ))}
            <li className="ledger-total flex justify-between py-2 font-semibold">
              Together <Exact usd={report.together_usd} />
            </li>
          </ol>
        )}
      </Section>
      <Parameters report={report} />
      <Commitments commitments={report.commitments} />
      <Evidence evidence={report.evidence} />
      {corrections.length > 0 && (
        <Section title="Corrections of closed months" note="Booked in this month, and not there.">
          <ul>
            {corrections.map(({ month, charges, cost_usd }) => (
              <li key={month} className="flex justify-between border-b border-rule py-1.5">
                <span className="num">
                  {month}, {counted(charges, 'charge')}
                </span>
                <Signed usd={cost_usd} />
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  )
}

const Change = ({ place, change }: { place: number; change: ReportChange }) => (
  <li className="border-b border-rule py-2.5" data-change={change.kind}>
    <p className="flex flex-wrap items-baseline justify-between gap-x-4">
      <span className="min-w-0 font-medium break-words">
        {place}. {change.title}
      </span>
      <span className="num">
        <Exact usd={change.saved_usd} className="font-semibold" />
        {!isZeroUsd(change.error_usd) && <span className="text-muted"> ± {exactUsd(change.error_usd)}</span>}
      </span>
    </p>
    <p className="label">
      {[
        counted(change.calls, 'call'),
        `${exactUsd(change.now_usd)} as it was`,
        change.further_usd !== change.saved_usd && `${exactUsd(change.further_usd)} beside those above`,
      ]
        .filter(Boolean)
        .join('; ')}
    </p>
    {change.assumptions.map((assumption) => (
      <p key={assumption} className="label">
        {assumption}
      </p>
    ))}
  </li>
)

type Parameter = Report['parameters'][number]

const parameterColumns: readonly DataColumn<Parameter>[] = [
  {
    id: 'what',
    header: 'Setting',
    rowHeader: true,
    cell: ({ parameter, value, route }) => (
      <>
        {parameter} {value}
        <span className="label block font-normal">on {route || 'every route'}</span>
      </>
    ),
  },
  { id: 'next', header: 'Instead', cell: ({ next }) => next },
  {
    id: 'by',
    header: 'Chosen by',
    hideBelow: 'sm',
    cell: ({ chosen_by }) => (chosen_by === 'client' ? 'the client' : 'nobody: a default'),
  },
  {
    id: 'calls',
    header: 'Calls',
    numeric: true,
    hideBelow: 'sm',
    sort: ({ calls }) => calls,
    cell: ({ calls }) => formatCount(calls),
  },
  {
    id: 'saved',
    header: 'It cost more',
    numeric: true,
    sort: ({ saved_usd }) => parseUsd(saved_usd),
    cell: ({ saved_usd }) => <Short usd={saved_usd} />,
  },
]

function Parameters({ report }: { report: Report }) {
  return (
    <Section title="What settings cost" note="Each value against the next cheaper one that the same offer makes.">
      <DataTable
        caption="What settings cost"
        columns={parameterColumns}
        rows={report.parameters}
        rowId={(row) => [row.parameter, row.route, row.value, row.chosen_by].join('|')}
        pageSize={8}
        empty={<p className="text-muted">No setting cost more than its next cheaper value.</p>}
      />
    </Section>
  )
}

function Commitments({ commitments }: { commitments: Report['commitments'] }) {
  if (commitments.length === 0) return null
  return (
    <Section title="Paid in advance">
      <ul>
        {commitments.map((each) => (
          <li key={each.id} className="flex flex-wrap justify-between gap-x-4 border-b border-rule py-1.5">
            <span>
              {each.provider}: {each.commitment} <span className="label">{worded(each.kind)}</span>
            </span>
            <span className="num text-sm">
              covered {exactUsd(each.covered_usd)}, worth {exactUsd(each.effective_usd)}
              {!isZeroUsd(each.unused_usd) && <span className="text-warn">, {exactUsd(each.unused_usd)} ended unused</span>}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

const Evidence = ({ evidence }: { evidence: Report['evidence'] }) => (
  <Section
    title="How well it is known"
    note={`The sum of ${counted(evidence.charges, 'charge')}: ${exactUsd(evidence.charges_usd)}.`}
  >
    <ul>
      {evidence.by_provenance.map(({ provenance, cost_usd, share }) => (
        <li key={provenance} className="flex justify-between border-b border-rule py-1.5">
          <span>{provenance}</span>
          <span className="num">
            {formatShare(share)} <Exact usd={cost_usd} className="ml-4" />
          </span>
        </li>
      ))}
    </ul>
    {(evidence.unpriced_attempts > 0 || evidence.unknown_attempts > 0) && (
      <p className="mt-2 text-warn">
        {[
          evidence.unpriced_attempts > 0 &&
            `${counted(evidence.unpriced_attempts, 'call')} billed without a known price, in no sum.`,
          evidence.unknown_attempts > 0 &&
            `${counted(evidence.unknown_attempts, 'call')} of unknown outcome, counted at what was held.`,
        ]
          .filter(Boolean)
          .join(' ')}
      </p>
    )}
  </Section>
)
