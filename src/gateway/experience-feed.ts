/** What this node has learned about its offers: started from the ledger, kept up by every attempt. */
import type { Outcome } from '../core/outcome.ts'
import type { PromptClass } from '../core/prompt/features.ts'
import type { ImageRequest } from '../core/request.ts'
import {
  createExperienceBook,
  type ExperienceBook,
  type ExperienceView,
  experienceKeys,
  noExperience,
  reduceExperience,
  type SeedRow,
  seedExperience,
} from '../core/routing/index.ts'
import { reduceFeedback } from '../core/routing/learning/experience.ts'
import type { ExperienceRows, RatedImage } from '../ports/ledger.ts'
import type { FinishedCall } from './conclude.ts'

export interface ExperienceFeed {
  view(): ExperienceView
  /** How often this node has learned something since it started: with the node's epoch it names what `view` said. */
  version(): number
  /** Learn from a finished attempt. */
  finished(call: FinishedCall, request: Pick<ImageRequest, 'operation'>, promptClass: PromptClass): void
  /** Learn from a word about a picture. */
  rated(image: RatedImage): void
}

/** Which outcomes teach about an offer. The others are the client's doing, the account's, or rate limits, which have their own clock. */
const teaches: Partial<Record<Outcome, SeedRow['kind']>> = {
  succeeded: 'succeeded',
  partial: 'succeeded',
  refused: 'refused',
  timeout: 'failed',
  error: 'failed',
  unknown: 'failed',
}

/** `rows` as the ledger has them of the last weeks; other nodes' attempts count as well. */
export function createExperienceFeed(rows: ExperienceRows): ExperienceFeed {
  const experience = seeded(rows)
  let version = 0
  return {
    view: () => experience,
    version: () => version,
    finished({ reserved, result, settlement, outcome, durationUs }, request, promptClass) {
      const kind = teaches[outcome]
      if (!kind) return
      const expected = reserved.attempt.expectedNanoUsd
      const paid = settlement.kind === 'charged' ? settlement.totalNanoUsd : 0n
      // An estimate of our own says nothing about what is really charged.
      const isEvidence = settlement.kind === 'charged' && settlement.provenance !== 'estimated' && expected > 0n && paid > 0n
      const seen = {
        kind,
        billed: paid > 0n || settlement.kind === 'unknown',
        // Without the wait for a turn here, which `ahead` stands for.
        ...(kind === 'succeeded' && { latencyMs: result.evidence.timings?.totalMs ?? durationUs / 1_000 }),
        ...(isEvidence && outcome === 'succeeded' && { priceRatio: Number(paid) / Number(expected) }),
      }
      version += 1
      for (const key of experienceKeys(reserved.candidate, request, promptClass))
        experience.set(key, reduceExperience(experience.get(key) ?? noExperience, seen))
    },
    rated({ before, after, ...image }) {
      if (before.accepted === after.accepted && before.rejected === after.rejected) return
      version += 1
      for (const key of keysOf(image)) experience.set(key, reduceFeedback(experience.get(key) ?? noExperience, before, after))
    },
  }
}

function seeded({ attempts, latencies }: ExperienceRows): ExperienceBook {
  const rows = new Map<string, SeedRow[]>()
  const times = new Map<string, Map<number, number>>()
  for (const row of attempts) {
    const kind = teaches[row.outcome]
    if (!kind) continue
    const seed: SeedRow = { ...row, kind, billed: row.costNanoUsd > 0n ? row.attempts : 0 }
    for (const key of keysOf(row)) rows.set(key, [...(rows.get(key) ?? []), seed])
  }
  for (const row of latencies) {
    for (const key of [`${keyOf(row)}|`, row.offer]) {
      const buckets = times.get(key) ?? new Map<number, number>()
      times.set(key, buckets.set(row.bucket, (buckets.get(row.bucket) ?? 0) + row.attempts))
    }
  }
  return createExperienceBook([...rows].map(([key, seeds]) => [key, seedExperience(seeds, times.get(key))]))
}

type ClassRow = Pick<ExperienceRows['attempts'][number], 'offer' | 'quality' | 'operation' | 'sizeClass' | 'promptClass'>

/** The names of `experienceKeys`, from a row of the ledger. */
const keysOf = (row: ClassRow): readonly string[] => [
  `${keyOf(row)}|${row.operation}/${row.sizeClass}/${row.promptClass}`,
  `${keyOf(row)}|`,
  row.offer,
]

const keyOf = ({ offer, quality }: { readonly offer: string; readonly quality: string }): string =>
  quality === '' ? offer : `${offer}#${quality}`
