import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { PageHeader } from '../../ui/page-header.tsx'
import { type Tab, Tabs } from '../../ui/tabs.tsx'
import { usePermission } from '../shell/use-session.ts'
import { BudgetsTab } from './budgets-tab.tsx'
import { KeysTab } from './keys-tab.tsx'
import { LotsTab } from './lots-tab.tsx'
import { ProjectsTab } from './projects-tab.tsx'
import type { BudgetsTab as Name } from './select-budgets.ts'

const route = getRouteApi('/shell/budgets')

/** Who may spend how much: limits, the keys they hold for, whose keys they are, and what is paid already. */
export function BudgetsPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const mayKeys = usePermission('keys.read')
  const mayProjects = usePermission('projects.read')
  const mayLots = usePermission('lots.read')
  const tabs: Tab<Name>[] = [
    { name: 'budgets', label: 'Budgets', content: <BudgetsTab /> },
    ...(mayKeys ? [{ name: 'keys' as const, label: 'Keys', content: <KeysTab search={search} /> }] : []),
    ...(mayProjects ? [{ name: 'projects' as const, label: 'Projects', content: <ProjectsTab /> }] : []),
    ...(mayLots ? [{ name: 'prepaid' as const, label: 'Prepaid', content: <LotsTab /> }] : []),
  ]
  return (
    <>
      <PageHeader title="Budgets & keys">
        Money is reserved before a call and settled after it, so a hard budget is never passed. Days and months are UTC.
      </PageHeader>
      <div className="mt-4">
        <Tabs
          label="What to look at"
          tabs={tabs}
          value={search.tab ?? 'budgets'}
          onChange={(tab) => void navigate({ to: '/budgets', search: tab === 'budgets' ? {} : { tab }, replace: true })}
        />
      </div>
    </>
  )
}
