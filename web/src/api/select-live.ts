/** Where a request heard about on the event stream belongs in the pages already loaded. */
import type { RequestSummaryWire } from '../../../src/contract/records.ts'
import type { Answer } from './paths.ts'
import type { RequestFilters } from './queries.ts'

export type RequestPage = Answer<'listRequests'>

/**
 * Pages with `summary` put in: replaced where it already is, removed where it no longer matches, else inserted by its id
 * (ids are in time order). A request older than everything loaded is left for the page it will come with.
 */
export function mergeSummary(
  pages: readonly RequestPage[],
  summary: RequestSummaryWire,
  filters: RequestFilters = {},
): RequestPage[] {
  const wanted = matchesFilters(summary, filters)
  const known = pages.some((page) => page.data.some((row) => row.id === summary.id))
  if (known) return pages.map((page) => ({ ...page, data: replaceOrRemove(page.data, summary, wanted) }))
  if (!wanted) return [...pages]
  const at = pages.findIndex((page, index) => {
    const oldest = page.data.at(-1)
    return oldest === undefined || summary.id > oldest.id || (index === pages.length - 1 && !page.next_cursor)
  })
  return pages.map((page, index) =>
    index === at ? { ...page, data: [...page.data, summary].sort((left, right) => (left.id < right.id ? 1 : -1)) } : page,
  )
}

export function matchesFilters(summary: RequestSummaryWire, filters: RequestFilters): boolean {
  if (filters.outcome !== undefined && summary.outcome !== filters.outcome) return false
  return filters.project_id === undefined || summary.project_id === filters.project_id
}

function replaceOrRemove(
  rows: readonly RequestSummaryWire[],
  summary: RequestSummaryWire,
  wanted: boolean,
): RequestSummaryWire[] {
  return rows.flatMap((row) => {
    if (row.id !== summary.id) return [row]
    return wanted ? [newer(row, summary)] : []
  })
}

/** A finished row never goes back to running: events and the list's answer can cross on the way. */
const newer = (row: RequestSummaryWire, summary: RequestSummaryWire): RequestSummaryWire =>
  row.finished_at !== null && summary.finished_at === null ? row : summary
