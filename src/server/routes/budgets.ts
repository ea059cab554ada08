/** Budgets: where each stands, set and deleted. */
import type { z } from 'zod'
import type * as schemas from '../../contract/admin.ts'
import { reachOf } from '../../core/access/roles.ts'
import { HalftoneError } from '../../core/error.ts'
import type { BudgetRecord } from '../../ports/ledger.ts'
import { type Call, callerIdentity, type Handler } from '../handler.ts'
import { isBudgetWithinReach } from '../view.ts'
import { budgetWire } from '../wire.ts'
import { managed, objectId, positiveUsd } from './managed.ts'

export const budgetStates = async (call: Call) => {
  const { context } = call
  const identity = callerIdentity(call)
  const nowUs = context.services.clock.nowUs()
  const states = await context.services.ledger.read.budgetStates(nowUs)
  const keys = reachOf(identity.key.role) === 'all' ? [] : await context.services.ledger.admin.keys()
  const seen = states.filter(({ budget }) => isBudgetWithinReach(identity, budget, keys))
  return seen.map((state) => budgetWire(state, { sandbox: spendsNothing(context), nowUs }))
}

/** Only the sandbox is there, so its pictures are what sums are about. */
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
