import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { ExploreResponse } from '../../../../src/contract/insight.ts'
import { exploreQuery, tagRulesQuery } from '../../api/queries.ts'
import { daysText } from '../../lib/insight-period.ts'
import { EmptyState, Skeleton } from '../../ui/notice.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { MoneySwitch } from '../insight/money-switch.tsx'
import { usePeople } from '../people/use-people.ts'
import { usePermission } from '../shell/use-session.ts'
import { Bars } from './bars.tsx'
import { ExploreControls } from './controls.tsx'
import { ExploreCsv } from './explore-csv.tsx'
import { ExploreFailure } from './explore-failure.tsx'
import { ExploreFilters } from './filters.tsx'
import { GroupTable } from './group-table.tsx'
import { PivotTable } from './pivot-table.tsx'
import { SavedViews } from './saved-views.tsx'
import { type Ruled, ruledBy } from './select-drill.ts'
import { bodyOf, type ExploreSearch, isDrawn, parseExploreSearch, showOf } from './select-explore.ts'
import type { Answer } from './select-rows.ts'
import { TagRules } from './tag-rules.tsx'
import { Timeline } from './timeline.tsx'

const route = getRouteApi('/shell/explore')

/** Ask history anything: the URL is the question. */
export function ExplorePage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const mayAll = usePermission('insight.all')
  const { data, error, refetch, isPlaceholderData } = useQuery(exploreQuery(bodyOf(search)))
  const { names } = usePeople()
  const answer = useMemo(() => data && { ...data, names }, [data, names])
  const rules = useQuery({ ...tagRulesQuery, enabled: mayAll }).data?.data
  const ruled = useMemo(() => ruledBy(mayAll ? rules : []), [mayAll, rules])
  const change = (next: Record<string, unknown>) =>
    void navigate({ to: '/explore', search: parseExploreSearch(next), replace: true, resetScroll: false })
  return (
    <>
      <PageHeader
        title="Explore"
        actions={
          <>
            {mayAll && <SavedViews search={search} onChange={change} />}
            {mayAll && <TagRules />}
            {data && <MoneySwitch sandbox={data.sandbox} onChange={(money) => change({ ...search, money })} />}
          </>
        }
      >
        Group history by any two things and by time. Every figure leads to the requests behind it.
      </PageHeader>
      <div className="mt-4 flex flex-col gap-3">
        <ExploreFilters search={search} onChange={change} />
        <ExploreControls search={search} onChange={change} />
      </div>
      <div className="mt-6">
        {error ? (
          <ExploreFailure error={error} search={search} onChange={change} retry={() => void refetch()} />
        ) : answer ? (
          <div aria-busy={isPlaceholderData} className="aria-busy:pointer-events-none aria-busy:opacity-60">
            <Shown answer={answer} search={search} ruled={ruled} onChange={change} />
          </div>
        ) : (
          <ExploreSkeleton />
        )}
      </div>
    </>
  )
}

interface Props {
  readonly answer: Answer
  readonly search: ExploreSearch
  readonly ruled: Ruled
  readonly onChange: (next: Record<string, unknown>) => void
}

function Shown(props: Props) {
  const { answer, search } = props
  if (answer.rows.length === 0) {
    return (
      <EmptyState title="Nothing happened there">
        No request and no charge from {daysText(answer.period)} fits. Take another time, or{' '}
        <button type="button" className="underline underline-offset-2" onClick={() => props.onChange({ period: '90d' })}>
          look at all of the last 90 days
        </button>
        .
      </EmptyState>
    )
  }
  const show = showOf(search)
  return (
    <>
      {show === 'table' ? (
        <GroupTable {...props} />
      ) : show === 'pivot' ? (
        <PivotTable {...props} />
      ) : isDrawn(search) && answer.grain !== 'none' ? (
        <Timeline {...props} />
      ) : (
        <Bars {...props} />
      )}
      <div className="mt-4 flex flex-wrap items-start justify-between gap-x-6 gap-y-2 border-t border-rule pt-2">
        <Source answer={answer} />
        <ExploreCsv answer={answer} search={search} />
      </div>
    </>
  )
}

/** Where the figures come from: a reader who compares two of them needs to know. */
function Source({ answer: { source, period, groups, rows } }: { answer: ExploreResponse }) {
  const listed = new Set(rows.filter(({ other }) => !other).map(({ key }) => key.join('\n'))).size
  return (
    <p className="label max-w-3xl" data-source={source.name}>
      <span className="num">{daysText(period)}</span>, UTC. From stored sums ({source.name}), exact.
      {source.latency !== 'none' &&
        ` Latencies from stored distributions, within ${((source.latency_relative_error ?? 0) * 100).toFixed(1)}%.`}
      {groups > listed && ` ${listed} of ${groups} groups are listed, the rest is one exact row.`}
    </p>
  )
}

const ExploreSkeleton = () => (
  <div role="status" aria-label="Loading figures" className="flex flex-col gap-3">
    {['w-full', 'w-4/5', 'w-3/5', 'w-2/5', 'w-1/4', 'w-1/6'].map((width) => (
      <div key={width} className="flex items-center gap-4">
        <Skeleton className="h-5 w-40 shrink-0 max-sm:w-24" />
        <Skeleton className={`h-5 ${width}`} />
      </div>
    ))}
  </div>
)
