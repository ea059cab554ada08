/** Keys, projects, budgets, state, sign-in. */
import type { z } from 'zod'
import type * as schemas from '../../contract/admin.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd, parseUsd } from '../../core/money.ts'
import type { DiscoveryStatus } from '../../gateway/discovery.ts'
import type { BudgetRecord, ProjectRecord } from '../../ports/ledger.ts'
import { SESSION_COOKIE } from '../authenticate.ts'
import { type Call, callerIdentity, type Handler } from '../handler.ts'
import { newSecret, SESSION_SECONDS } from '../key-ring.ts'
import { budgetWire, isoTime, keyWire } from '../wire.ts'
import { acceptanceWire } from './feedback.ts'

const keyBudgetId = (keyId: string): string => `key-${keyId}-per-day`

export const listKeys: Handler = async ({ context }) => {
  const { admin } = context.services.ledger
  const [keys, budgets] = await Promise.all([admin.keys(), admin.budgets()])
  const limits = new Map(
    budgets
      .filter((budget) => budget.scope === 'key' && budget.period === 'day')
      .map((budget) => [budget.scopeValue, budget.limitNanoUsd]),
  )
  return { object: 'list', data: keys.map((key) => keyWire(key, limits.get(key.id))) }
}

export const createKey: Handler = async ({ context, body }) => {
  const { services, budgets, keys } = context
  const wanted = body as z.infer<typeof schemas.createKeyRequest>
  const limit = wanted.max_usd_per_day === undefined ? undefined : positiveUsd(wanted.max_usd_per_day, 'max_usd_per_day')
  const projectId = wanted.project_id ?? 'default'
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
    role: wanted.role ?? 'inference',
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
  return { ...keyWire({ ...key, revokedUs: null }, limit), secret }
}

export const revokeKey: Handler = async ({ context, params }) => {
  const id = params['id'] ?? ''
  const found = (await context.services.ledger.admin.keys()).find((key) => key.id === id)
  if (!found) throw new HalftoneError('not_found', `There is no key "${id}".`, { param: 'id' })
  if (found.managedBy !== 'api') throw managed(`Key "${found.name}"`, found.managedBy)
  await context.services.ledger.admin.revokeKey(id, context.services.clock.nowUs())
  context.keys.forget()
  return { id, deleted: true }
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
  tags: project.tags,
  managed_by: project.managedBy,
})

export const listProjects: Handler = async ({ context }) => ({
  object: 'list',
  data: (await context.services.ledger.admin.projects()).map(projectWire),
})

export const putProject: Handler = async ({ context, params, body }) => {
  const wanted = body as z.infer<typeof schemas.putProjectRequest>
  const id = objectId(params['id'])
  const { admin } = context.services.ledger
  const existing = (await admin.projects()).find((project) => project.id === id)
  if (existing && existing.managedBy !== 'api') throw managed(`Project "${id}"`, existing.managedBy)
  const project: ProjectRecord = {
    id,
    name: wanted.name,
    promptMode: wanted.prompt_mode ?? existing?.promptMode ?? 'full',
    assetTtlDays: wanted.asset_ttl_days ?? existing?.assetTtlDays ?? 30,
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

const budgetStates = async ({ context }: Pick<Call, 'context'>) => {
  const nowUs = context.services.clock.nowUs()
  const states = await context.services.ledger.read.budgetStates(nowUs)
  return states.map((state) => budgetWire(state, { sandbox: spendsNothing(context), nowUs }))
}

export const spendsNothing = (context: Call['context']): boolean => context.current().offers.every((offer) => offer.sandbox)

export const listBudgets: Handler = async (call) => ({ object: 'list', data: await budgetStates(call) })

export const putBudget: Handler = async (call) => {
  const { context, params, body } = call
  const wanted = body as z.infer<typeof schemas.putBudgetRequest>
  const id = objectId(params['id'])
  const { admin } = context.services.ledger
  const existing = (await admin.budgets()).find((budget) => budget.id === id)
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
  await admin.putBudget(budget)
  await context.budgets.refresh()
  return (await budgetStates(call)).find((state) => state.id === id)
}

export const deleteBudget: Handler = async ({ context, params }) => {
  const id = objectId(params['id'])
  const existing = (await context.services.ledger.admin.budgets()).find((budget) => budget.id === id)
  if (!existing) throw new HalftoneError('not_found', `There is no budget "${id}".`, { param: 'id' })
  if (existing.managedBy !== 'api') throw managed(`Budget "${id}"`, existing.managedBy)
  await context.services.ledger.admin.deleteBudget(id)
  await context.budgets.refresh()
  return { id, deleted: true }
}

export const overview: Handler = async (call) => {
  const { ledger, clock } = call.context.services
  const sandbox = spendsNothing(call.context)
  const now = new Date(clock.nowUs() / 1_000)
  const day = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()) * 1_000
  const month = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1) * 1_000
  const [today, thisMonth, budgets] = await Promise.all([
    ledger.read.totals({ sinceUs: day, sandbox }),
    ledger.read.totals({ sinceUs: month, sandbox }),
    budgetStates(call),
  ])
  return {
    object: 'overview',
    today_usd: formatUsd(today.costNanoUsd),
    month_usd: formatUsd(thisMonth.costNanoUsd),
    held_usd: formatUsd(thisMonth.heldNanoUsd),
    unknown_usd: formatUsd(thisMonth.unknownNanoUsd),
    requests_today: today.requests,
    images_today: today.images,
    sandbox,
    budgets,
    acceptance: await acceptanceWire(call.context, { sandbox }),
  }
}

export const status: Handler = async ({ context }) => {
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
    spends_money: !spendsNothing(context),
    storage: { ledger: facts.ledger, free_bytes: facts.freeBytes ?? null },
    providers: [...state.providers.values()].map((provider) => {
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
    config_file: facts.configFile,
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
      return { name: provider.name, ok: answer.ok, message: answer.message }
    }),
  )
  return { object: 'list', data }
}

export const getSession: Handler = async (call) => sessionWire(callerIdentity(call).key)

export const signIn: Handler = async ({ context, request, reply, body }) => {
  const { key } = body as z.infer<typeof schemas.signInRequest>
  context.throttle.check(request.ip)
  const identity = await context.keys.authenticate(key).catch((error: unknown) => {
    context.throttle.failed(request.ip)
    throw error
  })
  if (identity.key.role !== 'admin') throw new HalftoneError('forbidden', 'The dashboard needs an admin key.')
  const secure = request.protocol === 'https' ? '; Secure' : ''
  reply.header(
    'set-cookie',
    `${SESSION_COOKIE}=${context.keys.startSession(identity)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_SECONDS}${secure}`,
  )
  return sessionWire(identity.key)
}

export const signOut: Handler = async ({ reply }) => {
  reply.header('set-cookie', `${SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`)
  return { id: 'session', deleted: true }
}

const sessionWire = (key: { role: string; id: string; name: string }) => ({
  object: 'session',
  role: key.role,
  key_id: key.id,
  key_name: key.name,
})
