import type { RequestClass } from './classes.ts'
import { type Deployment, latencySpread, medianMs, type World } from './world.ts'

/** Chance that an answer comes before the class's deadline. */
export const shareInTime = (world: World, deployment: Deployment, { deadlineMs }: RequestClass, atUs: number): number =>
  normalBelow(Math.log(deadlineMs / medianMs(world, deployment, atUs)) / latencySpread(deployment))

/** The normal distribution function (Abramowitz and Stegun 7.1.26; error below 1e-6). */
function normalBelow(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * x)
  const tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-x * x)
  return z >= 0 ? 1 - tail / 2 : tail / 2
}
