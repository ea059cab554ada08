import { useMemo } from 'react'
import type { PriceListWire, PriceRateWire } from '../../../../src/contract/prices.ts'
import { joinValues, valuesOf } from '../../lib/filters.ts'
import { counted, formatCount } from '../../lib/numbers.ts'
import { amountText, perText } from '../../lib/rates.ts'
import { CsvButton } from '../../ui/csv-button.tsx'
import { type DataColumn, DataTable, TableSkeleton } from '../../ui/data-table.tsx'
import { ChoiceFilter, FilterBar, TextFilter } from '../../ui/filter-bar.tsx'
import { EmptyState } from '../../ui/notice.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import {
  type BookRow,
  isNarrowed,
  type PricesSearch,
  parsePricesSearch,
  rateKey,
  selectBooks,
  selectRates,
  selectUnpriced,
} from './select-prices.ts'

interface Props {
  readonly list: PriceListWire | undefined
  readonly search: PricesSearch
  readonly onChange: (next: PricesSearch) => void
}

const shows = [
  { value: 'current', label: 'In force' },
  { value: 'all', label: 'All dates' },
  { value: 'stale', label: 'Stale' },
  { value: 'unpriced', label: 'Unpriced' },
] as const

/** All books at a glance; with a filter, the rates it leaves. */
export function Book({ list, search, onChange }: Props) {
  const day = new Date().toISOString().slice(0, 10)
  const books = useMemo(() => list && selectBooks(list, day), [list, day])
  const rates = useMemo(() => list && selectRates(list, search, day), [list, search, day])
  const put = (next: Partial<PricesSearch>) => onChange(parsePricesSearch({ ...search, ...next }))
  if (!list || !books || !rates) return <TableSkeleton caption="The price book" />
  const narrowed = isNarrowed(search)
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center gap-x-4 gap-y-2">
        <FilterBar onClear={narrowed ? () => onChange({}) : undefined}>
          <TextFilter
            label="Search"
            value={search.q}
            placeholder="gpt-image, high, 1024x1024"
            onChange={(q) => onChange(parsePricesSearch({ ...search, q }))}
          />
          <ChoiceFilter
            label="Book"
            options={books.map(({ provider, rates: count }) => ({ value: provider, note: formatCount(count) }))}
            values={valuesOf(search.provider)}
            onChange={(values) => onChange(parsePricesSearch({ ...search, provider: joinValues(values) }))}
          />
        </FilterBar>
        <Segmented
          label="Which rates"
          choices={shows}
          value={search.show ?? 'current'}
          onChange={(show) => onChange(parsePricesSearch({ ...search, show }))}
        />
        {rates.length > 0 && narrowed && <CsvButton name="prices" header={csvHeader} rows={() => rates.map(csvRow)} />}
      </div>
      {narrowed ? (
        <Rates list={list} rates={rates} search={search} onChange={onChange} />
      ) : (
        <DataTable
          caption="Books"
          columns={bookColumns}
          rows={books}
          rowId={({ provider }) => provider}
          empty={<EmptyState title="There is no price book">Install a set with `halftone prices update`.</EmptyState>}
          sort={{ column: 'provider', descending: false }}
          onOpen={({ provider }) => put({ provider })}
        />
      )}
    </>
  )
}

function Rates({
  list,
  rates,
  search,
  onChange,
}: Props & { readonly list: PriceListWire; readonly rates: readonly PriceRateWire[] }) {
  const unpriced = selectUnpriced(list, search)
  return (
    <>
      {(search.show !== 'unpriced' || unpriced.length === 0) && (
        <DataTable
          caption="Rates"
          columns={rateColumns}
          rows={rates}
          rowId={rateKey}
          empty={
            unpriced.length === 0 ? (
              <EmptyState title="No rate fits">
                <button type="button" className="underline underline-offset-2" onClick={() => onChange({})}>
                  See every book
                </button>
                , or look for a part of the model's name.
              </EmptyState>
            ) : null
          }
          sort={{ column: 'model', descending: false }}
          onOpen={(rate) => onChange({ ...search, rate: rate.rate_id, book: rate.provider })}
          chosen={search.rate && search.book ? rateKey({ provider: search.book, rate_id: search.rate }) : undefined}
        />
      )}
      {unpriced.length > 0 && (
        <section aria-label="Without a price" className="mt-8">
          <h2 className="mb-2 border-b border-ink pb-1.5 text-lg font-semibold">
            {counted(unpriced.length, 'model')} without a price
          </h2>
          <ul className="text-sm">
            {unpriced.map(({ provider, model, reason }) => (
              <li
                key={`${provider} ${model}`}
                className="grid gap-x-4 border-b border-rule py-1.5 sm:grid-cols-[18rem_minmax(0,1fr)]"
              >
                <span className="break-words">
                  {model} <span className="label">{provider}</span>
                </span>
                <span className="text-muted">{reason}</span>
              </li>
            ))}
          </ul>
          <p className="label mt-2">
            Set providers.&lt;name&gt;.prices in halftone.yaml to what you pay, and the offer can be chosen.
          </p>
        </section>
      )}
    </>
  )
}

const bookColumns: readonly DataColumn<BookRow>[] = [
  { id: 'provider', header: 'Book', rowHeader: true, sort: ({ provider }) => provider, cell: ({ provider }) => provider },
  { id: 'models', header: 'Models', numeric: true, sort: ({ models }) => models, cell: ({ models }) => formatCount(models) },
  { id: 'rates', header: 'Rates in force', numeric: true, sort: ({ rates }) => rates, cell: ({ rates }) => formatCount(rates) },
  {
    id: 'official',
    header: 'Official',
    numeric: true,
    hideBelow: 'sm',
    sort: ({ official }) => official,
    cell: ({ official }) => formatCount(official),
  },
  {
    id: 'unpriced',
    header: 'Unpriced',
    numeric: true,
    hideBelow: 'sm',
    sort: ({ unpriced }) => unpriced,
    cell: ({ unpriced }) => <Count count={unpriced} />,
  },
  { id: 'stale', header: 'Stale', numeric: true, sort: ({ stale }) => stale, cell: ({ stale }) => <Count count={stale} /> },
  {
    id: 'oldest',
    header: 'Oldest look',
    numeric: true,
    hideBelow: 'sm',
    sort: ({ oldest }) => oldest,
    cell: ({ oldest }) => (oldest === null ? <span className="text-muted">none</span> : `${oldest} d ago`),
  },
]

const Count = ({ count }: { count: number }) =>
  count === 0 ? <span className="text-muted">0</span> : <span className="text-warn">{formatCount(count)}</span>

const rateColumns: readonly DataColumn<PriceRateWire>[] = [
  {
    id: 'model',
    header: 'Model',
    rowHeader: true,
    sort: ({ model, when }) => `${model} ${when}`,
    className: 'min-w-40',
    cell: ({ model, provider, region, tier }) => (
      <>
        <span className="break-words">{model}</span>
        <span className="label block font-normal">
          {[provider, region === '*' ? null : region, tier === '*' ? null : tier].filter(Boolean).join(', ')}
        </span>
      </>
    ),
  },
  {
    id: 'when',
    header: 'When',
    hideBelow: 'sm',
    className: 'max-w-72',
    sort: ({ when }) => when,
    cell: ({ when }) => (when === '' ? <span className="text-muted">always</span> : when),
  },
  {
    id: 'price',
    header: 'Price',
    numeric: true,
    sort: ({ price }) => Number(price),
    cell: (rate) => (
      <>
        <span className="font-medium">{amountText(rate)}</span>
        <span className="label block">{perText(rate)}</span>
        {rate.tiers && <span className="label block">by volume</span>}
      </>
    ),
  },
  {
    id: 'since',
    header: 'In force',
    hideBelow: 'md',
    className: 'pl-6!',
    sort: ({ effective_from: from }) => from,
    cell: ({ effective_from: from, effective_to: to }) => (
      <span className="num">
        {from}
        {to && <span className="label block">until {to}</span>}
      </span>
    ),
  },
  {
    id: 'checked',
    header: 'Source',
    hideBelow: 'sm',
    sort: ({ age_days: age }) => age,
    cell: ({ confidence, age_days: age, stale }) => (
      <>
        {confidence}
        <span className={`label block ${stale ? 'text-warn' : ''}`}>
          {stale && 'stale: '}
          {age} d ago
        </span>
      </>
    ),
  },
]

const csvHeader = [
  'provider',
  'model',
  'region',
  'tier',
  'rate_id',
  'meter',
  'when',
  'price',
  'unit',
  'per',
  'effective_from',
  'effective_to',
  'source_url',
  'confidence',
  'checked_at',
] as const
const csvRow = (rate: PriceRateWire): readonly (string | null)[] => csvHeader.map((name) => rate[name])
