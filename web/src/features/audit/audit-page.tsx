import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type ReactNode, useMemo, useState } from 'react'
import type { AuditEntryWire } from '../../../../src/contract/access.ts'
import { auditQuery } from '../../api/settings-queries.ts'
import { valuesOf } from '../../lib/filters.ts'
import { formatMoment } from '../../lib/time.ts'
import { CopyId } from '../../ui/copy-button.tsx'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ChoiceFilter, FilterBar, PeriodFilter, TextFilter } from '../../ui/filter-bar.tsx'
import { JsonDiff } from '../../ui/json-diff.tsx'
import { EmptyState } from '../../ui/notice.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { type AuditSearch, askedOf, auditKinds, changesOf, changeText, isNarrowed, parseAuditSearch } from './select-audit.ts'

const pageRoute = getRouteApi('/shell/audit')

/** Who changed what, when, from where, and how it was before. */
export function AuditPage() {
  const search = pageRoute.useSearch()
  const [openedAt] = useState(() => Date.now())
  const query = useInfiniteQuery(auditQuery(askedOf(search, openedAt)))
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data), [query.data])
  const navigate = useNavigate()
  const change = (next: { readonly [Name in keyof AuditSearch]?: AuditSearch[Name] | undefined }) =>
    void navigate({ to: '/audit', search: parseAuditSearch({ ...search, ...next }), replace: true, resetScroll: false })
  return (
    <>
      <PageHeader title="Audit">
        Every change through the API, the command line and this dashboard, and every sign-in. Rows are never changed or deleted.
      </PageHeader>
      <div className="my-4">
        <Filters search={search} change={change} />
      </div>
      <DataTable
        caption="Changes, newest first"
        columns={columns}
        rows={rows}
        rowId={({ id }) => id}
        error={query.error}
        retry={() => void query.refetch()}
        chosen={search.entry}
        onOpen={({ id }) => change({ entry: id })}
        pageSize={Number.MAX_SAFE_INTEGER}
        empty={
          <EmptyState title={isNarrowed(search) ? 'No change matches' : 'Nothing was changed yet'}>
            {isNarrowed(search)
              ? 'Take out a filter, or look at a longer time.'
              : 'The first budget, key or route that somebody makes stands here.'}
          </EmptyState>
        }
      />
      {query.hasNextPage && (
        <button
          type="button"
          className="button mt-3 w-full"
          disabled={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {query.isFetchingNextPage ? 'Loading older changes' : 'Show older changes'}
        </button>
      )}
      <EntrySheet entry={rows?.find(({ id }) => id === search.entry)} onClose={() => change({ entry: undefined })} />
    </>
  )
}

interface FilterProps {
  readonly search: AuditSearch
  readonly change: (next: { readonly [Name in keyof AuditSearch]?: AuditSearch[Name] | undefined }) => void
}

function Filters({ search, change }: FilterProps) {
  const navigate = useNavigate()
  const { period, from, to } = search
  return (
    <FilterBar onClear={isNarrowed(search) ? () => void navigate({ to: '/audit', search: {} }) : undefined}>
      <PeriodFilter
        value={{ ...(period && { period }), ...(from && { from }), ...(to && { to }) }}
        fallback="all"
        onChange={(next) => change({ period: next.period, from: next.from, to: next.to })}
      />
      <ChoiceFilter
        label="What"
        options={auditKinds.map((value) => ({ value, label: value.replaceAll('_', ' ') }))}
        values={valuesOf(search.action)}
        onChange={(values) => change({ action: values.at(-1) })}
      />
      <TextFilter
        label="Who"
        value={search.actor}
        hint="Name or id of a key or person, in full."
        onChange={(actor) => change({ actor })}
      />
      <TextFilter
        label="Object"
        value={search.object}
        hint="Id of what was changed, in full."
        onChange={(object) => change({ object })}
      />
    </FilterBar>
  )
}

const columns: readonly DataColumn<AuditEntryWire>[] = [
  {
    id: 'when',
    header: 'When (UTC)',
    rowHeader: true,
    className: 'num',
    cell: ({ at }) => <time dateTime={at}>{formatMoment(at).slice(0, 19)}</time>,
  },
  {
    id: 'what',
    header: 'What',
    cell: (entry) => (
      <>
        <span className="font-medium">{entry.action}</span>
        <span className="label block break-all">{entry.object_id}</span>
      </>
    ),
  },
  {
    id: 'changed',
    header: 'Changed',
    cell: (entry) => <span className="break-words">{changeText(entry)}</span>,
    hideBelow: 'md',
  },
  {
    id: 'who',
    header: 'Who',
    cell: (entry) => (
      <>
        <span className="break-all">{entry.actor}</span>
        {entry.actor_role !== null && <span className="label block">{entry.actor_role.replaceAll('_', ' ')}</span>}
      </>
    ),
    hideBelow: 'sm',
  },
  {
    id: 'from',
    header: 'From',
    className: 'num',
    cell: ({ address }) => address ?? <span className="text-muted">this machine</span>,
    hideBelow: 'lg',
  },
]

function EntrySheet({ entry, onClose }: { entry: AuditEntryWire | undefined; onClose: () => void }) {
  if (!entry) return null
  const isMade = entry.before === null && entry.after !== null
  const isGone = entry.before !== null && entry.after === null
  return (
    <Dialog open onClose={onClose} kind="sheet" title={entry.action}>
      <dl className="grid grid-cols-[6.5rem_minmax(0,1fr)] gap-x-4 gap-y-2">
        <Fact label="When">{formatMoment(entry.at)}</Fact>
        <Fact label="Who">
          {entry.actor}
          {entry.actor_role !== null && <span className="text-muted"> ({entry.actor_role.replaceAll('_', ' ')})</span>}
        </Fact>
        {entry.actor_id !== null && (
          <Fact label="Id of who">
            <CopyId id={entry.actor_id} label="Copy the id of who did it" />
          </Fact>
        )}
        <Fact label="From">{entry.address ?? 'this machine'}</Fact>
        <Fact label="Object">
          <CopyId id={entry.object_id} label="Copy the id of the object" />
        </Fact>
        <Fact label="Row">
          <CopyId id={entry.id} label="Copy the id of the row" />
        </Fact>
      </dl>
      <h3 className="mt-6 mb-1 border-b border-ink pb-1 font-semibold">
        {isMade ? 'It was made with' : isGone ? 'It was, before' : entry.before === null ? 'Details' : 'Before and after'}
      </h3>
      <JsonDiff changes={changesOf(entry)} same="Nothing else is known about it." />
    </Dialog>
  )
}

const Fact = ({ label, children }: { label: string; children: ReactNode }) => (
  <>
    <dt className="text-muted">{label}</dt>
    <dd className="min-w-0 break-words">{children}</dd>
  </>
)
