import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { parseUsd } from '../../../../src/core/money.ts'
import { booksKeys, monthsQuery } from '../../api/books-queries.ts'
import { call } from '../../api/client.ts'
import type { Body } from '../../api/paths.ts'
import { exploreQuery } from '../../api/queries.ts'
import { counted } from '../../lib/numbers.ts'
import { formatMoment } from '../../lib/time.ts'
import { useNow } from '../../lib/use-now.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { CheckField } from '../../ui/form.tsx'
import { Exact } from '../../ui/money.tsx'
import { ErrorNotice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usePermission } from '../shell/use-session.ts'
import { type MonthRow, monthsUntil, selectMonths } from './select-books.ts'

/** Months whose sums are looked at; closed ones stand there however old. */
const SHOWN = 13

const spendOf = (now: number): Body<'insightExplore'> => ({
  from: `${monthsUntil(now, SHOWN).at(-1) ?? ''}-01`,
  to: new Date(now).toISOString().slice(0, 10),
  group_by: [],
  grain: 'month',
  sandbox: false,
})

export function MonthsTab() {
  const now = useNow(3_600_000)
  const months = useQuery(monthsQuery)
  const spend = useQuery(exploreQuery(spendOf(now)))
  const mayClose = usePermission('months.close')
  const [closing, setClosing] = useState<MonthRow>()
  const rows = useMemo(
    () => (months.data && spend.data ? selectMonths(months.data.data, spend.data, now) : undefined),
    [months.data, spend.data, now],
  )
  const columns = useMemo(() => columnsOf(mayClose ? setClosing : undefined), [mayClose])
  return (
    <>
      <DataTable
        caption="Months, newest first"
        columns={columns}
        rows={rows}
        rowId={({ month }) => month}
        error={months.error ?? spend.error}
        retry={() => void (months.error ? months : spend).refetch()}
        empty={null}
      />
      <p className="label mt-2 max-w-3xl">
        Real money. A closed month keeps its total for good: what is corrected later is booked in the open month and names the one
        it corrects. Its hash covers id and amount of every charge.
      </p>
      <CloseMonth row={closing} onClose={() => setClosing(undefined)} />
    </>
  )
}

const columnsOf = (close: ((row: MonthRow) => void) | undefined): readonly DataColumn<MonthRow>[] => [
  { id: 'month', header: 'Month', rowHeader: true, className: 'num', cell: ({ month }) => month },
  { id: 'state', header: 'State', cell: (row) => <State row={row} /> },
  {
    id: 'seal',
    header: 'Hash',
    hideBelow: 'md',
    cell: ({ closed }) =>
      closed?.seal && (
        <span className="font-mono text-[0.8rem]" title={closed.seal.sha256}>
          {closed.seal.sha256.slice(0, 12)}
          <span className="label block font-sans">{counted(closed.seal.charges, 'charge')}</span>
        </span>
      ),
  },
  {
    id: 'total',
    header: 'Booked',
    numeric: true,
    cell: ({ totalUsd }) => (totalUsd === null ? <span className="text-muted">nothing yet</span> : <Exact usd={totalUsd} />),
    sort: ({ totalUsd }) => (totalUsd === null ? null : parseUsd(totalUsd)),
  },
  {
    id: 'do',
    header: <span className="sr-only">What can be done</span>,
    numeric: true,
    cell: (row) => (
      <span className="inline-flex flex-wrap justify-end gap-1">
        <Link to="/books" search={{ tab: 'report', month: row.month }} className="button button-quiet text-sm">
          Report<span className="sr-only"> of {row.month}</span>
        </Link>
        {row.state === 'closed' && <Check month={row.month} />}
        {close && row.close && (
          <button type="button" className="button button-quiet text-sm" onClick={() => close(row)}>
            Close<span className="sr-only"> {row.month}</span>
          </button>
        )}
      </span>
    ),
  },
]

function State({ row: { state, closed } }: { row: MonthRow }) {
  if (state === 'closed before') return <span>closed with a later one</span>
  if (!closed) return <span className={state === 'open' ? '' : 'text-muted'}>{state}</span>
  return (
    <>
      {state === 'closed' ? 'closed' : <span className="text-warn">closing was cut off: close it again</span>}
      <span className="label block">
        {formatMoment(closed.closed_at).slice(0, 16)} by {closed.closed_by}
        {closed.forced && `, with ${counted(closed.unknown_attempts.length, 'call')} of unknown outcome`}
      </span>
    </>
  )
}

/** Adds the month up again and compares it with its seal. */
function Check({ month }: { month: string }) {
  const check = useMutation({ mutationFn: () => call('checkMonth', { id: month }) })
  if (check.data)
    return (
      <span role="status" className={`self-center px-2 text-sm ${check.data.unchanged ? 'text-good' : 'text-bad'}`}>
        {check.data.unchanged ? 'unchanged' : `differs: now ${check.data.now.total_usd} USD`}
      </span>
    )
  return (
    <button type="button" className="button button-quiet text-sm" disabled={check.isPending} onClick={() => check.mutate()}>
      {check.isError ? 'Check again' : 'Check'}
      <span className="sr-only"> {month}</span>
    </button>
  )
}

function CloseMonth({ row, onClose }: { row: MonthRow | undefined; onClose: () => void }) {
  const [force, setForce] = useState(false)
  const queryClient = useQueryClient()
  const toast = useToast()
  const close = useMutation({
    mutationFn: (closed: string) => call('closeMonth', { id: closed, body: { force } }),
    onSuccess: async ({ month: closed }) => {
      await queryClient.invalidateQueries({ queryKey: booksKeys.months })
      toast(`${closed} is closed`)
      leave()
    },
  })
  const leave = () => {
    close.reset()
    setForce(false)
    onClose()
  }
  return (
    <ConfirmDialog
      open={row !== undefined}
      title={`Close ${row?.month ?? ''} for good?`}
      confirm="Close the month"
      danger
      pending={close.isPending}
      onConfirm={() => row && close.mutate(row.month)}
      onClose={leave}
    >
      {close.error && (
        <div className="mb-4">
          <ErrorNotice error={close.error} title="It was not closed" />
        </div>
      )}
      <p className="mb-4">
        Its total stays as it is. It cannot be opened again; later corrections are booked in the month that is open then. Calls of
        unknown outcome should be settled first, under Unknown money.
      </p>
      {row?.close && row.close.with.length > 0 && (
        <p className="mb-4 font-medium">
          With it closes {row.close.with.join(', ')}: the first month that is closed closes all before it.
        </p>
      )}
      <CheckField
        name="force"
        label="Close although some are unknown"
        hint="They stay in it at what was held for them."
        checked={force}
        onChange={(event) => setForce(event.target.checked)}
      />
    </ConfirmDialog>
  )
}
