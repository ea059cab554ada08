/** A job of many images as the API answers it: every candidate of every lane, cheapest first, late ones at the end. */
import type { JobCandidateWire, JobQuoteWire } from '../contract/quote.ts'
import { formatUsd } from '../core/money.ts'
import { candidateKey } from '../core/offer.ts'
import { type JobQuote, quoteJob, triesByOffer } from '../core/pricing/index.ts'
import { formatSize } from '../core/request.ts'
import { costQualityFrontier, type PlannedAttempt, qualityScoreOf } from '../core/routing/index.ts'
import type { QuoteView } from './quote-answer.ts'

interface Job {
  readonly count: number
  readonly deadlineMs?: number
}

interface Weighed {
  readonly attempt: PlannedAttempt
  readonly quote: JobQuote
  readonly expectedNanoUsd: bigint
  readonly qualityScore: number | undefined
}

export async function quoteJobs(view: QuoteView, job: Job): Promise<JobQuoteWire> {
  const plan = view.gateway.plan(view.input, 'lanes')
  const tries = triesByOffer(await view.gateway.recentTries({ sandbox: view.sandbox }))
  const weighed = plan.kind === 'plan' ? plan.attempts.flatMap((attempt) => weigh(view, job, attempt, tries)) : []
  const late = ({ quote }: Weighed): boolean => quote.inTime === 'no'
  const frontier = new Set(costQualityFrontier(weighed.filter((entry) => !late(entry))).frontier)
  return {
    count: job.count,
    deadline_ms: job.deadlineMs ?? null,
    candidates: weighed
      .toSorted((a, b) => Number(late(a)) - Number(late(b)) || cheaper(a, b))
      .map((entry) => jobWire(view, entry, frontier.has(entry))),
  }
}

const cheaper = (a: Weighed, b: Weighed): number =>
  a.expectedNanoUsd < b.expectedNanoUsd ? -1 : a.expectedNanoUsd > b.expectedNanoUsd ? 1 : 0

function weigh(
  { state, purchases, input, promptComplexity, nowUs }: QuoteView,
  { count, deadlineMs }: Job,
  attempt: PlannedAttempt,
  tries: ReturnType<typeof triesByOffer>,
): Weighed[] {
  const { candidate } = attempt
  const known = tries.get(candidate.offer.id)
  const quote = quoteJob(state.prices, {
    candidate,
    offer: candidate.offer,
    request: input.request,
    promptComplexity,
    atUs: nowUs,
    count,
    perRequest: input.request.n,
    concurrency: state.settings.maxConcurrentRequests,
    ...purchases.inputsFor(candidate.offer),
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(known && { tries: known }),
  })
  if (quote.kind === 'unpriced') return []
  return [{ attempt, quote, expectedNanoUsd: quote.expectedNanoUsd, qualityScore: qualityScoreOf(state.quality, candidate) }]
}

function jobWire(view: QuoteView, { attempt, quote, qualityScore }: Weighed, frontier: boolean): JobCandidateWire {
  const { candidate } = attempt
  return {
    offer: candidate.offer.id,
    size: formatSize(candidate.settings.size),
    quality: candidate.settings.quality ?? null,
    lane: quote.lane,
    calls: quote.calls,
    min_usd: formatUsd(quote.minNanoUsd),
    expected_usd: formatUsd(quote.expectedNanoUsd),
    max_usd: quote.maxNanoUsd === null ? null : formatUsd(quote.maxNanoUsd),
    allowance_usd: formatUsd(quote.allowance.expectedNanoUsd),
    allowance_from: quote.allowance.source,
    allowance_attempts: quote.allowance.attempts,
    in_time: quote.inTime,
    duration_ms: quote.durationMs ?? null,
    reasons: [...quote.reasons],
    eligible: view.choices.has(candidateKey(candidate)),
    quality_score: qualityScore ?? null,
    frontier,
  }
}
