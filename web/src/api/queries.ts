/** Every read of server state, with its cache key. Pages compose these; nothing else calls the gateway to read. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { InsightAsked } from '../lib/insight-period.ts'
import { ApiError, call } from './client.ts'
import type { Body } from './paths.ts'
import type { RequestFilters } from './select-live.ts'

export const keys = {
  session: ['session'],
  signInOptions: ['sign-in-options'],
  overview: ['overview'],
  insight: ['insight'],
  views: ['views'],
  tagRules: ['tag-rules'],
  status: ['status'],
  models: ['models'],
  quality: ['quality'],
  prices: ['prices'],
  providers: ['providers'],
  quotes: ['quote'],
  requestLists: ['requests'],
  filterOptions: ['filter-options'],
  request: (id: string) => ['request', id],
} as const

/** Requests per page. */
export const PAGE_SIZE = 40

/** The session, or null when nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: keys.session,
  staleTime: 60_000,
  queryFn: async ({ signal }) => {
    try {
      return await call('getSession', { signal })
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null
      throw error
    }
  },
})

export const signInOptionsQuery = queryOptions({
  queryKey: keys.signInOptions,
  queryFn: ({ signal }) => call('getSignInOptions', { signal }),
  staleTime: 60_000,
})

export const overviewQuery = queryOptions({
  queryKey: keys.overview,
  queryFn: ({ signal }) => call('overview', { signal }),
  refetchInterval: 60_000,
})

/** Models with a series of their own: with the rest and the charges without an attempt as many as there are colours. */
const SERIES = 6

export const insightOverviewQuery = (asked: InsightAsked) =>
  queryOptions({
    queryKey: [...keys.insight, 'overview', asked],
    queryFn: ({ signal }) => {
      const { sandbox, ...time } = asked
      return call('insightOverview', {
        query: { ...time, ...(sandbox !== undefined && { sandbox: String(sandbox) }), top: SERIES },
        signal,
      })
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  })

export const exploreQuery = (body: Body<'insightExplore'>) =>
  queryOptions({
    queryKey: [...keys.insight, 'explore', body],
    queryFn: ({ signal }) => call('insightExplore', { body, signal }),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })

/** Requests looked at for the tags they carry. */
const TAGGED = 200

/** Keys of tags that recent requests carry, to offer them. */
export const tagKeysQuery = queryOptions({
  queryKey: [...keys.filterOptions, 'tags'],
  queryFn: async ({ signal }) => {
    const { data } = await call('listRequests', { query: { limit: TAGGED }, signal })
    return [...new Set(data.flatMap(({ tags }) => Object.keys(tags)))].sort()
  },
  staleTime: 60_000,
})

export const viewsQuery = queryOptions({ queryKey: keys.views, queryFn: ({ signal }) => call('listViews', { signal }) })

export const tagRulesQuery = queryOptions({ queryKey: keys.tagRules, queryFn: ({ signal }) => call('listTagRules', { signal }) })

export const insightModelsQuery = (asked: InsightAsked) =>
  queryOptions({
    queryKey: [...keys.insight, 'models', asked],
    queryFn: ({ signal }) => {
      const { sandbox, ...time } = asked
      return call('insightModels', { query: { ...time, ...(sandbox !== undefined && { sandbox: String(sandbox) }) }, signal })
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  })

export const pricesQuery = queryOptions({
  queryKey: keys.prices,
  queryFn: ({ signal }) => call('listPrices', { signal }),
  staleTime: 60_000,
})

export const priceHistoryQuery = (offer: string) =>
  queryOptions({
    queryKey: [...keys.prices, 'history', offer],
    queryFn: ({ signal }) => call('priceHistory', { query: { offer }, signal }),
    staleTime: 60_000,
  })

export const priceSetsQuery = queryOptions({
  queryKey: [...keys.prices, 'sets'],
  queryFn: ({ signal }) => call('listPriceSets', { signal }),
})

export const priceDraftsQuery = queryOptions({
  queryKey: [...keys.prices, 'drafts'],
  queryFn: ({ signal }) => call('listPriceDrafts', { signal }),
})

export const providersQuery = queryOptions({
  queryKey: keys.providers,
  queryFn: ({ signal }) => call('listProviders', { signal }),
  refetchInterval: 10_000,
})

export const statusQuery = queryOptions({
  queryKey: keys.status,
  queryFn: ({ signal }) => call('status', { signal }),
  refetchInterval: 60_000,
})

/** What people said about pictures that were made under a floor. */
export const qualityQuery = queryOptions({
  queryKey: keys.quality,
  queryFn: ({ signal }) => call('listQuality', { signal }),
  refetchInterval: 60_000,
})

export const modelsQuery = queryOptions({
  queryKey: keys.models,
  queryFn: ({ signal }) => call('listModels', { signal }),
  staleTime: 60_000,
})

export const quoteQuery = (body: Body<'quote'>) =>
  queryOptions({
    queryKey: [...keys.quotes, body],
    queryFn: ({ signal }) => call('quote', { body, signal }),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })

export const requestsQuery = (filters: RequestFilters) =>
  infiniteQueryOptions({
    queryKey: [...keys.requestLists, filters],
    queryFn: ({ signal, pageParam }) =>
      call('listRequests', { query: { ...filters, limit: PAGE_SIZE, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })

export const requestQuery = (id: string) =>
  queryOptions({ queryKey: [...keys.request(id), 'record'], queryFn: ({ signal }) => call('getRequest', { id, signal }) })

export const receiptQuery = (id: string) =>
  queryOptions({ queryKey: [...keys.request(id), 'receipt'], queryFn: ({ signal }) => call('getReceipt', { id, signal }) })

export const explainQuery = (id: string) =>
  queryOptions({ queryKey: [...keys.request(id), 'explain'], queryFn: ({ signal }) => call('explainRequest', { id, signal }) })

export const lineageQuery = (id: string) =>
  queryOptions({ queryKey: [...keys.request(id), 'lineage'], queryFn: ({ signal }) => call('getLineage', { id, signal }) })

export const projectsQuery = queryOptions({
  queryKey: [...keys.filterOptions, 'projects'],
  queryFn: ({ signal }) => call('listProjects', { signal }),
  staleTime: 60_000,
})

export const apiKeysQuery = queryOptions({
  queryKey: [...keys.filterOptions, 'keys'],
  queryFn: ({ signal }) => call('listKeys', { signal }),
  staleTime: 60_000,
})
