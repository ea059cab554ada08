import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { InsightModels } from '../../../../src/contract/insight.ts'
import { insightModelsQuery } from '../../api/queries.ts'
import { joinValues, valuesOf } from '../../lib/filters.ts'
import { askedOf, daysText, insightPresets, usualPeriod } from '../../lib/insight-period.ts'
import { counted } from '../../lib/numbers.ts'
import { CsvButton } from '../../ui/csv-button.tsx'
import { ChoiceFilter, FilterBar, PeriodFilter, TextFilter } from '../../ui/filter-bar.tsx'
import { EmptyState, ErrorNotice, Skeleton } from '../../ui/notice.tsx'
import { PageHeader, Section } from '../../ui/page-header.tsx'
import { MoneySwitch } from '../insight/money-switch.tsx'
import { CostQuality } from './cost-quality.tsx'
import { OfferSheet } from './offer-sheet.tsx'
import { OfferTable } from './offer-table.tsx'
import { Said } from './said.tsx'
import {
  csvHeader,
  csvRow,
  isUsed,
  type ModelsSearch,
  parseModelsSearch,
  places,
  placeTexts,
  providersOf,
  rowId,
  selectRows,
} from './select-offers.ts'

const route = getRouteApi('/shell/models')

/** Every offer on your own traffic: what it cost, how it did, how good it is said to be. */
export function ModelsPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const { data, error, refetch, isPlaceholderData } = useQuery(insightModelsQuery(askedOf(search)))
  const change = (next: ModelsSearch) =>
    void navigate({ to: '/models', search: parseModelsSearch({ ...next }), replace: true, resetScroll: false })
  const rows = useMemo(() => (data ? selectRows(data.data, search) : undefined), [data, search])
  const chosen = data?.data.find((row) => rowId(row) === search.offer) ?? data?.data.find(({ offer }) => offer === search.offer)
  const { offer: _, ...closed } = search
  return (
    <>
      <PageHeader
        title="Models"
        actions={
          <>
            {rows && <CsvButton name="models" header={csvHeader} rows={() => rows.map(csvRow)} disabled={rows.length === 0} />}
            {data && <MoneySwitch sandbox={data.sandbox} onChange={(money) => change({ ...closed, money })} />}
          </>
        }
      >
        {data ? <Span data={data} /> : <Skeleton className="h-5 w-80 max-w-full" />}
      </PageHeader>
      <Filters search={search} data={data} onChange={change} />
      {error && !data && (
        <div className="mt-6">
          <ErrorNotice error={error} title="The offers could not be read" retry={() => void refetch()} />
        </div>
      )}
      <div aria-busy={isPlaceholderData} className="aria-busy:opacity-60">
        <CostQuality rows={rows} onOpen={(row) => change({ ...search, offer: rowId(row) })} />
        <Section
          title="Offers"
          note={
            data &&
            `Success and refusals are shares of attempts, latency is that of attempts that made pictures (within ${(data.latency_relative_error * 100).toFixed(1)}%). A quality tier is a product of its own.`
          }
        >
          <OfferTable
            rows={rows}
            error={error}
            search={search}
            chosen={chosen && rowId(chosen)}
            empty={data ? <NoOffers data={data} search={search} onChange={change} /> : null}
            onChange={change}
            retry={() => void refetch()}
          />
        </Section>
      </div>
      <Said />
      {chosen && data && <OfferSheet row={chosen} search={search} sandbox={data.sandbox} onClose={() => change(closed)} />}
    </>
  )
}

function Span({ data }: { data: InsightModels }) {
  const used = data.data.filter(isUsed)
  const offers = new Set(used.map(({ offer }) => offer)).size
  return (
    <>
      <span className="num">{daysText(data.period)}</span>, UTC{data.period.complete ? '' : ', today under way'}.{' '}
      {counted(offers, 'offer')} called, {counted(new Set(data.data.map(({ offer }) => offer)).size, 'offer')} known.
    </>
  )
}

interface FilterProps {
  readonly search: ModelsSearch
  readonly data: InsightModels | undefined
  readonly onChange: (next: ModelsSearch) => void
}

function Filters({ search, data, onChange }: FilterProps) {
  const { period, from, to, ...rest } = search
  const { q: _, provider: __, place: ___, used: ____, ...plain } = search
  const isSet = search.q !== undefined || search.provider !== undefined || search.place !== undefined || search.used !== undefined
  const put = (name: 'q' | 'provider' | 'place', value: string | undefined) =>
    onChange(parseModelsSearch({ ...search, [name]: value }))
  return (
    <div className="mt-4">
      <FilterBar onClear={isSet ? () => onChange(plain) : undefined}>
        <PeriodFilter
          value={{ ...(period && { period }), ...(from && { from }), ...(to && { to }) }}
          fallback={usualPeriod}
          choices={insightPresets}
          onChange={(next) => onChange({ ...rest, ...next })}
        />
        <TextFilter label="Name" value={search.q} placeholder="flux, high, openai" onChange={(value) => put('q', value)} />
        <ChoiceFilter
          label="Provider"
          options={providersOf(data?.data ?? []).map((value) => ({ value }))}
          values={valuesOf(search.provider)}
          onChange={(values) => put('provider', joinValues(values))}
        />
        <ChoiceFilter
          label="Place"
          options={places.map((value) => ({ value, label: placeTexts[value] }))}
          values={valuesOf(search.place)}
          onChange={(values) => put('place', joinValues(values))}
        />
        <button
          type="button"
          className="chip chip-open aria-pressed:font-semibold"
          aria-pressed={search.used === 'all'}
          onClick={() => onChange(parseModelsSearch({ ...search, used: search.used === 'all' ? undefined : 'all' }))}
        >
          {search.used === 'all' ? 'Unused offers shown' : 'Show unused offers'}
        </button>
      </FilterBar>
    </div>
  )
}

function NoOffers({ data, search, onChange }: FilterProps & { readonly data: InsightModels }) {
  const isNarrow = data.data.some(isUsed)
  const link = (text: string, next: ModelsSearch) => (
    <button type="button" className="underline underline-offset-2" onClick={() => onChange(next)}>
      {text}
    </button>
  )
  if (isNarrow)
    return <EmptyState title="No offer fits">{link('Take the filters away', {})} to see every offer that was called.</EmptyState>
  return (
    <EmptyState title="No offer was called in this time">
      {link('Look at the last 90 days', { ...search, period: '90d' })}, or{' '}
      {link('list the offers there are', { ...search, used: 'all' })} with their prices.
    </EmptyState>
  )
}
