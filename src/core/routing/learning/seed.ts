/** Experience out of sums, for a process that starts: as if the same attempts had been seen in even mixture. */
import { type Experience, FORGETTING, noExperience } from './experience.ts'
import { timingsOf } from './timings.ts'

export interface SeedRow {
  readonly kind: 'succeeded' | 'refused' | 'failed'
  readonly attempts: number
  /** How many of them were billed. */
  readonly billed: number
  readonly accepted: number
  readonly rejected: number
}

/** What discounting lets grow at most. */
const MOST_WEIGHT = 1 / (1 - FORGETTING)

export function seedExperience(rows: readonly SeedRow[], latencies: ReadonlyMap<number, number> = new Map()): Experience {
  const total = sum(rows, ({ attempts }) => attempts)
  if (total === 0) return noExperience
  const scale = Math.min(1, MOST_WEIGHT / total)
  const timed = [...latencies.values()].reduce((all, count) => all + count, 0)
  const timeScale = Math.min(1, MOST_WEIGHT / Math.max(timed, 1))
  const rated = sum(rows, ({ accepted, rejected }) => accepted + rejected)
  const rateScale = Math.min(1, MOST_WEIGHT / Math.max(rated, 1))
  const of = (kind: SeedRow['kind']): readonly SeedRow[] => rows.filter((row) => row.kind === kind)
  return {
    ...noExperience,
    weight: total * scale,
    succeeded: scale * sum(of('succeeded'), ({ attempts }) => attempts),
    refused: scale * sum(of('refused'), ({ attempts }) => attempts),
    billedInVain: scale * (sum(of('refused'), ({ billed }) => billed) + sum(of('failed'), ({ billed }) => billed)),
    latencies: timingsOf([...latencies].map(([bucket, count]) => [bucket, count * timeScale] as const)),
    accepted: rateScale * sum(rows, ({ accepted }) => accepted),
    rejected: rateScale * sum(rows, ({ rejected }) => rejected),
  }
}

const sum = (rows: readonly SeedRow[], measure: (row: SeedRow) => number): number =>
  rows.reduce((all, row) => all + measure(row), 0)
