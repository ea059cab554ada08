import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import type { ProviderListWire, ProviderWire } from '../../../../src/contract/providers.ts'
import { call } from '../../api/client.ts'
import { keys, providersQuery } from '../../api/queries.ts'
import { formatCount } from '../../lib/numbers.ts'
import { formatAge, formatMoment } from '../../lib/time.ts'
import { useNow } from '../../lib/use-now.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { EmptyState, ErrorNotice, Skeleton } from '../../ui/notice.tsx'
import { PageHeader, Section } from '../../ui/page-header.tsx'
import { StatRow, StatSkeleton, StatTile } from '../../ui/stat-tile.tsx'
import { useToast } from '../../ui/toast.tsx'
import { WithCode } from '../../ui/with-code.tsx'
import { Source } from '../models/facts.tsx'
import { usePermission } from '../shell/use-session.ts'
import { ProviderSheet } from './provider-sheet.tsx'
import { parseProvidersSearch, remediesOf, stateOf, totalsOf, verifiedOf } from './select-providers.ts'
import { StateDot } from './state-dot.tsx'

const route = getRouteApi('/shell/providers')

/** The accounts pictures are bought from: whether each can be used now, and what is missing where it cannot. */
export function ProvidersPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const { data, error, refetch } = useQuery(providersQuery)
  const open = (name: string | undefined) =>
    void navigate({ to: '/providers', search: parseProvidersSearch({ name }), replace: true, resetScroll: false })
  const chosen = data?.data.find(({ name }) => name === search.name)
  return (
    <>
      <PageHeader title="Providers" actions={<TestKeys />}>
        {data ? (
          <>
            As the node <span className="num font-mono text-[0.85em] break-all">{data.node_id}</span> sees them. Accounts stand in
            halftone.yaml and in the environment; a change there counts at once.
          </>
        ) : (
          <Skeleton className="h-5 w-80 max-w-full" />
        )}
      </PageHeader>
      {error && !data && (
        <div className="mt-6">
          <ErrorNotice error={error} title="The providers could not be read" retry={() => void refetch()} />
        </div>
      )}
      {!error && <div className="mt-5">{data ? <Figures data={data} /> : <StatSkeleton />}</div>}
      {data && <ToMend data={data.data} onOpen={open} />}
      <Section title="Accounts">
        <DataTable
          caption="Accounts"
          columns={columns}
          rows={data?.data}
          rowId={({ name }) => name}
          error={error}
          retry={() => void refetch()}
          empty={
            <EmptyState title="No account is configured">
              Set the key of a provider, such as OPENAI_API_KEY, or run `halftone setup`, which asks for one and tests it.
            </EmptyState>
          }
          onOpen={({ name }) => open(name)}
          chosen={chosen?.name}
        />
      </Section>
      {data && data.available.length > 0 && <Available data={data} />}
      {chosen && <ProviderSheet provider={chosen} onClose={() => open(undefined)} />}
    </>
  )
}

/** Free of charge: each provider's call that only looks at the key. */
function TestKeys() {
  const mayTest = usePermission('providers.write')
  const toast = useToast()
  const client = useQueryClient()
  const test = useMutation({
    mutationFn: () => call('probeProviders', {}),
    onSuccess: async ({ data }) => {
      await client.invalidateQueries({ queryKey: keys.providers })
      const failed = data.filter(({ ok }) => !ok).map(({ name }) => name)
      toast(failed.length === 0 ? 'Every key works' : `Not reachable: ${failed.join(', ')}`)
    },
    onError: () => toast('The keys could not be tested'),
  })
  if (!mayTest) return null
  return (
    <button type="button" className="button" disabled={test.isPending} onClick={() => test.mutate()}>
      {test.isPending ? 'Testing' : 'Test every key, free'}
    </button>
  )
}

function Figures({ data }: { data: ProviderListWire }) {
  const totals = totalsOf(data)
  return (
    <StatRow label="Providers">
      <StatTile label="Accounts" value={formatCount(totals.accounts)} note={`${formatCount(totals.usable)} can be used`} />
      <StatTile
        label="Offers"
        value={formatCount(totals.offers)}
        note={totals.unpriced > 0 ? `${formatCount(totals.unpriced)} without a price` : 'all priced'}
      />
      <StatTile label="Calls running" value={formatCount(totals.running)} note="on this node, now" />
      <StatTile
        label="Offers resting"
        value={formatCount(totals.resting)}
        tone={totals.resting > 0 ? 'warn' : 'ink'}
        note="after failures or asked to wait"
        method="A breaker opens when failures come so close together that chance does not explain them, and lets one call through after a while. A provider that says Retry-After is left alone until then."
      />
      <StatTile
        label="To mend"
        value={formatCount(totals.toMend)}
        tone={totals.toMend > 0 ? 'bad' : 'ink'}
        note="keep an account from working"
      />
    </StatRow>
  )
}

const MOST_LISTED = 6

/** What a person has to do, with what doctor says about it. */
function ToMend({ data, onOpen }: { data: readonly ProviderWire[]; onOpen: (name: string) => void }) {
  const found = data.flatMap((provider) =>
    remediesOf(provider)
      .filter(({ level }) => level === 'wrong')
      .map((finding) => ({ name: provider.name, finding })),
  )
  if (found.length === 0) return null
  return (
    <section aria-label="To mend" className="mt-6 border-l-4 border-bad bg-bad-ground px-4 py-3">
      <h2 className="font-semibold">To mend</h2>
      <ul className="mt-1 text-[0.93rem]">
        {found.slice(0, MOST_LISTED).map(({ name, finding }) => (
          <li key={`${name} ${finding.message}`} className="py-1">
            <button type="button" className="font-medium underline underline-offset-2" onClick={() => onOpen(name)}>
              {name}
            </button>
            : <span className="break-words">{finding.message.replace(`${name}: `, '')}</span>
            {finding.remedy && <span className="block">{finding.remedy}</span>}
          </li>
        ))}
      </ul>
      {found.length > MOST_LISTED && <p className="label">and {found.length - MOST_LISTED} more, at their accounts.</p>}
    </section>
  )
}

const columns: readonly DataColumn<ProviderWire>[] = [
  {
    id: 'name',
    header: 'Account',
    rowHeader: true,
    sort: ({ name }) => name,
    cell: ({ name, type, host }) => (
      <>
        {name}
        <span className="label block font-normal break-all">
          {[name === type ? null : type, host].filter(Boolean).join(', ') || 'built in'}
        </span>
      </>
    ),
  },
  {
    id: 'state',
    header: 'State',
    sort: (provider) => stateOf(provider).text,
    cell: (provider) => <StateDot state={stateOf(provider)} />,
  },
  {
    id: 'offers',
    header: 'Offers',
    numeric: true,
    sort: ({ offers }) => offers.length,
    cell: ({ offers, unpriced }) => (
      <>
        {formatCount(offers.length)}
        {unpriced > 0 && <span className="label block text-warn">{unpriced} unpriced</span>}
      </>
    ),
  },
  {
    id: 'keys',
    header: 'Keys',
    numeric: true,
    hideBelow: 'md',
    sort: ({ keys: { total } }) => total,
    cell: ({ keys: { total, resting } }) => (
      <>
        {total === 0 ? <span className="text-muted">none</span> : total}
        {resting > 0 && <span className="label block text-warn">{resting} resting</span>}
      </>
    ),
  },
  {
    id: 'running',
    header: 'Running',
    numeric: true,
    hideBelow: 'sm',
    sort: (provider) => runningOf(provider),
    cell: (provider) => (
      <>
        {runningOf(provider)}
        {provider.places && ` of ${provider.places.total}`}
        {(provider.queue ?? 0) > 0 && <span className="label block">{provider.queue} ahead</span>}
      </>
    ),
  },
  {
    id: 'tested',
    header: 'Key tested',
    hideBelow: 'md',
    sort: ({ tested }) => tested?.at ?? null,
    cell: ({ tested }) => (tested ? <Tested tested={tested} /> : <span className="text-muted">not since the start</span>),
  },
  {
    id: 'verified',
    header: 'Verified',
    hideBelow: 'lg',
    sort: (provider) => verifiedOf(provider).last,
    cell: (provider) => <Verified provider={provider} />,
  },
  {
    id: 'remedy',
    header: 'What to do',
    hideBelow: 'lg',
    className: 'max-w-80',
    cell: (provider) => {
      const [first, ...more] = remediesOf(provider)
      if (!first) return <span className="text-muted">nothing</span>
      return (
        <span className="text-sm break-words">
          <WithCode text={first.remedy ?? first.message} />
          {more.length > 0 && <span className="label block">and {more.length} more</span>}
        </span>
      )
    },
  },
]

const runningOf = ({ offers }: ProviderWire): number => offers.reduce((sum, { in_flight: running }) => sum + running, 0)

function Tested({ tested }: { tested: NonNullable<ProviderWire['tested']> }) {
  const now = useNow(15_000)
  return (
    <span title={`${formatMoment(tested.at)}: ${tested.message}`}>
      {tested.ok ? 'works' : <span className="text-bad">fails</span>}
      <span className="label block">{formatAge(tested.at, now)}</span>
    </span>
  )
}

function Verified({ provider }: { provider: ProviderWire }) {
  const { count, asSaid, last } = verifiedOf(provider)
  if (last === null) return <span className="text-muted">never</span>
  return (
    <>
      <span className={asSaid < count ? 'text-warn' : ''}>
        {asSaid} of {count} as said
      </span>
      <span className="label block">{last.slice(0, 10)}</span>
    </>
  )
}

function Available({ data }: { data: ProviderListWire }) {
  return (
    <details className="mt-9">
      <summary className="cursor-pointer border-b border-ink pb-1.5 text-lg font-semibold">
        {data.available.length} more kinds of provider can be configured
      </summary>
      <ul className="mt-2 text-sm">
        {data.available.map(({ type, remedy, variables, documentation }) => (
          <li key={type} className="grid items-start gap-x-4 border-b border-rule py-1.5 sm:grid-cols-[12rem_minmax(0,1fr)_auto]">
            <span className="font-medium">{type}</span>
            <span className="break-words">{remedy}</span>
            <span className="flex items-center gap-2">
              {variables[0] && <CopyButton text={variables[0]} label={`Copy ${variables[0]}`} />}
              {documentation && <Source url={documentation} />}
            </span>
          </li>
        ))}
      </ul>
    </details>
  )
}
