/** Reports: what the overview says about a time, and what its calls would have cost under other decisions. */
import type { ExploreResponse } from '../../contract/insight.ts'
import { exploreRequest } from '../../contract/insight.ts'
import type { Report, ReportQuery } from '../../contract/report.ts'
import { periodEndUs, periodStartUs } from '../../core/budget/period.ts'
import { HalftoneError } from '../../core/error.ts'
import { type Period, previousPeriod, resolvePeriod } from '../../core/insight/period.ts'
import { formatUsd, type NanoUsd, parseUsd } from '../../core/money.ts'
import { commitmentChanges, unusedOf } from '../../core/report/commitments.ts'
import { type EffectSum, mostSaving, type WhatIfResult } from '../../core/report/what-if.ts'
import type { Turns } from '../../gateway/turns.ts'
import { whatIf } from '../../gateway/what-if.ts'
import type { LotRecord, LotUse, ReportMoney, ReportSpan } from '../../ports/ledger.ts'
import type { Call, Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'
import { explored } from './insight-explore.ts'
import { overviewOf } from './insight-overview.ts'
import { isSandbox, rounded, turnsOf } from './insight-shared.ts'
import { type ChangeInput, commitmentInput, effectInput } from './report-changes.ts'

const PARAMETERS_SHOWN = 20
const ROWS_SHOWN = 20

export const getReport: Handler = async (call): Promise<Report> => {
  const query = call.query as ReportQuery
  const { services } = call.context
  const { reports } = services.ledger.read
  const { period, previous } = periodsOf(query, services.clock.nowUs())
  const sandbox = isSandbox(call, query.sandbox)
  const span: ReportSpan = { fromUs: period.fromUs, toUs: period.toUs, sandbox }
  const turns = turnsOf(call)
  const [answers, overview, days, groups, money, draws, lots] = await Promise.all([
    whatIf({ state: call.context.current(), services, span, mostCalls: query.calls, turns }),
    overviewOf(call, { period, previous, sandbox, top: 1 }),
    explore(call, { period, sandbox, by: [], grain: 'day', turns }),
    Promise.all(query.group.map((by) => explore(call, { period, sandbox, by, grain: 'none', turns }))),
    reports.money(span),
    reports.draws(span),
    sandbox ? [] : services.ledger.commitments.lots({ closed: true, endsAfterUs: period.fromUs }),
  ])
  const byProvider = await explore(call, { period, sandbox, by: ['provider'], grain: 'none', turns })
  const commitments = { lots: lots.filter((lot) => lot.startsUs < period.toUs), draws, byProvider, period }
  return {
    object: 'report',
    sandbox,
    generated_at: overview.generated_at,
    period: overview.period,
    previous: overview.previous,
    totals: {
      cost_usd: overview.spend.period_usd,
      previous_usd: overview.spend.previous_usd,
      ...overview.counts,
      cost_per_image_usd: overview.cost_per_image_usd,
      success_share: overview.success.share,
      latency_p50_ms: overview.latency.p50_ms,
      latency_p95_ms: overview.latency.p95_ms,
    },
    days: days.rows.map(({ at, cost_usd, images, requests }) => ({ day: (at ?? '').slice(0, 10), cost_usd, images, requests })),
    groups: groups.map(groupWire),
    change: overview.change,
    waste: overview.waste,
    acceptance: overview.acceptance,
    saved: overview.saved,
    duplicates: overview.duplicates,
    budgets: overview.budgets,
    evidence: evidenceWire(money),
    closed: await closedMonth(call, period),
    corrections: money.corrections.map(({ monthUs, charges, costNanoUsd }) => ({
      month: isoTime(monthUs).slice(0, 7),
      charges,
      cost_usd: formatUsd(costNanoUsd),
    })),
    commitments: commitmentsWire(commitments),
    parameters: answers.parameters.slice(0, PARAMETERS_SHOWN).map(parameterWire),
    ...(await changesWire(answers, { commitments, turns })),
    basis: {
      calls: answers.population,
      priced_again: answers.looked - answers.notRepriced,
      not_priced_again: answers.notRepriced,
      charged_usd: formatUsd(answers.chargedNanoUsd),
      quoted_usd: formatUsd(answers.quotedNanoUsd),
    },
  }
}

async function closedMonth({ context }: Call, { fromUs, toUs }: Period): Promise<Report['closed']> {
  const months = await context.services.ledger.months.closed()
  const month = isoTime(fromUs).slice(0, 7)
  const closed = months.find((each) => each.month === month && each.untilUs === toUs)
  return closed && periodStartUs('month', fromUs) === fromUs ? { month, closed_at: isoTime(closed.closedUs) } : null
}

/** A month is compared with the month before it: the one under way with the same days of it, as far as it has them. */
function periodsOf(query: ReportQuery, nowUs: number): { readonly period: Period; readonly previous: Period } {
  const { month, from, to } = query
  if (from !== undefined || to !== undefined) {
    if (month !== undefined)
      throw new HalftoneError('invalid_value', 'Give either "month" or "from" and "to".', { param: 'month' })
    const period = resolvePeriod({ from, to }, nowUs)
    return { period, previous: previousPeriod(period) }
  }
  const startUs = month === undefined ? periodStartUs('month', nowUs) : Date.parse(`${month}-01T00:00:00Z`) * 1_000
  const endUs = periodEndUs('month', startUs) ?? startUs
  if (startUs > nowUs) throw new HalftoneError('invalid_value', 'The month has not begun.', { param: 'month' })
  if (endUs > nowUs) {
    const period = resolvePeriod({ period: 'month' }, nowUs)
    return { period, previous: previousPeriod(period) }
  }
  const whole = (fromUs: number, toUs: number): Period => ({ name: 'custom', fromUs, toUs })
  return { period: whole(startUs, endUs), previous: whole(periodStartUs('month', startUs - 1), startUs) }
}

interface ExploreInput {
  readonly period: Period
  readonly sandbox: boolean
  readonly by: readonly string[]
  readonly grain: 'none' | 'day'
  readonly turns: Turns
}

/** The same question that a client would ask of Explore, so that reports and pages cannot differ. */
async function explore(call: Call, { period, sandbox, by, grain, turns }: ExploreInput): Promise<ExploreResponse> {
  const body = exploreRequest.parse({
    from: isoTime(period.fromUs).slice(0, 10),
    to: isoTime(period.toUs - 1).slice(0, 10),
    sandbox,
    group_by: by,
    grain,
    limit: grain === 'day' ? 1000 : by[0] === 'provider' ? 1000 : ROWS_SHOWN,
  })
  return await explored(call, body, turns)
}

const groupWire = ({ group_by, rows }: ExploreResponse): Report['groups'][number] => ({
  by: group_by,
  rows: rows.map(({ key, other, cost_usd, images, requests, cost_per_image_usd }) => ({
    key,
    other,
    cost_usd,
    images,
    requests,
    cost_per_image_usd,
  })),
})

const evidenceWire = (money: ReportMoney): Report['evidence'] => ({
  charges: money.charges,
  charges_usd: formatUsd(money.totalNanoUsd),
  by_provenance: money.byProvenance.map(({ provenance, costNanoUsd }) => ({
    provenance,
    cost_usd: formatUsd(costNanoUsd),
    share: money.totalNanoUsd === 0n ? null : rounded(Number(costNanoUsd) / Number(money.totalNanoUsd)),
  })),
  unpriced_attempts: money.unpricedAttempts,
  unknown_attempts: money.unknownAttempts,
})

interface Commitments {
  readonly lots: readonly LotRecord[]
  readonly draws: readonly LotUse[]
  readonly byProvider: ExploreResponse
  readonly period: Period
}

function commitmentsWire({ lots, draws, period }: Commitments): Report['commitments'] {
  const uses = new Map(draws.map((use) => [use.lotId, use]))
  return lots.map((lot) => ({
    id: lot.id,
    provider: lot.provider,
    commitment: lot.commitment,
    kind: lot.kind,
    starts_at: isoTime(lot.startsUs),
    expires_at: lot.expiresUs === null ? null : isoTime(lot.expiresUs),
    paid_usd: formatUsd(lot.paidNanoUsd),
    covered_usd: formatUsd(uses.get(lot.id)?.coveredNanoUsd ?? 0n),
    effective_usd: formatUsd(uses.get(lot.id)?.effectiveNanoUsd ?? 0n),
    unused_usd: formatUsd(unusedOf(lot, period)),
  }))
}

function uncovered({ lots, draws, byProvider }: Commitments): ReadonlyMap<string, NanoUsd> {
  const spent = new Map(byProvider.rows.map(({ key, cost_usd }) => [key[0] ?? '', parseUsd(cost_usd)]))
  const providerOf = new Map(lots.map(({ id, provider }) => [id, provider]))
  for (const { lotId, coveredNanoUsd } of draws) {
    const provider = providerOf.get(lotId) ?? ''
    spent.set(provider, (spent.get(provider) ?? 0n) - coveredNanoUsd)
  }
  return spent
}

const parameterWire = (sum: EffectSum): Report['parameters'][number] => ({
  // The result lists parameters apart from other changes.
  parameter: sum.effect.kind as Report['parameters'][number]['parameter'],
  route: sum.effect.where,
  value: sum.effect.from,
  next: sum.effect.to,
  chosen_by: sum.effect.chosenBy ?? 'client',
  calls: sum.calls,
  now_usd: formatUsd(sum.nowNanoUsd),
  saved_usd: formatUsd(sum.savedNanoUsd),
  error_usd: formatUsd(sum.errorNanoUsd),
})

interface ChangesInput {
  readonly commitments: Commitments
  readonly turns: Turns
}

async function changesWire(
  answers: WhatIfResult,
  { commitments, turns }: ChangesInput,
): Promise<Pick<Report, 'changes' | 'together_usd'>> {
  const { period, lots } = commitments
  const ahead = commitmentChanges({ lots, fromUs: period.fromUs, toUs: period.toUs, uncovered: uncovered(commitments) })
  const candidates: ChangeInput[] = [...answers.changes.map(effectInput), ...ahead.map(commitmentInput)]
  const chosen = await turns.through(mostSaving(candidates, { count: 3, scale: answers.scale }))
  return {
    changes: chosen.map(({ wire, savedNanoUsd, furtherNanoUsd }) => ({
      ...wire,
      saved_usd: formatUsd(savedNanoUsd),
      further_usd: formatUsd(furtherNanoUsd),
    })),
    together_usd: formatUsd(chosen.reduce((sum, { furtherNanoUsd }) => sum + furtherNanoUsd, 0n)),
  }
}
