import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { parseUsd } from '../../../../src/core/money.ts'
import type { Body } from '../../api/paths.ts'
import { exploreQuery } from '../../api/queries.ts'
import { routesQuery } from '../../api/settings-queries.ts'
import { formatCount, formatShare } from '../../lib/numbers.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Form, TextField } from '../../ui/form.tsx'
import { ManagedBadge } from '../../ui/managed-badge.tsx'
import { Short } from '../../ui/money.tsx'
import { EmptyState } from '../../ui/notice.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { usePermission } from '../shell/use-session.ts'
import { ROUTE_NAME, type RouteRow, selectRouteRows } from './select-routes.ts'

const USED: Body<'insightExplore'> = { period: '30d', group_by: ['route'], limit: 1000 }

/** Names clients send as `model`, and what becomes of what they ask for. */
export function RoutesPage() {
  const routes = useQuery(routesQuery)
  const explored = useQuery(exploreQuery(USED)).data
  const rows = useMemo(() => routes.data && selectRouteRows(routes.data.data, explored), [routes.data, explored])
  const mayWrite = usePermission('routes.write')
  const navigate = useNavigate()
  const [naming, setNaming] = useState(false)
  return (
    <>
      <PageHeader
        title="Routes"
        actions={
          mayWrite && (
            <button type="button" className="button button-primary" onClick={() => setNaming(true)}>
              New route
            </button>
          )
        }
      >
        A route is a name clients send as <code>model</code>: which offers may serve it, and what counts in choosing among them.
      </PageHeader>
      <div className="mt-5">
        <DataTable
          caption="Routes"
          columns={columns}
          rows={rows}
          rowId={({ route }) => route.name}
          error={routes.error}
          retry={() => void routes.refetch()}
          sort={{ column: 'share', descending: true }}
          onOpen={({ route }) => void navigate({ to: '/routes/$route', params: { route: route.name } })}
          empty={<EmptyState title="No routes">Make one, or let clients name models.</EmptyState>}
        />
        <p className="label mt-2">
          Traffic, cost and cost per image: requests of the last 30 days that named the route. Cost per image is all charges of
          their attempts over the images made.
        </p>
      </div>
      <Dialog open={naming} onClose={() => setNaming(false)} title="New route">
        <NameForm taken={new Set(routes.data?.data.map(({ name }) => name))} onClose={() => setNaming(false)} />
      </Dialog>
    </>
  )
}

const columns: readonly DataColumn<RouteRow>[] = [
  {
    id: 'name',
    header: 'Route',
    rowHeader: true,
    sort: ({ route }) => route.name,
    cell: ({ route, summary }) => (
      <>
        <span className="flex flex-wrap items-center gap-1.5">
          <Link to="/routes/$route" params={{ route: route.name }} className="font-semibold break-all">
            {route.name}
          </Link>
          <ManagedBadge
            by={route.managed_by}
            reason={route.managed_by === 'file' ? 'Set in halftone.yaml; change it there, or copy it.' : null}
          />
          {route.problem !== null && <span className="badge badge-bad">cannot be used</span>}
          {route.document['mode'] === 'observe' && <span className="badge badge-warn">on trial</span>}
        </span>
        <span className="label block font-normal break-words">{summary}</span>
      </>
    ),
  },
  {
    id: 'version',
    header: 'Version',
    numeric: true,
    sort: ({ route }) => route.version,
    cell: ({ route }) => (route.version === 0 ? <span className="text-muted">none</span> : route.version),
    hideBelow: 'lg',
  },
  {
    id: 'share',
    header: 'Traffic',
    numeric: true,
    sort: ({ share }) => share ?? 0,
    cell: ({ share }) => (share === null ? <span className="text-muted">none</span> : formatShare(share)),
  },
  {
    id: 'images',
    header: 'Images',
    numeric: true,
    sort: ({ use }) => use?.images ?? 0,
    cell: ({ use }) => formatCount(use?.images ?? 0),
    hideBelow: 'md',
  },
  {
    id: 'cost',
    header: 'Cost',
    numeric: true,
    sort: ({ use }) => parseUsd(use?.usd ?? '0'),
    cell: ({ use }) => <Short usd={use?.usd ?? '0'} />,
    hideBelow: 'sm',
  },
  {
    id: 'per-image',
    header: 'Per image',
    numeric: true,
    sort: ({ use }) => (use?.perImage ? parseUsd(use.perImage) : null),
    cell: ({ use }) => (use?.perImage ? <Short usd={use.perImage} /> : <span className="text-muted">none</span>),
  },
]

function NameForm({ taken, onClose }: { taken: ReadonlySet<string>; onClose: () => void }) {
  const [name, setName] = useState('')
  const [tried, setTried] = useState(false)
  const navigate = useNavigate()
  const problem = taken.has(name)
    ? 'There is a route of this name already.'
    : ROUTE_NAME.test(name)
      ? undefined
      : 'Write 1 to 64 letters, digits, dots, dashes or underscores.'
  return (
    <Form
      error={null}
      fields={[]}
      onSubmit={() => {
        setTried(true)
        if (problem !== undefined) return
        onClose()
        void navigate({ to: '/routes/$route', params: { route: name } })
      }}
    >
      <TextField
        name="name"
        label="Name"
        hint="What clients will send as model, such as thumbnails."
        value={name}
        spellCheck={false}
        autoComplete="off"
        maxLength={64}
        problem={tried ? problem : undefined}
        onChange={(event) => setName(event.target.value.trim())}
      />
      <div className="flex justify-end gap-2">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button button-primary">
          Write the route
        </button>
      </div>
    </Form>
  )
}
