/** The policies that the benchmark runs side by side; the first is the product's. */
import type { SimulatedPolicy } from '../../src/core/simulation/engine.ts'
import {
  byLatency,
  byTokenPrice,
  cheapestAtOnce,
  cheapestWithBatch,
  productPolicy,
  roundRobin,
  singleProvider,
  staticChoice,
  staticChoicePerKind,
} from '../../src/core/simulation/policies.ts'
import type { World } from '../../src/core/simulation/world.ts'
import type { Job } from './types.ts'

/** Providers whose models can make everything. */
const WHOLE = ['middle', 'east']

export const contenders = (world: World, { baselines }: Job): SimulatedPolicy[] => {
  const main = [productPolicy(world), staticChoice(world), staticChoicePerKind(world), cheapestWithBatch(world)]
  if (baselines === 'main') return main
  const single = WHOLE.map((provider) => singleProvider(world, provider))
  return [...main, cheapestAtOnce(world), ...single, roundRobin(world), byLatency(world), byTokenPrice(world)]
}
