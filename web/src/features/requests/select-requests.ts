/** Filters of the requests page in the URL, and what the rows show. */
import type { RequestSummaryWire } from '../../../../src/contract/records.ts'
import { outcomes } from '../../../../src/core/outcome.ts'
import type { RequestFilters } from '../../api/queries.ts'
import { formatDuration } from '../../lib/time.ts'

export interface RequestsSearch extends RequestFilters {
  readonly outcome?: (typeof outcomes)[number]
  readonly project_id?: string
}

export function parseRequestsSearch(search: Record<string, unknown>): RequestsSearch {
  const outcome = outcomes.find((known) => known === search['outcome'])
  const project = search['project_id']
  return {
    ...(outcome ? { outcome } : {}),
    ...(typeof project === 'string' && project !== '' && project.length <= 64 ? { project_id: project } : {}),
  }
}

export const detailTabs = ['receipt', 'attempts', 'decision', 'details'] as const
export interface DetailSearch {
  readonly tab?: (typeof detailTabs)[number]
}

export function parseDetailSearch(search: Record<string, unknown>): DetailSearch {
  const tab = detailTabs.find((known) => known === search['tab'])
  return tab && tab !== 'receipt' ? { tab } : {}
}

/** What stands in for the prompt where none is kept. */
export const promptText = (request: Pick<RequestSummaryWire, 'prompt'>): string => request.prompt ?? 'Prompt not kept'

/** How long it took, or has been running at `now`. */
export function latencyText(request: Pick<RequestSummaryWire, 'latency_ms' | 'finished_at' | 'created_at'>, now: number): string {
  if (request.latency_ms !== null) return formatDuration(request.latency_ms)
  return request.finished_at === null ? formatDuration(Math.max(0, now - Date.parse(request.created_at))) : 'not measured'
}

/** `openai:openai/gpt-image-2` as provider and model, for two lines. */
export function splitOffer(offer: string): { readonly provider: string; readonly model: string } {
  const colon = offer.indexOf(':')
  return colon < 0 ? { provider: '', model: offer } : { provider: offer.slice(0, colon), model: offer.slice(colon + 1) }
}
