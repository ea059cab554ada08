/** The checker can fail: each way of cheating, planted into a ledger that is in order, is named. */
import { expect, test } from 'vitest'
import { type Bill, type CrashEvidence, findProblems, nanoUsd } from './check.ts'
import type { Observation } from './client.ts'
import { pricePerImage } from './configuration.ts'
import type { AttemptFact, LedgerFacts } from './facts.ts'
import type { CallPlan } from './schedule.ts'

const PRICE = pricePerImage['steady'] ?? 0n
const BUDGET = 'everything total 0 0'
const plan: CallPlan = {
  prompt: 'a red fox',
  node: 0,
  startMs: 0,
  operation: 'generate',
  model: 'acme/steady',
  n: 1,
  repeat: 'sdk-retry',
  scripts: {},
}

const attempt: AttemptFact = {
  id: 'attempt-1',
  requestId: 'request-1',
  offer: 'double:acme/steady',
  state: 'settled',
  sandbox: false,
  holdNanoUsd: PRICE,
  imagesMade: 1n,
  settledUs: 1n,
  outcome: 'succeeded',
  jobId: null,
  nodeId: 'node-1',
  errorMessage: null,
}

/** One picture: made, billed, settled, told. */
const facts: LedgerFacts = {
  requests: [
    {
      id: 'request-1',
      prompt: 'a red fox',
      finished: true,
      httpStatus: 200n,
      imagesReturned: 1n,
      replayable: true,
      tagged: true,
    },
  ],
  attempts: [attempt],
  charges: [{ id: 'charge-1', attemptId: 'attempt-1', kind: 'usage', amountNanoUsd: PRICE, sandbox: false, reverses: null }],
  events: [{ attemptId: 'attempt-1', kind: 'settled', nodeId: null }],
  holds: [{ attemptId: 'attempt-1', key: BUDGET, amountNanoUsd: PRICE }],
  budgets: [{ key: BUDGET, spentNanoUsd: PRICE, heldNanoUsd: 0n }],
  rollups: [
    {
      offer: attempt.offer,
      sandbox: false,
      requests: 1n,
      attempts: 1n,
      images: 1n,
      costNanoUsd: PRICE,
      provisionalNanoUsd: 0n,
    },
  ],
  taggedCostNanoUsd: PRICE,
  outputs: [{ requestId: 'request-1', attemptId: 'attempt-1', sha256: 'a' }],
}
const bill: Bill = { attemptId: 'attempt-1', model: 'steady', prompt: 'a red fox', images: 1 }
const told: Observation = {
  plan,
  repeat: false,
  kind: 'answered',
  status: 200,
  requestId: 'request-1',
  images: 1,
  costUsd: '0.041',
  costStatus: 'final',
}
const evidence: CrashEvidence = { bills: [bill], plans: new Map([['a red fox', plan]]), observations: [told], crashes: 1 }

/** The same call cut off by a crash: the hold stands for the bill. */
const crashed: LedgerFacts = {
  ...facts,
  requests: facts.requests.map((request) => ({ ...request, httpStatus: 500n, imagesReturned: 0n, replayable: false })),
  attempts: [{ ...attempt, state: 'unknown', outcome: 'unknown', imagesMade: 0n }],
  charges: facts.charges.map((charge) => ({ ...charge, kind: 'provisional' })),
  events: [{ attemptId: 'attempt-1', kind: 'recovered', nodeId: 'node-1' }],
  rollups: facts.rollups.map((row) => ({ ...row, images: 0n, provisionalNanoUsd: PRICE })),
  outputs: [],
}
const cutOff: CrashEvidence = { ...evidence, observations: [] }

test('a ledger in order has no problem, nor has one that names what a crash left unknown', () => {
  expect(findProblems(facts, evidence)).toEqual([])
  expect(findProblems(crashed, cutOff)).toEqual([])
  // Never sent, so never billed: the hold still counts until somebody knows.
  expect(findProblems(crashed, { ...cutOff, bills: [] })).toEqual([])
})

const plantedLedgers: readonly (readonly [string, Partial<LedgerFacts>, string])[] = [
  ['a charge that was deleted', { charges: [] }, 'WRONG: attempt attempt-1'],
  ['a charge that is one nano-USD short', { charges: changed(facts.charges, { amountNanoUsd: PRICE - 1n }) }, 'WRONG: attempt'],
  ['a charge posted twice', { charges: [...facts.charges, ...changed(facts.charges, { id: 'charge-2' })] }, 'WRONG: attempt'],
  ['a billed attempt that was voided', { attempts: [{ ...attempt, state: 'voided' }], charges: [] }, 'LOST: attempt'],
  ['an attempt that is still open', { attempts: [{ ...attempt, state: 'dispatched' }] }, 'UNRESOLVED: attempt'],
  ['an attempt that is missing', { attempts: [] }, 'LOST: "a red fox" was billed'],
  ['a request that never ended', { requests: changed(facts.requests, { finished: false }) }, 'UNRESOLVED: request'],
  ['an answer that was forgotten', { requests: changed(facts.requests, { replayable: false }) }, 'LOST: the answer'],
  ['an image that is not kept', { outputs: [] }, 'LOST IMAGE'],
  ['a hold that leaked', { budgets: changed(facts.budgets, { heldNanoUsd: 5n }) }, 'LEAKED HOLD'],
  ['a budget that forgot a charge', { budgets: changed(facts.budgets, { spentNanoUsd: 0n }) }, 'has spent 0'],
  ['an attempt that no budget saw', { holds: [] }, 'was never held'],
  ['a rollup that is off', { rollups: changed(facts.rollups, { costNanoUsd: 1n }) }, 'cost say 1'],
  ['a request that rollups count twice', { rollups: changed(facts.rollups, { requests: 2n }) }, 'requests say 2'],
  ['a tag that lost its cost', { taggedCostNanoUsd: 0n }, 'rollups of the tag: cost say 0'],
]

test.each(plantedLedgers)('%s is found', (_, fault, words) => {
  expect(findProblems({ ...facts, ...fault }, evidence).join('\n')).toContain(words)
})

const plantedBills: readonly (readonly [string, readonly Bill[], string])[] = [
  ['a call billed on top', [bill, { ...bill, attemptId: 'attempt-2' }], 'LOST: "a red fox" was billed and has no attempt'],
  ['a call billed without an id', [bill, { ...bill, attemptId: undefined }], 'has no attempt (undefined)'],
  ['an attempt sent twice', [bill, bill], 'DOUBLED: attempt attempt-1'],
  ['one image billed on top', [{ ...bill, images: 2 }], 'the provider billed 82000000'],
  ['a charge for a call that was not billed', [], 'CHARGED FOR NOTHING'],
  ['a bill under another call', [{ ...bill, prompt: 'a blue fox' }], 'LOST: "a blue fox" was billed to attempt'],
]

test.each(plantedBills)('%s is found', (_, bills, words) => {
  expect(findProblems(facts, { ...evidence, bills }).join('\n')).toContain(words)
})

const plantedCrashes: readonly (readonly [string, Partial<LedgerFacts>, Partial<CrashEvidence>, string])[] = [
  ['an unknown attempt whose outcome the gateway was told', { events: [] }, {}, 'could have been known'],
  ['an unknown attempt without its provisional charge', { charges: [] }, {}, 'not exactly one provisional charge'],
  ['a provisional charge below the hold', { charges: changed(crashed.charges, { amountNanoUsd: 1n }) }, {}, 'and held 41000000'],
  ['a hold below the bill', {}, { bills: [{ ...bill, images: 3 }] }, 'stands for less than the 123000000 billed'],
  ['a job that nobody resumed', { attempts: [{ ...crashed.attempts[0]!, jobId: 'job-1' }] }, {}, 'was not resumed'],
  ['an answer sent before it was durable', {}, { observations: [told] }, 'was sent before it was settled'],
  ['a recovery although nothing crashed', {}, { crashes: 0 }, 'and 0 crashed'],
]

test.each(plantedCrashes)('%s is found', (_, ledger, seen, words) => {
  expect(findProblems({ ...crashed, ...ledger }, { ...cutOff, ...seen }).join('\n')).toContain(words)
})

test.each([
  ['0.041', 41_000_000n],
  ['12', 12_000_000_000n],
  ['-0.000000001', -1n],
])('%s USD are %s nano-USD', (text, amount) => {
  expect(nanoUsd(text)).toBe(amount)
})

function changed<T>(rows: readonly T[], change: Partial<T>): readonly T[] {
  return rows.map((row) => ({ ...row, ...change }))
}
