import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Drill } from './select-drill.ts'

/** A figure or a name that leads to the requests behind it; where there is no such list, the reason is its title. */
export function DrillLink({
  drill,
  label,
  children,
  className = '',
}: {
  drill: Drill
  label: string
  children: ReactNode
  className?: string
}) {
  if ('why' in drill) {
    return (
      <span className={className} title={drill.why}>
        {children}
      </span>
    )
  }
  return (
    <Link to="/requests" search={drill.search} className={`drill ${className}`} title={label}>
      {children}
    </Link>
  )
}
