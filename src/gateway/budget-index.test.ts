import { expect, test } from 'vitest'
import { newBudget } from '../../test/support/ledger-rows.ts'
import type { BudgetState, Ledger } from '../ports/ledger.ts'
import { createBudgetIndex } from './budget-index.ts'
import type { Caller } from './execution.ts'

const T0 = Date.UTC(2026, 10, 22) * 1_000
const caller: Caller = { keyId: 'k', projectId: 'p', tags: { team: 'a' }, promptMode: 'full', assetTtlDays: 30 }

test('a budget of a tag that a key carries is not left by sending another value', async () => {
  const budget = newBudget('team-a', { scope: 'tag', scopeValue: 'team=a' })
  const state: BudgetState = {
    budget,
    periodStartUs: 0,
    resetsAtUs: null,
    spentNanoUsd: 0n,
    heldNanoUsd: 0n,
    sandboxSpentNanoUsd: 0n,
    sandboxHeldNanoUsd: 0n,
  }
  const read = { budgetStates: () => Promise.resolve([state]) } as Partial<Ledger['read']> as Ledger['read']
  const index = await createBudgetIndex({ ledger: { read }, clock: { nowUs: () => T0 } })
  const ids = (sent: Record<string, string>, of = caller) => index.for(of, undefined, { ...of.tags, ...sent }).map(({ id }) => id)
  expect(ids({})).toEqual(['team-a'])
  expect(ids({ team: 'b' })).toEqual(['team-a'])
  expect(ids({ team: 'a' }, { ...caller, tags: {} })).toEqual(['team-a'])
  expect(ids({ team: 'b' }, { ...caller, tags: {} })).toEqual([])
})
