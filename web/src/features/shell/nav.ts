/**
 * The pages of the dashboard, in the order of the menu. A new page is a route in `router.tsx` and a line here; what is not
 * here is in no menu.
 */
import type { Permission } from '../../../../src/core/access/roles.ts'

/** The menu in groups; one without pages is not shown. */
export const groups = ['See', 'Make', 'Decide', 'Set up'] as const
export type NavGroup = (typeof groups)[number]

interface NavEntry {
  readonly to: string
  readonly label: string
  readonly group: NavGroup
  /** What a session must be allowed to do to be shown the page; the API refuses the rest by itself. */
  readonly permission: Permission
  /** The path of a line drawing in a box of 16 x 16. */
  readonly icon: string
}

// biome-ignore format: a line per page
export const nav = [
  { to: '/', label: 'Overview', group: 'See', permission: 'insight.all', icon: 'M2.5 13.5h11M4 13V8.5M8 13V3M12 13V6' },
  { to: '/explore', label: 'Explore', group: 'See', permission: 'insight.read', icon: 'M2.5 2.5v11h11M5.5 10.5h5M5.5 7.5h8M5.5 4.5h3' },
  { to: '/requests', label: 'Requests', group: 'See', permission: 'requests.read', icon: 'M2.5 4h11M2.5 8h11M2.5 12h11' },
  { to: '/books', label: 'Books', group: 'See', permission: 'insight.all', icon: 'M3.5 2.5h9v11h-9zM5.5 2.5v11M7.5 5.5h3M7.5 8h3' },
  { to: '/playground', label: 'Playground', group: 'Make', permission: 'images.make', icon: 'M3 13.5V3h7.5M13 6v7H6M3 13.5h.01M13 3h.01M8 8h.01' },
  { to: '/batches', label: 'Batches', group: 'Make', permission: 'images.make', icon: 'M2.5 6.5h11v7h-11zM4 4.5h8M5.5 2.5h5' },
  { to: '/routes', label: 'Routes', group: 'Decide', permission: 'routes.read', icon: 'M2.5 8h4l3-4h4M6.5 8l3 4h4M11.5 2l2 2-2 2M11.5 10l2 2-2 2' },
  { to: '/budgets', label: 'Budgets & keys', group: 'Set up', permission: 'budgets.read', icon: 'M2.5 4.5h11v8h-11zM2.5 7h11M10.5 10h1' },
  { to: '/models', label: 'Models', group: 'Decide', permission: 'insight.all', icon: 'M2.5 2.5v11h11M5 11.5 7 8l3-1.5 3.5-3M7 8h.01M10 6.5h.01' },
  { to: '/prices', label: 'Prices', group: 'Set up', permission: 'prices.read', icon: 'M2.5 8.5v-6h6l5 5.5-5.5 5.5zM5.5 5.5h.01' },
  { to: '/providers', label: 'Providers', group: 'Set up', permission: 'providers.read', icon: 'M3 2.5h10v4H3zM3 9.5h10v4H3zM5.5 4.5h.01M5.5 11.5h.01' },
  { to: '/audit', label: 'Audit', group: 'Set up', permission: 'audit.read', icon: 'M4 2.5h8v11H4zM6 5.5h4M6 8h4M6 10.5h2' },
  { to: '/settings', label: 'Settings', group: 'Set up', permission: 'providers.read', icon: 'M2.5 4.5h11M2.5 11.5h11M5.5 2.5v4M10.5 9.5v4' },
] as const satisfies readonly NavEntry[]
