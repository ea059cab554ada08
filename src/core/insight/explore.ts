/** Grouping of sums by any two dimensions and time: pure, and exact however few groups are listed. */
import { divideHalfEven, type NanoUsd } from '../money.ts'
import { type BucketCount, type Distribution, distributionOf } from './distribution.ts'
import { dimensionValue, needsOf, type StoredDimension, type StoredValues, type TagRule } from './rules.ts'
import type { InsightDimension, InsightMeasure } from './terms.ts'

export interface Sums {
  readonly requests: number
  readonly delivered: number
  readonly attempts: number
  readonly images: number
  readonly costNanoUsd: NanoUsd
  /** Thousandths of a word. */
  readonly accepted: number
  readonly rejected: number
}

/** Sums of everything that has these values. */
export interface Fact {
  readonly values: StoredValues
  /** Start of the hour, day or month; null without a grain. */
  readonly atUs: number | null
  readonly sums: Sums
}

export interface LatencyFact extends BucketCount {
  readonly values: StoredValues
  readonly atUs: number | null
}

export interface ExploreQuery {
  readonly groupBy: readonly InsightDimension[]
  readonly filters: ReadonlyMap<InsightDimension, ReadonlySet<string>>
  readonly rules: readonly TagRule[]
  readonly sort: InsightMeasure
  readonly order: 'asc' | 'desc'
  readonly limit: number
}

export interface ExploredRow {
  /** Values of `groupBy`; empty text = none. Empty list in the row of all others. */
  readonly key: readonly string[]
  readonly atUs: number | null
  readonly isOther: boolean
  readonly sums: Sums
  readonly latency: Distribution
}

export interface Explored {
  readonly rows: readonly ExploredRow[]
  readonly groups: number
  readonly total: Sums
  readonly latency: Distribution
}

type Mutable<Values> = { -readonly [Name in keyof Values]: Values[Name] }

export const zeroSums: Sums = { requests: 0, delivered: 0, attempts: 0, images: 0, costNanoUsd: 0n, accepted: 0, rejected: 0 }

export const addSums = (left: Sums, right: Sums): Mutable<Sums> => ({
  requests: left.requests + right.requests,
  delivered: left.delivered + right.delivered,
  attempts: left.attempts + right.attempts,
  images: left.images + right.images,
  costNanoUsd: left.costNanoUsd + right.costNanoUsd,
  accepted: left.accepted + right.accepted,
  rejected: left.rejected + right.rejected,
})

/** The stored dimensions that a question needs. */
export function dimensionsOf({
  groupBy,
  filters,
  rules,
}: Pick<ExploreQuery, 'groupBy' | 'filters' | 'rules'>): readonly StoredDimension[] {
  return [...new Set([...groupBy, ...filters.keys()].flatMap((dimension) => needsOf(dimension, rules)))]
}

type Buckets = Map<number, Mutable<Omit<BucketCount, 'bucket'>>>

/** Adds up in place: a question may have hundreds of thousands of facts. */
class Group {
  readonly key: readonly string[]
  readonly points = new Map<number | null, Mutable<Sums>>()
  readonly buckets = new Map<number | null, Buckets>()
  constructor(key: readonly string[]) {
    this.key = key
  }
  add(atUs: number | null, sums: Sums): void {
    const own = this.points.get(atUs)
    if (!own) {
      this.points.set(atUs, addSums(zeroSums, sums))
      return
    }
    own.requests += sums.requests
    own.delivered += sums.delivered
    own.attempts += sums.attempts
    own.images += sums.images
    own.costNanoUsd += sums.costNanoUsd
    own.accepted += sums.accepted
    own.rejected += sums.rejected
  }
  addBucket(atUs: number | null, { bucket, entries, amount }: BucketCount): void {
    const buckets = this.buckets.get(atUs) ?? new Map<number, Mutable<Omit<BucketCount, 'bucket'>>>()
    if (buckets.size === 0) this.buckets.set(atUs, buckets)
    const own = buckets.get(bucket)
    if (!own) {
      buckets.set(bucket, { entries, amount })
      return
    }
    own.entries += entries
    own.amount += amount
  }
  /** All of another group; `at` puts it all at one time. */
  absorb(other: Group, at?: null): void {
    for (const [atUs, sums] of other.points) this.add(at === undefined ? atUs : at, sums)
    for (const [atUs, counts] of other.buckets)
      for (const [bucket, count] of counts) this.addBucket(at === undefined ? atUs : at, { bucket, ...count })
  }
  /** Of all times. */
  whole(): { readonly sums: Sums; readonly latency: () => Distribution } {
    const all = new Group([])
    all.absorb(this, null)
    return { sums: all.sumsAt(null), latency: () => all.latencyAt(null) }
  }
  sumsAt(atUs: number | null): Sums {
    return this.points.get(atUs) ?? zeroSums
  }
  latencyAt(atUs: number | null): Distribution {
    return distributionOf([...(this.buckets.get(atUs) ?? [])].map(([bucket, count]) => ({ bucket, ...count })))
  }
}

/** Facts, groups or rows between two places where the work may be left for a while. */
const STEP = 500

/**
 * Groups beyond the limit become one; the rows of all groups add up to the total, and to the facts that passed the filters. In steps of
 * milliseconds, so that the caller can do something else in between.
 */
export function* exploreSteps(
  query: ExploreQuery,
  facts: Iterable<Fact>,
  latencies: Iterable<LatencyFact>,
): Generator<undefined, Explored> {
  const groups = new Map<string, Group>()
  const groupOf = (values: StoredValues): Group | undefined => {
    if (!passes(query, values)) return undefined
    const key = query.groupBy.map((dimension) => dimensionValue(values, dimension, query.rules))
    const name = key.join('\n')
    const group = groups.get(name) ?? new Group(key)
    if (!groups.has(name)) groups.set(name, group)
    return group
  }
  let done = 0
  for (const { values, atUs, sums } of facts) {
    groupOf(values)?.add(atUs, sums)
    if (++done % STEP === 0) yield
  }
  for (const { values, atUs, bucket, entries, amount } of latencies) {
    groupOf(values)?.addBucket(atUs, { bucket, entries, amount })
    if (++done % STEP === 0) yield
  }
  const everything = new Group([])
  const ranked: { readonly group: Group; readonly name: string; readonly rank: number | bigint | null }[] = []
  for (const [name, group] of groups) {
    const { sums, latency } = group.whole()
    ranked.push({ group, name, rank: measureOf(query.sort, sums, latency) })
    everything.absorb(group, null)
    done += 1 + group.buckets.size
    if (done >= STEP) {
      done = 0
      yield
    }
  }
  ranked.sort((left, right) => byRank(left.rank, right.rank, query.order) || (left.name < right.name ? -1 : 1))
  const other = new Group([])
  for (const { group } of ranked.slice(query.limit)) other.absorb(group)
  yield
  const rows: ExploredRow[] = []
  for (const { group } of ranked.slice(0, query.limit)) {
    rows.push(...rowsOf(group, false))
    yield
  }
  if (ranked.length > query.limit) rows.push(...rowsOf(other, true))
  return { rows, groups: ranked.length, total: everything.sumsAt(null), latency: everything.latencyAt(null) }
}

function rowsOf(group: Group, isOther: boolean): readonly ExploredRow[] {
  const times = [...new Set([...group.points.keys(), ...group.buckets.keys()])].sort((left, right) => (left ?? 0) - (right ?? 0))
  return times.map((atUs) => ({
    key: group.key,
    atUs,
    isOther,
    sums: group.sumsAt(atUs),
    latency: group.latencyAt(atUs),
  }))
}

const passes = ({ filters, rules }: ExploreQuery, values: StoredValues): boolean =>
  [...filters].every(([dimension, wanted]) => wanted.has(dimensionValue(values, dimension, rules)))

/** Cost per picture, rounded half to even; null without pictures. */
export const perImage = ({ costNanoUsd, images }: Pick<Sums, 'costNanoUsd' | 'images'>): NanoUsd | null =>
  images > 0 ? divideHalfEven(costNanoUsd, BigInt(images)) : null

export const shareOf = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null)

function measureOf(measure: InsightMeasure, sums: Sums, latency: () => Distribution): number | bigint | null {
  switch (measure) {
    case 'cost_usd':
      return sums.costNanoUsd
    case 'cost_per_image_usd':
      return perImage(sums)
    case 'success_share':
      return shareOf(sums.delivered, sums.requests)
    case 'latency_p50_ms':
      return latency().at(0.5) ?? null
    case 'latency_p95_ms':
      return latency().at(0.95) ?? null
    default:
      return sums[measure]
  }
}

/** What has no value comes last in either order. */
function byRank(left: number | bigint | null, right: number | bigint | null, order: 'asc' | 'desc'): number {
  if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1
  const ascending = left < right ? -1 : left > right ? 1 : 0
  return order === 'asc' ? ascending : -ascending
}
