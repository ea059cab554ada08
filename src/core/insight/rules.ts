/** Tag rules: labels that history gets when it is read. No charge and no request is touched, and a rule taken back leaves no trace. */
import { type InsightDimension, isTagDimension } from './terms.ts'

/** What sums are kept by; a model or a provider is read off its offer. */
export type StoredDimension =
  | Exclude<InsightDimension, 'model' | 'provider' | `tag:${string}`>
  | 'kind'
  | 'baseline'
  | `tag:${string}`

/** Values by stored dimension; an absent one was not asked for. Empty = none. */
export type StoredValues = Readonly<Partial<Record<StoredDimension, string>>>

export interface TagRule {
  /** The tag it sets, and to what. */
  readonly key: string
  readonly value: string
  /** All that are given must match. */
  readonly when: {
    readonly tag?: { readonly key: string; readonly value: string }
    readonly project?: string
    readonly model?: string
    readonly provider?: string
    readonly route?: string
    readonly key?: string
  }
}

/** `<publisher>/<name>` of an offer id; empty for none. */
export function modelOf(offer: string): string {
  const rest = offer.slice(offer.indexOf(':') + 1)
  return rest.replace(/[@+].*$/, '')
}

/** The configured provider of an offer id; empty for none. */
export const providerOf = (offer: string): string => offer.slice(0, Math.max(0, offer.indexOf(':')))

/** What has to be known of a row to tell its value of a dimension. */
export function needsOf(dimension: InsightDimension, rules: readonly TagRule[]): readonly StoredDimension[] {
  if (dimension === 'model' || dimension === 'provider') return ['offer']
  if (!isTagDimension(dimension)) return [dimension]
  const needs = new Set<StoredDimension>([dimension])
  for (const { key, when } of rules) {
    if (`tag:${key}` !== dimension) continue
    if (when.tag) needs.add(`tag:${when.tag.key}`)
    if (when.project !== undefined) needs.add('project')
    if (when.model !== undefined || when.provider !== undefined) needs.add('offer')
    if (when.route !== undefined) needs.add('route')
    if (when.key !== undefined) needs.add('key')
  }
  return [...needs]
}

/** The first rule that matches decides about a tag; without one the tag is what the request carried. */
export function dimensionValue(values: StoredValues, dimension: InsightDimension, rules: readonly TagRule[]): string {
  if (dimension === 'model') return modelOf(values.offer ?? '')
  if (dimension === 'provider') return providerOf(values.offer ?? '')
  if (!isTagDimension(dimension)) return values[dimension] ?? ''
  const rule = rules.find((each) => `tag:${each.key}` === dimension && matches(each.when, values))
  return rule?.value ?? values[dimension] ?? ''
}

function matches({ tag, project, model, provider, route, key }: TagRule['when'], values: StoredValues): boolean {
  const offer = values.offer ?? ''
  return (
    (tag === undefined || values[`tag:${tag.key}`] === tag.value) &&
    (project === undefined || values.project === project) &&
    (model === undefined || modelOf(offer) === model) &&
    (provider === undefined || providerOf(offer) === provider) &&
    (route === undefined || values.route === route) &&
    (key === undefined || values.key === key)
  )
}
