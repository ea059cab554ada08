/** Whom a document would choose for usual requests, by the state of this moment. */
import type { z } from 'zod'
import type * as schemas from '../../contract/routes.ts'
import { formatUsd } from '../../core/money.ts'
import { formatSize, type ImageRequest } from '../../core/request.ts'
import { type Elimination, type PlannedAttempt, type Policy, qualityScoreOf } from '../../core/routing/index.ts'
import { usualRequests } from '../../gateway/route-check.ts'
import { callerOf } from '../authenticate.ts'
import { type Call, callerIdentity, type Handler } from '../handler.ts'
import { meantDocument, nameOf, validDocument } from './routes.ts'

type Wire = schemas.RouteCandidatesWire['requests'][number]

export const routeCandidates: Handler = async (call): Promise<schemas.RouteCandidatesWire> => {
  const { document } = call.body as z.infer<typeof schemas.routeCandidatesRequest>
  const name = nameOf(call)
  const { policy } = validDocument(call, name, meantDocument(call, document))
  return {
    object: 'route_candidates',
    name,
    requests: usualRequests.map(([request, asked]) => ({ request, ...chosen(call, policy, asked) })),
  }
}

function chosen(call: Call, policy: Policy, request: ImageRequest): Omit<Wire, 'request'> {
  const { gateway, current } = call.context
  const caller = callerOf(callerIdentity(call))
  const plan = gateway.plan({ request, options: { allowUnsupported: true, bodyMetadata: true }, caller, policy }, 'named')
  const { quality } = current()
  const wire = ({ candidate, total, allIn }: PlannedAttempt): Wire['candidates'][number] => ({
    offer: candidate.offer.id,
    quality: candidate.settings.quality ?? null,
    size: formatSize(candidate.settings.size),
    expected_usd: formatUsd(total.expectedNanoUsd),
    max_usd: total.maxNanoUsd === null ? null : formatUsd(total.maxNanoUsd),
    all_in_usd: allIn ? formatUsd(BigInt(Math.round(allIn.priceNanoUsd + allIn.inVainNanoUsd))) : null,
    quality_score: qualityScoreOf(quality, candidate) ?? null,
  })
  return {
    candidates: plan.kind === 'plan' ? plan.attempts.map(wire) : [],
    eliminated: byReason(plan.eliminated),
  }
}

function byReason(eliminated: readonly Elimination[]): Wire['eliminated'] {
  const reasons = new Map<string, { reason: string; offers: number; example: string }>()
  for (const { offer, reason, detail } of eliminated) {
    const entry = reasons.get(reason)
    if (entry) entry.offers += 1
    else reasons.set(reason, { reason, offers: 1, example: `${offer}: ${detail}` })
  }
  return [...reasons.values()].sort((a, b) => b.offers - a.offers)
}
