import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { PageHeader } from '../../ui/page-header.tsx'
import { type Tab, Tabs } from '../../ui/tabs.tsx'
import { ImportTab } from '../imports/import-tab.tsx'
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
  const mayImport = usePermission('prices.write')
  const mayExport = usePermission('exports.read')
  const tabs: Tab<BooksTab>[] = [
    { name: 'months', label: 'Months', content: <MonthsTab /> },
    { name: 'report', label: 'Report', content: <ReportTab search={search} /> },
    { name: 'unknown', label: 'Unknown money', content: <UnknownTab /> },
    ...(mayImport ? [{ name: 'imports' as const, label: 'Import', content: <ImportTab /> }] : []),
    ...(mayExport ? [{ name: 'exports' as const, label: 'Export', content: <ExportsTab /> }] : []),
  ]
  return (
    <>
      <PageHeader title="Books">
        Months and their reports, calls of which nobody knows yet what they were billed, spend from elsewhere, and every charge as
        a file. Months are UTC.
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
