/** The pages as somebody opens them, and what must stand there before they can be used: their own data, not their frame. */
export interface DashboardPage {
  readonly label: string
  /** `{id}` stands for the newest request. */
  readonly path: string
  /** Selectors, all of which must match. */
  readonly ready: readonly string[]
  /** Milliseconds until it can be used, where it is more than a page's second. */
  readonly withinMs?: number
}

export const pages: readonly DashboardPage[] = [
  { label: 'Overview', path: '/', ready: ['[data-stat]', 'main svg'] },
  { label: 'Explore', path: '/explore', ready: ['main table tbody tr', 'main svg'] },
  { label: 'Requests', path: '/requests', ready: ['[data-request]'] },
  { label: 'Requests, gallery', path: '/requests?view=gallery', ready: ['[data-request]'] },
  { label: 'Request', path: '/requests/{id}', ready: ['[data-request]', '[data-receipt=total]'] },
  { label: 'Request, decision', path: '/requests/{id}?tab=decision', ready: ['[data-request]', '[role=tabpanel] table'] },
  { label: 'Playground', path: '/playground', ready: ['main textarea', 'main form button[aria-haspopup]'] },
  { label: 'Routes', path: '/routes', ready: ['main a[href^="/routes/"]'] },
  { label: 'Route', path: '/routes/auto', ready: ['main [role=tabpanel] input'] },
  { label: 'Models', path: '/models', ready: ['main table tbody tr', 'main svg'] },
  { label: 'Budgets & keys', path: '/budgets', ready: ['main [role=tabpanel] li'] },
  { label: 'Prices', path: '/prices', ready: ['main table tbody tr'] },
  { label: 'Providers', path: '/providers', ready: ['main table tbody tr'] },
  { label: 'Books', path: '/books', ready: ['[data-row]'] },
  // Ten thousand calls are priced again for it.
  { label: 'Books, report', path: '/books?tab=report', ready: ['[data-figure=Spent]'], withinMs: 2_000 },
  { label: 'Batches', path: '/batches', ready: ['main p'] },
  { label: 'Settings', path: '/settings', ready: ['main dl dd'] },
  { label: 'Audit', path: '/audit', ready: ['main table tbody tr'] },
]
