/** Charges with their context, and lots, in the order of an export. */
import { type Kysely, type Selectable, sql } from 'kysely'
import type { ExportAttempt, ExportCharge, ExportDraw, ExportEntry, ExportLot } from '../../core/export/entries.ts'
import type { AttemptKind } from '../../core/outcome.ts'
import type { ExportQuery, LedgerExports } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { toLotRecord } from './commitments.ts'
import { parseObject } from './decode.ts'
import { type ChargeRow, toCharge } from './rows.ts'

/** Instants with charges per page; also the bound on the list of ids in one query. */
const PAGE = 500
const DAY_US = 86_400_000_000

export const createExportReads = (db: Kysely<Database>): LedgerExports => ({
  async *entries(query) {
    for (const day of daysBetween(query)) {
      yield* chargesOf(db, { ...query, ...day })
      if (!query.sandbox) yield* lotsOf(db, day)
    }
  },
  days: (query) => readDays(db, query),
})

interface Span {
  readonly fromUs: number
  readonly toUs: number
}

function* daysBetween({ fromUs, toUs }: Span): Iterable<Span> {
  for (let start = fromUs; start < toUs; ) {
    const end = Math.min(toUs, (Math.floor(start / DAY_US) + 1) * DAY_US)
    yield { fromUs: start, toUs: end }
    start = end
  }
}

interface Instant {
  readonly incurred_us: bigint
  readonly attempt_id: string
}

async function* chargesOf(db: Kysely<Database>, { fromUs, toUs, sandbox }: ExportQuery): AsyncIterable<ExportEntry> {
  let after: Instant = { incurred_us: BigInt(fromUs) - 1n, attempt_id: '\uffff' }
  for (;;) {
    const instants: readonly Instant[] = await db
      .selectFrom('charges')
      .select(['incurred_us', 'attempt_id'])
      .distinct()
      .where('sandbox', '=', sandbox ? 1n : 0n)
      .where('incurred_us', '>=', BigInt(fromUs))
      .where('incurred_us', '<', BigInt(toUs))
      .where((where) =>
        where.or([
          where('incurred_us', '>', after.incurred_us),
          where.and([where('incurred_us', '=', after.incurred_us), where('attempt_id', '>', after.attempt_id)]),
        ]),
      )
      .orderBy('incurred_us')
      .orderBy('attempt_id')
      .limit(PAGE)
      .execute()
    yield* entriesOf(db, instants)
    const last = instants.at(-1)
    if (!last || instants.length < PAGE) return
    after = last
  }
}

async function* entriesOf(db: Kysely<Database>, instants: readonly Instant[]): AsyncIterable<ExportEntry> {
  const ids = [...new Set(instants.map(({ attempt_id }) => attempt_id).filter((id) => id !== ''))]
  const [attempts, charges, draws] = await Promise.all([readAttempts(db, ids), readCharges(db, ids), readDraws(db, ids)])
  for (const { incurred_us, attempt_id: id } of instants) {
    const incurredUs = Number(incurred_us)
    const attempt = attempts.get(id)
    if (attempt) yield { kind: 'attempt', incurredUs, attempt, charges: charges.get(id) ?? [], draws: draws.get(id) ?? [] }
    else yield* unattended(db, id, incurred_us)
  }
}

/** Charges without an attempt: what is left of lots, and money of no lot either. */
async function* unattended(db: Kysely<Database>, attemptId: string, incurredUs: bigint): AsyncIterable<ExportEntry> {
  const rows = await db
    .selectFrom('charges')
    .selectAll()
    .where('attempt_id', '=', attemptId)
    .where('incurred_us', '=', incurredUs)
    .orderBy('id')
    .execute()
  const broken = rows.filter(({ kind }) => kind === 'breakage').map((row) => row.rate_id)
  const lots = await readLots(db, broken)
  for (const row of rows) {
    const lot = row.kind === 'breakage' ? lots.get(row.rate_id) : undefined
    const charge = toExportCharge(row)
    yield lot ? { kind: 'breakage', charge, lot } : { kind: 'loose', charge }
  }
}

async function readAttempts(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, ExportAttempt>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('attempts')
    .innerJoin('requests', 'requests.id', 'attempts.request_id')
    .leftJoin('projects', 'projects.id', 'requests.project_id')
    .select([
      'attempts.id',
      'attempts.kind',
      'attempts.offer',
      'attempts.provider',
      'attempts.provider_type',
      'attempts.model',
      'attempts.outcome',
      'requests.id as request_id',
      'requests.operation',
      'requests.route',
      'requests.key_id',
      'requests.project_id',
      'projects.name as project_name',
      'requests.end_customer',
      'requests.request_group',
      'requests.tags',
    ])
    .where('attempts.id', 'in', ids)
    .execute()
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        // Written by the reserve command, whose type it is.
        kind: row.kind as AttemptKind,
        offer: row.offer,
        provider: row.provider,
        providerType: row.provider_type,
        model: row.model,
        outcome: row.outcome,
        requestId: row.request_id,
        operation: row.operation,
        route: row.route,
        keyId: row.key_id,
        projectId: row.project_id,
        projectName: row.project_name,
        endCustomer: row.end_customer,
        group: row.request_group,
        // Likewise: texts by name.
        tags: parseObject(row.tags) as Readonly<Record<string, string>>,
      },
    ]),
  )
}

async function readCharges(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, readonly ExportCharge[]>> {
  if (ids.length === 0) return new Map()
  const rows = await db.selectFrom('charges').selectAll().where('attempt_id', 'in', ids).orderBy('id').execute()
  return grouped(rows.map((row) => [row.attempt_id, toExportCharge(row)]))
}

const toExportCharge = (row: ChargeRow): ExportCharge => ({ ...toCharge(row), sandbox: row.sandbox === 1n })

async function readDraws(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, readonly ExportDraw[]>> {
  if (ids.length === 0) return new Map()
  const rows = await db.selectFrom('credit_draws').selectAll().where('attempt_id', 'in', ids).orderBy('id').execute()
  const lots = await readLots(
    db,
    rows.map((row) => row.lot_id),
  )
  return grouped(
    rows.flatMap((row): [string, ExportDraw][] => {
      const lot = lots.get(row.lot_id)
      return lot ? [[row.attempt_id, toDraw(row, lot)]] : []
    }),
  )
}

function grouped<T>(pairs: readonly (readonly [string, T])[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const [key, value] of pairs) {
    const group = groups.get(key)
    if (group) group.push(value)
    else groups.set(key, [value])
  }
  return groups
}

const toDraw = (row: Selectable<Database['credit_draws']>, lot: ExportLot): ExportDraw => ({
  id: row.id,
  lot,
  drawn: row.quantity ?? row.covered_nano_usd,
  coveredNanoUsd: row.covered_nano_usd,
  effectiveNanoUsd: row.effective_nano_usd,
  drawnUs: Number(row.drawn_us),
  reverses: row.reverses,
})

async function readLots(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, ExportLot>> {
  const lots = new Map<string, ExportLot>()
  const wanted = [...new Set(ids)]
  for (let start = 0; start < wanted.length; start += PAGE) {
    const rows = await db
      .selectFrom('credit_lots')
      .selectAll()
      .where('id', 'in', wanted.slice(start, start + PAGE))
      .execute()
    for (const row of rows) lots.set(row.id, toLotRecord(row))
  }
  return lots
}

/** Purchases of a day, by the start of what was bought; then what others drew in it. */
async function* lotsOf(db: Kysely<Database>, { fromUs, toUs }: Span): AsyncIterable<ExportEntry> {
  const bought = await db
    .selectFrom('credit_lots')
    .selectAll()
    .where('commitment', 'is not', null)
    .where('acquired_us', '>=', BigInt(fromUs))
    .where('acquired_us', '<', BigInt(toUs))
    .orderBy('acquired_us')
    .orderBy('id')
    .execute()
  for (const row of bought) yield { kind: 'purchase', lot: toLotRecord(row) }
  const rows = await db
    .selectFrom('credit_draws')
    .selectAll()
    .where('attempt_id', '=', '')
    .where('drawn_us', '>=', BigInt(fromUs))
    .where('drawn_us', '<', BigInt(toUs))
    .orderBy('drawn_us')
    .orderBy('id')
    .execute()
  const lots = await readLots(
    db,
    rows.map((row) => row.lot_id),
  )
  for (const row of rows) {
    const lot = lots.get(row.lot_id)
    if (lot) yield { kind: 'outside', draw: toDraw(row, lot) }
  }
}

/**
 * Rows and sums per day. Charges cannot change and lots are summed, so that equal numbers mean equal content; a time of
 * posting would not do, because nodes commit out of order. Draws come with charges, except those made outside.
 */
async function readDays(db: Kysely<Database>, { fromUs, toUs, sandbox }: ExportQuery): ReturnType<LedgerExports['days']> {
  const days = new Map<number, string[]>()
  const add = (
    source: string,
    rows: readonly { readonly day: unknown; readonly count: unknown; readonly sum: unknown }[],
  ): void => {
    for (const { day, count, sum } of rows) {
      const dayUs = Number(day) * DAY_US
      days.set(dayUs, [...(days.get(dayUs) ?? []), `${source} ${count} ${sum}`])
    }
  }
  const dayOf = (column: 'incurred_us' | 'acquired_us' | 'drawn_us') => sql<bigint>`${sql.ref(column)} / ${sql.lit(DAY_US)}`
  const [from, to] = [BigInt(fromUs), BigInt(toUs)]
  const charges = db
    .selectFrom('charges')
    .select(({ fn }) => [
      dayOf('incurred_us').as('day'),
      fn.countAll().as('count'),
      sql`sum(amount_nano_usd) || ' ' || max(id)`.as('sum'),
    ])
    .where('sandbox', '=', sandbox ? 1n : 0n)
    .where('incurred_us', '>=', from)
    .where('incurred_us', '<', to)
    .groupBy('day')
  add('charges', await charges.execute())
  if (!sandbox) {
    const lots = db
      .selectFrom('credit_lots')
      .select(({ fn }) => [
        dayOf('acquired_us').as('day'),
        fn.countAll().as('count'),
        sql`sum(paid_nano_usd) || ' ' || sum(amount_nano_usd) || ' ' || coalesce(sum(quantity), 0) || ' ' || coalesce(sum(expires_us), 0)`.as(
          'sum',
        ),
      ])
      .where('commitment', 'is not', null)
      .where('acquired_us', '>=', from)
      .where('acquired_us', '<', to)
      .groupBy('day')
    add('lots', await lots.execute())
    const draws = db
      .selectFrom('credit_draws')
      .select(({ fn }) => [dayOf('drawn_us').as('day'), fn.countAll().as('count'), sql`sum(effective_nano_usd)`.as('sum')])
      .where('attempt_id', '=', '')
      .where('drawn_us', '>=', from)
      .where('drawn_us', '<', to)
      .groupBy('day')
    add('draws', await draws.execute())
  }
  return [...days].sort(([a], [b]) => a - b).map(([dayUs, parts]) => ({ dayUs, content: parts.join('; ') }))
}
