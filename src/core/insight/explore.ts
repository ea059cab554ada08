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

export const zeroSums: Sums = { requests: 0, delivered: 0, attempts: 0, images: 0, costNanoUsd: 0n, accepted: 0, rejected: 0 }

export const addSums = (left: Sums, right: Sums): Sums => ({
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

class Group {
  readonly key: readonly string[]
  readonly points = new Map<number | null, Sums>()
  readonly buckets = new Map<number | null, BucketCount[]>()
  constructor(key: readonly string[]) {
    this.key = key
  }
  add(atUs: number | null, sums: Sums): void {
    this.points.set(atUs, addSums(this.points.get(atUs) ?? zeroSums, sums))
  }
  addBuckets(atUs: number | null, counts: readonly BucketCount[]): void {
    const known = this.buckets.get(atUs)
    if (known) known.push(...counts)
    else this.buckets.set(atUs, [...counts])
  }
  absorb(other: Group): void {
    for (const [atUs, sums] of other.points) this.add(atUs, sums)
    for (const [atUs, counts] of other.buckets) this.addBuckets(atUs, counts)
  }
  total(): Sums {
    return [...this.points.values()].reduce(addSums, zeroSums)
  }
  latency(): Distribution {
    return distributionOf([...this.buckets.values()].flat())
  }
}

/** Groups beyond the limit become one; the rows of all groups add up to the total, and to the facts that passed the filters. */
export function exploreFacts(query: ExploreQuery, facts: Iterable<Fact>, latencies: Iterable<LatencyFact>): Explored {
  const groups = new Map<string, Group>()
  const groupOf = (values: StoredValues): Group | undefined => {
    if (!passes(query, values)) return undefined
    const key = query.groupBy.map((dimension) => dimensionValue(values, dimension, query.rules))
    const name = key.join('\n')
    const group = groups.get(name) ?? new Group(key)
    groups.set(name, group)
    return group
  }
  for (const { values, atUs, sums } of facts) groupOf(values)?.add(atUs, sums)
  for (const { values, atUs, ...count } of latencies) groupOf(values)?.addBuckets(atUs, [count])
  const sorted = [...groups.values()]
    .map((group) => ({ group, rank: measureOf(query.sort, group.total(), group.latency()) }))
    .sort(
      (left, right) =>
        byRank(left.rank, right.rank, query.order) || (left.group.key.join('\n') < right.group.key.join('\n') ? -1 : 1),
    )
    .map(({ group }) => group)
  const listed = sorted.slice(0, query.limit)
  const other = new Group([])
  for (const group of sorted.slice(query.limit)) other.absorb(group)
  const rest = sorted.length > query.limit
  const everything = new Group([])
  for (const group of sorted) everything.absorb(group)
  return {
    rows: [...listed.flatMap((group) => rowsOf(group, false)), ...(rest ? rowsOf(other, true) : [])],
    groups: sorted.length,
    total: everything.total(),
    latency: everything.latency(),
  }
}

function rowsOf(group: Group, isOther: boolean): readonly ExploredRow[] {
  const times = [...new Set([...group.points.keys(), ...group.buckets.keys()])].sort((left, right) => (left ?? 0) - (right ?? 0))
  return times.map((atUs) => ({
    key: group.key,
    atUs,
    isOther,
    sums: group.points.get(atUs) ?? zeroSums,
    latency: distributionOf(group.buckets.get(atUs) ?? []),
  }))
}

const passes = ({ filters, rules }: ExploreQuery, values: StoredValues): boolean =>
  [...filters].every(([dimension, wanted]) => wanted.has(dimensionValue(values, dimension, rules)))

/** Cost per picture, rounded half to even; null without pictures. */
export const perImage = ({ costNanoUsd, images }: Pick<Sums, 'costNanoUsd' | 'images'>): NanoUsd | null =>
  images > 0 ? divideHalfEven(costNanoUsd, BigInt(images)) : null

export const shareOf = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null)

function measureOf(measure: InsightMeasure, sums: Sums, latency: Distribution): number | bigint | null {
  switch (measure) {
    case 'cost_usd':
      return sums.costNanoUsd
    case 'cost_per_image_usd':
      return perImage(sums)
    case 'success_share':
      return shareOf(sums.delivered, sums.requests)
    case 'latency_p50_ms':
      return latency.at(0.5) ?? null
    case 'latency_p95_ms':
      return latency.at(0.95) ?? null
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
