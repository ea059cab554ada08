import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useNavigate } from '@tanstack/react-router'
import { createContext, useContext, useEffect, useState } from 'react'
import { call } from '../../api/client.ts'
import { type LiveState, watchRequests } from '../../api/live.ts'
import { ControlStrip, Mark } from '../../ui/halftone-art.tsx'
import { OverviewStrip } from '../overview/overview-strip.tsx'
import { MoneyBanner } from './money-banner.tsx'
import { nav } from './nav.ts'
import { ThemeToggle } from './theme-toggle.tsx'

const LiveContext = createContext<LiveState>('connecting')
export const useLiveState = (): LiveState => useContext(LiveContext)

/** The frame of every page behind the sign-in; it holds the one live connection. */
export function Shell() {
  const queryClient = useQueryClient()
  const [live, setLive] = useState<LiveState>('connecting')
  useEffect(() => watchRequests(queryClient, setLive), [queryClient])
  return (
    <LiveContext value={live}>
      <a href="#main" className="button button-primary sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-40">
        Skip to the page
      </a>
      <div className="mx-auto min-h-dvh max-w-[1600px] md:grid md:grid-cols-[13rem_minmax(0,1fr)]">
        <Rail />
        <div className="min-w-0">
          <MoneyBanner />
          <OverviewStrip />
          <main id="main" tabIndex={-1} className="px-4 pt-5 pb-16 outline-none md:px-8 md:pt-7">
            <Outlet />
          </main>
        </div>
      </div>
    </LiveContext>
  )
}

function Rail() {
  return (
    <header className="flex items-center gap-3 border-rule px-4 py-2 max-md:border-b md:sticky md:top-0 md:h-dvh md:flex-col md:items-stretch md:gap-0 md:border-r md:px-0 md:py-0">
      <Link to="/" className="flex items-center gap-2.5 text-ink no-underline md:px-5 md:pt-6 md:pb-7">
        <Mark className="size-7" />
        <span className="text-[1.2rem] font-bold tracking-tight max-sm:sr-only">Halftone</span>
      </Link>
      <nav aria-label="Pages" className="flex md:flex-col">
        {nav.map((page) => (
          <Link key={page.to} to={page.to} className="nav-link max-md:border-l-0 max-md:px-2 md:pl-[1.1rem]">
            <svg viewBox="0 0 16 16" className="size-4 fill-none stroke-current stroke-[1.6] max-sm:hidden" aria-hidden="true">
              <path d={page.icon} />
            </svg>
            {page.label}
          </Link>
        ))}
      </nav>
      <div className="ml-auto flex items-center md:mt-auto md:ml-0 md:flex-col md:items-start md:px-2.5 md:pb-3">
        <ThemeToggle />
        <SignOut />
      </div>
      <ControlStrip className="max-md:hidden" />
    </header>
  )
}

function SignOut() {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const signOut = useMutation({
    mutationFn: () => call('signOut'),
    onSuccess: async () => {
      await navigate({ to: '/sign-in', search: {} })
      queryClient.clear()
    },
  })
  return (
    <button type="button" className="button button-quiet text-sm" disabled={signOut.isPending} onClick={() => signOut.mutate()}>
      Sign out
    </button>
  )
}
