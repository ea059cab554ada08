import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import type { InsightOverview } from '../../../../src/contract/insight.ts'
import { insightOverviewQuery } from '../../api/queries.ts'
import {
  askedOf,
  daysText,
  type InsightSearch,
  insightPresets,
  parseInsightSearch,
  usualPeriod,
} from '../../lib/insight-period.ts'
import { counted } from '../../lib/numbers.ts'
import { PeriodFilter } from '../../ui/filter-bar.tsx'
import { ErrorNotice, Skeleton } from '../../ui/notice.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { StatSkeleton } from '../../ui/stat-tile.tsx'
import { MoneySwitch } from '../insight/money-switch.tsx'
import { Budgets } from './budgets.tsx'
import { Changes } from './changes.tsx'
import { Costs } from './costs.tsx'
import { FirstSteps } from './first-steps.tsx'
import { Outcomes } from './outcomes.tsx'
import { isEmpty } from './select-overview.ts'
import { SpendOverTime } from './spend-over-time.tsx'
import { ImageTiles, MoneyTiles } from './tiles.tsx'

const route = getRouteApi('/shell/')

/** What images cost, who knows it how well, and why it changed. Every figure is one of the API's. */
export function OverviewPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const { data, error, refetch, isPlaceholderData } = useQuery(insightOverviewQuery(askedOf(search)))
  const change = (next: InsightSearch) =>
    void navigate({ to: '/', search: parseInsightSearch({ ...next }), replace: true, resetScroll: false })
  const { money, ...period } = search
  return (
    <>
      <PageHeader
        title="Overview"
        actions={
          <>
            <PeriodFilter
              value={period}
              fallback={usualPeriod}
              choices={insightPresets}
              onChange={(next) => change({ ...next, ...(money && { money }) })}
            />
            {data && <MoneySwitch sandbox={data.sandbox} onChange={(next) => change({ ...period, money: next })} />}
          </>
        }
      >
        {data ? <Span data={data} /> : <Skeleton className="h-5 w-80 max-w-full" />}
      </PageHeader>
      {error && !data && (
        <div className="mt-6">
          <ErrorNotice error={error} title="The overview could not be read" retry={() => void refetch()} />
        </div>
      )}
      {!data && !error && <OverviewSkeleton />}
      {data && (
        <div aria-busy={isPlaceholderData} className="aria-busy:opacity-60">
          {isEmpty(data) ? <FirstSteps sandbox={data.sandbox} /> : <Figures data={data} search={search} />}
        </div>
      )}
    </>
  )
}

function Span({ data: { period, previous, counts } }: { data: InsightOverview }) {
  return (
    <>
      <span className="num">{daysText(period)}</span>, UTC{period.complete ? '' : ', today under way'}. Compared with the{' '}
      {counted(previous.days, 'day')} before, <span className="num">{daysText(previous)}</span>.{' '}
      {counted(counts.requests, 'request')}, {counted(counts.images, 'image')}.
    </>
  )
}

function Figures({ data, search }: { data: InsightOverview; search: InsightSearch }) {
  return (
    <>
      <div className="mt-5 flex flex-col gap-4">
        <MoneyTiles data={data} />
        <ImageTiles data={data} />
      </div>
      <div className="grid gap-x-10 xl:grid-cols-[minmax(0,1fr)_20rem]">
        <SpendOverTime data={data} search={search} />
        <Budgets data={data} />
      </div>
      <Changes data={data} search={search} />
      <Costs data={data} />
      <Outcomes data={data} search={search} />
    </>
  )
}

const OverviewSkeleton = () => (
  <div className="mt-5 flex flex-col gap-4">
    <StatSkeleton count={5} />
    <StatSkeleton count={6} />
    <Skeleton className="mt-6 h-72 w-full" />
  </div>
)
