/** What a batch writes: collected in memory, flushed as a few bulk statements in a fixed order. */
import type { NewAsset } from '../../ports/ledger.ts'
import { newId } from '../new-id.ts'
import type { NewRow, RowTuple, SqlValue, TableName } from '../schema.ts'
import { storableText, toTuple } from '../schema.ts'
import type { Tx } from '../tx.ts'
import type { Rollups } from './rollup.ts'
import { createRollups, flushRollups } from './rollup.ts'
import { flushConsumption, type StoredLot } from './stored-lots.ts'
import type { Attempt, Request, World } from './world.ts'

const attemptUpdates = {
  where: ['id'],
  set: [
    'state',
    'outcome',
    'stage',
    'billed',
    'error_code',
    'error_message',
    'reported_cost',
    'job_id',
    'settled_us',
    'images_made',
    'duration_us',
    'first_byte_us',
    'http_status',
    'provider_request_id',
    'usage',
    'resume',
    'unpriced',
    'node_id',
    'epoch',
  ],
} as const

const requestUpdates = {
  where: ['id'],
  set: [
    'finished_us',
    'outcome',
    'http_status',
    'images_returned',
    'latency_us',
    'error_code',
    'error_message',
    'warnings',
    'duplicates_prevented',
    'duplicates_nano_usd',
    'recovered',
    'offer',
    'node_id',
    'epoch',
  ],
} as const

export interface Changes {
  readonly inserts: Map<TableName, RowTuple[]>
  readonly attempts: Set<Attempt>
  readonly requests: Set<Request>
  /** Request id -> response JSON. */
  readonly responses: Map<string, string>
  /** Scopes taken in this batch, by scope. */
  readonly scopes: Map<string, RowTuple>
  /** Scopes whose row was read, and so locked, and found expired: it gives way to the new one. */
  readonly expiredScopes: Set<string>
  /** Requests whose idempotency key is finished, and those whose key is released. */
  readonly finishedKeys: Set<string>
  readonly releasedKeys: Set<string>
  /** Scopes that recovery released and a late answer takes back, if they are still free; by scope. */
  readonly regainedScopes: Map<string, RowTuple>
  /** New references by blob. */
  readonly blobs: Map<string, { refs: number; readonly bytes: number; readonly createdUs: number }>
  readonly rollups: Rollups
  /** Whoever runs the batch writes the rollups, after as many batches as it likes: they are additive. */
  readonly keepsRollups: boolean
  /** Quantities by day, provider, scope and meter. */
  readonly volumes: Map<string, Omit<NewRow<'volumes'>, 'quantity'> & { quantity: bigint }>
  /** Lots that were drawn on, as they stand now. */
  readonly lots: Map<string, StoredLot>
}

/** With `shared`, the batch adds its sums there instead of writing them. */
export const createChanges = (shared?: Rollups): Changes => ({
  inserts: new Map(),
  attempts: new Set(),
  requests: new Set(),
  responses: new Map(),
  scopes: new Map(),
  expiredScopes: new Set(),
  finishedKeys: new Set(),
  releasedKeys: new Set(),
  regainedScopes: new Map(),
  blobs: new Map(),
  rollups: shared ?? createRollups(),
  keepsRollups: shared !== undefined,
  volumes: new Map(),
  lots: new Map(),
})

export function insertTuple(changes: Changes, table: TableName, tuple: RowTuple): void {
  const rows = changes.inserts.get(table)
  if (rows) rows.push(tuple)
  else changes.inserts.set(table, [tuple])
}

export function insertRow<T extends TableName>(changes: Changes, table: T, row: NewRow<T>): void {
  insertTuple(changes, table, toTuple(table, row))
}

export function recordEvent(
  changes: Changes,
  event: { attemptId: string; atUs: number; kind: string; data: string; evidenceId?: string },
): void {
  insertRow(changes, 'attempt_events', {
    id: newId(),
    attempt_id: event.attemptId,
    at_us: event.atUs,
    kind: event.kind,
    evidence_id: event.evidenceId ?? null,
    data: event.data,
  })
}

/** Insert assets and count their references. */
export function keepAssets(
  changes: Changes,
  owner: { requestId: string; projectId: string; attemptId: string | null; atUs: number },
  assets: readonly NewAsset[],
): void {
  for (const asset of assets) {
    insertRow(changes, 'assets', {
      id: asset.id,
      request_id: owner.requestId,
      project_id: owner.projectId,
      attempt_id: owner.attemptId,
      role: asset.role,
      position: asset.index,
      sha256: asset.sha256,
      bytes: asset.bytes,
      media_type: asset.mediaType,
      width: asset.width,
      height: asset.height,
      parent_id: asset.parentId ?? null,
      created_us: owner.atUs,
      expires_us: asset.expiresUs,
      deleted_us: null,
      seed: asset.seed ?? null,
      revised_prompt: storableText(asset.revisedPrompt),
    })
    const blob = changes.blobs.get(asset.sha256)
    if (blob) blob.refs += 1
    else changes.blobs.set(asset.sha256, { refs: 1, bytes: asset.bytes, createdUs: owner.atUs })
  }
}

const insertOrder: readonly TableName[] = [
  'requests',
  'request_content',
  'attempts',
  'holds',
  'attempt_events',
  'charges',
  'credit_draws',
  'assets',
]

export async function flush(tx: Tx, world: World, changes: Changes): Promise<void> {
  for (const table of insertOrder) {
    const rows = changes.inserts.get(table)
    if (rows) await tx.insertMany(table, rows)
  }
  await update(tx, 'attempts', attemptUpdates, [...changes.attempts])
  await update(tx, 'requests', requestUpdates, [...changes.requests])
  if (changes.responses.size > 0) {
    await tx.updateMany('request_content', { where: ['request_id'], set: ['response'] }, [...changes.responses])
  }
  await flushScopes(tx, changes)
  await flushBlobs(tx, changes)
  await flushCounters(tx, world)
  if (!changes.keepsRollups) await flushRollups(tx, world, changes.rollups)
  await flushConsumption(tx, changes)
}

async function update(
  tx: Tx,
  table: 'attempts' | 'requests',
  columns: { readonly where: readonly string[]; readonly set: readonly string[] },
  rows: readonly object[],
): Promise<void> {
  if (rows.length === 0) return
  const names = [...columns.where, ...columns.set]
  const tuples = rows.map((row) => names.map((name) => (row as Record<string, SqlValue>)[name] ?? null))
  await tx.updateMany(table, columns, tuples.sort(byFirst))
}

async function flushScopes(tx: Tx, changes: Changes): Promise<void> {
  const released = [...changes.releasedKeys].sort()
  if (released.length > 0) await tx.run('DELETE FROM idempotency WHERE request_id IN (?...)', [released])
  const expired = [...changes.expiredScopes].sort()
  if (expired.length > 0) await tx.run('DELETE FROM idempotency WHERE scope IN (?...)', [expired])
  // A scope another node took since it was looked up is a duplicate here; the batch is then decided again.
  if (changes.scopes.size > 0) await tx.insertMany('idempotency', [...changes.scopes.values()].sort(byFirst))
  const regained = [...changes.regainedScopes.values()].sort(byFirst)
  if (regained.length > 0) await tx.insertMany('idempotency', regained, 'ignore')
  const finished = [...changes.finishedKeys].sort()
  if (finished.length > 0) await tx.run('UPDATE idempotency SET finished = 1 WHERE request_id IN (?...)', [finished])
}

async function flushBlobs(tx: Tx, changes: Changes): Promise<void> {
  if (changes.blobs.size === 0) return
  const rows = [...changes.blobs].map(([sha256, blob]) =>
    toTuple('blobs', { sha256, bytes: blob.bytes, refs: blob.refs, created_us: blob.createdUs }),
  )
  await tx.addMany('blobs', rows.sort(byFirst), ['refs'])
}

/** One conditional UPDATE per budget row, in ascending id: it must still hold the values the batch decided on. */
async function flushCounters(tx: Tx, world: World): Promise<void> {
  const changed = [...world.counters.values()].filter((counter) => counter.now !== counter.loaded)
  if (changed.length === 0) return
  const tuples = changed.map((counter) => [
    counter.budgetId,
    counter.period,
    counter.periodStartUs,
    counter.sandbox,
    counter.loaded.spentNanoUsd,
    counter.loaded.heldNanoUsd,
    counter.now.spentNanoUsd,
    counter.now.heldNanoUsd,
  ])
  const matched = await tx.updateMany(
    'budget_periods',
    {
      where: ['budget_id', 'period', 'period_start_us', 'sandbox', 'spent_nano_usd', 'held_nano_usd'],
      set: ['spent_nano_usd', 'held_nano_usd'],
    },
    tuples.sort(byFirst),
  )
  if (matched !== changed.length) throw new Error('a budget changed under its lock')
}

const byFirst = (left: readonly SqlValue[], right: readonly SqlValue[]): number => {
  const [a, b] = [String(left[0]), String(right[0])]
  return a < b ? -1 : a > b ? 1 : 0
}
