/** One seed at one volume, in a thread of its own: every policy's month, and the bound. */
import { parentPort, workerData } from 'node:worker_threads'
import highs from 'highs'
import { type BoundModel, buildBound } from '../../src/core/simulation/bound.ts'
import { classes } from '../../src/core/simulation/classes.ts'
import { type SimulatedPolicy, simulateMonth } from '../../src/core/simulation/engine.ts'
import {
  byLatency,
  byTokenPrice,
  cheapestAtOnce,
  cheapestWithBatch,
  productPolicy,
  roundRobin,
  singleProvider,
  staticChoice,
} from '../../src/core/simulation/policies.ts'
import { createTemplates } from '../../src/core/simulation/workload.ts'
import { createWorld, type World } from '../../src/core/simulation/world.ts'
import type { Job, JobResult, PolicyResult } from './types.ts'

/** Providers whose models can make everything. */
const WHOLE = ['middle', 'east']

const contenders = (world: World, { baselines }: Job): SimulatedPolicy[] => {
  const main = [productPolicy(world), staticChoice(world), cheapestWithBatch(world)]
  if (baselines === 'main') return main
  const single = WHOLE.map((provider) => singleProvider(world, provider))
  return [...main, cheapestAtOnce(world), ...single, roundRobin(world), byLatency(world), byTokenPrice(world)]
}

async function run(job: Job): Promise<JobResult> {
  const world = createWorld(job.seed, job.volume)
  const templates = createTemplates(job.seed)
  const bound = await solve(buildBound(world, templates), job.solveSeconds)
  const policies: PolicyResult[] = []
  let requests = 0
  let seconds = 0
  for (const policy of contenders(world, job)) {
    const probe = probed(policy)
    const start = performance.now()
    const {
      classes: sums,
      billsUsd,
      penaltiesUsd,
      totalUsd,
      attempts,
      billedInVainUsd,
    } = simulateMonth(world, templates, probe.policy)
    seconds += (performance.now() - start) / 1_000
    const interactive = sums.filter((_, index) => classes[index]?.interactive)
    const total = (list: typeof sums, field: 'requests' | 'pictures' | 'late' | 'belowFloor' | 'unserved'): number =>
      list.reduce((sum, each) => sum + each[field], 0)
    requests += probe.plans()
    policies.push({
      name: policy.name,
      billsUsd,
      penaltiesUsd,
      totalUsd,
      attempts,
      billedInVainUsd,
      late: total(sums, 'late') / total(sums, 'requests'),
      belowFloor: total(sums, 'belowFloor') / total(sums, 'pictures'),
      success: 1 - total(interactive, 'unserved') / total(interactive, 'requests'),
      decisionP99Ms: probe.decisionP99Ms(),
      brier: probe.brier(),
    })
  }
  return {
    seed: job.seed,
    volume: job.volume,
    bound,
    policies,
    requestsPerSecond: requests / seconds,
    heapMb: process.memoryUsage().heapUsed / 1e6,
  }
}

/** The policy, watched: how long it decides, and how well its chances of success are calibrated. */
function probed(policy: SimulatedPolicy) {
  const samples = new Float64Array(40_000)
  let plans = 0
  let squares = 0
  let baseSquares = 0
  let expected = 0
  let succeeded = 0
  let attempts = 0
  const watched: SimulatedPolicy = {
    ...policy,
    plan(arrival, nowUs) {
      plans += 1
      if (plans % 7 !== 0) return policy.plan(arrival, nowUs)
      const start = performance.now()
      const made = policy.plan(arrival, nowUs)
      samples[Math.floor(plans / 7) % samples.length] = performance.now() - start
      return made
    },
    finished(attempt) {
      const chance = attempt.plan.attempts[attempt.candidate]?.allIn?.success
      if (chance !== undefined) {
        const outcome = attempt.answer.failure ? 0 : 1
        attempts += 1
        expected += chance
        succeeded += outcome
        squares += (chance - outcome) ** 2
        baseSquares += (succeeded / attempts - outcome) ** 2
      }
      policy.finished(attempt)
    },
  }
  return {
    policy: watched,
    plans: () => plans,
    decisionP99Ms() {
      const taken = samples.subarray(0, Math.min(samples.length, Math.floor(plans / 7))).toSorted()
      return taken[Math.floor(taken.length * 0.99)] ?? 0
    },
    brier: () => ({
      model: squares / Math.max(1, attempts),
      constant: baseSquares / Math.max(1, attempts),
      expected: expected / Math.max(1, attempts),
      observed: succeeded / Math.max(1, attempts),
    }),
  }
}

// The package's types are those of its CommonJS build; what Node imports is the other one, whose default is the function itself.
const loadHighs = highs as unknown as typeof highs.default

/** The best combination of tiers; every program is solved to its optimum or the bound does not stand. */
async function solve({ programs, costOf }: BoundModel, solveSeconds: number): Promise<JobResult['bound']> {
  const solver = await loadHighs()
  let lower = Number.POSITIVE_INFINITY
  let upper = Number.POSITIVE_INFINITY
  let unsolved = 0
  for (const { text, offsetUsd } of programs) {
    const solution = solver.solve(text, { time_limit: solveSeconds })
    if (solution.Status === 'Infeasible') continue
    if (solution.Status !== 'Optimal') {
      unsolved += 1
      continue
    }
    lower = Math.min(lower, solution.ObjectiveValue + offsetUsd)
    const values = new Map(Object.entries(solution.Columns).map(([name, { Primal }]) => [name, Primal]))
    upper = Math.min(upper, costOf(values))
  }
  return { usd: lower, gap: upper / lower - 1, programs: programs.length, unsolved }
}

// The main thread sends a `Job` and nothing else.
parentPort?.postMessage(await run(workerData as Job))
