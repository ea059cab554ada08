/** Attempts, charges and assets as the port names them, and the cost status that follows from them. */
import type { Selectable } from 'kysely'
import type { Billed } from '../../core/error.ts'
import type { AttemptKind, AttemptState, ChargeLine, Outcome, Provenance, RefusalStage } from '../../core/outcome.ts'
import type { AssetRecord, AttemptRecordRow, ChargeRecord, CostStatus } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { numberOrNull, parseObject, parseTags } from './decode.ts'

export type AttemptRow = Selectable<Database['attempts']>
export type ChargeRow = Selectable<Database['charges']>
export type EventRow = Selectable<Database['attempt_events']>
export type DrawRow = Selectable<Database['credit_draws']>
export type AssetRow = Selectable<Database['assets']>

export interface AttemptDetails {
  readonly charges: readonly ChargeRow[]
  readonly events: readonly EventRow[]
  readonly draws: readonly DrawRow[]
}

export const toAttempt = (row: AttemptRow, { charges, events, draws }: AttemptDetails): AttemptRecordRow => ({
  id: row.id,
  requestId: row.request_id,
  sequence: Number(row.sequence),
  kind: row.kind as AttemptKind,
  state: row.state as AttemptState,
  offer: row.offer,
  provider: row.provider,
  providerType: row.provider_type,
  model: row.model,
  settings: parseObject(row.settings),
  imagesWanted: Number(row.images_wanted),
  firstImage: Number(row.first_image),
  expectedNanoUsd: row.expected_nano_usd,
  holdNanoUsd: row.hold_nano_usd,
  priceBook: row.price_book,
  pricedAtUs: Number(row.priced_at_us),
  nodeId: row.node_id,
  epoch: Number(row.epoch),
  createdUs: Number(row.created_us),
  sandbox: row.sandbox === 1n,
  outcome: row.outcome as Outcome | null,
  stage: row.stage as RefusalStage | null,
  billed: row.billed as Billed | null,
  errorCode: row.error_code,
  errorMessage: row.error_message,
  usage: parseTags(row.usage),
  jobId: row.job_id,
  settledUs: numberOrNull(row.settled_us),
  imagesMade: Number(row.images_made),
  durationUs: numberOrNull(row.duration_us),
  firstByteUs: numberOrNull(row.first_byte_us),
  httpStatus: numberOrNull(row.http_status),
  providerRequestId: row.provider_request_id,
  charges: charges.map(toCharge),
  draws: draws.map((draw) => ({
    lotId: draw.lot_id,
    drawn: draw.quantity ?? draw.covered_nano_usd,
    coveredNanoUsd: draw.covered_nano_usd,
    effectiveNanoUsd: draw.effective_nano_usd,
  })),
  events: events.map((event) => ({ atUs: Number(event.at_us), kind: event.kind, data: parseObject(event.data) })),
})

export const toCharge = (row: ChargeRow): ChargeRecord => ({
  id: row.id,
  attemptId: row.attempt_id,
  kind: row.kind as ChargeLine['kind'],
  ...(row.meter !== null && { meter: row.meter }),
  ...(row.quantity !== null && { quantity: row.quantity }),
  ...(row.volume_before !== null && { volumeBefore: row.volume_before }),
  amountNanoUsd: row.amount_nano_usd,
  nativeAmount: row.native_amount,
  nativeUnit: row.native_unit,
  fxRate: row.fx_rate,
  fxSource: row.fx_source,
  rateId: row.rate_id,
  priceBook: row.price_book,
  provenance: row.provenance as Provenance,
  description: row.description,
  incurredUs: Number(row.incurred_us),
  postedUs: Number(row.posted_us),
  reverses: row.reverses,
  corrects: row.corrects,
  correctsMonthUs: numberOrNull(row.corrects_month_us),
})

export const toAsset = (row: AssetRow): AssetRecord => ({
  id: row.id,
  requestId: row.request_id,
  projectId: row.project_id,
  attemptId: row.attempt_id,
  role: row.role as AssetRecord['role'],
  index: Number(row.position),
  sha256: row.sha256,
  bytes: Number(row.bytes),
  mediaType: row.media_type,
  width: Number(row.width),
  height: Number(row.height),
  parentId: row.parent_id,
  createdUs: Number(row.created_us),
  deleted: row.deleted_us !== null,
  expiresUs: Number(row.expires_us),
  revisedPrompt: row.revised_prompt,
  seed: numberOrNull(row.seed),
})

type StatusAttempt = Pick<AttemptRow, 'id' | 'state' | 'billed'>
type StatusCharge = Pick<ChargeRow, 'id' | 'attempt_id' | 'kind' | 'amount_nano_usd' | 'provenance' | 'reverses'>

/** How sure the cost of a request is: the least sure of its attempts decides. */
export function costOf(
  finished: boolean,
  attempts: readonly StatusAttempt[],
  charges: readonly StatusCharge[],
): { readonly costNanoUsd: bigint; readonly costStatus: CostStatus } {
  const costNanoUsd = charges.reduce((total, charge) => total + charge.amount_nano_usd, 0n)
  return { costNanoUsd, costStatus: statusOf(finished, attempts, charges) }
}

function statusOf(finished: boolean, attempts: readonly StatusAttempt[], charges: readonly StatusCharge[]): CostStatus {
  const running = attempts.some(({ state }) => state === 'intent' || state === 'dispatched')
  if (!finished || running) return 'pending'
  if (attempts.some(({ state }) => state === 'unknown')) return 'unknown'
  const charged = new Set(charges.map((charge) => charge.attempt_id))
  // Billed, but nobody had a price for it: a settled attempt always has a line, if only one of zero.
  if (attempts.some(({ id, state, billed }) => state === 'settled' && billed !== 'no' && !charged.has(id))) return 'unpriced'
  const reversed = new Set(charges.map((charge) => charge.reverses))
  const standing = charges.filter((charge) => charge.kind !== 'reversal' && !reversed.has(charge.id))
  return standing.some((charge) => charge.provenance === 'estimated') ? 'estimated' : 'final'
}
