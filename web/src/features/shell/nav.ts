/** The pages of the dashboard, in the order of the menu. A new page is a route in `router.tsx` and a line here. */
export const nav = [
  { to: '/playground', label: 'Playground', icon: 'M3 13.5V3h7.5M13 6v7H6M3 13.5h.01M13 3h.01M8 8h.01' },
  { to: '/requests', label: 'Requests', icon: 'M2.5 4h11M2.5 8h11M2.5 12h11' },
] as const
