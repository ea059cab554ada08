import { Link } from '@tanstack/react-router'
import { EmptyState, ErrorNotice, Loading } from '../../ui/notice.tsx'

export function PageError({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <div className="mx-auto max-w-3xl p-6">
      <ErrorNotice error={error} title="This page could not be shown" retry={reset} />
    </div>
  )
}

export function NotFound() {
  return (
    <EmptyState title="There is no such page">
      <Link to="/requests">Look at recent requests</Link> or <Link to="/playground">make a picture</Link>.
    </EmptyState>
  )
}

export const PagePending = () => <Loading label="Loading the page" />
