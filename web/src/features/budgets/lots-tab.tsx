import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { call } from '../../api/client.ts'
import type { Answer, Body } from '../../api/paths.ts'
import { lotsQuery, settingsKeys } from '../../api/settings-queries.ts'
import { useNow } from '../../lib/use-now.ts'
import { worded } from '../../lib/words.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { DotMeter } from '../../ui/dot-meter.tsx'
import { Form, TextField } from '../../ui/form.tsx'
import { Exact, Short } from '../../ui/money.tsx'
import { EmptyState } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usePermission } from '../shell/use-session.ts'
import { lotPerMille, momentText } from './select-budgets.ts'

type Lot = Answer<'listLots'>['data'][number]

/** Credits, minimum spends and reserved capacity that are paid in advance. */
export function LotsTab() {
  const lots = useQuery(lotsQuery)
  const mayDraw = usePermission('prices.write')
  const now = useNow(60_000)
  const [drawing, setDrawing] = useState<Lot>()
  const columns = useMemo(() => columnsOf(now, mayDraw ? setDrawing : undefined), [now, mayDraw])
  return (
    <>
      <DataTable
        caption="Paid in advance, first to expire first"
        columns={columns}
        rows={lots.data?.data}
        rowId={({ id }) => id}
        error={lots.error}
        retry={() => void lots.refetch()}
        empty={
          <EmptyState title="Nothing is paid in advance">
            Credits, minimum spends and reserved capacity are declared under <code>commitments</code> of a provider in{' '}
            <code>halftone.yaml</code>. The router then uses up what would expire.
          </EmptyState>
        }
      />
      <Dialog open={drawing !== undefined} onClose={() => setDrawing(undefined)} title="Record use outside of the gateway">
        {drawing && <DrawFields lot={drawing} onClose={() => setDrawing(undefined)} />}
      </Dialog>
    </>
  )
}

const columnsOf = (now: number, draw: ((lot: Lot) => void) | undefined): readonly DataColumn<Lot>[] => [
  {
    id: 'lot',
    header: 'Lot',
    rowHeader: true,
    sort: ({ id }) => id,
    cell: (lot) => (
      <>
        {lot.provider}: {lot.commitment}
        <span className="label block font-normal">{worded(lot.kind)}</span>
      </>
    ),
  },
  {
    id: 'left',
    header: 'Left',
    sort: (lot) => lotPerMille(lot),
    cell: (lot) => {
      const share = lotPerMille(lot)
      return (
        <div className="min-w-28">
          <DotMeter perMille={share} tone="ink" />
          <p className="num mt-1 text-sm whitespace-normal">
            {amountOf(lot, lot.remaining)} of {amountOf(lot, lot.capacity)} ({Math.floor(share / 10)}%)
          </p>
        </div>
      )
    },
  },
  { id: 'paid', header: 'Paid', numeric: true, cell: ({ paid_usd }) => <Short usd={paid_usd} />, hideBelow: 'sm' },
  {
    id: 'starts',
    header: 'Since',
    numeric: true,
    sort: ({ starts_at }) => Date.parse(starts_at),
    cell: ({ starts_at }) => starts_at.slice(0, 10),
    hideBelow: 'md',
  },
  {
    id: 'ends',
    header: 'Ends',
    numeric: true,
    sort: ({ expires_at: at }) => (at === null ? null : Date.parse(at)),
    cell: ({ expires_at: at }) =>
      at === null ? <span className="text-muted">never</span> : <time dateTime={at}>{momentText(at, now)}</time>,
  },
  ...(draw
    ? [
        {
          id: 'draw',
          header: <span className="sr-only">Change</span>,
          numeric: true,
          cell: (lot: Lot) => (
            <button type="button" className="button button-quiet text-sm" onClick={() => draw(lot)}>
              Record use<span className="sr-only"> of {lot.id}</span>
            </button>
          ),
        },
      ]
    : []),
]

const amountOf = (lot: Lot, amount: string) => (lot.meter === null ? <Exact usd={amount} /> : `${amount} ${lot.meter}`)
const fields = ['id', 'amount', 'source']

function DrawFields({ lot, onClose }: { lot: Lot; onClose: () => void }) {
  const [values, setValues] = useState({ id: '', amount: '', source: '' })
  const queryClient = useQueryClient()
  const toast = useToast()
  const record = useMutation({
    mutationFn: (body: Body<'recordDraw'>) => call('recordDraw', { body }),
    onSuccess: async ({ drawn }) => {
      await queryClient.invalidateQueries({ queryKey: settingsKeys.lots })
      toast(`${drawn} is taken off`)
      onClose()
    },
  })
  const field = (name: keyof typeof values) => ({
    name,
    value: values[name],
    onChange: (event: { target: { value: string } }) => setValues({ ...values, [name]: event.target.value }),
  })
  return (
    <Form error={record.error} fields={fields} onSubmit={() => record.mutate({ ...values, lot_id: lot.id })}>
      <p className="text-muted">
        A pool that others draw on too is emptier than Halftone can see. What is written here is taken off {lot.id}; the same
        evidence counts once.
      </p>
      <TextField
        {...field('amount')}
        label={lot.meter === null ? 'Amount in USD' : `Amount in ${lot.meter}`}
        inputMode="decimal"
      />
      <TextField
        {...field('id')}
        label="Id of the evidence"
        hint="Such as the number of a line of a statement."
        maxLength={128}
      />
      <TextField {...field('source')} label="Known from" hint="Such as: statement of October." maxLength={256} />
      <div className="flex justify-end gap-2">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button button-primary" disabled={record.isPending}>
          Record it
        </button>
      </div>
    </Form>
  )
}
