import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import type { KeyWire } from '../../../../src/contract/admin.ts'
import { mayGrant } from '../../../../src/core/access/roles.ts'
import { call } from '../../api/client.ts'
import { keys as cacheKeys, sessionQuery } from '../../api/queries.ts'
import { formatMoment } from '../../lib/time.ts'
import { CopyId } from '../../ui/copy-button.tsx'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { Exact } from '../../ui/money.tsx'
import { ErrorNotice, Notice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import type { Names } from '../people/names.ts'
import { usePermission } from '../shell/use-session.ts'
import { rateText, readOnlyReason } from './select-budgets.ts'

interface Props {
  readonly shown: KeyWire | undefined
  readonly names: Names
  readonly spend: ReadonlyMap<string, string>
  readonly onClose: () => void
}

/** Everything about one key, and its end. */
export function KeySheet({ shown, names, spend, onClose }: Props) {
  const [revoking, setRevoking] = useState(false)
  const { data: session } = useQuery(sessionQuery)
  const mayWrite = usePermission('keys.write')
  if (!shown) return null
  const readOnly = readOnlyReason(shown.managed_by)
  const mayRevoke =
    mayWrite && shown.revoked_at === null && readOnly === null && session != null && mayGrant(session.role, shown.role)
  return (
    <>
      <Dialog
        open={!revoking}
        onClose={onClose}
        kind="sheet"
        title={shown.name}
        actions={
          mayRevoke && (
            <button type="button" className="button button-danger" onClick={() => setRevoking(true)}>
              Revoke the key
            </button>
          )
        }
      >
        {readOnly && (
          <div className="mb-4">
            <Notice tone="note" title="It cannot be changed here">
              {readOnly}
            </Notice>
          </div>
        )}
        <KeyFacts shown={shown} names={names} spent={spend.get(shown.id) ?? '0'} />
      </Dialog>
      <Revoke shown={shown} open={revoking} onClose={() => setRevoking(false)} onDone={onClose} />
    </>
  )
}

function KeyFacts({ shown, names, spent }: { shown: KeyWire; names: Names; spent: string }) {
  const cap = shown.max_usd_per_day
  return (
    <dl className="grid grid-cols-[8.5rem_minmax(0,1fr)] gap-x-4 gap-y-2.5">
      <Fact label="Id">
        <CopyId id={shown.id} label="Copy the id of the key" />
      </Fact>
      <Fact label="Begins with">
        <code>{shown.prefix}</code>
      </Fact>
      <Fact label="Role">{shown.role.replaceAll('_', ' ')}</Fact>
      <Fact label="Project">{names.projects.get(shown.project_id) ?? shown.project_id}</Fact>
      <Fact label="Spent this month">
        <Exact usd={spent} />
      </Fact>
      <Fact label="Cap per day">{cap === null ? 'none' : <Exact usd={cap} />}</Fact>
      <Fact label="Rates">{rateText(shown)}</Fact>
      <Fact label="May use">
        {shown.allowed_models === null ? 'every model and route' : <Lines values={shown.allowed_models} />}
      </Fact>
      <Fact label="Tags">
        {Object.keys(shown.tags).length === 0 ? (
          'none'
        ) : (
          <Lines values={Object.entries(shown.tags).map(([name, value]) => `${name}=${value}`)} />
        )}
      </Fact>
      <Fact label="Made">{formatMoment(shown.created_at)}</Fact>
      <Fact label="Last used">{shown.last_used_at === null ? 'never' : formatMoment(shown.last_used_at)}</Fact>
      {shown.revoked_at !== null && <Fact label="Revoked">{formatMoment(shown.revoked_at)}</Fact>}
      <Fact label="More">
        <Link to="/requests" search={{ key_id: shown.id }}>
          Its requests
        </Link>
      </Fact>
    </dl>
  )
}

const Fact = ({ label, children }: { label: string; children: ReactNode }) => (
  <>
    <dt className="text-muted">{label}</dt>
    <dd className="min-w-0 break-words">{children}</dd>
  </>
)

const Lines = ({ values }: { values: readonly string[] }) => (
  <ul>
    {values.map((value) => (
      <li key={value} className="font-mono text-[0.85rem] break-all">
        {value}
      </li>
    ))}
  </ul>
)

function Revoke({ shown, open, onClose, onDone }: { shown: KeyWire; open: boolean; onClose: () => void; onDone: () => void }) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const revoke = useMutation({
    mutationFn: () => call('revokeKey', { id: shown.id }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: cacheKeys.filterOptions })
      toast(`The key ${shown.name} is revoked`)
      onClose()
      onDone()
    },
  })
  return (
    <ConfirmDialog
      open={open}
      title={`Revoke the key ${shown.name}?`}
      confirm="Revoke it for good"
      danger
      pending={revoke.isPending}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      {revoke.error && <ErrorNotice error={revoke.error} title="It was not revoked" />}
      <p>
        Whatever uses it is refused from now on, sessions included. It cannot be undone; a new key has a new secret. Its requests
        and their costs stay.
      </p>
    </ConfirmDialog>
  )
}
