/** The same world with GPUs to rent: one model of one's own, made by as many of them as run. */
import type { GpuTerms } from '../planning/gpu.ts'
import type { DeploymentTerms } from './catalogue.ts'
import { classes } from './classes.ts'
import type { PoolTerms } from './gpu-pool.ts'
import { luckOf, normalOf } from './random.ts'
import { HISTORY_DAYS, HOUR_US, MONTH_END_US, MONTH_START_US } from './time.ts'
import { type Deployment, offerOf, type World } from './world.ts'

export interface RentedGpus {
  readonly terms: GpuTerms
  /** Seconds that a start really takes, drawn for each. */
  readonly startUpSeconds: readonly [least: number, most: number]
  /** Of the logarithm of the time that one picture takes. */
  readonly spread: number
}

/** A world whose last deployment is the pool. */
export interface GpuWorld extends World {
  readonly pool: Deployment
  readonly rented: RentedGpus
}

export const isGpuWorld = (world: World): world is GpuWorld => 'pool' in world

/** Of the reference (routing benchmark, section 4): 1.40 USD per started hour, 900 pictures of 1024x1024 an hour. */
export const rentedGpus: RentedGpus = {
  terms: { hourNanoUsd: 1.4e9, picturesPerHour: 900, startUpSeconds: 120, minimumHours: 1, mostGpus: 16 },
  startUpSeconds: [60, 180],
  spread: 0.08,
}

const HOUR_MS = 3_600_000

/** Milliseconds that one GPU works on one picture. */
export const pictureMs = ({ terms }: RentedGpus): number => HOUR_MS / terms.picturesPerHour

/**
 * An open model that draws and edits, up to 1024x1024. Its price is what a picture costs on a GPU that never rests: what the bound pays, and the least
 * that anybody can. Its servers have no filter.
 */
const modelOf = (rented: RentedGpus): DeploymentTerms => ({
  provider: 'own',
  model: 'own/open',
  quality: 1168,
  edits: true,
  price: rented.terms.hourNanoUsd / 1e9 / rented.terms.picturesPerHour,
  medianMs: pictureMs(rented),
  spread: rented.spread,
  batch: false,
  refusalsBilled: false,
})

/** What a public rating is wrong by, as for the models of the catalogue. */
const RATING_ERROR = 8

export function withGpus(world: World, rented: RentedGpus = rentedGpus): GpuWorld {
  const terms = modelOf(rented)
  const pool: Deployment = { index: world.deployments.length, terms, lane: 'pool', offer: offerOf(terms, 'pool') }
  const errors = classes.map((_, index) => {
    const luck = (draw: number): number => luckOf(world.seed, index, -4, draw)
    return [`${terms.model}/${index}`, RATING_ERROR * normalOf(luck(0), luck(1))] as const
  })
  return {
    ...world,
    deployments: [...world.deployments, pool],
    events: { ...world.events, qualityErrors: new Map([...world.events.qualityErrors, ...errors]) },
    pool,
    rented,
  }
}

/** GPUs may be rented in the history too, which is not paid. */
export const poolTerms = ({ seed, pool, rented }: GpuWorld): PoolTerms => ({
  seed,
  index: pool.index,
  rented,
  fromUs: MONTH_START_US - HISTORY_DAYS * 24 * HOUR_US,
  untilUs: MONTH_END_US,
  paidFromUs: MONTH_START_US,
})
