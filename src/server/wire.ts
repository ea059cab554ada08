/** From ledger records to the contract's objects. */
import type { BudgetWire, KeyWire } from '../contract/admin.ts'
import type { AttemptWire, ChargeWire, RequestRecordWire, RequestSummaryWire } from '../contract/records.ts'
import { FORECAST_METHOD, forecastOf } from '../core/budget/pace.ts'
import type { JsonObject } from '../core/json.ts'
import type { RateLimit } from '../core/limits/bucket.ts'
import { formatUsd } from '../core/money.ts'
import type { Warning } from '../core/offer.ts'
import type { AttemptRecordRow, BudgetState, ChargeRecord, KeyRecord, RequestRecord, RequestSummary } from '../ports/ledger.ts'
import type { Shown } from './view.ts'

export const isoTime = (timeUs: number): string => new Date(timeUs / 1_000).toISOString()
export const isoOrNull = (timeUs: number | null): string | null => (timeUs === null ? null : isoTime(timeUs))
const msOrNull = (durationUs: number | null): number | null => (durationUs === null ? null : durationUs / 1_000)

/** Signed URLs of an asset. */
export type AssetUrls = (assetId: string) => { readonly image: string; readonly thumbnail: string }

export function requestSummaryWire(row: Shown<RequestSummary>, urls: AssetUrls): RequestSummaryWire {
  return {
    id: row.id,
    created_at: isoTime(row.createdUs),
    finished_at: isoOrNull(row.finishedUs),
    key_id: row.keyId,
    project_id: row.projectId,
    operation: row.operation,
    model: row.model,
    route: row.route,
    n: row.n,
    offer: row.offer,
    outcome: row.outcome,
    http_status: row.httpStatus,
    error_code: row.errorCode,
    error_message: row.errorMessage,
    record_deleted_at: isoOrNull(row.recordDeletedUs),
    images_returned: row.imagesReturned,
    attempts: row.attempts,
    latency_ms: msOrNull(row.latencyUs),
    cost_usd: formatUsd(row.costNanoUsd),
    cost_status: row.costStatus,
    sandbox: row.sandbox,
    end_customer: row.endCustomer,
    group: row.group,
    tags: { ...row.tags },
    prompt: row.prompt,
    images: row.images.map((image) => {
      const links = image.expired ? undefined : urls(image.id)
      return {
        id: image.id,
        width: image.width,
        height: image.height,
        media_type: image.mediaType,
        url: links?.image ?? null,
        thumbnail_url: links?.thumbnail ?? null,
        accepted: image.rating.accepted / 1_000,
        rejected: image.rating.rejected / 1_000,
      }
    }),
  }
}

export function requestRecordWire(record: Shown<RequestRecord>, urls: AssetUrls): RequestRecordWire {
  return {
    ...requestSummaryWire(record, urls),
    parameters: plain(record.parameters),
    features: plain(record.features),
    warnings: record.warnings.map(warningWire),
    attempt_rows: record.attemptRows.map(attemptWire),
  }
}

export const warningWire = ({ code, param, message }: Warning): { code: string; message: string; param?: string } => ({
  code,
  message,
  ...(param !== undefined && { param }),
})

/** Stored JSON has no undefined; the type of zod's `json` does not know that. */
const plain = (value: JsonObject): RequestRecordWire['parameters'] => value as RequestRecordWire['parameters']

export function attemptWire(row: AttemptRecordRow): AttemptWire {
  return {
    id: row.id,
    sequence: row.sequence,
    kind: row.kind,
    state: row.state,
    offer: row.offer,
    settings: plain(row.settings),
    outcome: row.outcome,
    stage: row.stage,
    billed: row.billed,
    error_code: row.errorCode,
    error_message: row.errorMessage,
    images_wanted: row.imagesWanted,
    images_made: row.imagesMade,
    expected_usd: formatUsd(row.expectedNanoUsd),
    held_usd: formatUsd(row.holdNanoUsd),
    total_usd: formatUsd(row.charges.reduce((sum, charge) => sum + charge.amountNanoUsd, 0n)),
    usage: { ...row.usage },
    job_id: row.jobId,
    http_status: row.httpStatus,
    provider_request_id: row.providerRequestId,
    created_at: isoTime(row.createdUs),
    settled_at: isoOrNull(row.settledUs),
    first_byte_ms: msOrNull(row.firstByteUs),
    duration_ms: msOrNull(row.durationUs),
    charges: row.charges.map(chargeWire),
    events: row.events.map((event) => ({ at: isoTime(event.atUs), kind: event.kind, data: plain(event.data) })),
  }
}

const chargeWire = (row: ChargeRecord): ChargeWire => ({
  id: row.id,
  kind: row.kind,
  description: row.description,
  meter: row.meter ?? null,
  quantity: row.quantity ?? null,
  amount_usd: formatUsd(row.amountNanoUsd),
  native_amount: row.nativeAmount,
  native_unit: row.nativeUnit,
  fx_rate: row.fxRate,
  fx_source: row.fxSource,
  rate_id: row.rateId,
  price_book: row.priceBook,
  provenance: row.provenance,
  incurred_at: isoTime(row.incurredUs),
  posted_at: isoTime(row.postedUs),
  reverses: row.reverses,
  corrects: row.corrects,
  corrects_month: row.correctsMonthUs === null ? null : isoTime(row.correctsMonthUs).slice(0, 7),
})

interface BudgetView {
  readonly sandbox: boolean
  readonly nowUs: number
}

/** `sandbox`: show the sandbox counters, when the gateway spends none but sandbox money. */
export function budgetWire({ budget, ...state }: BudgetState, { sandbox, nowUs }: BudgetView): BudgetWire {
  const spent = sandbox ? state.sandboxSpentNanoUsd : state.spentNanoUsd
  const held = sandbox ? state.sandboxHeldNanoUsd : state.heldNanoUsd
  const use = {
    limitNanoUsd: budget.limitNanoUsd,
    usedNanoUsd: spent + held,
    periodStartUs: state.periodStartUs,
    periodEndUs: state.resetsAtUs,
    isReached: false,
  }
  const forecast = forecastOf(use, nowUs)
  return {
    id: budget.id,
    scope: budget.scope,
    scope_value: budget.scopeValue,
    period: budget.period,
    limit_usd: formatUsd(budget.limitNanoUsd),
    hard: budget.hard,
    managed_by: budget.managedBy,
    spent_usd: formatUsd(spent),
    held_usd: formatUsd(held),
    remaining_usd: formatUsd(budget.limitNanoUsd - spent - held),
    used_share: Number(((spent + held) * 10_000n) / budget.limitNanoUsd) / 10_000,
    forecast_usd: forecast ? formatUsd(forecast.usedNanoUsd) : null,
    forecast_method: forecast ? FORECAST_METHOD : null,
    breach_at: isoOrNull(forecast?.breachUs ?? null),
    resets_at: isoOrNull(state.resetsAtUs),
  }
}

/** What stands elsewhere than in the key's own row. */
export interface KeyFacts {
  readonly maxPerDayNanoUsd: bigint | undefined
  readonly rate: RateLimit | undefined
  readonly lastUsedUs: number | undefined
}

export const keyWire = (key: KeyRecord, { maxPerDayNanoUsd, rate, lastUsedUs }: KeyFacts): KeyWire => ({
  id: key.id,
  name: key.name,
  prefix: key.prefix,
  role: key.role,
  project_id: key.projectId,
  tags: { ...key.tags },
  allowed_models: key.allowedModels ? [...key.allowedModels] : null,
  max_usd_per_day: maxPerDayNanoUsd === undefined ? null : formatUsd(maxPerDayNanoUsd),
  requests_per_minute: rate?.requestsPerMinute ?? null,
  images_per_minute: rate?.imagesPerMinute ?? null,
  created_at: isoTime(key.createdUs),
  last_used_at: isoOrNull(lastUsedUs ?? null),
  revoked_at: isoOrNull(key.revokedUs),
  managed_by: key.managedBy,
})
