/** The month's plan of the simulated gateway: forecast by line of demand, offers by the router's own plans, terms of the contracts. */
import { type DailyCounts, forecastRest } from '../planning/forecast.ts'
import {
  type DemandLine,
  type DemandOption,
  type MonthTiers,
  madeAndBilled,
  type PlannedPrice,
  planMonth,
} from '../planning/month.ts'
import type { CompiledPrices } from '../pricing/index.ts'
import { minimumSpend } from './catalogue.ts'
import type { FullPlan } from './engine.ts'
import { DAY_US, MONTH_END_US, MONTH_START_US } from './time.ts'
import type { RequestTemplate } from './workload.ts'
import type { World } from './world.ts'

export interface MonthPlanner {
  asked(template: RequestTemplate, easy: boolean, nowUs: number): void
  /** So much of what was asked for a GPU made, which no offer sells. */
  pooled(template: RequestTemplate, easy: boolean, pictures: number): void
  billed(offer: string, pictures: number, expectedNanoUsd: number): void
  /** Prices to choose by; undefined while there is nothing to plan with. Other `known` prices of the market are another plan at once. */
  prices(
    nowUs: number,
    known: CompiledPrices,
    planFor: (template: RequestTemplate, easy: boolean) => FullPlan | undefined,
  ): ReadonlyMap<string, PlannedPrice> | undefined
}

const REPLAN_US = 6 * 3_600_000_000

interface Line {
  readonly template: RequestTemplate
  readonly easy: boolean
  readonly firstDay: number
  readonly counts: number[]
  /** By day as `counts`: made by GPUs. */
  readonly pooled: number[]
}

export function createMonthPlanner(world: World): MonthPlanner {
  const lines = new Map<string, Line>()
  const pools = new Set(world.deployments.filter(({ lane }) => lane === 'pool').map(({ offer }) => offer.id))
  const tiers = world.deployments.flatMap(({ offer, terms, lane }) =>
    lane === 'sync' && terms.tiers ? [{ offers: [offer.id], ...terms.tiers }] : [],
  )
  const committed = world.deployments.filter(({ terms }) => terms.provider === minimumSpend.provider).map(({ offer }) => offer.id)
  const bought = new Map<string, { pictures: number; nano: number }>()
  let planned: ReadonlyMap<string, PlannedPrice> | undefined
  let plannedUs = Number.NEGATIVE_INFINITY
  let plannedBy: CompiledPrices | undefined
  const demandLines = (
    nowUs: number,
    planFor: (template: RequestTemplate, easy: boolean) => FullPlan | undefined,
  ): DemandLine[] =>
    [...lines.values()].map(({ template, easy, firstDay, counts, pooled }) => ({
      pictures:
        forecastRest({ firstDay, counts } satisfies DailyCounts, nowUs / DAY_US, MONTH_END_US / DAY_US) *
        (1 - shareOf(pooled, counts)),
      options: optionsOf(planFor(template, easy), template.request.n).filter(({ offer }) => !pools.has(offer)),
    }))
  return {
    asked(template, easy, nowUs) {
      const key = keyOf(template, easy)
      const day = Math.floor(nowUs / DAY_US)
      let line = lines.get(key)
      if (!line) {
        line = { template, easy, firstDay: day, counts: [], pooled: [] }
        lines.set(key, line)
      }
      const index = day - line.firstDay
      while (line.counts.length <= index) {
        line.counts.push(0)
        line.pooled.push(0)
      }
      line.counts[index] = (line.counts[index] ?? 0) + template.request.n
    },
    pooled(template, easy, pictures) {
      const line = lines.get(keyOf(template, easy))
      if (line) line.pooled[line.pooled.length - 1] = (line.pooled.at(-1) ?? 0) + pictures
    },
    billed(offer, pictures, expectedNanoUsd) {
      const sum = bought.get(offer) ?? { pictures: 0, nano: 0 }
      bought.set(offer, { pictures: sum.pictures + pictures, nano: sum.nano + expectedNanoUsd })
    },
    prices(nowUs, known, planFor) {
      if (nowUs < MONTH_START_US || nowUs >= MONTH_END_US) return undefined
      if (nowUs - plannedUs < REPLAN_US && known === plannedBy) return planned
      plannedUs = nowUs
      plannedBy = known
      const spent = committed.reduce((sum, offer) => sum + (bought.get(offer)?.nano ?? 0), 0)
      const monthTiers = tiers.map((terms): MonthTiers => {
        const { pictures = 0, nano = 0 } = bought.get(terms.offers[0] ?? '') ?? {}
        return { ...terms, bought: pictures, spentListNanoUsd: nano }
      })
      planned = planMonth({
        lines: demandLines(nowUs, planFor),
        tiers: monthTiers,
        minimums: [{ offers: committed, unspentNanoUsd: Math.max(0, world.minimumSpendNano - spent) }],
        ...(planned && { previous: planned }),
      }).prices
      return planned
    },
  }
}

const keyOf = ({ classIndex, features }: RequestTemplate, easy: boolean): string =>
  `${classIndex}/${features.promptClass}/${easy}`

const WEEK = 7

/** Of the last week's demand. */
function shareOf(pooled: readonly number[], counts: readonly number[]): number {
  const sum = (list: readonly number[]): number => list.slice(-WEEK).reduce((total, each) => total + each, 0)
  return Math.min(1, sum(pooled) / Math.max(1, sum(counts)))
}

/** List prices and what is added in choosing, per picture; the plan must have been made without planned prices. */
function optionsOf(plan: FullPlan | undefined, pictures: number): DemandOption[] {
  return (plan?.attempts ?? []).map(({ candidate, total, allIn, estimate }) => {
    const list = Number(total.expectedNanoUsd)
    return {
      offer: candidate.offer.id,
      listNanoUsd: list / pictures,
      extraNanoUsd: ((allIn?.inVainNanoUsd ?? 0) + (allIn?.latenessNanoUsd ?? 0)) / pictures,
      ...(estimate && madeAndBilled(estimate)),
    }
  })
}
