/**
 * What somebody may see: whose things, and how much of them. Every route that shows requests, images, keys or budgets asks
 * here; what the wire functions show is of type `Shown`, which only this file makes.
 */
import { mayDo, type Permission, reachOf } from '../core/access/roles.ts'
import { HalftoneError } from '../core/error.ts'
import type { AttemptRecordRow, BudgetRecord, KeyRecord, RequestRecord, RequestSummary } from '../ports/ledger.ts'
import type { Identity } from './key-ring.ts'

declare const shown: unique symbol
/** A record that has passed `showTo`: without prompt and images for those who may not see them. */
export type Shown<T> = T & { readonly [shown]: true }

export const can = ({ key }: Identity, permission: Permission): boolean => mayDo(key.role, permission)

interface Owned {
  readonly keyId: string
  readonly projectId: string
}

/** Whether a thing of this key and project is within somebody's reach. */
export function isWithinReach({ key, project }: Identity, thing: Owned): boolean {
  switch (reachOf(key.role)) {
    case 'all':
      return true
    case 'project':
      return thing.projectId === project.id
    case 'own':
      return thing.keyId === key.id
  }
}

/** What every query about requests and sums is narrowed to. */
export function reachFilter({ key, project }: Identity): { readonly projectId?: string; readonly keyId?: string } {
  switch (reachOf(key.role)) {
    case 'all':
      return {}
    case 'project':
      return { projectId: project.id }
    case 'own':
      return { keyId: key.id }
  }
}

/**
 * A query with `project_id` narrowed to one's project, before any handler sees it. Another project is as unknown as one that
 * never was: 404.
 */
export function narrowQuery(identity: Identity, query: unknown): unknown {
  if (reachOf(identity.key.role) !== 'project') return query
  const given = (query as { readonly project_id?: unknown } | undefined)?.project_id
  if (given !== undefined && given !== identity.project.id)
    throw new HalftoneError('not_found', `There is no project "${String(given).slice(0, 64)}".`, { param: 'project_id' })
  return { ...(query as object | undefined), project_id: identity.project.id }
}

/** The same for questions that carry their filters in the body. */
export function narrowBody(identity: Identity, body: unknown): unknown {
  if (reachOf(identity.key.role) !== 'project' || typeof body !== 'object' || body === null || !('filters' in body)) return body
  const { project: given } = body.filters as { readonly project?: readonly string[] }
  const foreign = given?.find((id) => id !== identity.project.id)
  if (foreign !== undefined)
    throw new HalftoneError('not_found', `There is no project "${foreign.slice(0, 64)}".`, { param: 'filters' })
  return { ...body, filters: { ...(body.filters as object), project: [identity.project.id] } }
}

export const isKeyWithinReach = (identity: Identity, key: Pick<KeyRecord, 'id' | 'projectId'>): boolean =>
  isWithinReach(identity, { keyId: key.id, projectId: key.projectId })

/** Of a project: its own budget, and those of its keys. */
export function isBudgetWithinReach(
  identity: Identity,
  { scope, scopeValue }: Pick<BudgetRecord, 'scope' | 'scopeValue'>,
  keys: readonly Pick<KeyRecord, 'id' | 'projectId'>[],
): boolean {
  if (reachOf(identity.key.role) === 'all') return true
  if (scope === 'project') return scopeValue === identity.project.id
  if (scope !== 'key') return false
  return keys.some((key) => key.id === scopeValue && isKeyWithinReach(identity, key))
}

/** Whoever may not see contents gets a record without prompt, images, parameters, and texts that may quote them. */
export function showTo<T extends RequestSummary>(identity: Identity, record: T): Shown<T> {
  const seen = can(identity, 'content.read') ? record : withoutContent(record)
  return seen as Shown<T>
}

function withoutContent<T extends RequestSummary | RequestRecord>(record: T): T {
  const summary = { ...record, prompt: null, images: [], errorMessage: null }
  if (!isWhole(record)) return summary
  const whole: Omit<RequestRecord, keyof RequestSummary> = {
    parameters: {},
    features: {},
    decision: record.decision,
    warnings: record.warnings.map(({ code, param }) => ({ code, message: code, ...(param !== undefined && { param }) })),
    response: null,
    assets: [],
    attemptRows: record.attemptRows.map(attemptWithoutContent),
  }
  return { ...summary, ...whole }
}

const isWhole = (record: RequestSummary | RequestRecord): record is RequestRecord => 'attemptRows' in record

/** Settings that set the price; the others may hold words of the prompt. */
const pricedSettings: ReadonlySet<string> = new Set(['size', 'quality', 'steps', 'n', 'width', 'height'])

const attemptWithoutContent = (row: AttemptRecordRow): AttemptRecordRow => ({
  ...row,
  errorMessage: null,
  settings: Object.fromEntries(Object.entries(row.settings).filter(([name]) => pricedSettings.has(name))),
  events: row.events.map((event) => ({ ...event, data: {} })),
})
