/** Rollups: sums that the settling commit keeps equal to the rows they summarise. Additive, so that any two can be added. */
import { latencyBucket } from '../../core/latency.ts'
import { type NewRow, type RowTuple, toTuple } from '../schema.ts'
import type { Tx } from '../tx.ts'
import { countDay, countTime, type DaySums, flushInsight, type Insight } from './insight.ts'
import { type ClassShifts, classOf, shift, shiftSums } from './shifts.ts'
import type { Attempt, Request, World } from './world.ts'

const US_PER_HOUR = 3_600_000_000
export const hourOf = (atUs: number | bigint): number => Math.floor(Number(atUs) / US_PER_HOUR) * US_PER_HOUR

type Sums = { [K in (typeof sumColumns)[number]]: bigint }
const sumColumns = [
  'requests',
  'attempts',
  'images',
  'cost_nano_usd',
  'provisional_nano_usd',
  'duration_us',
  'duplicates_prevented',
  'accepted',
  'rejected',
] as const
const tagSumColumns = ['requests', 'attempts', 'images', 'cost_nano_usd'] as const

type RollupRow = NewRow<'rollups'>
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export interface Rollups {
  readonly main: Map<string, Mutable<RollupRow> & Sums>
  readonly tags: Map<string, Mutable<NewRow<'rollup_tags'>> & Pick<Sums, (typeof tagSumColumns)[number]>>
  readonly latency: Map<string, Mutable<NewRow<'rollup_latency'>> & { attempts: bigint }>
  readonly shifts: ClassShifts
  readonly insight: Insight
}

export const createRollups = (): Rollups => ({
  main: new Map(),
  tags: new Map(),
  latency: new Map(),
  shifts: new Map(),
  insight: new Map(),
})

/** What only the sums by day have. */
type DayOnly = Partial<Pick<DaySums, 'duplicates_nano_usd' | 'baseline_nano_usd'>>

/**
 * Add to the sums of one hour and one day, offer and outcome of a request; `kind` is that of the attempt, empty for what is counted of the
 * request itself, which has no `attempt`. Negative values take a correction back.
 */
export function count(
  world: World,
  rollups: Rollups,
  at: { request: Request; attempt?: Attempt; atUs: number | bigint; offer: string; outcome: string; kind: string },
  delta: Partial<Sums>,
  dayOnly: DayOnly = {},
): void {
  const { request, offer, outcome } = at
  const hour = hourOf(at.atUs)
  const node = world.context.node?.nodeId ?? ''
  const key = `${hour}\n${offer}\n${outcome}\n${request.sandbox}\n${request.operation}\n${request.size_class}\n${request.quality}\n${request.route}\n${request.project_id}\n${request.key_id}\n${request.prompt_class}`
  let row = rollups.main.get(key)
  if (!row) {
    row = { ...dimensions(request, hour, node), offer, outcome, ...zeroSums() }
    rollups.main.set(key, row)
  }
  for (const [column, value] of Object.entries(delta) as [keyof Sums, bigint][]) row[column] += value
  if (world.context.declaredTags.length > 0) countTags(world, rollups, { request, hour, node, offer }, delta)
  if (at.attempt) shift(rollups.shifts, { ...at, attempt: at.attempt, hour, node }, delta)
  const { duration_us: _, ...days } = delta
  countDay(rollups.insight, at, { ...days, ...dayOnly })
}

const dimensions = (request: Request, hour: number, node: string) => ({
  hour_us: hour,
  sandbox: request.sandbox,
  operation: request.operation,
  size_class: request.size_class,
  quality: request.quality,
  route: request.route,
  project_id: request.project_id,
  key_id: request.key_id,
  prompt_class: request.prompt_class,
  node_id: node,
})

const zeroSums = (): Sums => ({
  requests: 0n,
  attempts: 0n,
  images: 0n,
  cost_nano_usd: 0n,
  provisional_nano_usd: 0n,
  duration_us: 0n,
  duplicates_prevented: 0n,
  accepted: 0n,
  rejected: 0n,
})

function countTags(
  world: World,
  rollups: Rollups,
  at: { request: Request; hour: number; node: string; offer: string },
  delta: Partial<Sums>,
): void {
  if (at.request.tags === '{}') return
  const tags = JSON.parse(at.request.tags) as Record<string, string>
  for (const tag of world.context.declaredTags) {
    const value = tags[tag]
    if (value === undefined) continue
    const key = `${tag}\n${at.hour}\n${at.request.sandbox}\n${value}\n${at.offer}\n${at.request.project_id}`
    let row = rollups.tags.get(key)
    if (!row) {
      row = {
        tag_key: tag,
        hour_us: at.hour,
        sandbox: at.request.sandbox,
        tag_value: value,
        offer: at.offer,
        project_id: at.request.project_id,
        node_id: at.node,
        requests: 0n,
        attempts: 0n,
        images: 0n,
        cost_nano_usd: 0n,
      }
      rollups.tags.set(key, row)
    }
    for (const column of tagSumColumns) row[column] += delta[column] ?? 0n
  }
}

/** Add one measured duration to the latency distribution. */
export function countLatency(
  world: World,
  rollups: Rollups,
  { request, attempt, outcome, durationUs }: { request: Request; attempt: Attempt; outcome: string; durationUs: number },
): void {
  const hour = hourOf(attempt.settled_us ?? attempt.created_us)
  const bucket = latencyBucket(durationUs)
  if (attempt.images_made > 0) {
    const place = { request, atUs: attempt.settled_us ?? attempt.created_us, offer: attempt.offer, outcome, kind: attempt.kind }
    countTime(rollups.insight, place, 'duration', durationUs, 1n)
  }
  const own = classOf(attempt, request)
  const key = `${hour}\n${attempt.offer}\n${outcome}\n${bucket}\n${request.sandbox}\n${own.operation}\n${own.size_class}\n${own.quality}`
  const row = rollups.latency.get(key)
  if (row) {
    row.attempts += 1n
    return
  }
  rollups.latency.set(key, {
    hour_us: hour,
    sandbox: request.sandbox,
    offer: attempt.offer,
    ...own,
    outcome,
    node_id: world.context.node?.nodeId ?? '',
    bucket,
    attempts: 1n,
  })
}

export async function flushRollups(tx: Tx, world: World, { main, tags, latency, shifts, insight }: Rollups): Promise<void> {
  const write = async (
    table: 'rollups' | 'rollup_tags' | 'rollup_latency' | 'class_shifts',
    rows: readonly RowTuple[],
    add: readonly string[],
  ) => {
    if (rows.length > 0) await tx.addMany(table, rows, add)
  }
  await write(
    'rollups',
    inOrder(main, (row) => toTuple('rollups', row)),
    sumColumns,
  )
  await write(
    'rollup_tags',
    inOrder(tags, (row) => toTuple('rollup_tags', row)),
    tagSumColumns,
  )
  await write(
    'rollup_latency',
    inOrder(latency, (row) => toTuple('rollup_latency', row)),
    ['attempts'],
  )
  await write(
    'class_shifts',
    inOrder(shifts, (row) => toTuple('class_shifts', row)),
    shiftSums,
  )
  await flushInsight(tx, world, insight)
}

/** One order for every writer, so that two of them cannot lock each other's rows crosswise. */
const inOrder = <T>(map: ReadonlyMap<string, T>, tuple: (row: T) => RowTuple): readonly RowTuple[] =>
  [...map].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => tuple(row))
