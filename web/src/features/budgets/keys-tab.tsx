import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import type { CreatedKey, KeyWire } from '../../../../src/contract/admin.ts'
import { parseUsd } from '../../../../src/core/money.ts'
import type { Body } from '../../api/paths.ts'
import { exploreQuery } from '../../api/queries.ts'
import { formatAge } from '../../lib/time.ts'
import { useNow } from '../../lib/use-now.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { ManagedBadge } from '../../ui/managed-badge.tsx'
import { Short } from '../../ui/money.tsx'
import { EmptyState } from '../../ui/notice.tsx'
import type { Names } from '../people/names.ts'
import { usePeople } from '../people/use-people.ts'
import { usePermission } from '../shell/use-session.ts'
import { KeyForm } from './key-form.tsx'
import { KeySheet } from './key-sheet.tsx'
import { NewSecret } from './new-secret.tsx'
import { type BudgetsSearch, readOnlyReason, selectSpend } from './select-budgets.ts'

const SPENT_BY_KEY: Body<'insightExplore'> = { period: 'month', group_by: ['key'], limit: 1000 }

export function KeysTab({ search }: { search: BudgetsSearch }) {
  const { keys, names } = usePeople()
  const explored = useQuery(exploreQuery(SPENT_BY_KEY))
  const spend = useMemo(() => selectSpend(explored.data), [explored.data])
  const mayWrite = usePermission('keys.write')
  const navigate = useNavigate()
  const now = useNow(60_000)
  const [creating, setCreating] = useState(false)
  const [created, setCreated] = useState<CreatedKey>()
  const rows = useMemo(
    () =>
      keys.data?.data
        .filter(({ revoked_at }) => search.revoked || revoked_at === null)
        .map((key) => ({ ...key, spent: spend.get(key.id) ?? '0' })),
    [keys.data, search.revoked, spend],
  )
  const columns = useMemo(() => columnsOf({ names, now }), [names, now])
  const open = (key: string | undefined) => {
    const { key: _, ...rest } = search
    void navigate({ to: '/budgets', search: key === undefined ? rest : { ...rest, key }, replace: true, resetScroll: false })
  }
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center justify-between gap-3">
        <label className="flex items-center gap-2 text-sm" htmlFor="revoked-keys">
          <input
            id="revoked-keys"
            type="checkbox"
            className="size-4 accent-ink"
            checked={search.revoked ?? false}
            onChange={(event) =>
              void navigate({
                to: '/budgets',
                search: event.target.checked ? { tab: 'keys', revoked: true } : { tab: 'keys' },
                replace: true,
              })
            }
          />
          Revoked keys too
        </label>
        {mayWrite && (
          <button type="button" className="button button-primary" onClick={() => setCreating(true)}>
            New key
          </button>
        )}
      </div>
      <DataTable
        caption="Keys"
        columns={columns}
        rows={rows}
        rowId={(key) => key.id}
        error={keys.error}
        retry={() => void keys.refetch()}
        sort={{ column: 'spend', descending: true }}
        chosen={search.key}
        onOpen={(key) => open(key.id)}
        empty={
          <EmptyState title="No keys yet">
            {mayWrite
              ? 'Make one for each application: its spend, limits and requests are then told apart.'
              : 'Ask an operator for one.'}
          </EmptyState>
        }
      />
      <p className="label mt-2">Spend is of this month, UTC, as the ledger has it; it can lag a running call.</p>
      <KeyForm
        open={creating}
        onClose={() => setCreating(false)}
        onCreated={(key) => {
          setCreating(false)
          setCreated(key)
        }}
      />
      <NewSecret created={created} onClose={() => setCreated(undefined)} />
      <KeySheet
        shown={keys.data?.data.find(({ id }) => id === search.key)}
        names={names}
        spend={spend}
        onClose={() => open(undefined)}
      />
    </>
  )
}

interface Ground {
  readonly names: Names
  readonly now: number
}

/** With what it has spent this month: sorting looks at the rows. */
type KeyRow = KeyWire & { readonly spent: string }

const columnsOf = ({ names, now }: Ground): readonly DataColumn<KeyRow>[] => [
  {
    id: 'name',
    header: 'Key',
    rowHeader: true,
    sort: ({ name }) => name,
    cell: (key) => (
      <>
        <span className="flex flex-wrap items-center gap-1.5">
          <span className="break-all">{key.name}</span>
          {key.revoked_at !== null && <span className="badge badge-bad">revoked</span>}
          <ManagedBadge by={key.managed_by} reason={readOnlyReason(key.managed_by)} />
        </span>
        <span className="label block font-mono font-normal">{key.prefix}&hellip;</span>
      </>
    ),
  },
  { id: 'role', header: 'Role', sort: ({ role }) => role, cell: ({ role }) => role.replaceAll('_', ' '), hideBelow: 'sm' },
  {
    id: 'project',
    header: 'Project',
    sort: ({ project_id }) => names.projects.get(project_id) ?? project_id,
    cell: ({ project_id }) => <span className="break-all">{names.projects.get(project_id) ?? project_id}</span>,
    hideBelow: 'md',
  },
  {
    id: 'models',
    header: 'May use',
    cell: ({ allowed_models: models }) =>
      models === null ? <span className="text-muted">everything</span> : <span className="break-all">{listText(models)}</span>,
    hideBelow: 'lg',
  },
  {
    id: 'cap',
    header: 'Cap per day',
    numeric: true,
    sort: ({ max_usd_per_day: cap }) => (cap === null ? null : parseUsd(cap)),
    cell: ({ max_usd_per_day: cap }) => (cap === null ? <span className="text-muted">none</span> : <Short usd={cap} />),
    hideBelow: 'lg',
  },
  {
    id: 'spend',
    header: 'This month',
    numeric: true,
    sort: ({ spent }) => parseUsd(spent),
    cell: ({ spent }) => <Short usd={spent} />,
  },
  {
    id: 'used',
    header: 'Last used',
    numeric: true,
    sort: ({ last_used_at: at }) => (at === null ? null : Date.parse(at)),
    cell: ({ last_used_at: at }) =>
      at === null ? <span className="text-muted">never</span> : <time dateTime={at}>{formatAge(at, now)}</time>,
    hideBelow: 'sm',
  },
]

const SHOWN_MODELS = 2
const listText = (models: readonly string[]): string =>
  models.length <= SHOWN_MODELS + 1
    ? models.join(', ')
    : `${models.slice(0, SHOWN_MODELS).join(', ')} and ${models.length - SHOWN_MODELS} more`
