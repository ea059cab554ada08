import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { parseUsd } from '../../../../src/core/money.ts'
import type { Answer, Body } from '../../api/paths.ts'
import { exploreQuery } from '../../api/queries.ts'
import { counted } from '../../lib/numbers.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ManagedBadge } from '../../ui/managed-badge.tsx'
import { Short } from '../../ui/money.tsx'
import { EmptyState } from '../../ui/notice.tsx'
import { usePeople } from '../people/use-people.ts'
import { usePermission } from '../shell/use-session.ts'
import { ProjectForm } from './project-form.tsx'
import { keptText, promptModes, readOnlyReason, selectSpend, tagLines } from './select-budgets.ts'

type Project = Answer<'listProjects'>['data'][number]

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
        <ProjectForm project={editing === 'new' ? undefined : editing} onClose={() => setEditing(undefined)} />
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
  { id: 'prompts', header: 'Prompts', cell: (project) => promptModes[project.prompt_mode], hideBelow: 'lg' },
  {
    id: 'tags',
    header: 'Tags',
    cell: ({ tags }) => <span className="break-all">{tagLines(tags).replaceAll('\n', ', ') || <NoTags />}</span>,
    hideBelow: 'lg',
  },
  {
    id: 'images',
    header: 'Images kept',
    numeric: true,
    sort: ({ asset_ttl_days: days }) => days,
    cell: ({ asset_ttl_days: days }) => (days === 0 ? 'not stored' : counted(days, 'day')),
    hideBelow: 'sm',
  },
  {
    id: 'content',
    header: 'Prompts for',
    numeric: true,
    sort: ({ content_ttl_days: days }) => days,
    cell: ({ content_ttl_days: days }) => keptText(days),
    hideBelow: 'lg',
  },
  {
    id: 'records',
    header: 'Records for',
    numeric: true,
    sort: ({ records_ttl_days: days }) => days,
    cell: ({ records_ttl_days: days }) => keptText(days),
    hideBelow: 'md',
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
