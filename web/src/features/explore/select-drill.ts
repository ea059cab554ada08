/** From a group, a bar or a cell to the requests that made it. */
import type { RequestsSearch } from '../requests/select-requests.ts'
import type { ExploreSearch } from './select-explore.ts'
import { filtersIn, groupsOf } from './select-explore.ts'

interface Place {
  /** The group's values, as the API has them; null: none. */
  readonly key: readonly (string | null)[]
  readonly other: boolean
  /** Start of the bar's hour, day or month. */
  readonly at?: string | null
}

export type Drill = { readonly search: RequestsSearch } | { readonly why: string }

/** Which field of the list of requests stands for a dimension; what takes one value only is marked. */
const fields: Readonly<Record<string, { readonly name: keyof RequestsSearch; readonly single?: true; readonly none?: true }>> = {
  model: { name: 'model' },
  offer: { name: 'model' },
  provider: { name: 'provider' },
  route: { name: 'route' },
  operation: { name: 'operation' },
  size: { name: 'size', none: true },
  quality: { name: 'quality', none: true },
  prompt_class: { name: 'prompt_class', none: true },
  outcome: { name: 'outcome' },
  project: { name: 'project_id', single: true },
  key: { name: 'key_id', single: true },
  end_customer: { name: 'customer', single: true },
  group: { name: 'group', single: true },
}

/** Keys of tags that rules rewrite. */
export type Ruled = Pick<ReadonlySet<string>, 'has'>

/** While nobody knows which rules there are, any tag may be rewritten. */
export const ruledBy = (rules: readonly { readonly key: string; readonly enabled: boolean }[] | undefined): Ruled =>
  rules ? new Set(rules.filter(({ enabled }) => enabled).map(({ key }) => key)) : { has: () => true }

/**
 * The list of requests behind a group, or why there is none. `ruled` are the keys of tags that rules rewrite: requests carry
 * another tag than history shows.
 */
export function drillOf(
  search: ExploreSearch,
  place: Place,
  period: { readonly from: string; readonly to: string },
  ruled: Ruled = new Set(),
): Drill {
  if (place.other) return { why: 'This row sums up the groups that are not listed: filter, or ask for another grouping.' }
  const wanted = new Map<string, readonly string[]>(filtersIn(search))
  for (const [index, name] of groupsOf(search).entries()) wanted.set(name, [place.key[index] ?? ''])
  const found: Record<string, string> = {}
  for (const [name, values] of wanted) {
    const put = fieldFor(name, values, ruled)
    if ('why' in put) return put
    if (found[put.name] !== undefined) return { why: 'The list of requests takes a model or an offer, not both.' }
    found[put.name] = put.value
  }
  return { search: { ...found, ...daysOf(search, place, period) } }
}

function fieldFor(
  name: string,
  values: readonly string[],
  ruled: Ruled,
): { readonly name: string; readonly value: string } | { readonly why: string } {
  if (values.some((value) => value.includes('(beyond the daily bound)')))
    return { why: 'Names beyond the daily bound are one row.' }
  const [first = ''] = values
  if (name.startsWith('tag:')) {
    const key = name.slice(4)
    if (ruled.has(key)) return { why: `A tag rule labels ${key}: requests carry what they were sent with.` }
    if (values.length > 1 || first === '') return { why: 'The list of requests finds one value of a tag, and none without it.' }
    return { name: 'tag', value: `${key}=${first}` }
  }
  const field = fields[name]
  if (!field) return { why: 'The list of requests cannot be narrowed by this.' }
  if (values.includes('') && !field.none) return { why: 'No request has this: charges without an attempt, or nothing was sent.' }
  if (field.single && values.length > 1) return { why: 'The list of requests takes one of these.' }
  if (values.some((value) => value.includes(','))) return { why: 'The list of requests takes no name with a comma.' }
  return { name: field.name, value: values.map((value) => (value === '' ? 'none' : value)).join(',') }
}

/** The list knows days: an hour leads to its day. */
function daysOf(
  { grain }: ExploreSearch,
  { at }: Place,
  period: { readonly from: string; readonly to: string },
): { readonly from: string; readonly to: string } {
  const end = Date.parse(period.to)
  if (!at || !grain) return { from: period.from.slice(0, 10), to: dayBefore(end) }
  const start = new Date(at)
  const next = grain === 'month' ? Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1) : start.getTime() + 3_600_000
  const from = at < period.from ? period.from : at
  return { from: from.slice(0, 10), to: dayBefore(grain === 'day' ? start.getTime() + 86_400_000 : Math.min(next, end)) }
}

const dayBefore = (end: number): string => new Date(end - 1).toISOString().slice(0, 10)
