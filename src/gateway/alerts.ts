/**
 * Budgets that come near their limits are told to webhooks. What is to be told becomes a row per budget, period, threshold and webhook, so
 * that all nodes together tell it once; deliveries are tried again, always with the same id.
 */
import { createHash, createHmac } from 'node:crypto'
import { alertsOf, type BudgetAlert, type BudgetUse, FORECAST_METHOD, forecastOf } from '../core/budget/pace.ts'
import type { JsonObject } from '../core/json.ts'
import { formatUsd } from '../core/money.ts'
import type { BudgetRecord, Job, NewJob } from '../ports/ledger.ts'
import type { BudgetIndex } from './budget-index.ts'
import type { GatewayServices } from './state.ts'

export interface AlertWebhook {
  readonly url: string
  /** Of the signature. */
  readonly key: Uint8Array
}

export interface AlertsOptions {
  readonly services: Pick<GatewayServices, 'ledger' | 'clock' | 'log' | 'node' | 'random'>
  readonly budgets: BudgetIndex
  readonly webhooks: () => readonly AlertWebhook[]
  /** Whether only sandbox money is spent here. */
  readonly sandbox: () => boolean
  /** The status of the answer. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<number>
  /** How often budgets are looked at and due deliveries made; 5 s when absent. */
  readonly everyMs?: number
}

export interface Alerts {
  close(): Promise<void>
}

export const ALERT_JOB = 'budget_alert'
const EVERY_MS = 5_000
const LEASE_US = 60_000_000
const MOST_AT_ONCE = 20
/** Waits after the first, second, ... failure; after the last one the delivery is given up. */
const BACKOFF_S = [10, 60, 300, 1_800, 7_200, 21_600, 43_200] as const

export function startAlerts(options: AlertsOptions): Alerts {
  const { services, everyMs = EVERY_MS } = options
  const stop = new AbortController()
  const told = new Set<string>()
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await services.clock.sleep(everyMs, stop.signal).catch(() => undefined)
      if (stop.signal.aborted || options.webhooks().length === 0) continue
      await round(options, told, stop.signal).catch((err: unknown) =>
        services.log.error({ err }, 'budget alerts failed; they will be tried again'),
      )
    }
  })()
  return {
    async close() {
      stop.abort()
      await loop
    },
  }
}

async function round(options: AlertsOptions, told: Set<string>, signal: AbortSignal): Promise<void> {
  const { ledger, clock, node } = options.services
  const due = newAlerts(options).filter(({ id }) => !told.has(id))
  await ledger.jobs.add(due)
  for (const { id } of due) told.add(id)
  const nowUs = clock.nowUs()
  const jobs = await ledger.jobs.claim({
    kind: ALERT_JOB,
    nodeId: node.id,
    nowUs,
    leaseUntilUs: nowUs + LEASE_US,
    limit: MOST_AT_ONCE,
  })
  await Promise.all(jobs.map((job) => deliver(options, job, signal)))
}

/** Of every budget and webhook; most of them were told before, which the ledger knows. */
function newAlerts({ budgets, webhooks, services, sandbox }: AlertsOptions): readonly NewJob[] {
  const nowUs = services.clock.nowUs()
  const isSandbox = sandbox()
  return budgets.uses(isSandbox).flatMap(({ budget, use }) =>
    alertsOf(use, nowUs).flatMap((alert) => {
      // A limit that was changed is another budget: its thresholds lie elsewhere.
      const name = `${budget.id}/${use.periodStartUs}/${use.limitNanoUsd}/${alert}${isSandbox ? '/sandbox' : ''}`
      const body = JSON.stringify(alertBody(budget, use, alert, { nowUs, sandbox: isSandbox }))
      return webhooks().map(({ url }) => ({
        id: `alert_${hash(`${name} ${url}`)}`,
        kind: ALERT_JOB,
        createdUs: nowUs,
        payload: { url, body },
      }))
    }),
  )
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)

function alertBody(
  budget: BudgetRecord,
  use: BudgetUse,
  alert: BudgetAlert,
  { nowUs, sandbox }: { readonly nowUs: number; readonly sandbox: boolean },
): JsonObject {
  const forecast = forecastOf(use, nowUs)
  const time = (us: number | null | undefined): string | null =>
    typeof us === 'number' ? new Date(us / 1_000).toISOString() : null
  return {
    type: alert === 'forecast' ? 'budget.forecast' : 'budget.threshold',
    created_at: time(nowUs),
    data: {
      budget_id: budget.id,
      scope: budget.scope,
      scope_value: budget.scopeValue,
      period: budget.period,
      period_start: time(use.periodStartUs),
      resets_at: time(use.periodEndUs),
      hard: budget.hard,
      sandbox,
      limit_usd: formatUsd(use.limitNanoUsd),
      used_usd: formatUsd(use.usedNanoUsd),
      threshold_percent: alert === 'forecast' ? null : alert,
      forecast_usd: forecast ? formatUsd(forecast.usedNanoUsd) : null,
      forecast_method: forecast ? FORECAST_METHOD : null,
      breach_at: time(forecast?.breachUs),
    },
  }
}

async function deliver({ services, webhooks, post }: AlertsOptions, job: Job, signal: AbortSignal): Promise<void> {
  const { ledger, clock, log, random } = services
  // As `newAlerts` wrote it.
  const { url, body } = job.payload as { readonly url: string; readonly body: string }
  const webhook = webhooks().find((it) => it.url === url)
  if (!webhook) return ledger.jobs.finish({ id: job.id, atUs: clock.nowUs(), error: 'The webhook is not configured any more.' })
  const failure = await post(url, signedHeaders(webhook, job.id, body, clock.nowUs()), body, signal).then(
    (status) => (status >= 200 && status < 300 ? undefined : `It answered with status ${status}.`),
    (error: unknown) => (error instanceof Error ? error.message : 'It failed.'),
  )
  const atUs = clock.nowUs()
  if (failure === undefined) return ledger.jobs.finish({ id: job.id, atUs })
  const waitS = BACKOFF_S[job.tries - 1]
  const host = new URL(url).host
  if (waitS === undefined) {
    log.error({ host, failure, id: job.id }, 'a budget alert could not be delivered and is given up')
    return ledger.jobs.finish({ id: job.id, atUs, error: failure })
  }
  log.warn({ host, failure, id: job.id }, 'a budget alert could not be delivered; it will be tried again')
  // Up to half as long again, so that nodes and alerts do not come back together.
  const runAtUs = atUs + Math.round(waitS * 1_000_000 * (1 + random() / 2))
  return ledger.jobs.retry({ id: job.id, runAtUs, error: failure })
}

/** As the Standard Webhooks specification has it: HMAC-SHA256 over `id.timestamp.body`. */
export function signedHeaders(
  { key }: Pick<AlertWebhook, 'key'>,
  id: string,
  body: string,
  nowUs: number,
): Record<string, string> {
  const timestamp = String(Math.floor(nowUs / 1_000_000))
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
