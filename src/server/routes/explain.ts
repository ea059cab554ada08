/** Why an offer was chosen: every candidate, what it would have cost, and what spoke against the others. */
import type { Explanation } from '../../contract/records.ts'
import type { Handler } from '../handler.ts'
import { isoOrNull } from '../wire.ts'
import { getRequestOf } from './records.ts'
import { candidatesOf, exploredOf, feedbackWire, floorOf, observationOf, snapshotOf } from './stored-decision.ts'

export const explainRequest: Handler = async (call) => {
  const record = await getRequestOf(call)
  const { decision } = record
  const explanation: Explanation = {
    object: 'explanation',
    request_id: record.id,
    record_deleted_at: isoOrNull(record.recordDeletedUs),
    route: record.route,
    objective: String(decision['objective'] ?? 'cost'),
    price_book: String(decision['priceBook'] ?? ''),
    snapshot: snapshotOf(record),
    observation: observationOf(record),
    ...(typeof decision['monthPlan'] === 'string' && { month_plan: decision['monthPlan'] }),
    floor: floorOf(record),
    candidates: candidatesOf(record).map(
      ({ offer, size, quality, finishing = [], expectedUsd, maxUsd, score, success, observations, ...parts }) => ({
        offer,
        size,
        quality,
        finishing: [...finishing],
        expected_usd: expectedUsd,
        max_usd: maxUsd,
        score,
        success: success ?? null,
        observations: observations ?? null,
        ...(parts.plannedUsd !== undefined && { planned_usd: parts.plannedUsd }),
        ...(parts.shadowUsd !== undefined && { shadow_usd: parts.shadowUsd }),
        in_vain_usd: parts.inVainUsd ?? null,
        lateness_usd: parts.latenessUsd ?? null,
        ...(parts.feedback && { feedback: feedbackWire(parts.feedback) }),
      }),
    ),
    eliminated_counts: (decision['eliminatedCounts'] ?? {}) as Record<string, number>,
    eliminated: (decision['eliminated'] ?? []) as Explanation['eliminated'],
    explored: exploredOf(record),
  }
  return explanation
}
