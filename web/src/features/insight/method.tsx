import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'

/** How a figure is computed, in a sentence, and where its formula and its limits are written down. */
export function Method({ at, children }: { at: string; children: ReactNode }) {
  return (
    <>
      {children}{' '}
      <Link to="/methods" hash={at} className="whitespace-nowrap text-inherit underline underline-offset-2">
        Formula and limits
      </Link>
    </>
  )
}
