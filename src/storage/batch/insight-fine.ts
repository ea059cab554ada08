/** The finest sums, by everything that history can be asked about: one row for all that is alike in an hour, and one for a day. */
import { hash, randomBytes } from 'node:crypto'
import { fineSums, NO_BUCKET, shapeColumns, waitSums } from '../migrations/014-fine.ts'
import { type RowTuple, storableText } from '../schema.ts'
import type { Tx } from '../tx.ts'
import type { Cell } from './insight.ts'

const US_PER_HOUR = 3_600_000_000
const US_PER_DAY = 24 * US_PER_HOUR

type FineSums = Record<(typeof fineSums)[number], bigint>
interface Waits {
  entries: bigint
  amount: bigint
}

/** What is counted of one hour. */
export interface FineCell {
  readonly sums: FineSums
  /** By bucket. */
  readonly waits: Map<number, Waits>
}
type FineRow = FineCell & { readonly sandbox: number; readonly hourUs: number; readonly shape: bigint; readonly label: bigint }

/** Sums that are not kept so finely are left out. */
export function countFine(
  hours: Map<number, FineCell>,
  atUs: number | bigint,
  delta: Readonly<Partial<Record<keyof FineSums, bigint>>>,
): void {
  const { sums } = hourIn(hours, atUs)
  for (const column of fineSums) sums[column] += delta[column] ?? 0n
}

export const waitFine = (hours: Map<number, FineCell>, atUs: number | bigint, bucket: number, waits: Waits): void =>
  addTo(hourIn(hours, atUs).waits, bucket, waits)

function hourIn(hours: Map<number, FineCell>, atUs: number | bigint): FineCell {
  const hourUs = Math.floor(Number(atUs) / US_PER_HOUR) * US_PER_HOUR
  const known = hours.get(hourUs)
  if (known) return known
  const cell = { sums: zeroSums(), waits: new Map<number, Waits>() }
  hours.set(hourUs, cell)
  return cell
}

/** The order of rows is the same for every writer. */
export async function flushFine(tx: Tx, cells: readonly Cell[], nodeId: string): Promise<void> {
  const counted = cells.filter(({ hours }) => [...hours.values()].some(isCounted))
  if (counted.length === 0) return
  const shapes = await nameShapes(tx, counted.map(shapeOf))
  const labels = await nameLabels(tx, counted.map(labelOf))
  const rows = new Map<string, FineRow>()
  for (const cell of counted) {
    const shape = shapes.get(keyOf(shapeOf(cell))) ?? 0n
    const label = labels.get(keyOf(labelOf(cell))) ?? 0n
    for (const [hourUs, { sums, waits }] of cell.hours) {
      const name = `${cell.sandbox}\n${hourUs}\n${shape}\n${label}`
      const row = rows.get(name) ?? {
        sandbox: cell.sandbox,
        hourUs,
        shape,
        label,
        sums: zeroSums(),
        waits: new Map<number, Waits>(),
      }
      rows.set(name, row)
      for (const column of fineSums) row.sums[column] += sums[column]
      for (const [bucket, wait] of waits) addTo(row.waits, bucket, wait)
    }
  }
  await writeRows(tx, [...rows.values()], nodeId)
}

/** Money that belongs to no attempt has neither shape nor label. */
export async function addLooseToFine(
  tx: Tx,
  { sandbox, incurredUs, nanoUsd }: { readonly sandbox: number; readonly incurredUs: number; readonly nanoUsd: bigint },
  nodeId: string,
): Promise<void> {
  const shape = shapeColumns.map(() => '')
  const label: Label = { endCustomer: '', group: '', tags: '{}' }
  const shapes = await nameShapes(tx, [shape])
  const labels = await nameLabels(tx, [label])
  const row = {
    sandbox,
    hourUs: Math.floor(incurredUs / US_PER_HOUR) * US_PER_HOUR,
    shape: shapes.get(keyOf(shape)) ?? 0n,
    label: labels.get(keyOf(label)) ?? 0n,
    sums: { ...zeroSums(), cost_nano_usd: nanoUsd },
    waits: new Map<number, Waits>(),
  }
  await writeRows(tx, [row], nodeId)
}

const zeroSums = (): FineSums => ({
  requests: 0n,
  delivered: 0n,
  attempts: 0n,
  images: 0n,
  cost_nano_usd: 0n,
  accepted: 0n,
  rejected: 0n,
})

const isCounted = ({ sums, waits }: FineCell): boolean => waits.size > 0 || fineSums.some((column) => sums[column] !== 0n)

function addTo<Key>(sums: Map<Key, Waits>, key: Key, { entries, amount }: Waits): void {
  const sum = sums.get(key)
  if (sum) {
    sum.entries += entries
    sum.amount += amount
  } else sums.set(key, { entries, amount })
}

async function writeRows(tx: Tx, rows: readonly FineRow[], nodeId: string): Promise<void> {
  const days = new Map<string, { readonly key: RowTuple; readonly sums: FineSums }>()
  const hours = new Map<string, RowTuple>()
  const waits = new Map<string, { readonly key: RowTuple } & Waits>()
  for (const { sandbox, hourUs, shape, label, sums, waits: own } of rows) {
    const dayUs = Math.floor(hourUs / US_PER_DAY) * US_PER_DAY
    const dayKey = [sandbox, dayUs, shape, label, nodeId]
    const day = days.get(dayKey.join()) ?? { key: dayKey, sums: zeroSums() }
    days.set(dayKey.join(), day)
    for (const column of fineSums) day.sums[column] += sums[column]
    // All sums stand in the first bucket: a request alone is then one row.
    const buckets =
      own.size > 0 ? [...own].sort(([left], [right]) => left - right) : [[NO_BUCKET, { entries: 0n, amount: 0n }] as const]
    for (const [index, [bucket, { entries, amount }]] of buckets.entries()) {
      const key = [sandbox, hourUs, shape, label, bucket, nodeId]
      hours.set(key.join(), [...key, ...fineSums.map((column) => (index === 0 ? sums[column] : 0n)), entries, amount])
      if (bucket === NO_BUCKET) continue
      const waitKey = [sandbox, dayUs, shape, bucket, nodeId]
      const wait = waits.get(waitKey.join())
      if (wait) {
        wait.entries += entries
        wait.amount += amount
      } else waits.set(waitKey.join(), { key: waitKey, entries, amount })
    }
  }
  const dayRows = inOrder(days).map(({ key, sums }) => [...key, ...fineSums.map((column) => sums[column])])
  await tx.addMany('insight_fine_days', dayRows, fineSums)
  await tx.addMany('insight_fine_hours', inOrder(hours), [...fineSums, ...waitSums])
  const waitRows = inOrder(waits).map(({ key, entries, amount }) => [...key, entries, amount])
  if (waitRows.length > 0) await tx.addMany('insight_fine_waits', waitRows, waitSums)
}

const inOrder = <T>(rows: ReadonlyMap<string, T>): readonly T[] =>
  [...rows].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row)

type Shape = readonly string[]

/** In the order of `shapeColumns`. */
const shapeOf = ({ values }: Cell): Shape => [
  values.offer,
  values.operation,
  values.size,
  values.quality,
  values.route,
  values.project,
  values.key,
  values.outcome,
  values.prompt_class,
]

interface Label {
  readonly endCustomer: string
  readonly group: string
  /** JSON, as the request carries them. */
  readonly tags: string
}

const labelOf = ({ values, tags }: Cell): Label => ({ endCustomer: values.end_customer, group: values.group, tags })

const keyOf = (named: Shape | Label): string => JSON.stringify(named)
/** Hashes of shapes and labels seen lately: the same few come with every batch. */
const MOST_HASHES = 2_000
const hashes = new Map<string, Buffer>()

function hashOf(key: string): Buffer {
  const known = hashes.get(key)
  if (known) return known
  if (hashes.size >= MOST_HASHES) hashes.clear()
  const made = hash('sha256', key, 'buffer')
  hashes.set(key, made)
  return made
}

const toId = (bytes: Buffer): bigint => BigInt.asUintN(63, bytes.readBigUInt64BE())

/** By their keys. A shape's id is its hash: who is first writes it, and nobody has to ask. */
async function nameShapes(tx: Tx, shapes: readonly Shape[]): Promise<ReadonlyMap<string, bigint>> {
  const ids = new Map<string, bigint>()
  const rows: (readonly [bigint, ...string[]])[] = []
  for (const shape of shapes) {
    const key = keyOf(shape)
    if (ids.has(key)) continue
    const id = toId(hashOf(key))
    ids.set(key, id)
    rows.push([id, ...shape])
  }
  rows.sort(([left], [right]) => (left < right ? -1 : 1))
  await tx.insertMany('insight_shapes', rows, 'ignore')
  return ids
}

/**
 * By their keys. A label is looked for by its hash, because a name in it may have been deleted since: its id stays with the sums of before,
 * and the same name gets another. Two nodes that write the same label at once make two; both are right.
 */
async function nameLabels(tx: Tx, labels: readonly Label[]): Promise<ReadonlyMap<string, bigint>> {
  const wanted = new Map<string, Label>()
  for (const label of labels) wanted.set(keyOf(label), label)
  const hashes = new Map([...wanted.keys()].map((key) => [key, hashOf(key).toString('base64url')]))
  const known = await tx.all('SELECT hash, min(id) AS id FROM insight_labels WHERE hash IN (?...) GROUP BY hash', [
    [...hashes.values()],
  ])
  const byHash = new Map(known.map((row) => [String(row['hash']), BigInt(row['id'] ?? 0)]))
  const ids = new Map<string, bigint>()
  const fresh: RowTuple[] = []
  const tags: RowTuple[] = []
  for (const [key, label] of wanted) {
    const hashed = hashes.get(key) ?? ''
    const id = byHash.get(hashed) ?? toId(randomBytes(8))
    ids.set(key, id)
    if (byHash.has(hashed)) continue
    fresh.push([id, hashed, label.endCustomer, label.group])
    const own = Object.entries(JSON.parse(label.tags) as Record<string, string>)
    const storable = new Map(own.map(([tag, value]) => [storableText(tag), storableText(value)]))
    for (const [tag, value] of storable) if (value !== '') tags.push([id, tag, value])
  }
  if (fresh.length > 0) await tx.insertMany('insight_labels', fresh)
  if (tags.length > 0) await tx.insertMany('insight_label_tags', tags)
  return ids
}
