/** What the pages of routes show, and what the editor makes of a document. */
import type { ExploreResponse } from '../../../../src/contract/insight.ts'
import type { RouteTrialWire, RouteValidation, RouteWire } from '../../../../src/contract/routes.ts'
import { DEFAULT_GROUP_FAILURE } from '../../../../src/core/routing/consistency.ts'
import { textOf } from '../../lib/filters.ts'
import { isSameJson, type Json, type JsonRecord, jsonText } from '../../lib/json-diff.ts'

export type RouteDocument = JsonRecord

export const routeTabs = ['edit', 'dry-run', 'history', 'trial'] as const
export type RouteTab = (typeof routeTabs)[number]
export const routeForms = ['form', 'yaml', 'json'] as const
export type RouteForm = (typeof routeForms)[number]

export interface RouteSearch {
  readonly tab?: RouteTab
  /** How the document is written: a form when absent. */
  readonly as?: Exclude<RouteForm, 'form'>
  /** A new route begins as a copy of this one. */
  readonly copy?: string
  /** Versions that are compared. */
  readonly before?: number
  readonly after?: number
}

export function parseRouteSearch(search: Record<string, unknown>): RouteSearch {
  const tab = routeTabs.find((name) => name === search['tab'])
  const as = (['yaml', 'json'] as const).find((name) => name === search['as'])
  const copy = textOf(search['copy'], 64)
  const [before, after] = [versionOf(search['before']), versionOf(search['after'])]
  return {
    ...(tab && tab !== 'edit' && { tab }),
    ...(as && { as }),
    ...(copy !== undefined && { copy }),
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  }
}

const versionOf = (value: unknown): number | undefined => {
  const version = Number(value)
  return Number.isInteger(version) && version > 0 ? version : undefined
}

/** What a field means when it is not written. A test compares them with the schema of documents. */
export const routeDefaults: RouteDocument = {
  objective: 'cost',
  maxAttempts: 3,
  retries: 1,
  fallback: true,
  fallbackOnRefusal: false,
  mode: 'route',
  fraction: 0,
  groupFailure: DEFAULT_GROUP_FAILURE,
  payTwice: 'never',
  onSoftBudget: 'warn',
}

/** Only what says something: defaults are left out, as people write documents. */
export const withoutDefaults = (document: RouteDocument): RouteDocument =>
  Object.fromEntries(Object.entries(document).filter(([name, value]) => jsonText(value) !== jsonText(routeDefaults[name])))

/** `value` at a field; undefined, an empty text, list or record, and the default take the field out. */
export function withField(document: RouteDocument, name: string, value: Json | undefined): RouteDocument {
  const { [name]: _, ...rest } = document
  const isNothing = value === undefined || value === '' || (typeof value === 'object' && value !== null && isEmpty(value))
  return isNothing || jsonText(value) === jsonText(routeDefaults[name]) ? rest : { ...rest, [name]: value }
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0

/** Another objective takes the settings of the one before with it, which would be an error without it. */
export function withObjective(document: RouteDocument, objective: string): RouteDocument {
  const { weights, order, shares, ...rest } = document
  const kept = { balanced: { weights }, priority: { order }, weighted: { shares } }[objective] ?? {}
  const defined = Object.entries(kept).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return withField({ ...rest, ...Object.fromEntries(defined) }, 'objective', objective)
}

/** Mode `route` takes the settings of mode `observe` with it. */
export function withMode(document: RouteDocument, mode: string): RouteDocument {
  if (mode === 'observe') return withField(document, 'mode', mode)
  const { observes: _, fraction: __, since: ___, ...rest } = document
  return withField(rest, 'mode', mode)
}

export const stringsOf = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
export const stringOf = (value: Json | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

/** `fal: 4` lines of a record of numbers. */
export const shareLines = (value: Json | undefined): string =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value)
        .map(([name, share]) => `${name} ${stringOf(share)}`)
        .join('\n')
    : ''

/** Of lines such as `fal 4`; what has no number is kept as text, so that the validation names it. */
export function parseShares(text: string): JsonRecord {
  const entries = text.split('\n').flatMap((line) => {
    const [, name, share] = /^\s*(\S+?)[\s:=]+(\S+)\s*$/.exec(line) ?? []
    if (name === undefined || share === undefined) return line.trim() === '' ? [] : [[line.trim(), 'missing'] as const]
    const number = Number(share)
    return [[name, Number.isFinite(number) ? number : share] as const]
  })
  return Object.fromEntries(entries)
}

export interface RouteRow {
  readonly route: RouteWire
  readonly summary: string
  /** Of this page's period; null: not used in it. */
  readonly use: {
    readonly requests: number
    readonly images: number
    readonly usd: string
    readonly perImage: string | null
  } | null
  /** Of all requests, 0 to 1; null: there were none. */
  readonly share: number | null
}

export function selectRouteRows(routes: readonly RouteWire[], explored: ExploreResponse | undefined): readonly RouteRow[] {
  const used = new Map((explored?.rows ?? []).flatMap((row) => (row.other ? [] : [[row.key[0] ?? '', row] as const])))
  const total = explored?.total.requests ?? 0
  return routes.map((route) => {
    const row = used.get(route.name)
    return {
      route,
      summary: routeSummary(route.document as RouteDocument),
      use: row ? { requests: row.requests, images: row.images, usd: row.cost_usd, perImage: row.cost_per_image_usd } : null,
      share: explored === undefined || total === 0 ? null : (row?.requests ?? 0) / total,
    }
  })
}

const objectives: Readonly<Record<string, string>> = {
  cost: 'cheapest all-in',
  latency: 'fastest',
  quality: 'best rated',
  balanced: 'balance of cost, latency and quality',
  weighted: 'fixed shares',
  priority: 'fixed order',
}
export const objectiveText = (objective: string): string => objectives[objective] ?? objective
export const objectiveNames = Object.keys(objectives)

/** What a route does, in a line. */
export function routeSummary(document: RouteDocument): string {
  const objective = stringOf(document['objective']) || 'cost'
  const named = [...stringsOf(document['offers']), ...stringsOf(document['models']), ...stringsOf(document['providers'])]
  const [floor, easyFloor, most, observes] = ['floor', 'easyFloor', 'maxCostUsd', 'observes'].map((name) =>
    stringOf(document[name]),
  )
  return [
    observes ? `watches ${observes}` : '',
    objectiveText(objective),
    named.length === 0 ? 'of everything' : `of ${named.length === 1 ? named[0] : `${named.length} named`}`,
    floor ? `at least ${floor}` : '',
    easyFloor ? `easy prompts at least ${easyFloor}` : '',
    most ? `at most $${most}` : '',
  ]
    .filter(Boolean)
    .join(', ')
}

export const isChanged = (base: RouteDocument, draft: RouteDocument): boolean =>
  !isSameJson(withoutDefaults(base), withoutDefaults(draft))

type Finding = RouteValidation['findings'][number]

/** Findings by the field of the form they stand at; those of the whole document, or of a field without a control, under ''. */
export function findingsByField(
  findings: readonly Finding[],
  controls: readonly string[],
): ReadonlyMap<string, readonly Finding[]> {
  const fields = new Map<string, Finding[]>()
  for (const finding of findings) {
    const field = finding.path.split(/[.[]/, 1)[0] ?? ''
    const at = controls.includes(field) ? field : ''
    fields.set(at, [...(fields.get(at) ?? []), finding])
  }
  return fields
}

/** Values of a list that findings name: `models[1]` is the second of `models`. */
export function wrongValues(findings: readonly Finding[] | undefined, values: readonly string[]): ReadonlySet<string> {
  const indexes = (findings ?? []).flatMap(({ path }) => /\[(\d+)\]/.exec(path)?.[1] ?? [])
  return new Set(indexes.flatMap((index) => values[Number(index)] ?? []))
}

export interface TrialShare {
  readonly offer: string
  readonly before: RouteTrialWire['before'][number] | undefined
  readonly after: RouteTrialWire['after'][number] | undefined
}

/** Offers that served or would serve, the largest of both first. */
export function selectShares({ before, after }: Pick<RouteTrialWire, 'before' | 'after'>): readonly TrialShare[] {
  const offers = new Set([...before, ...after].map(({ offer }) => offer))
  const find = (list: RouteTrialWire['before'], offer: string) => list.find((each) => each.offer === offer)
  const shareOf = ({ before: then, after: now }: TrialShare) => Math.max(then?.share ?? 0, now?.share ?? 0)
  return [...offers]
    .map((offer) => ({ offer, before: find(before, offer), after: find(after, offer) }))
    .sort((left, right) => shareOf(right) - shareOf(left))
}

export const ROUTE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
