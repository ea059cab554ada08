/** One seed at one volume, in a thread of its own: every policy's month, and the bound. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import { buildBound } from '../../src/core/simulation/bound.ts'
import { classes } from '../../src/core/simulation/classes.ts'
import { type SimulatedPolicy, simulateMonth } from '../../src/core/simulation/engine.ts'
import type { Oracle } from '../../src/core/simulation/oracle.ts'
import { productPolicy } from '../../src/core/simulation/policies.ts'
import { MONTH_END_US, MONTH_START_US } from '../../src/core/simulation/time.ts'
import { createTemplates, type Templates } from '../../src/core/simulation/workload.ts'
import { createWorld, floorOf, trueQuality, type World } from '../../src/core/simulation/world.ts'
import { createCalibration } from './calibration.ts'
import { contenders } from './contenders.ts'
import { createRecoveryLog } from './recovery.ts'
import { solve } from './solve.ts'
import { sharesOf } from './statistics.ts'
import type { Job, JobResult, PolicyResult } from './types.ts'

async function run(job: Job): Promise<JobResult> {
  const world = createWorld(job.seed, job.volume)
  const templates = createTemplates(job.seed)
  const { bound, planned } = await solve(world, buildBound(world, templates), job.solveSeconds)
  const unforeseen = await solve(world, buildBound(world, templates, { unforeseen: true }), job.solveSeconds)
  const policies: PolicyResult[] = []
  let requests = 0
  let seconds = 0
  for (const policy of contenders(world, job)) {
    const probe = probed(world, policy)
    const start = process.threadCpuUsage()
    const month = simulateMonth(world, templates, probe.policy)
    const { user, system } = process.threadCpuUsage(start)
    seconds += (user + system) / 1e6
    requests += probe.plans()
    policies.push({
      name: policy.name,
      billsUsd: month.billsUsd,
      penaltiesUsd: month.penaltiesUsd,
      totalUsd: month.totalUsd,
      attempts: month.attempts,
      billedInVainUsd: month.billedInVainUsd,
      ...sharesOf(month),
      decisionP99Ms: probe.decisionP99Ms(),
      recovery: probe.recovery(),
      heapGrowth: probe.heapGrowth(),
      calibration: probe.calibration(),
    })
  }
  return {
    seed: job.seed,
    volume: job.volume,
    bound,
    unforeseenUsd: unforeseen.costUsd,
    policies,
    losses: job.losses ? lossesOf(world, templates, planned) : [],
    requestsPerSecond: requests / seconds,
    heapMb: process.memoryUsage().heapUsed / 1e6,
  }
}

/** One month per thing that is hidden; then all that can be learned or planned, and then all there is. */
function lossesOf(world: World, templates: Templates, plan: NonNullable<Oracle['plan']>): JobResult['losses'] {
  const learnable: Oracle = { difficulty: true, refusals: true, health: true, quality: true, plan }
  const oracles: readonly (readonly [string, Oracle])[] = [
    ['difficulty of prompts', { difficulty: true }],
    ['chances of refusal', { refusals: true }],
    ['outages and slow days', { health: true }],
    ['ratings as they are', { quality: true }],
    ['tiers and minimum', { plan }],
    ['prices of today', { prices: true }],
    ['which calls are refused', { luck: true }],
    ['all that can be learned', learnable],
    ['everything', { ...learnable, prices: true, luck: true }],
  ]
  const cost = (oracle?: Oracle): number => simulateMonth(world, templates, productPolicy(world, oracle)).totalUsd
  const hidden = cost()
  return oracles.map(([told, oracle]) => ({ told, savedUsd: hidden - cost(oracle) }))
}

/** So often in a month the live memory is looked at. */
const LOOKS = 4

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

/** Of this thread, everything that is not needed collected first. */
function liveBytes(): number {
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed
}

/** The policy, watched: how long it decides, and how well its chances of success are calibrated. */
function probed(world: World, policy: SimulatedPolicy) {
  const recovery = createRecoveryLog(world)
  const live: number[] = []
  const samples = new Float64Array(40_000)
  let plans = 0
  const success = createCalibration()
  const refusal = createCalibration()
  const floors = createCalibration()
  const watched: SimulatedPolicy = {
    ...policy,
    plan(arrival, nowUs) {
      plans += 1
      if (nowUs >= MONTH_START_US + (live.length * (MONTH_END_US - MONTH_START_US)) / LOOKS) live.push(liveBytes())
      const start = performance.now()
      const made = policy.plan(arrival, nowUs)
      if (plans % 7 === 0) samples[Math.floor(plans / 7) % samples.length] = performance.now() - start
      if (made) recovery.chosen(arrival, made, nowUs)
      return made
    },
    finished(attempt) {
      const planned = attempt.plan.attempts[attempt.candidate]
      const { failure } = attempt.answer
      // At most once a call is either: what is refused did not fail otherwise.
      if (planned?.allIn) success.add(planned.allIn.success, !failure)
      if (planned?.estimate) refusal.add(planned.estimate.refusal, failure?.code === 'content_refused')
      const deployment = world.deployments.find(({ offer }) => offer === planned?.candidate.offer)
      const kind = classes[attempt.template.classIndex]
      // Everything that is chosen is taken to keep its floor.
      if (!failure && deployment && kind) {
        const { classIndex, hard } = attempt.template
        floors.add(1, trueQuality(world, deployment, classIndex, attempt.dispatchedUs) >= floorOf(kind, hard))
      }
      policy.finished(attempt)
    },
  }
  return {
    policy: watched,
    plans: () => plans,
    recovery: recovery.requests,
    heapGrowth: () => (live.at(-1) ?? 0) / (live[LOOKS / 2] ?? 1),
    decisionP99Ms() {
      const taken = samples.subarray(0, Math.min(samples.length, Math.floor(plans / 7))).toSorted()
      return taken[Math.floor(taken.length * 0.99)] ?? 0
    },
    calibration: () => ({ success: success.result(), refusal: refusal.result(), floors: floors.result() }),
  }
}

// The main thread sends a `Job` and nothing else.
parentPort?.postMessage(await run(workerData as Job))
