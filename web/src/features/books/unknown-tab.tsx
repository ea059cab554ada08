import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import type { UnknownAttemptWire } from '../../../../src/contract/reconcile.ts'
import { formatUsd, parseUsd } from '../../../../src/core/money.ts'
import { outcomes } from '../../../../src/core/outcome.ts'
import { booksKeys, unknownQuery } from '../../api/books-queries.ts'
import { call } from '../../api/client.ts'
import type { Body } from '../../api/paths.ts'
import { keys } from '../../api/queries.ts'
import { exactUsd } from '../../lib/money.ts'
import { formatMoment } from '../../lib/time.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Form, FormButtons, SelectField, TextField } from '../../ui/form.tsx'
import { Exact } from '../../ui/money.tsx'
import { EmptyState } from '../../ui/notice.tsx'
import { outcomeText } from '../../ui/outcome.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usdOf } from '../budgets/select-budgets.ts'
import { usePermission } from '../shell/use-session.ts'

/** Calls that may have been billed, and the evidence that settles them. */
export function UnknownTab() {
  const { data, error, refetch } = useQuery(unknownQuery)
  const maySettle = usePermission('prices.write')
  const [settling, setSettling] = useState<UnknownAttemptWire>()
  const columns = useMemo(() => columnsOf(maySettle ? setSettling : undefined), [maySettle])
  const total = (data?.data ?? []).reduce((sum, { provisional_usd }) => sum + parseUsd(provisional_usd), 0n)
  return (
    <>
      <DataTable
        caption="Calls of unknown outcome, oldest first"
        columns={columns}
        rows={data?.data}
        rowId={({ id }) => id}
        error={error}
        retry={() => void refetch()}
        empty={
          <EmptyState title="Every call is accounted for">
            A call that may have been billed, such as one cut off by a time limit, stands here until there is evidence.
          </EmptyState>
        }
        footer={['Together', null, null, <Exact key="total" usd={formatUsd(total)} />, ...(maySettle ? [null] : [])]}
      />
      <p className="label mt-2 max-w-3xl">
        Each counts as spent at what was held for it. A bill or the provider's own page says what it really cost; what stands is
        then reversed and the real charge posted.
      </p>
      <Dialog open={settling !== undefined} onClose={() => setSettling(undefined)} kind="sheet" title="What it was billed">
        {settling && <Evidence attempt={settling} onClose={() => setSettling(undefined)} />}
      </Dialog>
    </>
  )
}

const columnsOf = (settle: ((attempt: UnknownAttemptWire) => void) | undefined): readonly DataColumn<UnknownAttemptWire>[] => [
  {
    id: 'when',
    header: 'Call',
    rowHeader: true,
    sort: ({ created_at }) => Date.parse(created_at),
    cell: ({ created_at, request_id, offer }) => (
      <>
        <Link to="/requests/$requestId" params={{ requestId: request_id }} search={{ tab: 'attempts' }} className="num">
          {formatMoment(created_at).slice(0, 19)}
        </Link>
        <span className="label block font-normal break-all">{offer}</span>
      </>
    ),
  },
  {
    id: 'why',
    header: 'What is known',
    hideBelow: 'sm',
    cell: ({ outcome, error_message }) => (
      <span className="break-words">{error_message ?? (outcome === null ? 'nothing' : outcomeText(outcome))}</span>
    ),
  },
  {
    id: 'ids',
    header: "Provider's id",
    hideBelow: 'md',
    cell: ({ provider_request_id, job_id }) => (
      <span className="font-mono text-[0.8rem] break-all">
        {provider_request_id ?? (job_id === null ? <span className="font-sans text-muted">none told</span> : `job ${job_id}`)}
      </span>
    ),
  },
  {
    id: 'usd',
    header: 'Counted',
    numeric: true,
    sort: ({ provisional_usd }) => parseUsd(provisional_usd),
    cell: ({ provisional_usd }) => <Exact usd={provisional_usd} />,
  },
  ...(settle
    ? [
        {
          id: 'settle',
          header: <span className="sr-only">Change</span>,
          numeric: true,
          cell: (attempt: UnknownAttemptWire) => (
            <button type="button" className="button button-quiet text-sm" onClick={() => settle(attempt)}>
              Settle<span className="sr-only"> the call {attempt.id}</span>
            </button>
          ),
        },
      ]
    : []),
]

const fields = ['amount_usd', 'evidence_id', 'source', 'outcome']

function Evidence({ attempt, onClose }: { attempt: UnknownAttemptWire; onClose: () => void }) {
  const [values, setValues] = useState({ amount_usd: '', evidence_id: '', source: '' })
  const [outcome, setOutcome] = useState('')
  const [tried, setTried] = useState(false)
  const queryClient = useQueryClient()
  const toast = useToast()
  const amount = usdOf(values.amount_usd)
  const settle = useMutation({
    mutationFn: (body: Body<'reconcileAttempt'>) => call('reconcileAttempt', { id: attempt.id, body }),
    onSuccess: async ({ was_usd, is_usd }) => {
      await queryClient.invalidateQueries({ queryKey: booksKeys.unknown })
      await queryClient.invalidateQueries({ queryKey: keys.overview })
      await queryClient.invalidateQueries({ queryKey: keys.request(attempt.request_id) })
      toast(`${exactUsd(was_usd)} is now ${exactUsd(is_usd)}`)
      onClose()
    },
  })
  const field = (name: keyof typeof values, problem: string) => ({
    name,
    value: values[name],
    problem: tried && (name === 'amount_usd' ? amount === undefined : values[name].trim() === '') ? problem : undefined,
    onChange: (event: { target: { value: string } }) => setValues({ ...values, [name]: event.target.value }),
  })
  const submit = () => {
    setTried(true)
    const [evidence, source] = [values.evidence_id.trim(), values.source.trim()]
    if (amount === undefined || evidence === '' || source === '') return
    const known = outcomes.find((each) => each === outcome)
    settle.mutate({ amount_usd: amount, evidence_id: evidence, source, ...(known && { outcome: known }) })
  }
  return (
    <Form error={settle.error} fields={fields} onSubmit={submit}>
      <p className="break-words text-muted">
        {attempt.offer}, {formatMoment(attempt.created_at).slice(0, 19)}. It counts as {exactUsd(attempt.provisional_usd)}.
        {attempt.provider_request_id && ` The provider calls it ${attempt.provider_request_id}.`}
      </p>
      <TextField
        {...field('amount_usd', 'Write an amount in USD, such as 0.04; 0 when it was not billed.')}
        label="Billed, in USD"
        hint="0: it was not billed."
        inputMode="decimal"
      />
      <TextField
        {...field('evidence_id', 'Name the evidence.')}
        label="Id of the evidence"
        hint="Such as the number of a line of an invoice; the same one counts once."
        maxLength={200}
      />
      <TextField
        {...field('source', 'Say where it is known from.')}
        label="Known from"
        hint="Such as: invoice of November."
        maxLength={256}
      />
      <SelectField
        name="outcome"
        label="How it ended after all"
        value={outcome}
        onChange={(event) => setOutcome(event.target.value)}
      >
        <option value="">as it stands</option>
        {outcomes.map((each) => (
          <option key={each} value={each}>
            {outcomeText(each)}
          </option>
        ))}
      </SelectField>
      <FormButtons submit="Post it" busy={settle.isPending} onCancel={onClose} />
    </Form>
  )
}
