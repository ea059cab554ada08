/**
 * The promise, checked: after any crash the ledger equals the provider's own count, or names the attempts of unknown outcome.
 * Pure: from what the database holds, what the provider billed and what the clients saw, to a list of what is wrong.
 */
import type { Observation } from './client.ts'
import { pricePerImage } from './configuration.ts'
import type { AttemptFact, ChargeFact, EventFact, LedgerFacts } from './facts.ts'
import { type CallPlan, isAmbiguous } from './schedule.ts'

/** One call that the provider billed. */
export interface Bill {
  /** The attempt's id as the provider received it; undefined: it received none. */
  readonly attemptId: string | undefined
  readonly model: string
  readonly prompt: string
  readonly images: number
}

export interface CrashEvidence {
  readonly bills: readonly Bill[]
  /** What was asked, by prompt. */
  readonly plans: ReadonlyMap<string, CallPlan>
  readonly observations: readonly Observation[]
  /** How many gateways were killed or paused on this database so far. */
  readonly crashes: number
}

export function findProblems(facts: LedgerFacts, evidence: CrashEvidence): readonly string[] {
  const index = indexOf(facts)
  return [
    ...billProblems(index, evidence),
    ...facts.attempts.flatMap((attempt) => attemptProblems(attempt, index, evidence)),
    ...requestProblems(facts, index),
    ...observationProblems(facts, index, evidence),
    ...chargeProblems(facts),
    ...budgetProblems(facts, index),
    ...rollupProblems(facts, index),
    ...recoveryProblems(facts, evidence),
  ]
}

export const billAmount = ({ model, images }: Bill): bigint => (pricePerImage[model] ?? 0n) * BigInt(images)

interface Index {
  readonly attempts: ReadonlyMap<string, AttemptFact>
  readonly attemptsOf: ReadonlyMap<string, readonly AttemptFact[]>
  readonly charges: ReadonlyMap<string, readonly ChargeFact[]>
  readonly events: ReadonlyMap<string, readonly EventFact[]>
  readonly promptOf: ReadonlyMap<string, string>
}

function indexOf({ attempts, charges, events, requests }: LedgerFacts): Index {
  return {
    attempts: new Map(attempts.map((attempt) => [attempt.id, attempt])),
    attemptsOf: grouped(attempts, (attempt) => attempt.requestId),
    charges: grouped(charges, (charge) => charge.attemptId ?? ''),
    events: grouped(events, (event) => event.attemptId),
    promptOf: new Map(requests.map((request) => [request.id, request.prompt])),
  }
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)
const chargedOn = (index: Index, attemptId: string): bigint =>
  sum((index.charges.get(attemptId) ?? []).map((charge) => charge.amountNanoUsd))
const wasRecovered = (index: Index, attemptId: string): boolean =>
  (index.events.get(attemptId) ?? []).some((event) => event.kind === 'recovered')

/** Recovery decided, and the node that made the call never said otherwise. */
const isGuess = (index: Index, attemptId: string): boolean =>
  wasRecovered(index, attemptId) && !(index.events.get(attemptId) ?? []).some((event) => event.kind === 'late_settle')

/** 0 lost, 0 doubled: every call that was billed is one attempt, and each attempt was sent once. */
function billProblems(index: Index, { bills }: CrashEvidence): readonly string[] {
  const problems: string[] = []
  const seen = new Set<string>()
  for (const { attemptId, prompt } of bills) {
    const attempt = attemptId === undefined ? undefined : index.attempts.get(attemptId)
    if (attemptId === undefined || !attempt) problems.push(`LOST: "${prompt}" was billed and has no attempt (${attemptId})`)
    else if (seen.has(attemptId)) problems.push(`DOUBLED: attempt ${attemptId} ("${prompt}") was sent and billed twice`)
    else if (index.promptOf.get(attempt.requestId) !== prompt)
      problems.push(`LOST: "${prompt}" was billed to attempt ${attemptId} of "${index.promptOf.get(attempt.requestId)}"`)
    if (attemptId !== undefined) seen.add(attemptId)
  }
  return problems
}

function attemptProblems(attempt: AttemptFact, index: Index, evidence: CrashEvidence): readonly string[] {
  const bill = evidence.bills.find((billed) => billed.attemptId === attempt.id)
  const charged = chargedOn(index, attempt.id)
  const name = `attempt ${attempt.id} (${attempt.state}, "${index.promptOf.get(attempt.requestId)}")`
  switch (attempt.state) {
    case 'settled':
    case 'reconciled':
      // The sandbox bills nobody; what its pictures cost is the price book's business.
      if (attempt.sandbox) return attempt.imagesMade > 0n && charged <= 0n ? [`${name} made images and has no charge`] : []
      if (!bill) return charged === 0n ? [] : [`CHARGED FOR NOTHING: ${name} is charged ${charged} and was not billed`]
      return charged === billAmount(bill) ? [] : [`WRONG: ${name} is charged ${charged}, the provider billed ${billAmount(bill)}`]
    case 'voided':
      if (bill) return [`LOST: ${name} was billed ${billAmount(bill)}`]
      return charged === 0n ? [] : [`${name} has a charge of ${charged}`]
    case 'unknown':
      return unknownProblems(attempt, name, index, { bill, charged, evidence })
    default:
      return [`UNRESOLVED: ${name} is still open`]
  }
}

/** Unknown is honest only where nobody could know: the process died, or the provider never said. */
function unknownProblems(
  attempt: AttemptFact,
  name: string,
  index: Index,
  { bill, charged, evidence }: { bill: Bill | undefined; charged: bigint; evidence: CrashEvidence },
): readonly string[] {
  const problems: string[] = []
  const lines = index.charges.get(attempt.id) ?? []
  if (lines.length !== 1 || lines[0]?.kind !== 'provisional') problems.push(`${name} has not exactly one provisional charge`)
  if (charged !== attempt.holdNanoUsd) problems.push(`${name} is charged ${charged} and held ${attempt.holdNanoUsd}`)
  if (bill && charged < billAmount(bill)) problems.push(`${name} stands for less than the ${billAmount(bill)} billed`)
  if (attempt.jobId !== null) problems.push(`${name} has job ${attempt.jobId} and was not resumed`)
  const model = attempt.offer.slice(attempt.offer.lastIndexOf('/') + 1)
  const script = evidence.plans.get(index.promptOf.get(attempt.requestId) ?? '')?.scripts[model]
  if (!wasRecovered(index, attempt.id) && !isAmbiguous(script))
    problems.push(`${name} could have been known: ${attempt.errorMessage}`)
  return problems
}

function requestProblems({ requests }: LedgerFacts, index: Index): readonly string[] {
  return requests.flatMap((request) => {
    const attempts = index.attemptsOf.get(request.id) ?? []
    const name = `request ${request.id} ("${request.prompt}")`
    const problems: string[] = []
    if (!request.finished) problems.push(`UNRESOLVED: ${name} is not finished`)
    if (attempts.length === 0) problems.push(`${name} has no attempt`)
    const jobs = attempts.filter((attempt) => attempt.jobId !== null)
    if (jobs.length > 0 && attempts.length > jobs.length) problems.push(`DOUBLED: ${name} paid beside its job`)
    return problems
  })
}

/** What a client was told is true: its answer was durable before it was sent. */
function observationProblems(facts: LedgerFacts, index: Index, { observations }: CrashEvidence): readonly string[] {
  const byId = new Map(facts.requests.map((request) => [request.id, request]))
  return observations.flatMap(({ kind, requestId, images, costUsd, costStatus, plan }) => {
    if (kind !== 'answered') return []
    const request = requestId === undefined ? undefined : byId.get(requestId)
    const name = `the answer to "${plan.prompt}" (${requestId})`
    if (!request) return [`LOST: ${name} is in no ledger`]
    const problems: string[] = []
    if (!request.replayable || request.httpStatus !== 200n) problems.push(`LOST: ${name} was forgotten`)
    if (request.imagesReturned !== BigInt(images)) problems.push(`${name} had ${images} images, not ${request.imagesReturned}`)
    const attempts = index.attemptsOf.get(request.id) ?? []
    const kept = facts.outputs.filter((output) => output.requestId === request.id).length
    if (kept !== images) problems.push(`LOST IMAGE: ${name} had ${images} images, ${kept} are kept`)
    if (attempts.some((attempt) => attempt.state === 'unknown' && isGuess(index, attempt.id)))
      problems.push(`LOST: ${name} was sent before it was settled`)
    const charged = sum(attempts.map((attempt) => chargedOn(index, attempt.id)))
    if (costStatus !== 'unknown' && costUsd !== undefined && nanoUsd(costUsd) !== charged)
      problems.push(`${name} said it cost ${costUsd}; ${charged} nano-USD are charged`)
    return problems
  })
}

/** Exact: a decimal of at most nine places. */
export function nanoUsd(text: string): bigint {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.')
  const amount = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
  return text.startsWith('-') ? -amount : amount
}

function chargeProblems({ charges, attempts }: LedgerFacts): readonly string[] {
  const known = new Map(charges.map((charge) => [charge.id, charge]))
  const ids = new Set(attempts.map((attempt) => attempt.id))
  const reversed = new Set<string>()
  return charges.flatMap((charge) => {
    const problems: string[] = []
    if (charge.attemptId === null || !ids.has(charge.attemptId)) problems.push(`charge ${charge.id} belongs to no attempt`)
    if (charge.reverses === null) return problems
    if (reversed.has(charge.reverses)) problems.push(`charge ${charge.reverses} is reversed twice`)
    reversed.add(charge.reverses)
    if (known.get(charge.reverses)?.amountNanoUsd !== -charge.amountNanoUsd)
      problems.push(`charge ${charge.id} does not reverse ${charge.reverses}`)
    return problems
  })
}

/** No leaked hold, and what budgets call spent is what was charged, provisional charges included. */
function budgetProblems({ budgets, holds, attempts }: LedgerFacts, index: Index): readonly string[] {
  const holdsOf = grouped(holds, (hold) => hold.key)
  const held = new Set(holds.map((hold) => hold.attemptId))
  const known = new Set(budgets.map((budget) => budget.key))
  return [
    ...budgets.flatMap(({ key, spentNanoUsd, heldNanoUsd }) => {
      const spent = sum((holdsOf.get(key) ?? []).map((hold) => chargedOn(index, hold.attemptId)))
      return [
        ...(heldNanoUsd === 0n ? [] : [`LEAKED HOLD: budget ${key} holds ${heldNanoUsd}`]),
        ...(spent === spentNanoUsd ? [] : [`budget ${key} has spent ${spentNanoUsd}; ${spent} are charged`]),
      ]
    }),
    ...[...holdsOf.keys()].filter((key) => !known.has(key)).map((key) => `holds on ${key} count in no budget`),
    ...attempts.filter((attempt) => !held.has(attempt.id)).map((attempt) => `attempt ${attempt.id} was never held`),
  ]
}

/** Only what crashed is recovered: a node that drained left nothing behind. */
function recoveryProblems({ events }: LedgerFacts, { crashes }: CrashEvidence): readonly string[] {
  const nodes = new Set(events.filter(({ kind }) => kind === 'recovered' || kind === 'claimed').map(({ nodeId }) => nodeId))
  return nodes.size > crashes ? [`attempts of ${nodes.size} nodes were recovered, and ${crashes} crashed`] : []
}

function rollupProblems(facts: LedgerFacts, index: Index): readonly string[] {
  const { rollups, attempts, requests } = facts
  const problems: string[] = []
  const compare = (what: string, rollup: bigint, rows: bigint): void => {
    if (rollup !== rows) problems.push(`rollups of ${what} say ${rollup}, the rows ${rows}`)
  }
  const groups = new Set([...rollups, ...attempts].map(({ offer, sandbox }) => `${offer}\n${sandbox}`))
  for (const group of groups) {
    const sums = rollups.filter(({ offer, sandbox }) => `${offer}\n${sandbox}` === group)
    const rows = attempts.filter(({ offer, sandbox, settledUs }) => settledUs !== null && `${offer}\n${sandbox}` === group)
    const unknown = rows.filter((attempt) => attempt.state === 'unknown')
    const cost = (of: readonly AttemptFact[]): bigint => sum(of.map((attempt) => chargedOn(index, attempt.id)))
    const name = group.replace('\n', ' sandbox=')
    compare(`${name}: cost`, sum(sums.map((row) => row.costNanoUsd)), cost(rows))
    compare(`${name}: provisional`, sum(sums.map((row) => row.provisionalNanoUsd)), cost(unknown))
    compare(`${name}: attempts`, sum(sums.map((row) => row.attempts)), BigInt(rows.length))
    compare(`${name}: images`, sum(sums.map((row) => row.images)), sum(rows.map((row) => row.imagesMade)))
  }
  compare('all: requests', sum(rollups.map((row) => row.requests)), BigInt(requests.filter((row) => row.finished).length))
  const tagged = new Set(requests.filter((request) => request.tagged).map((request) => request.id))
  const taggedCost = sum(attempts.filter((row) => tagged.has(row.requestId)).map((row) => chargedOn(index, row.id)))
  compare('the tag: cost', facts.taggedCostNanoUsd, taggedCost)
  return problems
}
