/** Saved views: a name for a state of the page. */
import { defaultParseSearch, defaultStringifySearch } from '@tanstack/react-router'
import type { ViewWire } from '../../../../src/contract/insight.ts'
import { type ExploreSearch, parseExploreSearch } from './select-explore.ts'

/** The state as a URL has it, without the question mark; which view it came from is no part of it. */
export function queryOf(search: ExploreSearch): string {
  const { view: _, ...state } = search
  const entries = Object.entries(state).sort(([left], [right]) => (left < right ? -1 : 1))
  return defaultStringifySearch(Object.fromEntries(entries)).replace(/^\?/, '')
}

/** The state that a view stands for; what no longer fits is left out. */
export const searchOf = (view: Pick<ViewWire, 'id' | 'query'>): ExploreSearch =>
  parseExploreSearch({ ...defaultParseSearch(view.query), view: view.id })

/** Whether the page shows something else than the view it was opened from. */
export const isChanged = (view: Pick<ViewWire, 'id' | 'query'>, search: ExploreSearch): boolean =>
  queryOf(searchOf(view)) !== queryOf(search)

/** An id from a name, with the moment behind it: two views may have one name. */
export const newId = (name: string, now: number): string => {
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 40)
  return `${slug || 'view'}-${now.toString(36)}`
}
