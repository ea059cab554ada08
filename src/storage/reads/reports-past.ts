/** What reports about a time are made from: calls to price again, repeats, and money by its evidence. */
import { type Kysely, sql } from 'kysely'
import type { CandidateSettings } from '../../core/offer.ts'
import type { Provenance } from '../../core/outcome.ts'
import type { PastCall } from '../../core/report/past-call.ts'
import type { InputRole, Operation } from '../../core/request.ts'
import type { LedgerReports, ReportSpan } from '../../ports/ledger-reports.ts'
import type { Database } from '../schema.ts'
import { groupBy, parseObject, toSum } from './decode.ts'

/** Also the bound on the lists of ids in one query. */
const PAGE = 500
/** Samples are chosen by the last three digits of ids, which are random: so many values. */
const PARTS = 4096

export const createPastReads = (db: Kysely<Database>): LedgerReports => ({
  countCalls: async (span) => {
    const row = await callsOf(db, span)
      .select(({ fn }) => fn.countAll<bigint>().as('count'))
      .executeTakeFirstOrThrow()
    return Number(row.count)
  },
  calls: (query) => readCalls(db, query),
  repeats: (query) => readRepeats(db, query),
  money: (span) => readMoney(db, span),
  draws: (span) => readDraws(db, span),
})

/** Ids carry their time, so that the primary key finds the calls. */
function idAt(atUs: number): string {
  const hex = Math.max(0, Math.floor(atUs / 1000))
    .toString(16)
    .padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}`
}

const flag = (sandbox: boolean): bigint => (sandbox ? 1n : 0n)

/** After an id, which is in the span: one bound at the beginning, because a database may read from the first of two that it is given. */
const callsOf = (db: Kysely<Database>, { fromUs, toUs, sandbox }: ReportSpan, after?: string) =>
  db
    .selectFrom('attempts')
    .where('attempts.id', after === undefined ? '>=' : '>', after ?? idAt(fromUs))
    .where('attempts.id', '<', idAt(toUs))
    .where('attempts.state', '=', 'settled')
    .where('attempts.outcome', 'in', ['succeeded', 'partial'])
    .where('attempts.kind', 'in', ['primary', 'retry', 'fallback'])
    .where('attempts.sandbox', '=', flag(sandbox))

/** The next page is read while the last one is looked at. */
async function* readCalls(
  db: Kysely<Database>,
  { parts, ...span }: Parameters<LedgerReports['calls']>[0],
): AsyncIterable<readonly PastCall[]> {
  let next: Promise<readonly PastCall[]> | undefined = readPage(db, { parts, ...span })
  while (next) {
    const page: readonly PastCall[] = await next
    const last = page.at(-1)
    next = last && page.length === PAGE ? readPage(db, { parts, ...span, after: last.id }) : undefined
    // Whoever stops here does not want to know; whoever goes on awaits it.
    next?.catch(() => undefined)
    if (last) yield page
  }
}

async function readPage(
  db: Kysely<Database>,
  { parts, after, ...span }: Parameters<LedgerReports['calls']>[0] & { readonly after?: string },
): Promise<readonly PastCall[]> {
  let query = callsOf(db, span, after)
    .innerJoin('requests', 'requests.id', 'attempts.request_id')
    .leftJoin('request_content', 'request_content.request_id', 'attempts.request_id')
    .select(['attempts.id', 'attempts.request_id', 'attempts.offer', 'attempts.settings', 'attempts.priced_at_us'])
    .select(['requests.record_deleted_us', 'attempts.duration_us', 'requests.model', 'requests.route', 'requests.operation'])
    .select(['request_content.parameters', 'request_content.features', 'request_content.prompt'])
    .orderBy('attempts.id')
    .limit(PAGE)
  if (parts < PARTS) {
    const below = Math.max(1, parts).toString(16).padStart(3, '0')
    query = query.where(sql<string>`substr(attempts.id, 34)`, '<', below)
  }
  const rows = await query.execute()
  const ids = rows.map((row) => row.id)
  if (ids.length === 0) return []
  const [costs, inputs] = await Promise.all([
    costsOf(db, ids),
    inputsOf(
      db,
      rows.map((row) => row.request_id),
    ),
  ])
  return rows.map((row) => ({
    id: row.id,
    offer: row.offer,
    // Written by the reserve command from this type.
    settings: parseObject(row.settings) as unknown as CandidateSettings,
    atUs: Number(row.priced_at_us),
    chargedNanoUsd: costs.get(row.id) ?? 0n,
    ...(row.record_deleted_us !== null && { recordDeleted: true as const }),
    ...(row.duration_us !== null && { latencyMs: Number(row.duration_us) / 1_000 }),
    request: {
      model: row.model,
      route: row.route,
      operation: row.operation as Operation,
      parameters: parseObject(row.parameters ?? '{}'),
      features: parseObject(row.features ?? '{}'),
      prompt: row.prompt,
      inputs: (inputs.get(row.request_id) ?? []).map(({ role, width, height }) => ({
        role: role as InputRole,
        width: Number(width),
        height: Number(height),
      })),
    },
  }))
}

async function costsOf(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
  const rows = await db
    .selectFrom('charges')
    .select(({ fn }) => ['attempt_id', fn.sum<bigint>('amount_nano_usd').as('cost')])
    .where('attempt_id', 'in', ids)
    .groupBy('attempt_id')
    .execute()
  return new Map(rows.map((row) => [row.attempt_id, toSum(row.cost)]))
}

async function inputsOf(db: Kysely<Database>, ids: readonly string[]) {
  const rows = await db
    .selectFrom('assets')
    .select(['request_id', 'role', 'width', 'height'])
    .where('request_id', 'in', [...new Set(ids)])
    .where('attempt_id', 'is', null)
    .where('role', 'not in', ['output', 'original', 'partial'])
    .orderBy('position')
    .execute()
  return groupBy(rows, (row) => row.request_id)
}

/**
 * In two steps: the index of fingerprints says alone which requests came soon after an equal one, and only those few are looked at. `CROSS JOIN`
 * keeps that order, and `|| ''` keeps the database from another index, behind which each request is a page to read.
 */
async function readRepeats(
  db: Kysely<Database>,
  { fromUs, toUs, sandbox, withinUs }: Parameters<LedgerReports['repeats']>[0],
): ReturnType<LedgerReports['repeats']> {
  const { rows } = await sql<{ request_id: string; attempt_id: string; cost: bigint | string | null }>`
    select again.id as request_id, attempts.id as attempt_id, sum(charges.amount_nano_usd) as cost
    from (
      select id, created_us - lag(created_us) over same as after_us
      from requests
      where id || '' >= ${idAt(fromUs)} and id || '' < ${idAt(toUs)}
      window same as (partition by fingerprint, key_id order by id)
    ) as near
    cross join requests as again
    cross join requests as before
    cross join attempts
    cross join charges
    where near.after_us <= ${BigInt(withinUs)}
      and again.id = near.id and again.sandbox = ${flag(sandbox)} and again.images_returned > 0
      and before.id = (
        select id from requests
        where fingerprint = again.fingerprint and key_id = again.key_id and id < again.id and id || '' >= ${idAt(fromUs)}
          and sandbox = ${flag(sandbox)} and images_returned > 0
        order by id desc limit 1
      )
      and again.created_us - before.created_us <= ${BigInt(withinUs)} and before.outcome in ('succeeded', 'partial')
      and attempts.request_id = again.id and charges.attempt_id = attempts.id
    group by again.id, attempts.id
    order by attempts.id
  `.execute(db)
  return rows.map((row) => ({ requestId: row.request_id, attemptId: row.attempt_id, costNanoUsd: toSum(row.cost) }))
}

async function readMoney(db: Kysely<Database>, span: ReportSpan): ReturnType<LedgerReports['money']> {
  const { fromUs, toUs, sandbox } = span
  const charges = await db
    .selectFrom('charges')
    .select(({ fn }) => ['provenance', fn.countAll<bigint>().as('count'), fn.sum<bigint>('amount_nano_usd').as('cost')])
    .where('sandbox', '=', flag(sandbox))
    .where('incurred_us', '>=', BigInt(fromUs))
    .where('incurred_us', '<', BigInt(toUs))
    .groupBy('provenance')
    .orderBy('provenance')
    .execute()
  const late = await db
    .selectFrom('charges')
    .select(({ fn }) => ['corrects_month_us', fn.countAll<bigint>().as('count'), fn.sum<bigint>('amount_nano_usd').as('cost')])
    .where('corrects_month_us', 'is not', null)
    .where('sandbox', '=', flag(sandbox))
    .where('incurred_us', '>=', BigInt(fromUs))
    .where('incurred_us', '<', BigInt(toUs))
    .groupBy('corrects_month_us')
    .orderBy('corrects_month_us')
    .execute()
  const attempts = await db
    .selectFrom('attempts')
    .select(({ fn }) => ['state', fn.countAll<bigint>().as('count')])
    .where('id', '>=', idAt(fromUs))
    .where('id', '<', idAt(toUs))
    .where('sandbox', '=', flag(sandbox))
    .where(({ or, and, eb, not, exists, selectFrom }) =>
      or([
        eb('state', '=', 'unknown'),
        and([
          eb('state', '=', 'settled'),
          eb('billed', '!=', 'no'),
          not(exists(selectFrom('charges').select('charges.id').whereRef('charges.attempt_id', '=', 'attempts.id'))),
        ]),
      ]),
    )
    .groupBy('state')
    .execute()
  const countOf = (state: string): number => Number(attempts.find((row) => row.state === state)?.count ?? 0)
  return {
    charges: charges.reduce((sum, { count }) => sum + Number(count), 0),
    totalNanoUsd: charges.reduce((sum, { cost }) => sum + toSum(cost), 0n),
    byProvenance: charges.map(({ provenance, cost }) => ({ provenance: provenance as Provenance, costNanoUsd: toSum(cost) })),
    corrections: late.map((row) => ({
      monthUs: Number(row.corrects_month_us),
      charges: Number(row.count),
      costNanoUsd: toSum(row.cost),
    })),
    unpricedAttempts: countOf('settled'),
    unknownAttempts: countOf('unknown'),
  }
}

async function readDraws(db: Kysely<Database>, { fromUs, toUs, sandbox }: ReportSpan): ReturnType<LedgerReports['draws']> {
  // Lots are real money.
  if (sandbox) return []
  const rows = await db
    .selectFrom('credit_draws')
    .select(({ fn }) => [
      'lot_id',
      fn.sum<bigint>('covered_nano_usd').as('covered'),
      fn.sum<bigint>('effective_nano_usd').as('effective'),
    ])
    .where('drawn_us', '>=', BigInt(fromUs))
    .where('drawn_us', '<', BigInt(toUs))
    .groupBy('lot_id')
    .orderBy('lot_id')
    .execute()
  return rows.map((row) => ({
    lotId: row.lot_id,
    coveredNanoUsd: toSum(row.covered),
    effectiveNanoUsd: toSum(row.effective),
  }))
}
