/** One seed at one volume of the track with GPUs, in a thread of its own: every policy's month, and the bounds with GPUs and without. */
import { parentPort, workerData } from 'node:worker_threads'
import { buildBound } from '../../src/core/simulation/bound.ts'
import { type SimulatedPolicy, simulateMonth } from '../../src/core/simulation/engine.ts'
import { productWithGpus } from '../../src/core/simulation/gpu-policy.ts'
import { withGpus } from '../../src/core/simulation/gpu-world.ts'
import { createTemplates } from '../../src/core/simulation/workload.ts'
import { createWorld } from '../../src/core/simulation/world.ts'
import { contenders } from './contenders.ts'
import type { GpuJobResult, GpuPolicyResult } from './gpu-types.ts'
import { solve } from './solve.ts'
import { sharesOf } from './statistics.ts'
import type { Job } from './types.ts'

async function run(job: Job): Promise<GpuJobResult> {
  const { seed, volume, solveSeconds } = job
  const world = createWorld(seed, volume)
  const rich = withGpus(world)
  const templates = createTemplates(seed)
  const { bound } = await solve(rich, buildBound(rich, templates), solveSeconds)
  const { bound: boundWithout } = await solve(world, buildBound(world, templates), solveSeconds)
  const monthOf = (policy: SimulatedPolicy): GpuPolicyResult => {
    const month = simulateMonth(policy.gpus ? rich : world, templates, policy)
    const { billsUsd, penaltiesUsd, totalUsd, gpus } = month
    return { name: policy.name, billsUsd, penaltiesUsd, totalUsd, ...sharesOf(month), ...(gpus && { gpus }) }
  }
  const start = process.threadCpuUsage()
  const product = monthOf(productWithGpus(rich))
  const { user, system } = process.threadCpuUsage(start)
  const policies = [product, ...contenders(world, job).map(monthOf)]
  return { seed, volume, bound, boundWithout, policies, seconds: (user + system) / 1e6 }
}

// The main thread sends a `Job` and nothing else.
parentPort?.postMessage(await run(workerData as Job))
