/** What there is to tell: budgets, breakers, disk, ledger and money nobody knows about are looked at, calls report themselves. */
import { type AlertEvent, type Severity, within } from '../core/alert.ts'
import { alertsOf, type BudgetAlert, type BudgetUse, FORECAST_METHOD, forecastOf } from '../core/budget/pace.ts'
import { formatUsd } from '../core/money.ts'
import type { AttemptRecordRow, BudgetRecord, LedgerReader, LedgerStats } from '../ports/ledger.ts'
import type { BudgetIndex } from './budget-index.ts'
import type { FinishedCall } from './conclude.ts'
import type { HealthFeed } from './health-feed.ts'
import type { DiskGuard } from './state.ts'

const MINUTE_US = 60_000_000
const HOUR_US = 60 * MINUTE_US
const DAY_US = 24 * HOUR_US

const isoTime = (us: number | null | undefined): string | null =>
  typeof us === 'number' ? new Date(us / 1_000).toISOString() : null

/** Every threshold that is reached, and every limit that will be; most were told before, which the ledger knows. */
export function budgetEvents(budgets: Pick<BudgetIndex, 'uses'>, sandbox: boolean, nowUs: number): readonly AlertEvent[] {
  return budgets
    .uses(sandbox)
    .flatMap(({ budget, use }) => alertsOf(use, nowUs).map((alert) => budgetEvent(budget, use, alert, { sandbox, nowUs })))
}

function budgetEvent(
  budget: BudgetRecord,
  use: BudgetUse,
  alert: BudgetAlert,
  { sandbox, nowUs }: { readonly sandbox: boolean; readonly nowUs: number },
): AlertEvent {
  const forecast = forecastOf(use, nowUs)
  const severity: Severity = alert === 100 ? 'critical' : alert === 50 ? 'info' : 'warning'
  const limit = `$${formatUsd(use.limitNanoUsd)}`
  return {
    kind: alert === 'forecast' ? 'budget.forecast' : 'budget.threshold',
    severity,
    // A limit that was changed is another budget: its thresholds lie elsewhere.
    name: `${budget.id}/${use.periodStartUs}/${use.limitNanoUsd}/${alert}${sandbox ? '/sandbox' : ''}`,
    title:
      alert === 'forecast'
        ? `Budget ${budget.id} will pass its limit of ${limit} at this pace`
        : `Budget ${budget.id} has used ${alert} % of ${limit}`,
    data: {
      budget_id: budget.id,
      scope: budget.scope,
      scope_value: budget.scopeValue,
      period: budget.period,
      period_start: isoTime(use.periodStartUs),
      resets_at: isoTime(use.periodEndUs),
      hard: budget.hard,
      sandbox,
      limit_usd: formatUsd(use.limitNanoUsd),
      used_usd: formatUsd(use.usedNanoUsd),
      threshold_percent: alert === 'forecast' ? null : alert,
      forecast_usd: forecast ? formatUsd(forecast.usedNanoUsd) : null,
      forecast_method: forecast ? FORECAST_METHOD : null,
      breach_at: isoTime(forecast?.breachUs),
    },
  }
}

/** An offer that goes up and down is told of once in so long. */
const BREAKER_WINDOW_US = 15 * MINUTE_US

/** Breakers as this node sees them; call it every few seconds. */
export function watchBreakers(health: Pick<HealthFeed, 'view'>, node: string): (nowUs: number) => readonly AlertEvent[] {
  /** Since when each is open. */
  const open = new Map<string, number>()
  return (nowUs) =>
    [...health.view()].flatMap(([offer, { state }]): AlertEvent[] => {
      const openedUs = open.get(offer)
      if (state === 'open' && openedUs === undefined) {
        open.set(offer, nowUs)
        return [breakerEvent('opened', offer, node, nowUs)]
      }
      if (state !== 'closed' || openedUs === undefined) return []
      open.delete(offer)
      return [breakerEvent('closed', offer, node, openedUs, nowUs)]
    })
}

/** The end of an outage bears the window of its beginning, so that the two belong together. */
const breakerEvent = (
  what: 'opened' | 'closed',
  offer: string,
  node: string,
  openedUs: number,
  closedUs?: number,
): AlertEvent => ({
  kind: `breaker.${what}`,
  severity: what === 'opened' ? 'warning' : 'info',
  name: `breaker.${what}/${offer}/${within(BREAKER_WINDOW_US, openedUs)}`,
  title: what === 'opened' ? `${offer} keeps failing and gets no requests for now` : `${offer} answers again`,
  data: { offer, node, opened_at: isoTime(openedUs), closed_at: isoTime(closedUs) },
})

/** Told when it gets worse, and again every six hours while it lasts. */
export function watchDisk(disk: DiskGuard, node: string): (nowUs: number) => readonly AlertEvent[] {
  return (nowUs) => {
    const level = !disk.mayDispatch() ? 'dispatch' : !disk.mayStore() ? 'store' : undefined
    if (level === undefined) return []
    return [
      {
        kind: 'disk.low',
        severity: level === 'dispatch' ? 'critical' : 'warning',
        name: `disk.low/${node}/${level}/${within(6 * HOUR_US, nowUs)}`,
        title:
          level === 'dispatch'
            ? 'The disk is nearly full: nothing is sent to providers'
            : 'Little disk is free: pictures are not stored',
        data: { node, stops: level },
      },
    ]
  }
}

/** Why pictures are not kept, and since when. */
export interface StoreFailure {
  readonly sinceUs: number
  readonly why: string
}

const STORE_WINDOW_US = 15 * MINUTE_US

/** The store that all nodes share: the first of them that sees it fail, or come back, tells of it. */
export function watchImages(failure: () => StoreFailure | undefined, node: string): (nowUs: number) => readonly AlertEvent[] {
  let told: StoreFailure | undefined
  return (nowUs) => {
    const now = failure()
    const before = told
    if ((now === undefined) === (before === undefined)) return []
    told = now
    const { sinceUs, why } = now ?? before ?? { sinceUs: nowUs, why: '' }
    const kind = now ? 'images.unreachable' : 'images.reachable'
    return [
      {
        kind,
        severity: now ? 'critical' : 'info',
        // The end of an outage bears the window of its beginning, so that the two belong together.
        name: `${kind}/${within(STORE_WINDOW_US, sinceUs)}`,
        title: now ? 'Pictures are sent and not kept: their bucket cannot be used' : 'Pictures are kept again',
        data: { node, why, failed_at: isoTime(sinceUs), mended_at: now ? null : isoTime(nowUs) },
      },
    ]
  }
}

const QUEUE_IS_LONG = 500
const LOOKS_IN_A_ROW = 3

/** Commands that wait, look after look. */
export function watchLedger(stats: () => LedgerStats, node: string): (nowUs: number) => readonly AlertEvent[] {
  let long = 0
  return (nowUs) => {
    const { queuedCommands } = stats()
    long = queuedCommands >= QUEUE_IS_LONG ? long + 1 : 0
    if (long < LOOKS_IN_A_ROW) return []
    return [
      {
        kind: 'ledger.behind',
        severity: 'critical',
        name: `ledger.behind/${node}/${within(HOUR_US, nowUs)}`,
        title: 'The ledger does not keep up: is its disk or database slow?',
        data: { node, queued_commands: queuedCommands },
      },
    ]
  }
}

const MOST_UNKNOWN = 500

/** Attempts of unknown outcome of the last day, by provider and hour: told when the first of an hour is seen. */
export async function unknownMoneyEvents(
  read: Pick<LedgerReader, 'unknownAttempts'>,
  sandbox: boolean,
  nowUs: number,
): Promise<readonly AlertEvent[]> {
  const attempts = await read.unknownAttempts({ limit: MOST_UNKNOWN, order: 'newest' })
  const recent = attempts.filter((attempt) => attempt.sandbox === sandbox && attempt.createdUs > nowUs - DAY_US)
  const groups = new Map<string, AttemptRecordRow[]>()
  for (const attempt of recent) {
    const name = `${attempt.provider}/${within(HOUR_US, attempt.createdUs)}`
    const group = groups.get(name)
    if (group) group.push(attempt)
    else groups.set(name, [attempt])
  }
  return [...groups].map(([name, group]) => unknownEvent(name, group))
}

function unknownEvent(name: string, group: readonly AttemptRecordRow[]): AlertEvent {
  const provisional = group.flatMap(({ charges }) => charges).reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0n)
  const provider = group[0]?.provider ?? ''
  return {
    kind: 'money.unknown',
    severity: 'warning',
    name: `money.unknown/${name}`,
    title: `Nobody knows whether ${provider} billed ${group.length === 1 ? 'a call' : `${group.length} calls`}`,
    data: {
      provider,
      attempts: group.length,
      provisional_usd: formatUsd(provisional),
      attempt_ids: group.slice(0, 10).map(({ id }) => id),
      remedy: 'halftone reconcile',
    },
  }
}

/** What a finished call says about its offer, its account and its bill. */
export function callEvents({ reserved, result, settlement }: FinishedCall, nowUs: number): readonly AlertEvent[] {
  const { offer, provider, id, requestId, holdNanoUsd } = reserved.attempt
  const about = { offer, provider, request_id: requestId, attempt_id: id }
  const code = result.kind === 'failed' ? result.failure.code : undefined
  const events: AlertEvent[] = []
  if (code === 'provider_auth')
    events.push({
      kind: 'provider.key_rejected',
      severity: 'critical',
      name: `provider.key_rejected/${provider}/${within(6 * HOUR_US, nowUs)}`,
      title: `${provider} refuses the key of its account`,
      data: { ...about, remedy: 'halftone doctor' },
    })
  if (code === 'provider_quota')
    events.push({
      kind: 'provider.no_credit',
      severity: 'critical',
      name: `provider.no_credit/${provider}/${within(6 * HOUR_US, nowUs)}`,
      title: `The account of ${provider} is out of credit`,
      data: about,
    })
  if (settlement.kind !== 'charged') return events
  const isAbove = settlement.totalNanoUsd > holdNanoUsd
  // An estimate, which is routine where a provider reports no usage, is not worth waking anybody.
  const [finding] = settlement.provenance === 'reported' ? settlement.findings : []
  if (isAbove || finding !== undefined)
    events.push({
      kind: 'price.finding',
      severity: 'warning',
      name: `price.finding/${offer}/${within(DAY_US, nowUs)}`,
      title: isAbove ? `${offer} charged more than it was quoted at` : `${offer} reports another cost than its price says`,
      data: {
        ...about,
        charged_usd: formatUsd(settlement.totalNanoUsd),
        most_usd: formatUsd(holdNanoUsd),
        finding: finding ?? null,
      },
    })
  return events
}
