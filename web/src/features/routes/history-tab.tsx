import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useId, useMemo, useState } from 'react'
import type { RouteVersionWire, RouteWire } from '../../../../src/contract/routes.ts'
import { call } from '../../api/client.ts'
import { keys as cacheKeys } from '../../api/queries.ts'
import { settingsKeys } from '../../api/settings-queries.ts'
import { jsonChanges } from '../../lib/json-diff.ts'
import { counted } from '../../lib/numbers.ts'
import { formatMoment } from '../../lib/time.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { JsonDiff } from '../../ui/json-diff.tsx'
import { EmptyState, ErrorNotice } from '../../ui/notice.tsx'
import { Section } from '../../ui/page-header.tsx'
import { useToast } from '../../ui/toast.tsx'
import { type RouteDocument, type RouteSearch, withoutDefaults } from './select-routes.ts'

interface Props {
  readonly name: string
  /** Newest first. */
  readonly versions: readonly RouteVersionWire[]
  readonly standing: RouteWire | null
  readonly search: RouteSearch
  readonly mayWrite: boolean
}

/** Every version, what differs between two of them, and the way back. */
export function HistoryTab({ name, versions, standing, search, mayWrite }: Props) {
  const [back, setBack] = useState<RouteVersionWire>()
  const navigate = useNavigate()
  const newest = versions[0]
  const columns = useMemo(
    () => columnsOf(versions, mayWrite ? { newest, roll: setBack } : undefined),
    [versions, newest, mayWrite],
  )
  const after = find(versions, search.after) ?? newest
  const before = find(versions, search.before) ?? (after && versions[versions.indexOf(after) + 1])
  const compare = (next: { before?: number; after?: number }) =>
    void navigate({
      to: '/routes/$route',
      params: { route: name },
      search: { ...search, ...next },
      replace: true,
      resetScroll: false,
    })
  return (
    <>
      <DataTable
        caption="Versions, newest first"
        columns={columns}
        rows={versions}
        rowId={({ version }) => String(version)}
        chosen={after && String(after.version)}
        onOpen={(version) => {
          const older = versions[versions.indexOf(version) + 1]
          compare({ after: version.version, ...(older && { before: older.version }) })
        }}
        empty={<EmptyState title="No versions">They begin when the route is saved.</EmptyState>}
      />
      {after && (
        <Section title="What differs">
          {before ? (
            <>
              <div className="mb-3 flex flex-wrap items-end gap-4">
                <VersionField
                  label="From version"
                  versions={versions}
                  value={before.version}
                  onChange={(version) => compare({ before: version, after: after.version })}
                />
                <VersionField
                  label="to version"
                  versions={versions}
                  value={after.version}
                  onChange={(version) => compare({ before: before.version, after: version })}
                />
              </div>
              <JsonDiff changes={jsonChanges(documentOf(before), documentOf(after))} />
            </>
          ) : (
            <JsonDiff
              changes={jsonChanges(null, documentOf(after))}
              same="The first version has no fields: everything is as usual."
            />
          )}
        </Section>
      )}
      <RollBack name={name} to={back} standing={standing} newest={newest} onClose={() => setBack(undefined)} />
    </>
  )
}

const find = (versions: readonly RouteVersionWire[], wanted: number | undefined) =>
  versions.find(({ version }) => version === wanted)

/** A retired version is none: everything it said is gone. */
const documentOf = ({ document, retired }: RouteVersionWire): RouteDocument | null =>
  retired || document === null ? null : withoutDefaults(document as RouteDocument)

interface Rolling {
  readonly newest: RouteVersionWire | undefined
  readonly roll: (version: RouteVersionWire) => void
}

const columnsOf = (
  versions: readonly RouteVersionWire[],
  rolling: Rolling | undefined,
): readonly DataColumn<RouteVersionWire>[] => [
  {
    id: 'version',
    header: 'Version',
    rowHeader: true,
    cell: (each) => (
      <span className="flex flex-wrap items-center gap-1.5">
        {each.version}
        {each === versions[0] && !each.retired && <span className="badge">stands</span>}
        {each.retired && <span className="badge badge-bad">deleted</span>}
      </span>
    ),
  },
  {
    id: 'change',
    header: 'Change',
    cell: (each) => {
      if (each.restores !== null) return `back to version ${each.restores}`
      const older = versions[versions.indexOf(each) + 1]
      if (each.retired) return 'deleted'
      if (!older || older.retired) return 'made'
      return counted(jsonChanges(documentOf(older), documentOf(each)).length, 'field')
    },
  },
  { id: 'who', header: 'By', cell: ({ created_by }) => <span className="break-all">{created_by}</span> },
  {
    id: 'when',
    header: 'When',
    cell: ({ created_at }) => <time dateTime={created_at}>{formatMoment(created_at).slice(0, 16)}</time>,
    hideBelow: 'sm',
  },
  ...(rolling
    ? [
        {
          id: 'back',
          header: <span className="sr-only">Roll back</span>,
          numeric: true,
          cell: (each: RouteVersionWire) =>
            each !== rolling.newest &&
            !each.retired &&
            each.document !== null && (
              <button
                type="button"
                className="button button-quiet text-sm"
                onClick={(event) => {
                  event.stopPropagation()
                  rolling.roll(each)
                }}
              >
                Roll back<span className="sr-only"> to version {each.version}</span>
              </button>
            ),
        },
      ]
    : []),
]

interface FieldProps {
  readonly label: string
  readonly versions: readonly RouteVersionWire[]
  readonly value: number
  readonly onChange: (version: number) => void
}

function VersionField({ label, versions, value, onChange }: FieldProps) {
  const id = useId()
  return (
    <div>
      <label htmlFor={id} className="label block">
        {label}
      </label>
      <select id={id} className="field num" value={value} onChange={(event) => onChange(Number(event.target.value))}>
        {versions.map(({ version, retired }) => (
          <option key={version} value={version}>
            {version}
            {retired ? ' (deleted)' : ''}
          </option>
        ))}
      </select>
    </div>
  )
}

interface RollBackProps {
  readonly name: string
  readonly to: RouteVersionWire | undefined
  readonly standing: RouteWire | null
  readonly newest: RouteVersionWire | undefined
  readonly onClose: () => void
}

function RollBack({ name, to, standing, newest, onClose }: RollBackProps) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const roll = useMutation({
    mutationFn: (version: number) =>
      call('rollbackRoute', { id: name, body: { to: version, ...(newest && { version: newest.version }) } }),
    onSuccess: async (saved) => {
      queryClient.setQueryData([...settingsKeys.route(name), 'standing'], saved)
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: settingsKeys.routes }),
        queryClient.invalidateQueries({ queryKey: cacheKeys.models }),
      ])
      toast(`${name} is back to version ${to?.version}, as version ${saved.version}`)
      onClose()
    },
  })
  const current = standing ? withoutDefaults(standing.document as RouteDocument) : null
  return (
    <ConfirmDialog
      open={to !== undefined}
      title={`Roll ${name} back to version ${to?.version}?`}
      confirm="Roll back"
      pending={roll.isPending}
      onConfirm={() => to && roll.mutate(to.version)}
      onClose={() => {
        roll.reset()
        onClose()
      }}
    >
      {roll.error && <ErrorNotice error={roll.error} title="It was not rolled back" />}
      <p className="mb-3">Its document becomes the newest version; nothing is lost. It holds on every node within seconds.</p>
      {to && <JsonDiff changes={jsonChanges(current, documentOf(to))} same="It says what stands now." />}
    </ConfirmDialog>
  )
}
