import type { ReactNode } from 'react'
import { parseUsd } from '../../../../src/core/money.ts'
import { formatCount, formatShare } from '../../lib/numbers.ts'
import { formatDuration } from '../../lib/time.ts'
import { useNow } from '../../lib/use-now.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { Short } from '../../ui/money.tsx'
import {
  healthText,
  type ModelsSearch,
  type OfferRow,
  parseModelsSearch,
  placeTexts,
  qualityText,
  rowId,
  sortOf,
  sortText,
} from './select-offers.ts'

interface Props {
  readonly rows: readonly OfferRow[] | undefined
  readonly error: unknown
  readonly search: ModelsSearch
  readonly chosen: string | undefined
  readonly empty: ReactNode
  readonly onChange: (next: ModelsSearch) => void
  readonly retry: () => void
}

export const OfferTable = ({ rows, error, search, chosen, empty, onChange, retry }: Props) => (
  <DataTable
    caption="Offers on your traffic"
    columns={columns}
    rows={rows}
    rowId={rowId}
    error={error}
    retry={retry}
    empty={empty}
    sort={sortOf(search)}
    onSort={(sort) => onChange(parseModelsSearch({ ...search, sort: sortText(sort) }))}
    onOpen={(row) => onChange({ ...search, offer: rowId(row) })}
    chosen={chosen}
  />
)

const nano = (usd: string | null): bigint | null => (usd === null ? null : parseUsd(usd))
const none = <span className="text-muted">none</span>
const share = (value: number | null): ReactNode => (value === null ? none : formatShare(value))
const money = (usd: string | null): ReactNode => (usd === null ? none : <Short usd={usd} />)
const duration = (ms: number | null): ReactNode => (ms === null ? none : formatDuration(ms))

const columns: readonly DataColumn<OfferRow>[] = [
  {
    id: 'offer',
    header: 'Offer',
    rowHeader: true,
    sort: ({ offer, quality }) => `${offer} ${quality ?? ''}`,
    className: 'min-w-44',
    cell: (row) => (
      <>
        <span className="break-words">
          {row.model}
          {row.quality && <span className="text-muted"> · {row.quality}</span>}
        </span>
        <span className="label block font-normal">
          {row.offer.startsWith(`${row.provider}:${row.model}`) ? suffixed(row) : row.offer}
        </span>
      </>
    ),
  },
  {
    id: 'images',
    header: 'Images',
    numeric: true,
    hideBelow: 'sm',
    sort: (row) => row.images,
    cell: (row) => formatCount(row.images),
  },
  { id: 'spend', header: 'Spend', numeric: true, sort: (row) => nano(row.spend_usd), cell: (row) => money(row.spend_usd) },
  {
    id: 'cost',
    header: 'Per image',
    numeric: true,
    sort: (row) => nano(row.cost_per_image_usd),
    cell: (row) => money(row.cost_per_image_usd),
  },
  {
    id: 'accepted',
    header: 'Per accepted',
    numeric: true,
    hideBelow: 'lg',
    sort: (row) => nano(row.cost_per_accepted_usd),
    cell: (row) => (
      <>
        {money(row.cost_per_accepted_usd)}
        {row.coverage !== null && row.coverage > 0 && <span className="label block">{formatShare(row.coverage)} rated</span>}
      </>
    ),
  },
  {
    id: 'acceptance',
    header: 'Accepted',
    numeric: true,
    hideBelow: 'lg',
    sort: (row) => row.acceptance_share,
    cell: (row) => share(row.acceptance_share),
  },
  {
    id: 'success',
    header: 'Success',
    numeric: true,
    hideBelow: 'md',
    sort: (row) => row.success_share,
    cell: (row) => share(row.success_share),
  },
  {
    id: 'refused',
    header: 'Refused',
    numeric: true,
    hideBelow: 'md',
    sort: (row) => row.refusal_share,
    cell: (row) => share(row.refusal_share),
  },
  {
    id: 'p50',
    header: 'p50',
    numeric: true,
    hideBelow: 'lg',
    sort: (row) => row.latency_p50_ms,
    cell: (row) => duration(row.latency_p50_ms),
  },
  {
    id: 'p95',
    header: 'p95',
    numeric: true,
    hideBelow: 'md',
    sort: (row) => row.latency_p95_ms,
    cell: (row) => duration(row.latency_p95_ms),
  },
  {
    id: 'quality',
    header: 'Quality',
    numeric: true,
    hideBelow: 'lg',
    sort: (row) => row.quality_score,
    cell: (row) => (
      <>
        {row.quality_score === null ? (
          <span className="text-muted">not rated</span>
        ) : (
          <span className="whitespace-nowrap">{qualityText(row)}</span>
        )}
        {row.place === 'frontier' && <span className="label block whitespace-nowrap">{placeTexts.frontier.toLowerCase()}</span>}
      </>
    ),
  },
  {
    id: 'price',
    header: 'List price',
    hideBelow: 'lg',
    className: 'min-w-36',
    cell: (row) =>
      row.list_price === null ? (
        <span className={row.configured ? 'text-warn' : 'text-muted'}>{row.configured ? 'unpriced' : 'none'}</span>
      ) : (
        <>
          <span className="text-sm">{row.list_price}</span>
          <span className={`label block ${row.price_stale ? 'text-warn' : ''}`}>
            {row.price_stale ? 'stale: ' : ''}checked {row.price_age_days} d ago
          </span>
        </>
      ),
  },
  { id: 'health', header: 'Now', hideBelow: 'md', className: 'min-w-24', cell: (row) => <Health row={row} /> },
]

const suffixed = ({ offer, provider, model }: OfferRow): string => {
  const rest = offer.slice(`${provider}:${model}`.length)
  return rest === '' ? provider : `${provider} ${rest}`
}

const tones = { good: 'bg-good', warn: 'bg-yellow', bad: 'bg-magenta', muted: 'bg-rule-strong' } as const

export function Health({ row }: { row: Pick<OfferRow, 'health' | 'configured'> }) {
  const { text, tone } = healthText(row, useNow(10_000))
  return (
    <span className={`inline-flex items-center gap-1.5 text-sm ${tone === 'muted' ? 'text-muted' : ''}`}>
      <i className={`size-2 shrink-0 rounded-full ${tones[tone]}`} aria-hidden="true" />
      {text}
    </span>
  )
}
