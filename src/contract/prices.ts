/** The price book over HTTP: rates, what a correction of the past would post, and drafted changes. */
import { z } from 'zod'
import { formatUsd } from '../core/money.ts'
import type { RateChange } from '../core/pricing/diff.ts'
import type { PriceDraft } from '../core/pricing/draft.ts'
import type { RateRow, UnpricedRow } from '../core/pricing/rate-rows.ts'
import type { RerateReport } from '../core/pricing/rerate.ts'
import { timestamp, usdText } from './common.ts'

const day = z.string().describe('ISO date, UTC.')

export const priceRate = z.object({
  provider: z.string().describe("The book's provider, or the configured name for the operator's own price."),
  model: z.string(),
  region: z.string().nullable(),
  tier: z.string().nullable(),
  sku: z.string(),
  rate_id: z.string(),
  meter: z.string(),
  when: z.string().describe('Conditions in words; empty: always.'),
  price: z.string().describe('Exact decimal in `unit`, for `per` units of the meter.'),
  unit: z.string(),
  per: z.string(),
  tiers: z.string().nullable(),
  adjustments: z.array(z.string()),
  effective_from: day,
  effective_to: day.nullable(),
  retired_at: day.nullable(),
  source_url: z.string(),
  confidence: z.enum(['official', 'secondary', 'derived', 'assumption']),
  checked_at: day,
  age_days: z.int(),
  stale: z.boolean().describe('The source was not looked at for more than 45 days.'),
  note: z.string().nullable(),
})

export const priceListQuery = z.object({
  model: z.string().max(256).optional().describe('A model, a provider, or `provider:model`; `*` at the end matches the rest.'),
})

export const priceList = z.object({
  object: z.literal('price_list'),
  version: z.string(),
  origin: z.enum(['shipped', 'installed']),
  rates: z.array(priceRate),
  unpriced: z.array(z.object({ provider: z.string(), model: z.string(), reason: z.string() })),
})

export const keptBook = z.object({
  object: z.literal('price_book'),
  hash: z.string(),
  provider: z.string(),
  kept_at: timestamp,
  rates: z.array(priceRate),
})

export const rerateRequest = z.strictObject({
  since: z.string().min(10).max(40).describe('ISO date or time, UTC; calls priced since then.'),
  dry_run: z.boolean().optional().describe('Say what would be posted, and post nothing.'),
})

export const rerateReport = z.object({
  object: z.literal('rerate'),
  since: timestamp,
  dry_run: z.boolean(),
  price_book: z.string(),
  examined: z.int().describe('Settled attempts that were looked at.'),
  unchanged: z.int(),
  corrected: z.int(),
  corrected_usd: usdText.describe('Sum of the adjusting charges.'),
  kept: z.int().describe('Attempts whose amount the provider reported or invoiced; never overridden.'),
  skipped: z.array(z.object({ reason: z.string(), attempts: z.int(), example: z.string() })),
  corrections: z
    .array(z.object({ attempt_id: z.string(), request_id: z.string(), offer: z.string(), was_usd: usdText, is_usd: usdText }))
    .describe('The first thousand.'),
})

export const draftedRate = z.object({
  rate_id: z.string(),
  meter: z.string(),
  unit: z.string(),
  per: z.string(),
  price: z.string(),
  proposed: z.string().describe('Exact decimal.'),
})

export const priceDraft = z.object({
  id: z.string(),
  object: z.literal('price_draft'),
  status: z.enum(['open', 'accepted', 'rejected']),
  provider: z.string(),
  model: z.string(),
  rates: z.array(draftedRate),
  ratio: z.string().describe('Reported cost over ours.'),
  attempts: z.array(z.string()).describe('Ids of the attempts that are the evidence.'),
  requests: z.int(),
  effective_from: day,
  created_at: timestamp,
  closed_at: timestamp.nullable(),
  installed_version: z.string().nullable().describe('The set of prices that carries it, once accepted.'),
})

export type PriceRateWire = z.infer<typeof priceRate>
export type PriceListWire = z.infer<typeof priceList>
export type RerateReportWire = z.infer<typeof rerateReport>
export type PriceDraftWire = z.infer<typeof priceDraft>

export const rateWire = (row: RateRow): PriceRateWire => ({
  provider: row.provider,
  model: row.model,
  region: row.region,
  tier: row.tier,
  sku: row.sku,
  rate_id: row.rateId,
  meter: row.meter,
  when: row.when,
  price: row.price,
  unit: row.unit,
  per: row.per,
  tiers: row.tiers,
  adjustments: [...row.adjustments],
  effective_from: row.effectiveFrom,
  effective_to: row.effectiveTo,
  retired_at: row.retiredAt,
  source_url: row.source.url,
  confidence: row.source.kind,
  checked_at: row.source.checkedAt,
  age_days: row.ageDays,
  stale: row.stale,
  note: row.source.note ?? null,
})

export const priceListWire = (view: {
  readonly version: string
  readonly origin: PriceListWire['origin']
  readonly rates: readonly RateRow[]
  readonly unpriced: readonly UnpricedRow[]
}): PriceListWire => ({
  object: 'price_list',
  version: view.version,
  origin: view.origin,
  rates: view.rates.map(rateWire),
  unpriced: view.unpriced.map((row) => ({ ...row })),
})

/** A change as `--json` prints it. */
export const changeWire = ({ before, after, ...change }: RateChange) => ({
  ...change,
  before: before && rateWire(before),
  after: after && rateWire(after),
})

const isoTime = (us: number): string => new Date(us / 1000).toISOString()

export const rerateWire = (report: RerateReport): RerateReportWire => ({
  object: 'rerate',
  since: isoTime(report.sinceUs),
  dry_run: report.dryRun,
  price_book: report.priceBook,
  examined: report.examined,
  unchanged: report.unchanged,
  corrected: report.corrected,
  corrected_usd: formatUsd(report.correctedNanoUsd),
  kept: report.kept,
  skipped: report.skipped.map((each) => ({ ...each })),
  corrections: report.corrections.map(({ attemptId, requestId, offer, wasNanoUsd, isNanoUsd }) => ({
    attempt_id: attemptId,
    request_id: requestId,
    offer,
    was_usd: formatUsd(wasNanoUsd),
    is_usd: formatUsd(isNanoUsd),
  })),
})

export const draftWire = (draft: PriceDraft): PriceDraftWire => ({
  id: draft.id,
  object: 'price_draft',
  status: draft.status,
  provider: draft.provider,
  model: draft.model,
  rates: draft.rates.map(({ rateId, ...rate }) => ({ rate_id: rateId, ...rate })),
  ratio: draft.ratio,
  attempts: [...draft.attempts],
  requests: draft.requests,
  effective_from: draft.effectiveFrom,
  created_at: isoTime(draft.createdUs),
  closed_at: draft.closedUs === null ? null : isoTime(draft.closedUs),
  installed_version: draft.installedVersion,
})
