/** Reads of what people set: budgets, lots, routes, and the record of changes. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { JsonRecord } from '../lib/json-diff.ts'
import { ApiError, call } from './client.ts'
import type { Body } from './paths.ts'

export const settingsKeys = {
  budgets: ['budgets'],
  lots: ['lots'],
  routes: ['routes'],
  route: (name: string) => ['routes', name],
  audit: ['audit'],
  channels: ['alert-channels'],
  sessions: ['sessions'],
} as const

export const budgetsQuery = queryOptions({
  queryKey: settingsKeys.budgets,
  queryFn: ({ signal }) => call('listBudgets', { signal }),
  refetchInterval: 30_000,
})

export const lotsQuery = queryOptions({ queryKey: settingsKeys.lots, queryFn: ({ signal }) => call('listLots', { signal }) })

export const channelsQuery = queryOptions({
  queryKey: settingsKeys.channels,
  queryFn: ({ signal }) => call('listAlertChannels', { signal }),
})

export const sessionsQuery = queryOptions({
  queryKey: settingsKeys.sessions,
  queryFn: ({ signal }) => call('listSessions', { signal }),
})

export const routesQuery = queryOptions({
  queryKey: [...settingsKeys.routes, ''],
  queryFn: ({ signal }) => call('listRoutes', { signal }),
})

/** Null: there is no such route. */
export const routeQuery = (name: string) =>
  queryOptions({
    queryKey: [...settingsKeys.route(name), 'standing'],
    queryFn: ({ signal }) => orNull(call('getRoute', { id: name, signal })),
  })

/** Null: there never was one. */
export const routeVersionsQuery = (name: string) =>
  queryOptions({
    queryKey: [...settingsKeys.route(name), 'versions'],
    queryFn: ({ signal }) => orNull(call('listRouteVersions', { id: name, signal })),
  })

type RouteDocumentJson = NonNullable<Body<'validateRoute'>['document']>

/** A document as it is sent: the same JSON, which the contract types as changeable. */
export const sentDocument = (document: JsonRecord): RouteDocumentJson => document as RouteDocumentJson

export const routeValidationQuery = (name: string, document: JsonRecord) =>
  queryOptions({
    queryKey: [...settingsKeys.route(name), 'validation', document],
    queryFn: ({ signal }) => call('validateRoute', { id: name, body: { document: sentDocument(document) }, signal }),
    placeholderData: keepPreviousData,
  })

export const routeCandidatesQuery = (name: string, document: JsonRecord) =>
  queryOptions({
    queryKey: [...settingsKeys.route(name), 'candidates', document],
    queryFn: ({ signal }) => call('routeCandidates', { id: name, body: { document: sentDocument(document) }, signal }),
    placeholderData: keepPreviousData,
    retry: false,
  })

export const observationQuery = (name: string, days: number) =>
  queryOptions({
    queryKey: [...settingsKeys.route(name), 'observation', days],
    queryFn: ({ signal }) => call('observeRoute', { id: name, query: { days }, signal }),
    placeholderData: keepPreviousData,
  })

export interface AuditAsked {
  readonly action?: string
  readonly actor?: string
  readonly object_id?: string
  readonly since?: string | undefined
  readonly until?: string | undefined
}

const AUDIT_PAGE = 50

export const auditQuery = (asked: AuditAsked) =>
  infiniteQueryOptions({
    queryKey: [...settingsKeys.audit, asked],
    queryFn: ({ signal, pageParam }) => call('listAudit', { query: { ...asked, limit: AUDIT_PAGE, cursor: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })

async function orNull<Value>(answer: Promise<Value>): Promise<Value | null> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null
    throw error
  }
}
