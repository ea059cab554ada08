/** Figures of the overview, from what the API answers. Amounts stay exact text. */
import type { BudgetWire, OverviewWire } from '../../../../src/contract/admin.ts'
import type { InsightOverview } from '../../../../src/contract/insight.ts'
import { formatUsd, parseUsd } from '../../../../src/core/money.ts'
import { exactUsd, isZeroUsd, perMille, plotUsd, shortUsd } from '../../lib/money.ts'
import { counted, formatShare } from '../../lib/numbers.ts'
import { WITHOUT_ATTEMPT } from '../../lib/words.ts'
import type { ChartPoint } from '../../ui/chart/chart-data.ts'
import { idBehind, type Names, scopeText } from '../people/names.ts'

export interface Figure {
  readonly label: string
  readonly usd: string
  /** Worth looking at: drawn in a warning colour. */
  readonly attention: boolean
}

/** The state of the money now, for the rail beside every page. Held and unknown stand there only when there are any. */
export function selectNow(overview: OverviewWire): readonly Figure[] {
  return [
    { label: 'Today', usd: overview.today_usd, attention: false },
    { label: 'This month', usd: overview.month_usd, attention: false },
    ...(isZeroUsd(overview.held_usd) ? [] : [{ label: 'Held', usd: overview.held_usd, attention: false }]),
    ...(isZeroUsd(overview.unknown_usd) ? [] : [{ label: 'Unknown', usd: overview.unknown_usd, attention: true }]),
  ]
}

/** Nothing was asked of the gateway in either period, and nothing charged. */
export const isEmpty = ({ counts, spend }: InsightOverview): boolean =>
  counts.requests === 0 && counts.attempts === 0 && isZeroUsd(spend.period_usd) && isZeroUsd(spend.month_to_date_usd)

export interface BudgetBurn {
  readonly id: string
  readonly name: string
  /** Of the key or project, where its name is another. */
  readonly scopeId: string | undefined
  /** What is left, of the limit. */
  readonly text: string
  /** Where it goes at this pace; undefined: no period, or too early to say. */
  readonly pace: string | undefined
  readonly perMille: number
  readonly tone: 'ink' | 'warn' | 'bad'
}

/** Budgets, most used first. Held money counts as used: that is how the gateway admits requests. */
export function selectBudgets(budgets: readonly BudgetWire[], names: Names): readonly BudgetBurn[] {
  return budgets
    .map((budget) => {
      const [used, limit] = [parseUsd(budget.spent_usd) + parseUsd(budget.held_usd), parseUsd(budget.limit_usd)]
      const share = perMille(used, limit)
      const tone: BudgetBurn['tone'] = used >= limit ? 'bad' : share >= 800 || passes(budget) ? 'warn' : 'ink'
      const { id } = budget
      return {
        used,
        limit,
        burn: {
          id,
          name: `${scopeText(budget, names)}, ${periods[budget.period]}`,
          scopeId: idBehind(budget, names),
          text: budgetText(budget),
          pace: paceText(budget),
          perMille: share,
          tone,
        },
      }
    })
    .sort((left, right) => Number(right.used * (left.limit || 1n) - left.used * (right.limit || 1n)))
    .map(({ burn }) => burn)
}

const passes = ({ breach_at: breachAt }: BudgetWire): boolean => breachAt !== null

const periods = { day: 'per day', month: 'per month', total: 'in total' } as const

function budgetText(budget: BudgetWire): string {
  const kind = budget.hard ? '' : ' (soft)'
  const limit = shortUsd(budget.limit_usd)
  const left = parseUsd(budget.remaining_usd)
  return left < 0n
    ? `${shortUsd(formatUsd(-left))} over ${limit}${kind}`
    : `${shortUsd(budget.remaining_usd)} left of ${limit}${kind}`
}

function paceText({ forecast_usd: forecast, breach_at: breachAt }: BudgetWire): string | undefined {
  if (forecast === null) return undefined
  const end = `${shortUsd(forecast)} at its end, at this pace`
  return breachAt === null ? end : `${end}; passed on ${breachAt.slice(0, 10)} ${breachAt.slice(11, 16)} UTC`
}

export const OTHER_MODELS = 'other models'
const seriesName = (model: string): string =>
  model === 'other' ? OTHER_MODELS : model === 'charges_without_attempt' ? WITHOUT_ATTEMPT : model

/** A part per moment and model that has money; the order is that of the API: most money first. */
export function selectSeries({ series }: InsightOverview): {
  readonly names: readonly string[]
  readonly points: readonly ChartPoint[]
} {
  const points = series.points.flatMap(({ at, usd }) =>
    series.models.flatMap((model): ChartPoint[] => {
      const amount = usd[model]
      if (amount === undefined || isZeroUsd(amount)) return []
      return [{ x: new Date(at), y: plotUsd(amount), text: exactUsd(amount), series: seriesName(model) }]
    }),
  )
  return { names: series.models.map(seriesName), points }
}

/** `same_weekday_mean` as a person would say it. */
export const forecastText = ({ method, days_seen: days }: InsightOverview['forecast']): string =>
  method === null
    ? 'too little was seen yet'
    : `${method === 'same_weekday_mean' ? 'mean of same weekdays' : 'linear pace'}, from ${counted(days, 'day')}`

/** All that was saved, and against whom: a sum never stands without the names of its baselines. */
export function selectSaved(saved: InsightOverview['saved']): { readonly usd: string; readonly names: string } | undefined {
  if (saved.length === 0) return undefined
  const sum = saved.reduce((total, line) => total + parseUsd(line.saved_usd), 0n)
  return { usd: formatUsd(sum), names: saved.map(({ baseline }) => baseline).join(', ') }
}

const wasteNames: Readonly<Record<InsightOverview['waste']['lines'][number]['kind'], string>> = {
  failed_billed: 'Failed but billed',
  refused_billed: 'Refused but billed',
  hedges: 'Hedges',
  breakage: 'Breakage',
  unknown: 'Unknown',
}
export const wasteName = (kind: keyof typeof wasteNames): string => wasteNames[kind]
/** Where the formula of a kind of waste stands in the reference. */
export const wasteSlug = (kind: keyof typeof wasteNames): string => `waste-${wasteNames[kind].toLowerCase().replaceAll(' ', '-')}`

/** Waste as a share of the period's spend, as text. */
export function wasteShare({ waste, spend }: InsightOverview): string {
  const spent = parseUsd(spend.period_usd)
  if (spent <= 0n) return 'of no spend'
  return `${formatShare(Number((parseUsd(waste.total_usd) * 1_000_000n) / spent) / 1_000_000)} of spend`
}
