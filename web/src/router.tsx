/** The pages as one table. A page is its own chunk: it loads when it is opened; what it has to ask for long comes meanwhile. */
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { maySignIn } from '../../src/core/access/roles.ts'
import { exploreQuery, insightModelsQuery, sessionQuery } from './api/queries.ts'
import { parseAuditSearch } from './features/audit/select-audit.ts'
import { parseBatchesSearch, parseBatchSearch } from './features/batches/select-batches.ts'
import { parseBooksSearch } from './features/books/select-books.ts'
import { parseBudgetsSearch } from './features/budgets/select-budgets.ts'
import { bodyOf, parseExploreSearch } from './features/explore/select-explore.ts'
import { parseModelsSearch } from './features/models/select-offers.ts'
import { parsePlaygroundSearch } from './features/playground/select-form.ts'
import { parsePricesSearch } from './features/prices/select-prices.ts'
import { parseProvidersSearch } from './features/providers/select-providers.ts'
import { parseDetailSearch, parseRequestsSearch } from './features/requests/select-requests.ts'
import { parseRouteSearch } from './features/routes/select-routes.ts'
import { parseSignInSearch } from './features/session/select-session.ts'
import { parseSettingsSearch } from './features/settings/select-settings.ts'
import { nav } from './features/shell/nav.ts'
import { NotFound, PageError, PagePending } from './features/shell/page-states.tsx'
import { pageInstead } from './features/shell/select-nav.ts'
import { Shell } from './features/shell/shell.tsx'
import { askedOf, parseInsightSearch } from './lib/insight-period.ts'

interface Context {
  readonly queryClient: QueryClient
}

const root = createRootRouteWithContext<Context>()({ component: Outlet })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: parseSignInSearch,
  component: lazyRouteComponent(() => import('./features/session/sign-in-page.tsx'), 'SignInPage'),
})

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const session = await context.queryClient.ensureQueryData(sessionQuery)
    if (!session || !maySignIn(session.role)) throw redirect({ to: '/sign-in', search: { to: location.href } })
    const instead = pageInstead(nav, session.role, location.pathname)
    if (instead) throw redirect({ to: instead })
    return { session }
  },
})

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  validateSearch: parseInsightSearch,
  component: lazyRouteComponent(() => import('./features/overview/overview-page.tsx'), 'OverviewPage'),
})

const explore = createRoute({
  getParentRoute: () => shell,
  path: '/explore',
  validateSearch: parseExploreSearch,
  loader: ({ context, location }) => {
    const body = bodyOf(parseExploreSearch(location.search))
    void context.queryClient.prefetchQuery(exploreQuery(body))
  },
  component: lazyRouteComponent(() => import('./features/explore/explore-page.tsx'), 'ExplorePage'),
})

const methods = createRoute({
  getParentRoute: () => shell,
  path: '/methods',
  component: lazyRouteComponent(() => import('./features/insight/methods-page.tsx'), 'MethodsPage'),
})

const models = createRoute({
  getParentRoute: () => shell,
  path: '/models',
  validateSearch: parseModelsSearch,
  loader: ({ context, location }) => {
    const asked = askedOf(parseModelsSearch(location.search))
    void context.queryClient.prefetchQuery(insightModelsQuery(asked))
  },
  component: lazyRouteComponent(() => import('./features/models/models-page.tsx'), 'ModelsPage'),
})

const prices = createRoute({
  getParentRoute: () => shell,
  path: '/prices',
  validateSearch: parsePricesSearch,
  component: lazyRouteComponent(() => import('./features/prices/prices-page.tsx'), 'PricesPage'),
})

const providers = createRoute({
  getParentRoute: () => shell,
  path: '/providers',
  validateSearch: parseProvidersSearch,
  component: lazyRouteComponent(() => import('./features/providers/providers-page.tsx'), 'ProvidersPage'),
})

const playground = createRoute({
  getParentRoute: () => shell,
  path: '/playground',
  validateSearch: parsePlaygroundSearch,
  component: lazyRouteComponent(() => import('./features/playground/playground-page.tsx'), 'PlaygroundPage'),
})

const requests = createRoute({
  getParentRoute: () => shell,
  path: '/requests',
  validateSearch: parseRequestsSearch,
  component: lazyRouteComponent(() => import('./features/requests/requests-page.tsx'), 'RequestsPage'),
})

const request = createRoute({
  getParentRoute: () => requests,
  path: '$requestId',
  validateSearch: parseDetailSearch,
  component: lazyRouteComponent(() => import('./features/requests/request-detail.tsx'), 'RequestDetail'),
})

const budgets = createRoute({
  getParentRoute: () => shell,
  path: '/budgets',
  validateSearch: parseBudgetsSearch,
  component: lazyRouteComponent(() => import('./features/budgets/budgets-page.tsx'), 'BudgetsPage'),
})

const books = createRoute({
  getParentRoute: () => shell,
  path: '/books',
  validateSearch: parseBooksSearch,
  component: lazyRouteComponent(() => import('./features/books/books-page.tsx'), 'BooksPage'),
})

const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  validateSearch: parseSettingsSearch,
  component: lazyRouteComponent(() => import('./features/settings/settings-page.tsx'), 'SettingsPage'),
})

const batches = createRoute({
  getParentRoute: () => shell,
  path: '/batches',
  validateSearch: parseBatchesSearch,
  component: lazyRouteComponent(() => import('./features/batches/batches-page.tsx'), 'BatchesPage'),
})

const batch = createRoute({
  getParentRoute: () => shell,
  path: '/batches/$batch',
  validateSearch: parseBatchSearch,
  component: lazyRouteComponent(() => import('./features/batches/batch-page.tsx'), 'BatchPage'),
})

const routes = createRoute({
  getParentRoute: () => shell,
  path: '/routes',
  component: lazyRouteComponent(() => import('./features/routes/routes-page.tsx'), 'RoutesPage'),
})

const route = createRoute({
  getParentRoute: () => shell,
  path: '/routes/$route',
  validateSearch: parseRouteSearch,
  component: lazyRouteComponent(() => import('./features/routes/route-page.tsx'), 'RoutePage'),
})

const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audit',
  validateSearch: parseAuditSearch,
  component: lazyRouteComponent(() => import('./features/audit/audit-page.tsx'), 'AuditPage'),
})

const routeTree = root.addChildren([
  signIn,
  shell.addChildren([
    home,
    explore,
    methods,
    playground,
    batches,
    batch,
    models,
    prices,
    providers,
    requests.addChildren([request]),
    budgets,
    routes,
    route,
    audit,
    books,
    settings,
  ]),
])

export function createDashboardRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    defaultPreload: 'intent',
    defaultErrorComponent: PageError,
    defaultNotFoundComponent: NotFound,
    defaultPendingComponent: PagePending,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createDashboardRouter>
  }
  interface HistoryState {
    /** A prompt handed to the playground. Not in the URL: prompts stay out of histories and logs. */
    prompt?: string
  }
}
