/** Keys: who has which, made with a cap of their own, revoked. */
import type { z } from 'zod'
import type * as schemas from '../../contract/admin.ts'
import { mayGrant, type Role, reachOf } from '../../core/access/roles.ts'
import { HalftoneError } from '../../core/error.ts'
import type { RateLimit } from '../../core/limits/bucket.ts'
import { type Call, callerIdentity, type Handler } from '../handler.ts'
import { type Identity, newSecret } from '../key-ring.ts'
import { isKeyWithinReach } from '../view.ts'
import { keyWire } from '../wire.ts'
import { managed, positiveUsd } from './managed.ts'

const keyBudgetId = (keyId: string): string => `key-${keyId}-per-day`

export const listKeys: Handler = async (call) => {
  const { context } = call
  const identity = callerIdentity(call)
  const { admin } = context.services.ledger
  const [keys, budgets, used] = await Promise.all([admin.keys(), admin.budgets(), admin.lastUsed()])
  const limits = new Map(
    budgets
      .filter((budget) => budget.scope === 'key' && budget.period === 'day')
      .map((budget) => [budget.scopeValue, budget.limitNanoUsd]),
  )
  return {
    object: 'list',
    data: keys
      .filter((key) => isKeyWithinReach(identity, key))
      .map((key) =>
        keyWire(key, { maxPerDayNanoUsd: limits.get(key.id), rate: rateOf(call, key.id), lastUsedUs: used.get(key.id) }),
      ),
  }
}

const rateOf = ({ context }: Call, keyId: string): RateLimit | undefined => {
  const { keyLimits, defaultKeyLimit } = context.current().settings
  return keyLimits.get(keyId) ?? defaultKeyLimit
}

export const createKey: Handler = async (call) => {
  const { context, body } = call
  const identity = callerIdentity(call)
  const { services, budgets, keys } = context
  const wanted = body as z.infer<typeof schemas.createKeyRequest>
  const limit = wanted.max_usd_per_day === undefined ? undefined : positiveUsd(wanted.max_usd_per_day, 'max_usd_per_day')
  const role = wanted.role ?? 'inference'
  const projectId = wanted.project_id ?? (reachOf(identity.key.role) === 'all' ? 'default' : identity.project.id)
  checkGrant(identity, { role, projectId, allowedModels: wanted.allowed_models })
  const known = await services.ledger.admin.projects()
  if (projectId !== 'default' && !known.some((project) => project.id === projectId)) {
    throw new HalftoneError(
      'not_found',
      `There is no project "${projectId}"; create it first with PUT /v1/halftone/projects/${projectId}.`,
      { param: 'project_id' },
    )
  }
  const { secret, hash, prefix } = newSecret()
  const key = {
    id: services.newId(),
    name: wanted.name,
    hash,
    prefix,
    role,
    projectId,
    tags: wanted.tags ?? {},
    createdUs: services.clock.nowUs(),
    managedBy: 'api' as const,
    ...(wanted.allowed_models && { allowedModels: wanted.allowed_models }),
  }
  // The cap first: a key must not be usable for a moment without it.
  if (limit !== undefined) {
    await services.ledger.admin.putBudget({
      id: keyBudgetId(key.id),
      scope: 'key',
      scopeValue: key.id,
      period: 'day',
      limitNanoUsd: limit,
      hard: true,
      managedBy: 'api',
    })
    await budgets.refresh()
  }
  await services.ledger.admin.createKey(key)
  keys.forget()
  const facts = { maxPerDayNanoUsd: limit, rate: rateOf(call, key.id), lastUsedUs: undefined }
  return { ...keyWire({ ...key, revokedUs: null }, facts), secret }
}

export const revokeKey: Handler = async (call) => {
  const { context, params } = call
  const identity = callerIdentity(call)
  const id = params['id'] ?? ''
  const found = (await context.services.ledger.admin.keys()).find((key) => key.id === id)
  if (!found || !isKeyWithinReach(identity, found))
    throw new HalftoneError('not_found', `There is no key "${id}".`, { param: 'id' })
  if (!mayGrant(identity.key.role, found.role))
    throw new HalftoneError('forbidden', `The role ${identity.key.role} may not revoke keys of the role ${found.role}.`)
  if (found.managedBy !== 'api') throw managed(`Key "${found.name}"`, found.managedBy)
  await context.services.ledger.admin.revokeKey(id, context.services.clock.nowUs())
  context.keys.forget()
  return { id, deleted: true }
}

/** Nobody hands out more than they have. */
function checkGrant(
  identity: Identity,
  wanted: { readonly role: Role; readonly projectId: string; readonly allowedModels?: readonly string[] | undefined },
): void {
  const { role, allowedModels } = identity.key
  if (!mayGrant(role, wanted.role))
    throw new HalftoneError('forbidden', `The role ${role} may not create keys of the role ${wanted.role}.`, { param: 'role' })
  if (!isKeyWithinReach(identity, { id: '', projectId: wanted.projectId }))
    throw new HalftoneError('not_found', `There is no project "${wanted.projectId}".`, { param: 'project_id' })
  if (allowedModels && (!wanted.allowedModels || wanted.allowedModels.some((model) => !allowedModels.includes(model)))) {
    throw new HalftoneError('forbidden', `A key made with this one may use at most: ${allowedModels.join(', ')}.`, {
      param: 'allowed_models',
    })
  }
}
