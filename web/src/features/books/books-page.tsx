import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { PageHeader } from '../../ui/page-header.tsx'
import { type Tab, Tabs } from '../../ui/tabs.tsx'
import { usePermission } from '../shell/use-session.ts'
import { ExportsTab } from './exports-tab.tsx'
import { MonthsTab } from './months-tab.tsx'
import { ReportTab } from './report-tab.tsx'
import type { BooksTab } from './select-books.ts'
import { UnknownTab } from './unknown-tab.tsx'

const route = getRouteApi('/shell/books')

/** What an owner does with the money every month: look at it, settle what is open, hand it on, close it. */
export function BooksPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const mayExport = usePermission('exports.read')
  const tabs: Tab<BooksTab>[] = [
    { name: 'months', label: 'Months', content: <MonthsTab /> },
    { name: 'report', label: 'Report', content: <ReportTab search={search} /> },
    { name: 'unknown', label: 'Unknown money', content: <UnknownTab /> },
    ...(mayExport ? [{ name: 'exports' as const, label: 'Export', content: <ExportsTab /> }] : []),
  ]
  return (
    <>
      <PageHeader title="Books">
        Months and their reports, calls of which nobody knows yet what they were billed, and every charge as a file. Months are
        UTC.
      </PageHeader>
      <div className="mt-4">
        <Tabs
          label="What to look at"
          tabs={tabs}
          value={search.tab ?? 'months'}
          onChange={(tab) => void navigate({ to: '/books', search: tab === 'months' ? {} : { tab }, replace: true })}
        />
      </div>
    </>
  )
}
