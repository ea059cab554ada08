import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { PageHeader } from '../../ui/page-header.tsx'
import { type Tab, Tabs } from '../../ui/tabs.tsx'
import { usePermission } from '../shell/use-session.ts'
import { AlertsTab } from './alerts-tab.tsx'
import { DeletionTab } from './deletion-tab.tsx'
import { GatewayTab } from './gateway-tab.tsx'
import type { SettingsTab } from './select-settings.ts'
import { SessionsTab } from './sessions-tab.tsx'

const route = getRouteApi('/shell/settings')

/** What concerns the whole gateway: how it runs, who is told, what is deleted, who is signed in. */
export function SettingsPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const mayDelete = usePermission('settings.write')
  const maySessions = usePermission('sessions.manage')
  const tabs: Tab<SettingsTab>[] = [
    { name: 'gateway', label: 'Gateway', content: <GatewayTab /> },
    { name: 'alerts', label: 'Alerts', content: <AlertsTab /> },
    ...(mayDelete ? [{ name: 'deletion' as const, label: 'Deletion', content: <DeletionTab /> }] : []),
    ...(maySessions ? [{ name: 'sessions' as const, label: 'Sessions', content: <SessionsTab /> }] : []),
  ]
  const isThere = tabs.some(({ name }) => name === search.tab)
  return (
    <>
      <PageHeader title="Settings">What concerns the whole gateway. Everything else is in halftone.yaml.</PageHeader>
      <div className="mt-4">
        <Tabs
          label="What to look at"
          tabs={tabs}
          value={isThere && search.tab ? search.tab : 'gateway'}
          onChange={(tab) => void navigate({ to: '/settings', search: tab === 'gateway' ? {} : { tab }, replace: true })}
        />
      </div>
    </>
  )
}
