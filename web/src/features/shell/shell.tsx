import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { Popover } from 'radix-ui'
import { createContext, useContext, useEffect, useState } from 'react'
import { call } from '../../api/client.ts'
import { type LiveState, watchRequests } from '../../api/live.ts'
import { sessionQuery } from '../../api/queries.ts'
import { ControlStrip, Mark } from '../../ui/halftone-art.tsx'
import { ToastProvider } from '../../ui/toast.tsx'
import { RailSpend } from '../overview/rail-spend.tsx'
import { MoneyBanner } from './money-banner.tsx'
import { nav } from './nav.ts'
import { pageAt, selectNav } from './select-nav.ts'
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
          <main id="main" tabIndex={-1} className="px-4 pt-5 pb-16 outline-none md:px-8 md:pt-7">
            <ToastProvider>
              <Outlet />
            </ToastProvider>
          </main>
        </div>
      </div>
    </LiveContext>
  )
}

function Rail() {
  return (
    <header className="flex items-center gap-3 border-rule px-4 py-2 max-md:sticky max-md:top-0 max-md:z-20 max-md:border-b max-md:bg-paper md:sticky md:top-0 md:h-dvh md:flex-col md:items-stretch md:gap-0 md:overflow-y-auto md:border-r md:px-0 md:py-0">
      <Link to="/" className="flex items-center gap-2.5 text-ink no-underline md:px-5 md:pt-6 md:pb-5">
        <Mark className="size-7" />
        <span className="text-[1.2rem] font-bold tracking-tight">Halftone</span>
      </Link>
      <PhoneMenu />
      <nav aria-label="Pages" className="max-md:hidden">
        <NavSections />
      </nav>
      <div className="mt-auto pt-4 max-md:hidden">
        <RailSpend />
      </div>
      <div className="flex flex-col items-start px-2.5 pt-4 pb-3 max-md:hidden">
        <ThemeToggle />
        <SignOut />
      </div>
      <ControlStrip className="shrink-0 max-md:hidden" />
    </header>
  )
}

function NavSections({ onTake }: { onTake?: () => void }) {
  const { data: session } = useQuery(sessionQuery)
  if (!session) return null
  return selectNav(nav, session.role).map(({ group, items }) => (
    <div key={group} className="mb-3">
      <p className="label px-[1.3rem] pb-0.5 max-md:px-3">{group}</p>
      {items.map((page) => (
        <Link
          key={page.to}
          to={page.to}
          className="nav-link md:pl-[1.1rem]"
          activeOptions={{ exact: page.to === '/' }}
          onClick={onTake}
        >
          <svg viewBox="0 0 16 16" className="size-4 fill-none stroke-current stroke-[1.6]" aria-hidden="true">
            <path d={page.icon} />
          </svg>
          {page.label}
        </Link>
      ))}
    </div>
  ))
}

/** On a phone the pages fold into one button that names where one is. */
function PhoneMenu() {
  const [open, setOpen] = useState(false)
  const here = useLocation({ select: ({ pathname }) => pageAt(nav, pathname)?.label ?? 'Pages' })
  return (
    <div className="ml-auto md:hidden">
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Popover.Trigger className="button text-sm">
          <span className="sr-only">Menu: </span>
          {here}
          <svg viewBox="0 0 16 16" className="size-4 fill-none stroke-current stroke-[1.6]" aria-hidden="true">
            <path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11" />
          </svg>
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            aria-label="Menu"
            className="menu max-h-[80dvh] w-60 overflow-y-auto pt-3"
            align="end"
            sideOffset={6}
            collisionPadding={8}
          >
            <nav aria-label="Pages">
              <NavSections onTake={() => setOpen(false)} />
            </nav>
            <div className="flex justify-between border-t border-rule p-1.5">
              <ThemeToggle />
              <SignOut />
            </div>
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
    </div>
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
