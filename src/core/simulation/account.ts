/** The bills of the simulated month: what every provider charges, and the penalties of the benchmark (reference, 5.2). */
import { minimumSpend } from './catalogue.ts'
import { classes } from './classes.ts'
import type { GpuUse } from './gpu-pool.ts'
import { MONTH_END_US, MONTH_START_US } from './time.ts'
import type { Arrival } from './workload.ts'
import { type Deployment, floorOf, listPrice, trueQuality, type World } from './world.ts'

export interface ClassResult {
  readonly id: string
  readonly requests: number
  readonly pictures: number
  readonly late: number
  /** Pictures below the floor of their prompt. */
  readonly belowFloor: number
  readonly unserved: number
}

export interface MonthResult {
  readonly billsUsd: number
  readonly penaltiesUsd: number
  readonly totalUsd: number
  readonly classes: readonly ClassResult[]
  /** Pictures bought, by offer. */
  readonly bought: ReadonlyMap<string, number>
  readonly attempts: number
  readonly billedInVainUsd: number
  /** Rented GPUs, which are part of the bills; absent: the policy has none. */
  readonly gpus?: GpuUse
}

/** Free of penalty: so many requests late, so many pictures below their floor; beyond it, multiples of the list price. */
const LATE_ALLOWED = 0.01
const BELOW_FLOOR_ALLOWED = 0.02
export const LATE_PENALTY = 10
const BELOW_FLOOR_PENALTY = 5
export const UNSERVED_PENALTY = 20

export interface Account {
  attempted(
    deployment: Deployment,
    arrival: Arrival,
    atUs: number,
    ended: { readonly n: number; readonly billed: boolean; readonly served: boolean },
  ): void
  served(deployment: Deployment, arrival: Arrival, atUs: number, pictures: number): void
  unserved(arrival: Arrival): void
  result(gpus?: GpuUse): MonthResult
}

/** Only requests that arrive in the month count; what history cost is not asked. */
export function createAccount(world: World): Account {
  const lines = world.deployments.map(() => ({ pictures: 0, listNano: 0, graduatedNano: 0 }))
  const sums = classes.map(() => ({ requests: 0, pictures: 0, late: 0, belowFloor: 0, unserved: 0, listNano: 0 }))
  let attempts = 0
  let inVainNano = 0
  const counts = ({ atUs }: Arrival): boolean => atUs >= MONTH_START_US && atUs < MONTH_END_US
  return {
    attempted(deployment, arrival, atUs, { n, billed, served }) {
      if (!counts(arrival)) return
      attempts += 1
      if (!billed) return
      const line = lines[deployment.index]
      const kind = classes[arrival.template.classIndex]
      if (!line || !kind) return
      // A pool is paid by the hour, whatever it makes.
      const list = deployment.lane === 'pool' ? 0 : n * listPrice(world, deployment, kind.edge, atUs)
      line.graduatedNano += (list / n) * graduated(deployment, line.pictures, n)
      line.listNano += list
      line.pictures += n
      if (!served) inVainNano += list
    },
    served(deployment, arrival, atUs, pictures) {
      if (!counts(arrival)) return
      const { classIndex, hard } = arrival.template
      const sum = sums[classIndex]
      const kind = classes[classIndex]
      if (!sum || !kind) return
      sum.requests += 1
      sum.pictures += pictures
      sum.listNano += pictures * listPrice(world, deployment, kind.edge, arrival.atUs)
      if (atUs - arrival.atUs > kind.deadlineMs * 1_000) sum.late += 1
      if (trueQuality(world, deployment, classIndex, arrival.atUs) < floorOf(kind, hard)) sum.belowFloor += pictures
    },
    unserved(arrival) {
      if (!counts(arrival)) return
      const sum = sums[arrival.template.classIndex]
      if (!sum) return
      sum.requests += 1
      sum.unserved += 1
    },
    result(gpus) {
      const bills = billsOf(world, lines) + (gpus?.nanoUsd ?? 0)
      const penalties = sums.reduce((total, sum) => total + penaltyOf(sum), 0)
      return {
        billsUsd: bills / 1e9,
        penaltiesUsd: penalties / 1e9,
        totalUsd: (bills + penalties) / 1e9,
        classes: sums.map(({ listNano: _list, ...sum }, index) => ({ id: classes[index]?.id ?? '', ...sum })),
        bought: new Map(world.deployments.map(({ offer, index }) => [offer.id, lines[index]?.pictures ?? 0])),
        attempts,
        billedInVainUsd: inVainNano / 1e9,
        ...(gpus && { gpus }),
      }
    },
  }
}

type Line = { readonly pictures: number; readonly listNano: number; readonly graduatedNano: number }

/** Sum of the factors of the next `n` pictures. */
function graduated({ terms, lane }: Deployment, before: number, n: number): number {
  if (lane === 'batch' || terms.tiers?.mode !== 'graduated') return n
  const { steps } = terms.tiers
  let sum = 0
  for (const [index, { from, factor }] of steps.entries()) {
    const to = steps[index + 1]?.from ?? Number.POSITIVE_INFINITY
    sum += factor * Math.max(0, Math.min(before + n, to) - Math.max(before, from))
  }
  return sum
}

function billsOf({ deployments, minimumSpendNano }: World, lines: readonly Line[]): number {
  let bills = 0
  let committed = 0
  for (const { index, terms, lane } of deployments) {
    const { pictures, listNano, graduatedNano } = lines[index] as Line
    const cliff =
      lane === 'sync' && terms.tiers?.mode === 'volume' ? terms.tiers.steps.findLast(({ from }) => from <= pictures) : undefined
    const bill = cliff ? listNano * cliff.factor : graduatedNano
    if (terms.provider === minimumSpend.provider) committed += bill
    else bills += bill
  }
  return bills + Math.max(minimumSpendNano, committed)
}

function penaltyOf(sum: {
  readonly requests: number
  readonly pictures: number
  readonly late: number
  readonly belowFloor: number
  readonly unserved: number
  readonly listNano: number
}): number {
  if (sum.pictures === 0) return 0
  const perPicture = sum.listNano / sum.pictures
  const perRequest = sum.listNano / Math.max(1, sum.requests - sum.unserved)
  return (
    LATE_PENALTY * perRequest * Math.max(0, sum.late - LATE_ALLOWED * sum.requests) +
    BELOW_FLOOR_PENALTY * perPicture * Math.max(0, sum.belowFloor - BELOW_FLOOR_ALLOWED * sum.pictures) +
    UNSERVED_PENALTY * perRequest * sum.unserved
  )
}
