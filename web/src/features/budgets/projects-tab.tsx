import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { parseUsd } from '../../../../src/core/money.ts'
import { call } from '../../api/client.ts'
import type { Answer, Body } from '../../api/paths.ts'
import { keys as cacheKeys, exploreQuery } from '../../api/queries.ts'
import { counted } from '../../lib/numbers.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Form, FormButtons, IdField, SelectField, TextArea, TextField } from '../../ui/form.tsx'
import { ManagedBadge } from '../../ui/managed-badge.tsx'
import { Short } from '../../ui/money.tsx'
import { EmptyState } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usePermission } from '../shell/use-session.ts'
import { idFrom, parseTagLines, readOnlyReason, selectSpend, tagLines } from './select-budgets.ts'
import { usePeople } from './use-people.ts'

type Project = Answer<'listProjects'>['data'][number]
type PromptMode = Project['prompt_mode']

const promptModes: Readonly<Record<PromptMode, string>> = {
  full: 'kept as written',
  hmac: 'as a keyed hash: equal ones can be recognised, none can be read',
  none: 'not kept',
}
const SPENT_BY_PROJECT: Body<'insightExplore'> = { period: 'month', group_by: ['project'], limit: 1000 }

export function ProjectsTab() {
  const { keys, projects } = usePeople()
  const explored = useQuery(exploreQuery(SPENT_BY_PROJECT))
  const spend = useMemo(() => selectSpend(explored.data), [explored.data])
  const mayWrite = usePermission('projects.write')
  const [editing, setEditing] = useState<Project | 'new'>()
  const rows = useMemo(
    () =>
      projects.data?.data.map((project) => ({
        ...project,
        spent: spend.get(project.id) ?? '0',
        keys:
          keys.data?.data.filter(({ project_id, revoked_at }) => project_id === project.id && revoked_at === null).length ?? 0,
      })),
    [projects.data, keys.data, spend],
  )
  const columns = useMemo(() => columnsOf(mayWrite ? setEditing : undefined), [mayWrite])
  return (
    <>
      {mayWrite && (
        <div className="mb-3 flex justify-end">
          <button type="button" className="button button-primary" onClick={() => setEditing('new')}>
            New project
          </button>
        </div>
      )}
      <DataTable
        caption="Projects"
        columns={columns}
        rows={rows}
        rowId={({ id }) => id}
        error={projects.error}
        retry={() => void projects.refetch()}
        empty={
          <EmptyState title="Only the default project">
            Every key belongs to it. A project keeps the money, prompts and images of a team apart.
          </EmptyState>
        }
      />
      <Dialog
        open={editing !== undefined}
        onClose={() => setEditing(undefined)}
        kind="sheet"
        title={editing === 'new' || editing === undefined ? 'New project' : `Project ${editing.id}`}
      >
        <ProjectFields project={editing === 'new' ? undefined : editing} onClose={() => setEditing(undefined)} />
      </Dialog>
    </>
  )
}

/** With its working keys, and what they have spent this month: sorting looks at the rows. */
type ProjectRow = Project & { readonly keys: number; readonly spent: string }

const columnsOf = (edit: ((project: Project) => void) | undefined): readonly DataColumn<ProjectRow>[] => [
  {
    id: 'name',
    header: 'Project',
    rowHeader: true,
    sort: ({ name }) => name,
    cell: (project) => (
      <>
        <span className="flex flex-wrap items-center gap-1.5">
          <Link to="/requests" search={{ project_id: project.id }} className="break-all">
            {project.name}
          </Link>
          <ManagedBadge by={project.managed_by} reason={readOnlyReason(project.managed_by)} />
        </span>
        {project.name !== project.id && <span className="label block font-mono font-normal">{project.id}</span>}
      </>
    ),
  },
  { id: 'prompts', header: 'Prompts', cell: (project) => promptModes[project.prompt_mode], hideBelow: 'md' },
  {
    id: 'images',
    header: 'Images kept',
    numeric: true,
    sort: ({ asset_ttl_days: days }) => days,
    cell: ({ asset_ttl_days: days }) => (days === 0 ? 'not stored' : counted(days, 'day')),
    hideBelow: 'sm',
  },
  {
    id: 'tags',
    header: 'Tags',
    cell: ({ tags }) => <span className="break-all">{tagLines(tags).replaceAll('\n', ', ') || <NoTags />}</span>,
    hideBelow: 'lg',
  },
  { id: 'keys', header: 'Keys', numeric: true, sort: (row) => row.keys, cell: (row) => row.keys, hideBelow: 'sm' },
  {
    id: 'spend',
    header: 'This month',
    numeric: true,
    sort: ({ spent }) => parseUsd(spent),
    cell: ({ spent }) => <Short usd={spent} />,
  },
  ...(edit
    ? [
        {
          id: 'edit',
          header: <span className="sr-only">Change</span>,
          numeric: true,
          cell: (project: ProjectRow) =>
            readOnlyReason(project.managed_by) === null && (
              <button type="button" className="button button-quiet text-sm" onClick={() => edit(project)}>
                Edit<span className="sr-only"> the project {project.id}</span>
              </button>
            ),
        },
      ]
    : []),
]

const NoTags = () => <span className="text-muted">none</span>
const fields = ['id', 'name', 'prompt_mode', 'asset_ttl_days', 'tags']

function ProjectFields({ project, onClose }: { project: Project | undefined; onClose: () => void }) {
  const [name, setName] = useState(project?.name ?? '')
  const [ownId, setOwnId] = useState<string>()
  const [mode, setMode] = useState<PromptMode>(project?.prompt_mode ?? 'full')
  const [days, setDays] = useState(String(project?.asset_ttl_days ?? 30))
  const [tagText, setTagText] = useState(tagLines(project?.tags ?? {}))
  const [tried, setTried] = useState(false)
  const queryClient = useQueryClient()
  const toast = useToast()
  const id = project?.id ?? ownId ?? idFrom(name)
  const { tags, problem } = parseTagLines(tagText)
  const save = useMutation({
    mutationFn: (body: Body<'putProject'>) => call('putProject', { id, body }),
    onSuccess: async (saved) => {
      await queryClient.invalidateQueries({ queryKey: cacheKeys.filterOptions })
      toast(`The project ${saved.name} is saved`)
      onClose()
    },
  })
  const submit = () => {
    setTried(true)
    if (name.trim() === '' || problem !== undefined || !/^\d{1,4}$/.test(days)) return
    save.mutate({ name: name.trim(), prompt_mode: mode, asset_ttl_days: Number(days), tags })
  }
  return (
    <Form error={save.error} fields={fields} onSubmit={submit}>
      <TextField
        name="name"
        label="Name"
        value={name}
        maxLength={128}
        problem={tried && name.trim() === '' ? 'Give it a name.' : undefined}
        onChange={(event) => setName(event.target.value)}
      />
      {!project && <IdField value={id} onChange={setOwnId} />}
      <SelectField
        name="prompt_mode"
        label="Prompts"
        hint="Of requests from now on; the money is kept in every case."
        value={mode}
        onChange={(event) => setMode((['full', 'hmac', 'none'] as const).find((each) => each === event.target.value) ?? 'full')}
      >
        {Object.entries(promptModes).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </SelectField>
      <TextField
        name="asset_ttl_days"
        label="Days that images are kept"
        hint="0: they are not stored at all."
        inputMode="numeric"
        value={days}
        problem={tried && !/^\d{1,4}$/.test(days) ? 'Write a whole number of days, 0 to 3650.' : undefined}
        onChange={(event) => setDays(event.target.value)}
      />
      <TextArea
        name="tags"
        label="Tags"
        rows={3}
        hint="One name=value per line; they stand on every request of the project."
        value={tagText}
        spellCheck={false}
        problem={tried ? problem : undefined}
        onChange={(event) => setTagText(event.target.value)}
      />
      <FormButtons submit={project ? 'Save the project' : 'Create the project'} busy={save.isPending} onCancel={onClose} />
    </Form>
  )
}
