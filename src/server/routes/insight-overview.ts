/** The first page: what was spent, on what, what was wasted, and why the bill changed. */
import type { InsightOverview, OverviewQuery } from '../../contract/insight.ts'
import { periodStartUs } from '../../core/budget/period.ts'
import { acceptanceOf } from '../../core/insight/acceptance.ts'
import { CHANGE_METHOD, type ChangeLines, explainChange, type PeriodCell, sumLines } from '../../core/insight/change.ts'
import { distributionOf, RELATIVE_ERROR } from '../../core/insight/distribution.ts'
import { addSums, perImage, shareOf, zeroSums } from '../../core/insight/explore.ts'
import { forecastMonth } from '../../core/insight/forecast.ts'
import { type Period, previousPeriod, resolvePeriod } from '../../core/insight/period.ts'
import { modelOf, type StoredDimension } from '../../core/insight/rules.ts'
import { wasteOf } from '../../core/insight/waste.ts'
import { formatUsd, type NanoUsd } from '../../core/money.ts'
import type { LedgerInsight, SumsCell } from '../../ports/ledger.ts'
import type { Call, Handler } from '../handler.ts'
import { budgetWire, isoTime } from '../wire.ts'
import { isSandbox, msOrNull, periodWire, rounded, usdOrNull } from './insight-shared.ts'

const DAY_US = 86_400_000_000
/** What "price" and "mix" are told apart by: the same cell is the same product. */
const CHANGE_GRAIN = ['offer', 'operation', 'size', 'quality'] as const
const CELLS_SHOWN = 30
const LOOSE = 'charges_without_attempt'

export const insightOverview: Handler = async (call): Promise<InsightOverview> => {
  const query = call.query as OverviewQuery
  const period = resolvePeriod(query, call.context.services.clock.nowUs())
  return overviewOf(call, {
    period,
    previous: previousPeriod(period),
    sandbox: isSandbox(call, query.sandbox),
    top: query.top,
  })
}

export interface OverviewInput {
  readonly period: Period
  readonly previous: Period
  readonly sandbox: boolean
  /** Models with a series of their own. */
  readonly top: number
}

/** Everything the first page shows, about any time and the one it is compared with. */
export async function overviewOf(call: Call, { period, previous, sandbox, top }: OverviewInput): Promise<InsightOverview> {
  const { clock, ledger } = call.context.services
  const nowUs = clock.nowUs()
  const ask = askerOf(ledger.insight, sandbox)
  const [now, before, waste, baselines, spend, series, cost, latency, states] = await Promise.all([
    ask.sums(period, [...CHANGE_GRAIN, 'outcome']),
    ask.sums(previous, CHANGE_GRAIN),
    ask.sums(period, ['outcome', 'kind']),
    ask.sums(period, ['baseline']),
    spendOf(call, sandbox, nowUs),
    seriesOf(ask, period, top),
    ask.distribution(period, 'cost'),
    ask.distribution(period, 'latency'),
    ledger.read.budgetStates(nowUs),
  ])
  const attached = total(now.filter(isAttached))
  return {
    object: 'insight_overview',
    sandbox,
    generated_at: isoTime(nowUs),
    period: periodWire(period, nowUs),
    previous: periodWire(previous, nowUs),
    spend: { ...spend.spend, period_usd: formatUsd(total(now).costNanoUsd), previous_usd: formatUsd(total(before).costNanoUsd) },
    forecast: spend.forecast,
    counts: {
      requests: attached.requests,
      delivered: attached.delivered,
      attempts: attached.attempts,
      images: attached.images,
    },
    cost_per_image_usd: usdOrNull(perImage(attached)),
    acceptance: acceptancePart(attached),
    cost_distribution: costPart(distributionOf(cost)),
    saved: savedPart(baselines),
    duplicates: duplicatesPart(now),
    waste: wastePart(waste),
    success: successPart(now),
    latency: latencyPart(distributionOf(latency)),
    budgets: states.map((state) => budgetWire(state, { sandbox, nowUs })),
    series,
    change: changePart(before, now),
  }
}

interface Asker {
  sums(
    period: Pick<Period, 'fromUs' | 'toUs'>,
    dimensions: readonly StoredDimension[],
    grain?: 'hour' | 'day',
  ): Promise<readonly SumsCell[]>
  distribution(
    period: Period,
    measure: 'cost' | 'latency',
  ): Promise<NonNullable<Awaited<ReturnType<LedgerInsight['distribution']>>>>
}

/** The overview asks only for what sums are kept by; a combination without sums would be a mistake here. */
const askerOf = (insight: LedgerInsight, sandbox: boolean): Asker => ({
  async sums({ fromUs, toUs }, dimensions, grain) {
    const answer = await insight.sums({ sandbox, fromUs, toUs, grain: grain ?? 'none', dimensions, namedOnly: true })
    if (!answer) throw new Error(`no sums are kept by ${dimensions.join(', ')}`)
    return answer.cells
  },
  async distribution({ fromUs, toUs }, measure) {
    return (await insight.distribution({ sandbox, fromUs, toUs, grain: 'none', dimensions: [], measure })) ?? []
  },
})

const isAttached = ({ values }: SumsCell): boolean => values.offer !== ''
const total = (cells: readonly SumsCell[]) => cells.map(({ sums }) => sums).reduce(addSums, zeroSums)

/** Today, the month so far and its end; whatever period is looked at. */
async function spendOf(
  call: Call,
  sandbox: boolean,
  nowUs: number,
): Promise<{
  spend: Pick<InsightOverview['spend'], 'today_usd' | 'month_to_date_usd'>
  forecast: InsightOverview['forecast']
}> {
  const { insight } = call.context.services.ledger
  const today = periodStartUs('day', nowUs)
  const month = periodStartUs('month', nowUs)
  const [days, firstDayUs] = await Promise.all([
    askerOf(insight, sandbox).sums({ fromUs: Math.min(month, today - 28 * DAY_US), toUs: today + DAY_US }, [], 'day'),
    insight.firstDay(sandbox),
  ])
  const spent = new Map(days.map(({ atUs, sums }) => [atUs ?? 0, sums.costNanoUsd]))
  const sumSince = (sinceUs: number): NanoUsd =>
    [...spent].reduce((sum, [atUs, amount]) => (atUs >= sinceUs ? sum + amount : sum), 0n)
  const forecast = forecastMonth(spent, { firstDayUs, nowUs })
  return {
    spend: { today_usd: formatUsd(sumSince(today)), month_to_date_usd: formatUsd(sumSince(month)) },
    forecast: {
      month_usd: usdOrNull(forecast?.monthNanoUsd),
      method: forecast?.method ?? null,
      days_seen: forecast?.daysSeen ?? 0,
    },
  }
}

const acceptancePart = (sums: ReturnType<typeof total>): InsightOverview['acceptance'] => {
  const { unrated, coverage, share, costPerAcceptedNanoUsd } = acceptanceOf(sums)
  return {
    accepted: sums.accepted / 1_000,
    rejected: sums.rejected / 1_000,
    unrated: unrated / 1_000,
    coverage: rounded(coverage),
    share: rounded(share),
    cost_per_accepted_usd: usdOrNull(costPerAcceptedNanoUsd),
  }
}

const costPart = (costs: ReturnType<typeof distributionOf>): InsightOverview['cost_distribution'] => ({
  images: costs.entries,
  p50_usd: usdOrNull(costs.at(0.5)),
  p95_usd: usdOrNull(costs.at(0.95)),
  max_usd: usdOrNull(costs.at(1)),
  relative_error: RELATIVE_ERROR,
})

const latencyPart = (waits: ReturnType<typeof distributionOf>): InsightOverview['latency'] => ({
  requests: waits.entries,
  p50_ms: msOrNull(waits.at(0.5)),
  p95_ms: msOrNull(waits.at(0.95)),
  relative_error: RELATIVE_ERROR,
})

/** Requests without a baseline are in the sums of none. */
const savedPart = (cells: readonly SumsCell[]): InsightOverview['saved'] =>
  cells
    .filter(({ values }) => values.baseline !== '')
    .map(({ values, sums }) => ({
      baseline: values.baseline ?? '',
      requests: sums.requests,
      images: sums.images,
      baseline_usd: formatUsd(sums.baselineNanoUsd),
      cost_usd: formatUsd(sums.costNanoUsd),
      saved_usd: formatUsd(sums.baselineNanoUsd - sums.costNanoUsd),
    }))
    .sort((left, right) => (left.baseline < right.baseline ? -1 : 1))

const duplicatesPart = (cells: readonly SumsCell[]): InsightOverview['duplicates'] => ({
  prevented: cells.reduce((sum, { sums }) => sum + sums.duplicatesPrevented, 0),
  usd: formatUsd(cells.reduce((sum, { sums }) => sum + sums.duplicatesNanoUsd, 0n)),
})

function wastePart(cells: readonly SumsCell[]): InsightOverview['waste'] {
  const lines = wasteOf(
    cells.map(({ values, sums }) => ({
      outcome: values.outcome ?? '',
      kind: values.kind ?? '',
      attempts: sums.attempts,
      costNanoUsd: sums.costNanoUsd,
      provisionalNanoUsd: sums.provisionalNanoUsd,
    })),
  )
  return {
    total_usd: formatUsd(lines.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0n)),
    lines: lines.map(({ kind, nanoUsd, attempts }) => ({ kind, usd: formatUsd(nanoUsd), attempts })),
  }
}

function successPart(cells: readonly SumsCell[]): InsightOverview['success'] {
  const attached = cells.filter(isAttached)
  const sums = total(attached)
  const byOutcome = new Map<string, ReturnType<typeof total>>()
  for (const { values, sums: own } of attached) {
    const outcome = values.outcome ?? ''
    byOutcome.set(outcome, addSums(byOutcome.get(outcome) ?? zeroSums, own))
  }
  return {
    share: rounded(shareOf(sums.delivered, sums.requests)),
    by_outcome: [...byOutcome]
      .map(([outcome, own]) => ({ outcome, requests: own.requests, attempts: own.attempts, usd: formatUsd(own.costNanoUsd) }))
      .sort((left, right) => right.requests - left.requests || (left.outcome < right.outcome ? -1 : 1)),
  }
}

/** Spend over time, by model; every point's parts add up to its total. A single day is shown by the hour. */
async function seriesOf(ask: Asker, period: Period, top: number): Promise<InsightOverview['series']> {
  const grain = period.toUs - period.fromUs > DAY_US ? 'day' : 'hour'
  const cells = await ask.sums(period, ['offer'], grain)
  const byModel = new Map<string, NanoUsd>()
  for (const { values, sums } of cells) {
    const name = nameOf(values.offer ?? '')
    byModel.set(name, (byModel.get(name) ?? 0n) + sums.costNanoUsd)
  }
  const ranked = [...byModel]
    .filter(([name]) => name !== LOOSE)
    .sort(([left, a], [right, b]) => (a > b ? -1 : a < b ? 1 : left < right ? -1 : 1))
  const shown = new Set(ranked.slice(0, top).map(([name]) => name))
  const points = new Map<number, Map<string, NanoUsd>>()
  for (let atUs = period.fromUs; atUs < period.toUs; atUs += grain === 'day' ? DAY_US : DAY_US / 24) points.set(atUs, new Map())
  for (const { values, atUs, sums } of cells) {
    const name = nameOf(values.offer ?? '')
    const column = shown.has(name) || name === LOOSE ? name : 'other'
    const point = points.get(atUs ?? 0)
    point?.set(column, (point.get(column) ?? 0n) + sums.costNanoUsd)
  }
  const models = [...shown, ...(ranked.length > top ? ['other'] : []), ...(byModel.has(LOOSE) ? [LOOSE] : [])]
  return {
    grain,
    models,
    points: [...points].map(([atUs, amounts]) => ({
      at: isoTime(atUs),
      total_usd: formatUsd([...amounts.values()].reduce((sum, amount) => sum + amount, 0n)),
      usd: Object.fromEntries([...amounts].map(([name, amount]) => [name, formatUsd(amount)])),
    })),
  }
}

const nameOf = (offer: string): string => (offer === '' ? LOOSE : modelOf(offer))

function changePart(before: readonly SumsCell[], after: readonly SumsCell[]): InsightOverview['change'] {
  const change = explainChange(cellsOf(before.filter(isAttached)), cellsOf(after.filter(isAttached)))
  const loose = (cells: readonly SumsCell[]): NanoUsd => total(cells.filter((cell) => !isAttached(cell))).costNanoUsd
  const other = loose(after) - loose(before)
  const shown = change.cells.slice(0, CELLS_SHOWN)
  const rest = change.cells.slice(CELLS_SHOWN)
  return {
    ...linesWire(change),
    difference_usd: formatUsd(change.differenceNanoUsd + other),
    other_usd: formatUsd(other),
    method: CHANGE_METHOD,
    grain: [...CHANGE_GRAIN],
    cells: shown.map((cell) => ({
      cell: cell.cell.map((value) => value || null),
      state: cell.state,
      images_before: cell.imagesBefore,
      images: cell.images,
      cost_before_usd: formatUsd(cell.costBeforeNanoUsd),
      cost_usd: formatUsd(cell.costNanoUsd),
      ...linesWire(cell),
    })),
    rest: { cells: rest.length, ...linesWire(sumLines(rest)) },
  }
}

function cellsOf(cells: readonly SumsCell[]): readonly PeriodCell[] {
  const sums = new Map<string, PeriodCell>()
  for (const { values, sums: own } of cells) {
    const cell = CHANGE_GRAIN.map((dimension) => values[dimension] ?? '')
    const known = sums.get(cell.join('\n')) ?? { cell, images: 0, costNanoUsd: 0n }
    sums.set(cell.join('\n'), { cell, images: known.images + own.images, costNanoUsd: known.costNanoUsd + own.costNanoUsd })
  }
  return [...sums.values()]
}

const linesWire = (lines: ChangeLines) => ({
  difference_usd: formatUsd(lines.differenceNanoUsd),
  volume_usd: formatUsd(lines.volumeNanoUsd),
  price_usd: formatUsd(lines.priceNanoUsd),
  mix_usd: formatUsd(lines.mixNanoUsd),
})
