/** Keys, projects, budgets, state, sign-in. */
import type { z } from 'zod'
import type * as schemas from '../../contract/admin.ts'
import { mayGrant, type Role, reachOf } from '../../core/access/roles.ts'
import { HalftoneError } from '../../core/error.ts'
import type { RateLimit } from '../../core/limits/bucket.ts'
import { parseUsd } from '../../core/money.ts'
import type { DiscoveryStatus } from '../../gateway/discovery.ts'
import type { BudgetRecord, ProjectRecord } from '../../ports/ledger.ts'
import { type Call, callerIdentity, type Handler } from '../handler.ts'
import { type Identity, newSecret } from '../key-ring.ts'
import { can, isBudgetWithinReach, isKeyWithinReach } from '../view.ts'
import { budgetWire, isoTime, keyWire } from '../wire.ts'

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

const managed = (what: string, by: string): HalftoneError =>
  new HalftoneError(
    'managed_by_file',
    `${what} is managed by ${by === 'file' ? 'halftone.yaml' : 'the environment'}; change it there.`,
  )

function positiveUsd(text: string, param: string): bigint {
  const amount = parseUsd(text)
  if (amount <= 0n) throw new HalftoneError('invalid_value', `"${param}" must be above 0.`, { param })
  return amount
}

const projectWire = (project: ProjectRecord) => ({
  id: project.id,
  name: project.name,
  prompt_mode: project.promptMode,
  asset_ttl_days: project.assetTtlDays,
  content_ttl_days: project.contentTtlDays ?? null,
  records_ttl_days: project.recordsTtlDays ?? null,
  tags: project.tags,
  managed_by: project.managedBy,
})

export const listProjects: Handler = async (call) => {
  const { key, project: own } = callerIdentity(call)
  const projects = await call.context.services.ledger.admin.projects()
  const isSeen = ({ id }: ProjectRecord): boolean => reachOf(key.role) === 'all' || id === own.id
  return { object: 'list', data: projects.filter(isSeen).map(projectWire) }
}

export const putProject: Handler = async ({ context, params, body }) => {
  const wanted = body as z.infer<typeof schemas.putProjectRequest>
  const id = objectId(params['id'])
  const { admin } = context.services.ledger
  const existing = (await admin.projects()).find((project) => project.id === id)
  if (existing && existing.managedBy !== 'api') throw managed(`Project "${id}"`, existing.managedBy)
  const contentTtlDays = wanted.content_ttl_days === undefined ? existing?.contentTtlDays : wanted.content_ttl_days
  const before = existing ? existing.recordsTtlDays : context.settings.recordsTtlDays
  const recordsTtlDays = wanted.records_ttl_days === undefined ? before : wanted.records_ttl_days
  const project: ProjectRecord = {
    id,
    name: wanted.name,
    promptMode: wanted.prompt_mode ?? existing?.promptMode ?? 'full',
    assetTtlDays: wanted.asset_ttl_days ?? existing?.assetTtlDays ?? 30,
    ...(typeof contentTtlDays === 'number' && { contentTtlDays }),
    ...(typeof recordsTtlDays === 'number' && { recordsTtlDays }),
    tags: wanted.tags ?? existing?.tags ?? {},
    managedBy: 'api',
  }
  await admin.putProject(project)
  context.keys.forget()
  return projectWire(project)
}

/** One namespace for ids made by the API and ids from the file. */
function objectId(id: string | undefined): string {
  if (id === undefined || !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(id)) {
    throw new HalftoneError('invalid_value', 'An id is 1 to 64 lower-case letters, digits, dots, dashes or underscores.', {
      param: 'id',
    })
  }
  return id
}

export const budgetStates = async (call: Call) => {
  const { context } = call
  const identity = callerIdentity(call)
  const nowUs = context.services.clock.nowUs()
  const states = await context.services.ledger.read.budgetStates(nowUs)
  const keys = reachOf(identity.key.role) === 'all' ? [] : await context.services.ledger.admin.keys()
  const seen = states.filter(({ budget }) => isBudgetWithinReach(identity, budget, keys))
  return seen.map((state) => budgetWire(state, { sandbox: spendsNothing(context), nowUs }))
}

export const spendsNothing = (context: Call['context']): boolean => context.current().offers.every((offer) => offer.sandbox)

export const listBudgets: Handler = async (call) => ({ object: 'list', data: await budgetStates(call) })

export const putBudget: Handler = async (call) => {
  const { context, params, body } = call
  const wanted = body as z.infer<typeof schemas.putBudgetRequest>
  const id = objectId(params['id'])
  const { admin } = context.services.ledger
  const existing = (await admin.budgets()).find((budget) => budget.id === id)
  await checkBudget(call, existing)
  if (existing && existing.managedBy !== 'api') throw managed(`Budget "${id}"`, existing.managedBy)
  if ((wanted.scope === 'global') !== (wanted.scope_value === undefined)) {
    throw new HalftoneError('invalid_value', 'A global budget has no scope_value; the others need one.', { param: 'scope_value' })
  }
  const budget: BudgetRecord = {
    id,
    scope: wanted.scope,
    scopeValue: wanted.scope_value ?? '',
    period: wanted.period,
    limitNanoUsd: positiveUsd(wanted.limit_usd, 'limit_usd'),
    hard: wanted.hard ?? true,
    managedBy: 'api',
  }
  await checkBudget(call, budget)
  await admin.putBudget(budget)
  await context.budgets.refresh()
  return (await budgetStates(call)).find((state) => state.id === id)
}

export const deleteBudget: Handler = async (call) => {
  const { context, params } = call
  const id = objectId(params['id'])
  const existing = (await context.services.ledger.admin.budgets()).find((budget) => budget.id === id)
  if (!existing) throw noBudget(id)
  await checkBudget(call, existing)
  if (existing.managedBy !== 'api') throw managed(`Budget "${id}"`, existing.managedBy)
  await context.services.ledger.admin.deleteBudget(id)
  await context.budgets.refresh()
  return { id, deleted: true }
}

const noBudget = (id: string): HalftoneError => new HalftoneError('not_found', `There is no budget "${id}".`, { param: 'id' })

/** The owner of a project divides its money among its keys; how much the project has is for others to say. */
async function checkBudget(call: Call, budget: BudgetRecord | undefined): Promise<void> {
  const identity = callerIdentity(call)
  if (!budget || reachOf(identity.key.role) === 'all') return
  const keys = await call.context.services.ledger.admin.keys()
  if (!isBudgetWithinReach(identity, budget, keys)) throw noBudget(budget.id)
  if (budget.scope === 'project')
    throw new HalftoneError('forbidden', `The role ${identity.key.role} may change budgets of keys, not that of the project.`)
}

export const status: Handler = async (call) => {
  const { context } = call
  const seesProviders = can(callerIdentity(call), 'providers.read')
  const state = context.current()
  const facts = context.describe()
  const health = context.health.view()
  return {
    object: 'status',
    version: facts.version,
    node_id: context.services.node.id,
    started_at: isoTime(facts.startedUs),
    ready: facts.problems.length === 0,
    problems: facts.problems,
    notices: facts.notices,
    spends_money: !spendsNothing(context),
    storage: { ledger: facts.ledger, free_bytes: facts.freeBytes ?? null },
    providers: (seesProviders ? [...state.providers.values()] : []).map((provider) => {
      const offers = state.offers.filter((offer) => offer.provider === provider.name)
      const open = offers.filter((offer) => health.get(offer.id)?.state === 'open').length
      return {
        name: provider.name,
        type: provider.type,
        offers: offers.length,
        unpriced: facts.unpriced.get(provider.name) ?? 0,
        sandbox: offers.some((offer) => offer.sandbox),
        health: open === 0 ? 'ok' : `${open} of ${offers.length} offers resting after failures`,
        base_url: facts.baseUrls.get(provider.name) ?? null,
        discovery: discoveryWire(state.discovered.get(provider.name)),
      }
    }),
    price_book: state.priceSet.label,
    config_file: seesProviders ? facts.configFile : null,
  }
}

const discoveryWire = (status: DiscoveryStatus | undefined) =>
  status ? { asked_at: isoTime(status.askedUs), problem: status.problem ?? null } : null

const PROBE_TIMEOUT_MS = 15_000

export const probeProviders: Handler = async ({ context }) => {
  const providers = [...context.current().providers.values()]
  const data = await Promise.all(
    providers.map(async (provider) => {
      if (!provider.probe) return { name: provider.name, ok: true, message: 'It has no call that tests a key for free.' }
      const answer = await provider
        .probe(AbortSignal.timeout(PROBE_TIMEOUT_MS))
        .catch((error: unknown) => ({ ok: false, message: error instanceof Error ? error.message : 'It failed.' }))
      const { ok, message } = answer
      context.accounts.remember(provider.name, { atUs: context.services.clock.nowUs(), ok, message })
      return { name: provider.name, ok, message }
    }),
  )
  return { object: 'list', data }
}
