import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { RouteWire } from '../../../../src/contract/routes.ts'
import { routeQuery, routeVersionsQuery } from '../../api/settings-queries.ts'
import { formatMoment } from '../../lib/time.ts'
import { TableSkeleton } from '../../ui/data-table.tsx'
import { ErrorNotice, Loading, Notice } from '../../ui/notice.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { type Tab, Tabs } from '../../ui/tabs.tsx'
import { usePermission } from '../shell/use-session.ts'
import { DryRunTab } from './dry-run-tab.tsx'
import { EditTab } from './edit-tab.tsx'
import { HistoryTab } from './history-tab.tsx'
import { RouteActions } from './route-actions.tsx'
import { type RouteDocument, type RouteSearch, type RouteTab, withoutDefaults } from './select-routes.ts'
import { TrialTab } from './trial-tab.tsx'
import { useDraft } from './use-draft.ts'

const pageRoute = getRouteApi('/shell/routes/$route')

/** One route: its document, what it would have done, its versions, and how its trial goes. */
export function RoutePage() {
  const { route: name } = pageRoute.useParams()
  const search = pageRoute.useSearch()
  const standing = useQuery(routeQuery(name))
  const copied = useQuery({ ...routeQuery(search.copy ?? ''), enabled: search.copy !== undefined && standing.data === null })
  if (standing.error && standing.data === undefined) {
    return <ErrorNotice error={standing.error} title="The route could not be read" retry={() => void standing.refetch()} />
  }
  if (standing.data === undefined || (search.copy !== undefined && standing.data === null && copied.isPending))
    return <Loading label="Loading the route" />
  const begin = standing.data?.document ?? copied.data?.document ?? {}
  return <Route key={name} name={name} standing={standing.data} begin={withoutDefaults(begin as RouteDocument)} search={search} />
}

interface Props {
  readonly name: string
  /** Null: not made yet, or deleted. */
  readonly standing: RouteWire | null
  readonly begin: RouteDocument
  readonly search: RouteSearch
}

function Route({ name, standing, begin, search }: Props) {
  const mayWrite = usePermission('routes.write') && standing?.managed_by !== 'file'
  const draft = useDraft({ name, standing, begin })
  const versions = useQuery(routeVersionsQuery(name))
  const navigate = useNavigate()
  const go = (tab: RouteTab) =>
    void navigate({
      to: '/routes/$route',
      params: { route: name },
      search: { ...(tab !== 'edit' && { tab }), ...(search.as && { as: search.as }), ...(search.copy && { copy: search.copy }) },
      replace: true,
      resetScroll: false,
    })
  const tabs: Tab<RouteTab>[] = [
    {
      name: 'edit',
      label: draft.changed && mayWrite ? 'Document (changed)' : 'Document',
      content: <EditTab name={name} draft={draft} as={search.as ?? 'form'} mayWrite={mayWrite} onTry={() => go('dry-run')} />,
    },
    { name: 'dry-run', label: 'Dry run', content: <DryRunTab draft={draft} exists={standing !== null} /> },
    ...(standing?.managed_by === 'api' || (versions.data?.data.length ?? 0) > 0
      ? [
          {
            name: 'history' as const,
            label: versions.data ? `History (${versions.data.data.length})` : 'History',
            content: versions.data ? (
              <HistoryTab name={name} versions={versions.data.data} standing={standing} search={search} mayWrite={mayWrite} />
            ) : versions.error ? (
              <ErrorNotice error={versions.error} title="The versions could not be read" retry={() => void versions.refetch()} />
            ) : (
              <TableSkeleton caption="Versions" />
            ),
          },
        ]
      : []),
    ...(standing?.document['mode'] === 'observe'
      ? [{ name: 'trial' as const, label: 'Trial', content: <TrialTab name={name} /> }]
      : []),
  ]
  const wanted = search.tab ?? 'edit'
  return (
    <>
      <p className="label mb-1">
        <Link to="/routes">Routes</Link>
      </p>
      <PageHeader title={name} actions={<RouteActions name={name} standing={standing} mayWrite={mayWrite} />}>
        <Standing standing={standing} wasThere={(versions.data?.data.length ?? 0) > 0} />
      </PageHeader>
      {standing?.problem && (
        <div className="mt-4">
          <Notice tone="bad" title="It cannot be used as it is stored">
            {standing.problem}. Requests that name it are refused until a valid document is saved, or an earlier version is
            brought back.
          </Notice>
        </div>
      )}
      <div className="mt-4">
        <Tabs
          label="What to look at"
          tabs={tabs}
          value={tabs.some((tab) => tab.name === wanted) ? wanted : 'edit'}
          onChange={go}
        />
      </div>
    </>
  )
}

function Standing({ standing, wasThere }: { standing: RouteWire | null; wasThere: boolean }): ReactNode {
  if (!standing) {
    return wasThere
      ? 'Deleted; its versions are kept. Save a document to make it again, or bring back one of them.'
      : 'Not made yet: write it, try it on past requests, and save it.'
  }
  switch (standing.managed_by) {
    case 'file':
      return 'Set in halftone.yaml, so it is read-only here. Try it on past requests, or copy it to a route of another name.'
    case 'built_in':
      return 'Built in, and always there. A document saved here takes its place.'
    default:
      return `Version ${standing.version}, by ${standing.created_by ?? 'nobody known'}${
        standing.created_at === null ? '' : `, ${formatMoment(standing.created_at)}`
      }`
  }
}
