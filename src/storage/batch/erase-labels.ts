/** Names in what requests and sums are kept by, replaced by one that says nothing: sums stay, under the new name. */
import type { ErasureSubject } from '../../ports/ledger-erasure.ts'
import { type CubeDimension, cubes, daySums } from '../migrations/insight-cubes.ts'
import { columnsOf } from '../schema.ts'
import type { Row, Tx } from '../tx.ts'

export interface Label {
  readonly kind: 'end_customer' | 'group' | 'tag'
  /** Of a tag. */
  readonly key: string
  readonly value: string
  readonly pseudonym: string
}

/** Undefined: the subject is no name. */
export function labelOf(subject: ErasureSubject): Label | undefined {
  if ('endCustomer' in subject) return { kind: 'end_customer', key: '', value: subject.endCustomer, pseudonym: subject.pseudonym }
  if ('group' in subject) return { kind: 'group', key: '', value: subject.group, pseudonym: subject.pseudonym }
  return 'tag' in subject ? { kind: 'tag', ...subject.tag, pseudonym: subject.pseudonym } : undefined
}

/** What the sums by day call it. */
const cubeOf = ({ kind, key }: Label): string => (kind === 'tag' ? `tag:${key}` : kind)

/**
 * Give the new name its place on every day the old one has one. Pages of requests are renamed before the sums are: what is corrected in
 * between has to find the new name.
 */
export async function reserveName(tx: Tx, label: Label): Promise<void> {
  const rows = await tx.all('SELECT dimension, sandbox, day_us FROM insight_names WHERE dimension = ? AND name = ?', [
    cubeOf(label),
    label.value,
  ])
  const named = rows.map((row) => [...['dimension', 'sandbox', 'day_us'].map((column) => row[column] ?? null), label.pseudonym])
  if (named.length > 0) await tx.insertMany('insight_names', named, 'ignore')
}

export async function renameInRequests(tx: Tx, label: Label, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  if (label.kind === 'end_customer') {
    await tx.run('UPDATE requests SET end_customer = ? WHERE id IN (?...)', [label.pseudonym, ids])
    return
  }
  const rows = await tx.all('SELECT id, tags, decision FROM requests WHERE id IN (?...) ORDER BY id FOR UPDATE', [ids])
  if (label.kind === 'tag') {
    const tagged = rows.map((row) => [String(row['id']), withValue(String(row['tags']), label)])
    await tx.updateMany('requests', { where: ['id'], set: ['tags'] }, tagged)
    return
  }
  const grouped = rows.map((row) => [String(row['id']), label.pseudonym, withGroup(String(row['decision']), label)])
  await tx.updateMany('requests', { where: ['id'], set: ['request_group', 'decision'] }, grouped)
}

const withValue = (tags: string, { key, pseudonym }: Label): string =>
  JSON.stringify({ ...(JSON.parse(tags) as object), [key]: pseudonym })

/** What a request had to look like names its group. */
function withGroup(decision: string, { pseudonym }: Label): string {
  const whole = JSON.parse(decision) as { readonly consistency?: { readonly group?: unknown } }
  if (typeof whole.consistency?.group !== 'string') return decision
  return JSON.stringify({ ...whole, consistency: { ...whole.consistency, group: pseudonym } })
}

/** Added to what stands under the new name, because corrections of renamed requests may have come first. */
export async function renameInSums(tx: Tx, label: Label): Promise<void> {
  const cube = cubeOf(label)
  const dimensions: readonly CubeDimension[] = cubes[label.kind]
  const column = `d${dimensions.indexOf(label.kind) + 1}`
  const days = await tx.all(`SELECT * FROM insight_days WHERE cube = ? AND ${column} = ?`, [cube, label.value])
  await addRenamed(tx, 'insight_days', { rows: days, column, pseudonym: label.pseudonym, sums: daySums })
  await tx.run(`DELETE FROM insight_days WHERE cube = ? AND ${column} = ?`, [cube, label.value])
  await tx.run('DELETE FROM insight_names WHERE dimension = ? AND name = ?', [cube, label.value])
  await renameInFineSums(tx, label)
  if (label.kind !== 'tag') return
  const hours = await tx.all('SELECT * FROM rollup_tags WHERE tag_key = ? AND tag_value = ?', [label.key, label.value])
  const sums = ['requests', 'attempts', 'images', 'cost_nano_usd']
  await addRenamed(tx, 'rollup_tags', { rows: hours, column: 'tag_value', pseudonym: label.pseudonym, sums })
  await tx.run('DELETE FROM rollup_tags WHERE tag_key = ? AND tag_value = ?', [label.key, label.value])
}

/** The sums stay with their label; without its hash nobody finds it for the name that is gone. */
async function renameInFineSums(tx: Tx, { kind, key, value, pseudonym }: Label): Promise<void> {
  if (kind !== 'tag') {
    const column = kind === 'group' ? 'request_group' : 'end_customer'
    await tx.run(`UPDATE insight_labels SET ${column} = ?, hash = NULL WHERE ${column} = ?`, [pseudonym, value])
    return
  }
  const tagged = 'SELECT label FROM insight_label_tags WHERE tag_key = ? AND tag_value = ?'
  await tx.run(`UPDATE insight_labels SET hash = NULL WHERE id IN (${tagged})`, [key, value])
  await tx.run('UPDATE insight_label_tags SET tag_value = ? WHERE tag_key = ? AND tag_value = ?', [pseudonym, key, value])
}

async function addRenamed(
  tx: Tx,
  table: 'insight_days' | 'rollup_tags',
  change: {
    readonly rows: readonly Row[]
    readonly column: string
    readonly pseudonym: string
    readonly sums: readonly string[]
  },
): Promise<void> {
  const { rows, column, pseudonym, sums } = change
  const renamed = rows.map((row) => columnsOf[table].map((name) => (name === column ? pseudonym : (row[name] ?? null))))
  if (renamed.length > 0) await tx.addMany(table, renamed, sums)
}
