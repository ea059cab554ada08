/**
 * How many GPUs to run in the coming hours, and what waits for them. A GPU is paid by the started hour, so an hour pays when what it would make
 * costs more elsewhere: first the people who wait for a picture, as far as a queue lets them, then work that may wait, packed into the time that is
 * left. Pure; replan every few hours with what has become known.
 */
import { packDeferrable } from './gpu-packing.ts'
import { servedShare } from './gpu-queue.ts'

/** GPUs that can be rented by the hour, all alike. */
export interface GpuTerms {
  /** Nano-USD that one GPU costs per started hour. */
  readonly hourNanoUsd: number
  /** Pictures that one GPU makes in an hour without a pause. */
  readonly picturesPerHour: number
  /** Seconds from its start to its first picture; they are paid. */
  readonly startUpSeconds: number
  /** Hours that are paid at least once a GPU was started; 1 or more. */
  readonly minimumHours: number
  /** As many as can be had at once. */
  readonly mostGpus: number
}

/** Requests that are alike and that the pool could make. */
export type GpuDemand = {
  /** Expected pictures by hour; the first is the hour that the plan begins with. */
  readonly perHour: readonly number[]
  /** Nano-USD that each saves when the pool makes it: its price elsewhere, less what it costs at the pool besides the GPU's time. */
  readonly savedNanoUsd: number
} & (
  | {
      /** Somebody waits for it. */
      readonly kind: 'urgent'
      /** Pictures per GPU that may be ahead of it before it goes elsewhere. */
      readonly places: number
    }
  | {
      readonly kind: 'deferrable'
      /** Hours after which it has to be under way. */
      readonly patienceHours: number
      /** Pictures that wait already, by the whole hours since they came; absent: none. */
      readonly waiting?: readonly number[]
    }
)

export interface GpuPlanInput {
  readonly terms: GpuTerms
  readonly demands: readonly GpuDemand[]
  /** Hours to plan. */
  readonly hours: number
  /** GPUs that run at the beginning and need no start. */
  readonly running: number
  /** GPUs that are paid for by now, by hour, used or not; absent: none. */
  readonly paid?: readonly number[]
}

export interface GpuPlan {
  /** GPUs that run in each hour. */
  readonly gpus: readonly number[]
  /** By demand as given, by hour: pictures that the pool is expected to make. */
  readonly made: readonly (readonly number[])[]
  /** Nano-USD expected to be saved in these hours, the GPUs paid. */
  readonly savedNanoUsd: number
}

/** Forecasts are not the truth: an hour is only started for this share of its price more than it costs. */
const HURDLE = 0.05
/** Runs of so many times the shortest are tried at once: an hour that pays only beside another is found so. */
const LENGTHS = [1, 2, 4] as const

interface Run {
  readonly from: number
  readonly length: number
}

/**
 * Runs are added as long as the best of them saves more than it costs, then dropped or shortened where others made them needless. Spare time
 * is worth less the more there is of it, so that taking the best first comes close to the best of all.
 */
export function planGpus(input: GpuPlanInput): GpuPlan {
  const evaluation = evaluator(input)
  const { terms, hours } = input
  let runs: readonly Run[] = []
  let saved = evaluation.saved(profileOf(input, runs))
  const improve = (candidates: readonly (readonly Run[])[], hurdle: number): boolean => {
    let best: { readonly runs: readonly Run[]; readonly saved: number; readonly gain: number } | undefined
    for (const each of candidates) {
      const profile = profileOf(input, each)
      if (profile.some((gpus) => gpus > terms.mostGpus)) continue
      const value = evaluation.saved(profile)
      const more = hoursOf(each) - hoursOf(runs)
      const gain = value - saved - hurdle * terms.hourNanoUsd * more
      if (gain > 1 && gain > (best?.gain ?? 0)) best = { runs: each, saved: value, gain }
    }
    if (!best) return false
    runs = best.runs
    saved = best.saved
    return true
  }
  while (improve(additions(runs, hours, terms.minimumHours), HURDLE));
  while (improve(removals(runs, terms.minimumHours), HURDLE));
  const gpus = profileOf(input, runs)
  return { gpus, made: evaluation.made(gpus), savedNanoUsd: saved }
}

const hoursOf = (runs: readonly Run[]): number => runs.reduce((sum, { length }) => sum + length, 0)

function profileOf({ hours, paid = [] }: GpuPlanInput, runs: readonly Run[]): number[] {
  const profile = Array.from({ length: hours }, (_, hour) => paid[hour] ?? 0)
  for (const { from, length } of runs)
    for (let hour = from; hour < from + length; hour += 1) profile[hour] = (profile[hour] ?? 0) + 1
  return profile
}

function additions(runs: readonly Run[], hours: number, minimumHours: number): (readonly Run[])[] {
  const found: (readonly Run[])[] = []
  for (const times of LENGTHS) {
    const length = times * minimumHours
    for (let from = 0; from + length <= hours; from += 1) found.push([...runs, { from, length }])
  }
  // Shorter than a run of its own, an hour can only follow or precede another.
  for (const [index, { from, length }] of minimumHours > 1 ? runs.entries() : []) {
    if (from > 0) found.push(runs.with(index, { from: from - 1, length: length + 1 }))
    if (from + length < hours) found.push(runs.with(index, { from, length: length + 1 }))
  }
  return found
}

const removals = (runs: readonly Run[], minimumHours: number): (readonly Run[])[] =>
  runs.flatMap(({ from, length }, index) => {
    const without = runs.toSpliced(index, 1)
    if (length <= minimumHours) return [without]
    const shorter = { from, length: length - 1 }
    return [without, runs.with(index, shorter), runs.with(index, { ...shorter, from: from + 1 })]
  })

interface Evaluation {
  /** Nano-USD saved, the GPUs paid. */
  saved(gpus: readonly number[]): number
  /** By demand, by hour: pictures made. */
  made(gpus: readonly number[]): number[][]
}

/** What people wait for does not depend on other hours, so it is worked out once for each hour and count of GPUs. */
function evaluator({ terms, demands, hours, running }: GpuPlanInput): Evaluation {
  const worth = (index: number): number => demands[index]?.savedNanoUsd ?? 0
  const byValue = [...demands.keys()].filter((index) => worth(index) > 0).sort((a, b) => worth(b) - worth(a))
  const urgent = byValue.filter((index) => demands[index]?.kind === 'urgent')
  const kinds = byValue.flatMap((index) => {
    const demand = demands[index]
    return demand?.kind === 'deferrable' ? [{ index, demand }] : []
  })
  const deferrables = kinds.map(({ demand }) => demand)
  const known: Served[][] = Array.from({ length: hours }, () => [])
  const servedBy = (hour: number, gpus: number): Served => {
    const row = known[hour] ?? []
    const found = row[gpus] ?? urgentServed(demands, urgent, terms, hour, gpus)
    row[gpus] = found
    return found
  }
  const cold = terms.startUpSeconds / 3_600
  const startedIn = (gpus: readonly number[], hour: number): number =>
    Math.max(0, (gpus[hour] ?? 0) - (hour === 0 ? running : (gpus[hour - 1] ?? 0)))
  /** Of an hour in which GPUs start: as long as they are cold only the others make anything. */
  const inHour = (gpus: readonly number[], hour: number, of: (served: Served) => number): number => {
    const count = gpus[hour] ?? 0
    const started = startedIn(gpus, hour)
    const whole = of(servedBy(hour, count))
    return started === 0 ? whole : (1 - cold) * whole + cold * of(servedBy(hour, count - started))
  }
  const spareOf = (gpus: readonly number[]): number[] =>
    gpus.map((count, hour) =>
      Math.max(
        0,
        terms.picturesPerHour * (count - cold * startedIn(gpus, hour)) - inHour(gpus, hour, ({ together }) => together),
      ),
    )
  return {
    saved(gpus) {
      const { totals } = packDeferrable(deferrables, spareOf(gpus))
      let saved = totals.reduce((sum, pictures, place) => sum + pictures * (deferrables[place]?.savedNanoUsd ?? 0), 0)
      for (const hour of gpus.keys())
        saved += inHour(gpus, hour, ({ savedNanoUsd }) => savedNanoUsd) - (gpus[hour] ?? 0) * terms.hourNanoUsd
      return saved
    },
    made(gpus) {
      const made = demands.map(() => gpus.map(() => 0))
      for (const [place, index] of urgent.entries())
        made[index] = gpus.map((_, hour) => inHour(gpus, hour, ({ pictures }) => pictures[place] ?? 0))
      const packed = packDeferrable(deferrables, spareOf(gpus))
      for (const [place, { index }] of kinds.entries()) made[index] = [...(packed.made[place] ?? [])]
      return made
    },
  }
}

/** What a count of GPUs makes in an hour of what people wait for. */
interface Served {
  /** By place in the order of value. */
  readonly pictures: readonly number[]
  readonly together: number
  readonly savedNanoUsd: number
}

/** Who saves more finds a place first; what is left of the queue is for the others. */
function urgentServed(
  demands: readonly GpuDemand[],
  urgent: readonly number[],
  { picturesPerHour }: GpuTerms,
  hour: number,
  gpus: number,
): Served {
  let arriving = 0
  let before = 0
  const pictures = urgent.map((index) => {
    const demand = demands[index]
    if (demand?.kind !== 'urgent') return 0
    arriving += demand.perHour[hour] ?? 0
    const together = arriving * servedShare(gpus, arriving / picturesPerHour, demand.places)
    const own = Math.max(0, together - before)
    before = Math.max(before, together)
    return Math.min(own, demand.perHour[hour] ?? 0)
  })
  return {
    pictures,
    together: pictures.reduce((sum, each) => sum + each, 0),
    savedNanoUsd: pictures.reduce((sum, each, place) => sum + each * (demands[urgent[place] ?? -1]?.savedNanoUsd ?? 0), 0),
  }
}
