import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import type { ProductQualityWire } from '../../../../src/contract/quality.ts'
import { call } from '../../api/client.ts'
import { qualityQuery } from '../../api/queries.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { ErrorNotice, Loading } from '../../ui/notice.tsx'
import { Section } from '../../ui/page-header.tsx'
import { Part } from '../../ui/sheet.tsx'
import { useToast } from '../../ui/toast.tsx'
import type { Names } from '../people/names.ts'
import { usePeople } from '../people/use-people.ts'
import { usePermission } from '../shell/use-session.ts'
import { selectStandings, summaryText, wordsText } from './select-said.ts'

/** What people said lately, by model; nothing where nobody said anything. */
export function Said() {
  const mayRead = usePermission('routes.read')
  const mayReset = usePermission('routes.write')
  const { data } = useQuery({ ...qualityQuery, enabled: mayRead })
  const { names } = usePeople()
  const columns = useMemo(() => columnsOf(names, mayReset), [names, mayReset])
  if (!data || data.data.length === 0) return null
  return (
    <Section
      title="What people said"
      note="Words about pictures that were made under a route's floor, of the last four weeks. A model that is rejected often enough is not chosen under that floor for a while, and comes back by itself."
    >
      <p className="mb-2 text-sm text-muted">{summaryText(data.data)}</p>
      <DataTable
        caption="Models that people accepted or rejected under a floor"
        columns={columns}
        rows={data.data}
        rowId={({ product }) => product}
        pageSize={20}
        empty={null}
      />
    </Section>
  )
}

const columnsOf = (names: Names, mayReset: boolean): readonly DataColumn<ProductQualityWire>[] => [
  {
    id: 'product',
    header: 'Model',
    rowHeader: true,
    sort: ({ product }) => product,
    cell: ({ product, rating }) => (
      <>
        <span className="break-all">{product}</span>
        <span className="label block font-normal">{rating === null ? 'not rated' : `rated ${Math.round(rating)} at least`}</span>
      </>
    ),
  },
  {
    id: 'words',
    header: 'Said',
    hideBelow: 'sm',
    sort: ({ rejected }) => rejected,
    cell: (product) => wordsText(product),
  },
  { id: 'floors', header: 'Floors', cell: (product) => <Floors product={product} names={names} /> },
  ...(mayReset
    ? [
        {
          id: 'reset',
          header: <span className="sr-only">Put aside</span>,
          numeric: true,
          cell: ({ product }: ProductQualityWire) => <Reset product={product} />,
        },
      ]
    : []),
]

const Floors = ({ product, names }: { product: ProductQualityWire; names: Names }) => (
  <ul>
    {selectStandings(product, (id) => names.projects.get(id) ?? id).map(({ key, floor, who, below, text }) => (
      <li key={key} className="py-0.5">
        <span className={below ? 'font-medium text-bad' : ''}>
          {below ? 'below ' : ''}
          {floor}
        </span>{' '}
        for {who}
        <span className="label block">{text}</span>
      </li>
    ))}
  </ul>
)

/** The same of one model, in its sheet. */
export function SaidOf({ product }: { product: string }) {
  const mayRead = usePermission('routes.read')
  const mayReset = usePermission('routes.write')
  const { data, error, refetch } = useQuery({ ...qualityQuery, enabled: mayRead })
  const { names } = usePeople()
  const said = data?.data.find((each) => each.product === product)
  if (!mayRead || (data && !said)) return null
  return (
    <Part title="What people said">
      {error && !data && <ErrorNotice error={error} title="It could not be read" retry={() => void refetch()} />}
      {!data && !error && <Loading label="What people said" />}
      {said && (
        <>
          <div className="flex items-start justify-between gap-4">
            <p>{wordsText(said)}</p>
            {mayReset && <Reset product={product} />}
          </div>
          <Floors product={said} names={names} />
        </>
      )}
    </Part>
  )
}

function Reset({ product }: { product: string }) {
  const [asking, setAsking] = useState(false)
  const queryClient = useQueryClient()
  const toast = useToast()
  const reset = useMutation({
    mutationFn: () => call('resetQuality', { body: { product } }),
    onSuccess: (left) => {
      queryClient.setQueryData(qualityQuery.queryKey, left)
      toast(`${product} meets its floors again`)
    },
    onError: (error) => toast(error.message),
    onSettled: () => setAsking(false),
  })
  return (
    <>
      <button type="button" className="button button-quiet text-sm" onClick={() => setAsking(true)}>
        Put aside<span className="sr-only"> what was said about {product}</span>
      </button>
      <ConfirmDialog
        open={asking}
        title={`Put aside what was said about ${product}?`}
        confirm="Put it aside"
        pending={reset.isPending}
        onConfirm={() => reset.mutate()}
        onClose={() => setAsking(false)}
      >
        It meets its floors again at once, in every project, until more is said. Words stay with their pictures and in the shares
        of what was accepted; for floors they do not count any more. That cannot be undone.
      </ConfirmDialog>
    </>
  )
}
