/** Attempts of unknown outcome, and what an invoice says about them. */
import type { ReconcileRequest, UnknownAttemptWire, UnknownQuery } from '../../contract/reconcile.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd, parseUsd } from '../../core/money.ts'
import type { ChargeLine } from '../../core/outcome.ts'
import type { AttemptRecordRow } from '../../ports/ledger.ts'
import type { Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'

export const listUnknown: Handler = async ({ context, query }) => {
  const { limit } = query as UnknownQuery
  const rows = await context.services.ledger.read.unknownAttempts({ limit })
  return { object: 'list', data: rows.map(unknownWire) }
}

const costOf = ({ charges }: AttemptRecordRow): bigint => charges.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0n)

const unknownWire = (attempt: AttemptRecordRow): UnknownAttemptWire => ({
  id: attempt.id,
  request_id: attempt.requestId,
  offer: attempt.offer,
  created_at: isoTime(attempt.createdUs),
  outcome: attempt.outcome,
  error_message: attempt.errorMessage,
  provisional_usd: formatUsd(costOf(attempt)),
  provider_request_id: attempt.providerRequestId,
  job_id: attempt.jobId,
})

export const reconcileAttempt: Handler = async ({ context, params, body }) => {
  const { ledger, clock } = context.services
  const id = params['id'] ?? ''
  // Checked by the endpoint's schema.
  const evidence = body as ReconcileRequest
  const attempt = await ledger.read.attempt(id)
  if (!attempt) throw new HalftoneError('not_found', `There is no attempt "${id}".`, { param: 'id' })
  const amountNanoUsd = parseUsd(evidence.amount_usd)
  await ledger.reconcile({
    attemptId: id,
    atUs: clock.nowUs(),
    evidenceId: evidence.evidence_id,
    source: evidence.source,
    outcome: evidence.outcome ?? attempt.outcome ?? 'unknown',
    imagesMade: attempt.imagesMade,
    charges: amountNanoUsd === 0n ? [] : [invoiced(evidence, amountNanoUsd, attempt.priceBook)],
    assets: [],
  })
  const after = await ledger.read.attempt(id)
  const is_usd = formatUsd(after ? costOf(after) : 0n)
  const was_usd = formatUsd(costOf(attempt))
  const data = { evidence_id: evidence.evidence_id, source: evidence.source, was_usd, is_usd }
  await ledger.access.recordAudit({ action: 'attempt.reconcile', objectId: id, data })
  return { object: 'reconciliation', attempt_id: id, was_usd, is_usd }
}

const invoiced = (evidence: ReconcileRequest, amountNanoUsd: bigint, priceBook: string): ChargeLine => ({
  kind: 'usage',
  amountNanoUsd,
  nativeAmount: formatUsd(amountNanoUsd),
  nativeUnit: 'USD',
  fxRate: '1',
  fxSource: 'USD',
  rateId: 'evidence',
  priceBook,
  provenance: 'invoiced',
  description: `Billed by ${evidence.source}, ${evidence.evidence_id}: $${formatUsd(amountNanoUsd)}`,
})
