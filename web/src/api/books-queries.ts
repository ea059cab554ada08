/** Reads of the books: closed months, money nobody knows yet, and the report of a month. */
import { queryOptions } from '@tanstack/react-query'
import { call } from './client.ts'

export const booksKeys = {
  months: ['months'],
  unknown: ['unknown-attempts'],
  report: ['report'],
} as const

export const monthsQuery = queryOptions({
  queryKey: booksKeys.months,
  queryFn: ({ signal }) => call('listMonths', { signal }),
})

/** They change with the release alone. */
export const importFormatsQuery = queryOptions({
  queryKey: ['import-formats'],
  queryFn: ({ signal }) => call('listImportFormats', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

export const unknownQuery = queryOptions({
  queryKey: booksKeys.unknown,
  queryFn: ({ signal }) => call('listUnknown', { query: { limit: 1000 }, signal }),
})

/** Calls that are priced again, about: enough for a page, which says how exact that is. The terminal takes more. */
const REPORT_CALLS = 4_000

/** Prices calls of a month again, which takes seconds on a large one: it is asked for once and kept. */
export const reportQuery = (month: string, sandbox: boolean) =>
  queryOptions({
    queryKey: [...booksKeys.report, month, sandbox],
    queryFn: ({ signal }) => call('getReport', { query: { month, sandbox: String(sandbox), calls: REPORT_CALLS }, signal }),
    staleTime: 300_000,
  })
