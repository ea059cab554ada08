/** Saved views and tag rules: versioned, audited by the ledger like every other change. */
import type { z } from 'zod'
import type { putTagRuleRequest, putViewRequest, TagRuleWire, ViewWire } from '../../contract/insight.ts'
import { HalftoneError } from '../../core/error.ts'
import type { InsightObject } from '../../ports/ledger.ts'
import type { Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'
import { byPosition, ruleOf } from './insight-shared.ts'

const stamps = (object: InsightObject) => ({
  id: object.id,
  version: object.version,
  created_at: isoTime(object.createdUs),
  updated_at: isoTime(object.updatedUs),
  updated_by: object.actor,
})

interface StoredView {
  readonly name: string
  readonly page: string
  readonly query: string
}

function viewWire(object: InsightObject): ViewWire {
  // As `putView` stored it.
  const { name, page, query } = object.document as unknown as StoredView
  return { object: 'view', ...stamps(object), name, page, query }
}

function tagRuleWire(object: InsightObject): TagRuleWire {
  const { name, key, value, when, position, enabled } = ruleOf(object)
  return { object: 'tag_rule', ...stamps(object), name, key, value, when, position, enabled }
}

function objectId(id: string | undefined): string {
  if (id === undefined || !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(id)) {
    throw new HalftoneError('invalid_value', 'An id is 1 to 64 lower-case letters, digits, dots, dashes or underscores.', {
      param: 'id',
    })
  }
  return id
}

export const listViews: Handler = async ({ context }) => ({
  object: 'list',
  data: (await context.services.ledger.insight.objects('view')).map(viewWire),
})

export const putView: Handler = async ({ context, params, body }) => {
  const { version, ...document } = body as z.infer<typeof putViewRequest>
  const command = { kind: 'view', id: objectId(params['id']), document } as const
  return viewWire(
    await context.services.ledger.insight.putObject({ ...command, ...(version !== undefined && { expectedVersion: version }) }),
  )
}

export const deleteView: Handler = async ({ context, params }) => {
  const id = objectId(params['id'])
  if (!(await context.services.ledger.insight.deleteObject({ kind: 'view', id })))
    throw new HalftoneError('not_found', `There is no view "${id}".`, { param: 'id' })
  return { id, deleted: true }
}

export const listTagRules: Handler = async ({ context }) => ({
  object: 'list',
  data: [...(await context.services.ledger.insight.objects('tag_rule'))].sort(byPosition).map(tagRuleWire),
})

export const putTagRule: Handler = async ({ context, params, body }) => {
  const { version, ...document } = body as z.infer<typeof putTagRuleRequest>
  const command = { kind: 'tag_rule', id: objectId(params['id']), document } as const
  return tagRuleWire(
    await context.services.ledger.insight.putObject({ ...command, ...(version !== undefined && { expectedVersion: version }) }),
  )
}

export const deleteTagRule: Handler = async ({ context, params }) => {
  const id = objectId(params['id'])
  if (!(await context.services.ledger.insight.deleteObject({ kind: 'tag_rule', id })))
    throw new HalftoneError('not_found', `There is no tag rule "${id}".`, { param: 'id' })
  return { id, deleted: true }
}
