/** What the commands of one batch may look at and change: loaded in a few queries, decided on in memory. */
import type { BudgetPeriod } from '../../core/budget/period.ts'
import { periodStartUs } from '../../core/budget/period.ts'
import type { BatchContext, BulkCommand, EncodedCountRepeat, EncodedFinishRequest, EncodedReserve } from '../commands.ts'
import type { NewRow, TableName } from '../schema.ts'
import { columnsOf, toTuple } from '../schema.ts'
import type { Row, Tx } from '../tx.ts'
import { closedUntil } from './months.ts'
import { loadDraws, loadLots, type StoredDraw, type StoredLot } from './stored-lots.ts'

type Mutable<T extends TableName> = { -readonly [C in keyof NewRow<T>]: NewRow<T>[C] }

export type Attempt = Mutable<'attempts'>
export type Request = Omit<Mutable<'requests'>, 'decision'>
export type Hold = Mutable<'holds'>
export type StandingCharge = Mutable<'charges'>

export interface Counter {
  readonly budgetId: string
  readonly period: BudgetPeriod
  readonly periodStartUs: number
  readonly sandbox: number
  /** As read from the database: the conditional UPDATE holds only while they still stand there. */
  readonly loaded: { readonly spentNanoUsd: bigint; readonly heldNanoUsd: bigint }
  now: { readonly spentNanoUsd: bigint; readonly heldNanoUsd: bigint }
}

export interface Budget {
  readonly id: string
  readonly period: BudgetPeriod
  readonly limitNanoUsd: bigint
  readonly hard: boolean
}

export interface IdempotencyRow {
  readonly fingerprint: string
  readonly requestId: string
  finished: boolean
  readonly expiresUs: number
}

export interface World {
  readonly context: BatchContext
  /** The end of the last closed month; 0 = none, or nothing here could fall into one. */
  closedUntilUs: number
  readonly attempts: Map<string, Attempt>
  readonly requests: Map<string, Request>
  readonly holds: Map<string, readonly Hold[]>
  readonly budgets: Map<string, Budget>
  readonly counters: Map<string, Counter>
  /** By scope. */
  readonly idempotency: Map<string, IdempotencyRow>
  /** Open epoch of each live node. */
  readonly nodes: Map<string, number>
  /** Charges that are not reversals and not reversed, for attempts that evidence may correct. */
  readonly standing: Map<string, readonly StandingCharge[]>
  /** Evidence ids already used, by attempt. */
  readonly evidence: Map<string, Set<string>>
  /** Attempts whose present state was decided by recovery. */
  readonly recovered: Set<string>
  /** Open lots that settles of this batch may draw on. */
  readonly lots: Map<string, StoredLot>
  /** Standing draws of attempts that evidence may correct. */
  readonly draws: Map<string, readonly StoredDraw[]>
}

export const counterKey = (budgetId: string, period: string, startUs: number | bigint, sandbox: number | bigint): string =>
  `${budgetId}\n${period}\n${startUs}\n${sandbox}`

const requestColumns = columnsOf.requests.filter((column) => column !== 'decision').join(', ')
const closedStates: ReadonlySet<string> = new Set(['settled', 'voided', 'unknown', 'reconciled'])

export function emptyWorld(context: BatchContext): World {
  return {
    context,
    closedUntilUs: 0,
    attempts: new Map(),
    requests: new Map(),
    holds: new Map(),
    budgets: new Map(),
    counters: new Map(),
    idempotency: new Map(),
    nodes: new Map(),
    standing: new Map(),
    evidence: new Map(),
    recovered: new Set(),
    lots: new Map(),
    draws: new Map(),
  }
}

const isAboutRequest = (command: BulkCommand): command is EncodedFinishRequest | EncodedCountRepeat =>
  command.kind === 'finishRequest' || command.kind === 'countRepeat'

export async function loadWorld(tx: Tx, commands: readonly BulkCommand[], context: BatchContext): Promise<World> {
  const world = emptyWorld(context)
  const reserves = commands.filter((command) => command.kind === 'reserve')
  const attemptIds = commands.flatMap((command) =>
    command.kind === 'reserve' || isAboutRequest(command) ? [] : [command.attemptId],
  )
  const requestIds = commands.flatMap((command) => (isAboutRequest(command) ? [command.requestId] : []))
  await loadNodes(tx, world, reserves)
  const closedUs = await loadAttempts(tx, world, attemptIds)
  await loadRequests(tx, world, requestIds)
  const late = commands.flatMap((command) =>
    (command.kind === 'settle' || command.kind === 'reconcile' || command.kind === 'correct') &&
    closedStates.has(world.attempts.get(command.attemptId)?.state ?? '')
      ? [command.attemptId]
      : [],
  )
  // Money of the month that runs cannot belong to a closed one, so that ordinary settles do not wait for a month that is being closed.
  const openUs = Math.max(closedUs, periodStartUs('month', context.nowUs))
  if (late.length > 0 || commands.some((command) => command.kind === 'settle' && command.settledUs < openUs))
    world.closedUntilUs = await closedUntil(tx)
  await loadCharges(tx, world, late)
  await loadIdempotency(tx, world, reserves)
  await loadBudgets(tx, world, reserves)
  await loadCounters(tx, world, reserves)
  await loadLots(
    tx,
    world,
    commands.flatMap((command) => (command.kind === 'settle' ? (command.consumption?.commitments ?? []) : [])),
  )
  await loadDraws(tx, world, late)
  return world
}

/**
 * Attempts with their requests and holds, locked in ascending id. Resolves to the end of the last closed month, which the clock of a node may be
 * behind of; 0 = none.
 */
export async function loadAttempts(tx: Tx, world: World, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0
  const rows = await tx.all(
    `SELECT a.*, (SELECT max(until_us) FROM month_closes) AS closed_us FROM attempts a WHERE a.id IN (?...) ORDER BY a.id FOR UPDATE`,
    [unique(ids)],
  )
  for (const row of rows) world.attempts.set(String(row['id']), row as unknown as Attempt)
  await loadRequests(
    tx,
    world,
    [...world.attempts.values()].map((attempt) => attempt.request_id),
  )
  const holds = await tx.all('SELECT * FROM holds WHERE attempt_id IN (?...)', [unique(ids)])
  for (const row of holds) push(world.holds, String(row['attempt_id']), row as unknown as Hold)
  return Number(rows[0]?.['closed_us'] ?? 0)
}

export async function loadRequests(tx: Tx, world: World, ids: readonly string[]): Promise<void> {
  const missing = unique(ids).filter((id) => !world.requests.has(id))
  if (missing.length === 0) return
  const rows = await tx.all(`SELECT ${requestColumns} FROM requests WHERE id IN (?...) ORDER BY id FOR UPDATE`, [missing])
  for (const row of rows) world.requests.set(String(row['id']), row as unknown as Request)
}

async function loadNodes(tx: Tx, world: World, reserves: readonly EncodedReserve[]): Promise<void> {
  if (reserves.length === 0) return
  const ids = unique(reserves.map((reserve) => reserve.nodeId))
  // Shared lock: recovery of this node waits for the reserves under way, and they for it.
  const rows = await tx.all('SELECT node_id, epoch FROM nodes WHERE node_id IN (?...) AND closed_us IS NULL FOR SHARE', [ids])
  for (const row of rows) world.nodes.set(String(row['node_id']), Number(row['epoch']))
}

async function loadCharges(tx: Tx, world: World, attemptIds: readonly string[]): Promise<void> {
  if (attemptIds.length === 0) return
  const ids = unique(attemptIds)
  const charges = await tx.all('SELECT * FROM charges WHERE attempt_id IN (?...) ORDER BY id', [ids])
  const reversed = new Set(charges.map((row) => row['reverses']))
  for (const row of charges) {
    if (row['kind'] === 'reversal' || reversed.has(row['id'] ?? null)) continue
    push(world.standing, String(row['attempt_id']), row as unknown as StandingCharge)
  }
  const events = await tx.all(
    "SELECT attempt_id, kind, evidence_id FROM attempt_events WHERE attempt_id IN (?...) AND (kind = 'recovered' OR evidence_id IS NOT NULL)",
    [ids],
  )
  for (const row of events) {
    const attemptId = String(row['attempt_id'])
    if (row['kind'] === 'recovered') world.recovered.add(attemptId)
    if (typeof row['evidence_id'] === 'string') addEvidence(world, attemptId, row['evidence_id'])
  }
}

export function addEvidence(world: World, attemptId: string, evidenceId: string): void {
  const known = world.evidence.get(attemptId)
  if (known) known.add(evidenceId)
  else world.evidence.set(attemptId, new Set([evidenceId]))
}

async function loadIdempotency(tx: Tx, world: World, reserves: readonly EncodedReserve[]): Promise<void> {
  const scopes = unique(reserves.flatMap((reserve) => (reserve.idempotency ? [reserve.idempotency.scope] : []))).sort()
  if (scopes.length === 0) return
  const rows = await tx.all('SELECT * FROM idempotency WHERE scope IN (?...) ORDER BY scope FOR UPDATE', [scopes])
  for (const row of rows) {
    world.idempotency.set(String(row['scope']), {
      fingerprint: String(row['fingerprint']),
      requestId: String(row['request_id']),
      finished: row['finished'] === 1n,
      expiresUs: Number(row['expires_us']),
    })
  }
}

async function loadBudgets(tx: Tx, world: World, reserves: readonly EncodedReserve[]): Promise<void> {
  const ids = unique(reserves.flatMap((reserve) => reserve.budgetIds))
  if (ids.length === 0) return
  const rows = await tx.all('SELECT id, period, limit_nano_usd, hard FROM budgets WHERE id IN (?...)', [ids])
  for (const row of rows) {
    const id = String(row['id'])
    world.budgets.set(id, {
      id,
      period: row['period'] as BudgetPeriod,
      limitNanoUsd: row['limit_nano_usd'] as bigint,
      hard: row['hard'] === 1n,
    })
  }
}

/** Lock and read the period counters of every budget that a reserve names or a hold was taken on, in ascending id. */
export async function loadCounters(tx: Tx, world: World, reserves: readonly EncodedReserve[]): Promise<void> {
  const wanted = new Map<string, readonly [string, string, number, number]>()
  const want = (budgetId: string, period: string, startUs: number, sandbox: number) =>
    wanted.set(counterKey(budgetId, period, startUs, sandbox), [budgetId, period, startUs, sandbox])
  for (const reserve of reserves) {
    for (const id of reserve.budgetIds) {
      const budget = world.budgets.get(id)
      if (budget) want(id, budget.period, periodStartUs(budget.period, reserve.createdUs), reserve.sandbox)
    }
  }
  for (const holds of world.holds.values()) {
    for (const hold of holds) want(hold.budget_id, hold.period, Number(hold.period_start_us), Number(hold.sandbox))
  }
  if (wanted.size === 0) return
  const keys = [...wanted.values()]
  await readCounters(tx, world, keys, wanted)
  const missing = keys.filter((key) => !world.counters.has(counterKey(...key)))
  if (missing.length === 0) return
  await tx.insertMany('budget_periods', missing.sort().map(emptyPeriod), 'ignore')
  await readCounters(tx, world, missing, wanted)
}

const emptyPeriod = ([budgetId, period, startUs, sandbox]: readonly [string, string, number, number]) =>
  toTuple('budget_periods', {
    budget_id: budgetId,
    period,
    period_start_us: startUs,
    sandbox,
    spent_nano_usd: 0n,
    held_nano_usd: 0n,
  })

async function readCounters(
  tx: Tx,
  world: World,
  keys: readonly (readonly [string, string, number, number])[],
  wanted: ReadonlyMap<string, unknown>,
): Promise<void> {
  const rows = await tx.all(
    `SELECT * FROM budget_periods WHERE budget_id IN (?...) AND period_start_us IN (?...)
     ORDER BY budget_id, period, period_start_us, sandbox FOR UPDATE`,
    [unique(keys.map((key) => key[0])), unique(keys.map((key) => key[2]))],
  )
  for (const row of rows) {
    const counter = toCounter(row)
    const key = counterKey(counter.budgetId, counter.period, counter.periodStartUs, counter.sandbox)
    if (wanted.has(key)) world.counters.set(key, counter)
  }
}

function toCounter(row: Row): Counter {
  const loaded = { spentNanoUsd: row['spent_nano_usd'] as bigint, heldNanoUsd: row['held_nano_usd'] as bigint }
  return {
    budgetId: String(row['budget_id']),
    period: row['period'] as BudgetPeriod,
    periodStartUs: Number(row['period_start_us']),
    sandbox: Number(row['sandbox']),
    loaded,
    now: loaded,
  }
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)]

function push<T>(map: Map<string, readonly T[]>, key: string, value: T): void {
  const list = map.get(key)
  if (list) (list as T[]).push(value)
  else map.set(key, [value])
}
