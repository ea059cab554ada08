/** One run on a ledger: traffic, kills, restarts, and then the whole truth compared. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Receipt } from '../../src/contract/records.ts'
import { type Bill, findProblems, nanoUsd } from './check.ts'
import { type Observation, sendCall } from './client.ts'
import { ADMIN_KEY } from './configuration.ts'
import { type LedgerFacts, readFacts } from './facts.ts'
import type { CrashProvider } from './provider.ts'
import type { CrashReport, Hit } from './report.ts'
import type { CallPlan, RoundPlan } from './schedule.ts'
import { LEASE_MS, type World } from './world.ts'

/** Does wrong to the evidence before it is compared. */
export type Tamper = (evidence: { readonly dataDir: string; readonly bills: Bill[] }) => void

const RESOLVE_LIMIT_MS = 20_000 + 3 * LEASE_MS

/** Runs on one ledger; what was seen adds up. */
export class Round {
  readonly world: World
  readonly #provider: CrashProvider
  readonly #report: CrashReport
  readonly #observations: Observation[] = []
  readonly #tamper: Tamper | undefined
  #before: LedgerFacts | undefined

  constructor(world: World, provider: CrashProvider, report: CrashReport, tamper: Tamper | undefined) {
    this.#tamper = tamper
    this.world = world
    this.#provider = provider
    this.#report = report
  }

  async run(plan: RoundPlan): Promise<void> {
    const { world } = this
    const before = { ...world.counts }
    this.#provider.expect(plan.calls)
    const [observations] = await Promise.all([
      this.#sendAll(plan),
      ...plan.endings.map(async (ending) => {
        await this.#provider.reach(ending.moment, 2_500)
        await world.end(ending)
      }),
    ])
    this.#observations.push(...observations)
    await world.restartUnready()
    const resolved = await this.#resolved()
    const repeated = await this.#repeat(observations, resolved)
    this.#tamper?.({ dataDir: world.dataDir, bills: this.#provider.bills })
    const facts = await this.#resolved()
    const problems = [
      ...world.problems.splice(0),
      ...repeated,
      ...drainProblems(plan, observations, resolved),
      ...findProblems(facts, {
        bills: this.#provider.bills,
        plans: this.#provider.plans,
        observations: this.#observations,
        crashes: world.counts.crashes,
      }),
      ...(await this.#apiProblems(plan, facts)),
    ]
    this.#count(plan, { observations, facts, before })
    if (problems.length > 0) this.#report.problems = [...problems, ...this.#logs()]
    this.#before = facts
  }

  async #sendAll({ calls }: RoundPlan): Promise<readonly Observation[]> {
    return Promise.all(
      calls.map(async (call) => {
        await sleep(call.startMs)
        const seen = await sendCall(call, await this.world.url(call.node), { repeat: false, retryCount: 0 })
        if (seen.kind === 'answered') this.#provider.count('answered')
        return seen
      }),
    )
  }

  /** Wait until recovery, jobs and late answers are through; then read everything. */
  async #resolved(): Promise<LedgerFacts> {
    const database = await this.world.openDatabase()
    try {
      const deadline = performance.now() + RESOLVE_LIMIT_MS
      for (;;) {
        const [open] = await database.query(`SELECT
          (SELECT count(*) FROM attempts WHERE state IN ('intent', 'dispatched'))
          + (SELECT count(*) FROM requests WHERE finished_us IS NULL) AS open`)
        const quiet = Number(open?.['open']) === 0 && this.#provider.waiting === 0
        if (quiet || performance.now() > deadline) return await readFacts(database)
        await sleep(50)
      }
    } finally {
      await database.close()
    }
  }

  /** What a client does that got no answer: the same call again. What was settled must not be paid again. */
  async #repeat(observations: readonly Observation[], facts: LedgerFacts): Promise<readonly string[]> {
    this.#provider.behave()
    const again = observations.filter(({ kind }, index) => kind === 'broken' || kind === 'aborted' || index % 4 === 0)
    const billedFor = (prompt: string): number => this.#provider.bills.filter((bill) => bill.prompt === prompt).length
    const problems = await Promise.all(
      again.map(async ({ plan }) => {
        const billed = billedFor(plan.prompt)
        const first = facts.requests.find((request) => request.prompt === plan.prompt && request.replayable)
        const seen = await this.#askAgain(plan)
        this.#observations.push(seen)
        this.#report.repeats += 1
        const what = `the repeat of "${plan.prompt}" (${plan.repeat}) was ${seen.kind} ${seen.status ?? ''} ${seen.detail ?? ''}`
        if (seen.kind === 'broken') return [`${what}, on a gateway that runs`]
        if (!first) return []
        this.#report.replays += 1
        if (billedFor(plan.prompt) !== billed) return [`PAID TWICE: ${what}, and the call was settled before`]
        if (first.httpStatus === 200n && seen.kind !== 'answered') return [`${what}; its answer was settled`]
        return []
      }),
    )
    return problems.flat()
  }

  /** Without a bucket a picture is where its call ended, which is another node where one took over: the others say that they have not got it. */
  async #askAgain(plan: CallPlan): Promise<Observation> {
    const others = Array.from({ length: this.world.nodes }, (_, node) => node).filter((node) => node !== plan.node)
    const ask = async (node: number) => sendCall(plan, await this.world.url(node), { repeat: true, retryCount: 1 })
    let seen = await ask(plan.node)
    for (const node of others) if (seen.detail === 'asset_expired') seen = await ask(node)
    return seen
  }

  /** Receipts and budgets as the API tells them. */
  async #apiProblems({ calls }: RoundPlan, facts: LedgerFacts): Promise<readonly string[]> {
    const prompts = new Set(calls.map((call) => call.prompt))
    const requests = facts.requests.filter((request) => prompts.has(request.prompt))
    const problems = await Promise.all(
      requests.map(async ({ id, prompt }) => {
        const receipt = await this.#get<Receipt>(`/v1/halftone/requests/${id}/receipt`)
        const attempts = facts.attempts.filter((attempt) => attempt.requestId === id)
        const ids = new Set(attempts.map((attempt) => attempt.id))
        const charged = facts.charges.reduce(
          (sum, charge) => (ids.has(charge.attemptId ?? '') ? sum + charge.amountNanoUsd : sum),
          0n,
        )
        const unknown = attempts.some((attempt) => attempt.state === 'unknown')
        const name = `the receipt of "${prompt}" (${id})`
        return [
          ...(nanoUsd(receipt.total_usd) === charged ? [] : [`${name} says ${receipt.total_usd}; ${charged} are charged`]),
          ...(receipt.attempts.length === attempts.length ? [] : [`${name} leaves out attempts`]),
          ...((receipt.cost_status === 'unknown') === unknown ? [] : [`${name} says ${receipt.cost_status}, unknown=${unknown}`]),
        ]
      }),
    )
    const budgets = await this.#get<{ data: readonly { id: string; held_usd: string }[] }>('/v1/halftone/budgets')
    const held = budgets.data.filter((budget) => nanoUsd(budget.held_usd) !== 0n)
    return [...problems.flat(), ...held.map((budget) => `LEAKED HOLD: budget ${budget.id} says it holds ${budget.held_usd}`)]
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${await this.world.url(0)}${path}`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as T
  }

  #count(plan: RoundPlan, seen: { observations: readonly Observation[]; facts: LedgerFacts; before: World['counts'] }): void {
    const report = this.#report
    const { observations, facts, before } = seen
    for (const key of ['kills', 'startKills', 'drains', 'pauses', 'restarts'] as const)
      report[key] += this.world.counts[key] - before[key]
    report.calls += observations.length
    const known = new Set(this.#before?.attempts.map((attempt) => attempt.id))
    const fresh = facts.attempts.filter((attempt) => !known.has(attempt.id))
    report.attempts += fresh.length
    const ids = new Set(fresh.map((attempt) => attempt.id))
    report.billedCalls += this.#provider.bills.filter((bill) => ids.has(bill.attemptId ?? '')).length
    report.reconciled += fresh.filter((attempt) => attempt.state === 'reconciled').length
    const kinds = (kind: string): Set<string> =>
      new Set(facts.events.filter((event) => event.kind === kind && ids.has(event.attemptId)).map((event) => event.attemptId))
    report.resumedJobs += kinds('claimed').size
    for (const id of kinds('recovered')) {
      report.unknownByCrash += 1
      report.hits[hitOf(this.#provider.progress.get(id))] += 1
    }
    const told = new Map(plan.calls.map((call, index) => [call.prompt, observations[index]?.kind]))
    report.hits['settled, client not told'] += facts.requests.filter(
      (request) => request.httpStatus === 200n && request.replayable && told.get(request.prompt) === 'broken',
    ).length
  }

  #logs(): readonly string[] {
    return ['0', '1', '2']
      .map((node) => [node, this.world.log(Number(node))] as const)
      .filter(([, log]) => log !== '')
      .map(([node, log]) => `--- the end of the log of node ${node}\n${log.slice(-4_000)}`)
  }
}

const hitOf = (progress: 'received' | 'billed' | 'delivered' | undefined): Hit => {
  switch (progress) {
    case undefined:
      return 'reserved, not sent'
    case 'received':
      return 'provider at work'
    case 'billed':
      return 'answer under way'
    case 'delivered':
      return 'answered, not settled'
  }
}

/** Whoever drains answers what it accepted: a call without an answer must not have begun. */
function drainProblems(plan: RoundPlan, observations: readonly Observation[], facts: LedgerFacts): readonly string[] {
  const drained = new Set(plan.endings.filter(({ kind }) => kind === 'drain').map(({ node }) => node))
  return observations
    .filter(({ kind, plan: call }) => kind === 'broken' && drained.has(call.node))
    .filter(({ plan: call }) => facts.requests.some(({ prompt, replayable }) => prompt === call.prompt && replayable))
    .map(({ plan: call, detail }) => `LOST ANSWER: "${call.prompt}" was accepted before the drain and not answered: ${detail}`)
}
