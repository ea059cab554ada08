/** The query of a list of requests as the ledger's filter. */
import type { RequestListQuery } from '../contract/requests.ts'
import { parseUsd } from '../core/money.ts'
import type { RequestFilter } from '../ports/ledger.ts'

/** `inPrompts`: whether the caller may read prompts; a search must not tell what they say to one who may not. */
export function requestFilterOf(query: RequestListQuery, { inPrompts }: { readonly inPrompts: boolean }): RequestFilter {
  const tags = query.tag === undefined ? [] : [query.tag].flat().map(tagOf)
  return definedOnly({
    projectId: query.project_id,
    keyId: query.key_id,
    outcomes: query.outcome,
    operations: query.operation,
    routes: query.route,
    models: query.model,
    offers: query.offer,
    providers: query.provider,
    sizeClasses: query.size?.map(noneAsEmpty),
    qualities: query.quality?.map(noneAsEmpty),
    promptClasses: query.prompt_class?.map(noneAsEmpty),
    group: query.group,
    endCustomer: query.end_customer,
    tags: tags.length > 0 ? tags : undefined,
    sinceUs: query.since === undefined ? undefined : Date.parse(query.since) * 1_000,
    untilUs: query.until === undefined ? undefined : Date.parse(query.until) * 1_000,
    minCostNanoUsd: query.min_cost_usd === undefined ? undefined : parseUsd(query.min_cost_usd),
    maxCostNanoUsd: query.max_cost_usd === undefined ? undefined : parseUsd(query.max_cost_usd),
    search: query.search === undefined ? undefined : { text: query.search, inPrompts },
  })
}

/** The ledger stores what was not chosen as an empty text, which a list in a URL cannot hold. */
const noneAsEmpty = (value: string): string => (value === 'none' ? '' : value)

/** The schema made sure of the equals sign; a value may hold more of them. */
function tagOf(text: string): { readonly key: string; readonly value: string } {
  const at = text.indexOf('=')
  return { key: text.slice(0, at), value: text.slice(at + 1) }
}

type Defined<Values> = { [Key in keyof Values]?: Exclude<Values[Key], undefined> }

function definedOnly<Values extends object>(values: Values): Defined<Values> {
  // Entries are only left out, so each that stays has the type it had.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<Values>
}
