/** What reports about a time are made from: calls to price again, repeats, and money by its evidence. */
import { type Kysely, sql } from 'kysely'
import type { CandidateSettings } from '../../core/offer.ts'
import type { Provenance } from '../../core/outcome.ts'
import { type PastCall, pastKinds } from '../../core/report/past-call.ts'
import type { InputRole, Operation } from '../../core/request.ts'
import type { LedgerReports, PastCallsQuery, ReportSpan } from '../../ports/ledger-reports.ts'
import type { Database } from '../schema.ts'
import { groupBy, parseObject, toSum } from './decode.ts'

/** Also the bound on the lists of ids in one query. */
const PAGE = 500

export const createPastReads = (db: Kysely<Database>): LedgerReports => ({
  calls: (query) => aheadOf(readCalls(db, query)),
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

/** So long before a call its request may have come: it waited, or others failed first. */
const REQUEST_BEFORE_US = 60_000_000

const flag = (sandbox: boolean): bigint => (sandbox ? 1n : 0n)

/** The next page is read while the last one is looked at. */
async function* aheadOf<Page>(pages: AsyncGenerator<Page>): AsyncIterable<Page> {
  for (let next = pages.next(); ; ) {
    const page = await next
    if (page.done) return
    next = pages.next()
    // Whoever stops here does not want to know; whoever goes on awaits it.
    next.catch(() => undefined)
    yield page.value
  }
}

async function* readCalls(
  db: Kysely<Database>,
  { slices, sandbox, repeatsWithinUs }: PastCallsQuery,
): AsyncGenerator<readonly PastCall[]> {
  for (const [index, slice] of slices.entries()) {
    const span = { ...slice, sandbox }
    const repeats = await readRepeats(db, span, repeatsWithinUs)
    for (let last = ''; ; ) {
      const page = await readPage(db, span, last)
      if (page.length > 0) {
        yield page.map(({ requestId, ...call }) => ({
          ...call,
          ...(repeats.has(requestId) && { repeats: true as const }),
          slice: index,
        }))
      }
      if (page.length < PAGE) break
      last = page.at(-1)?.id ?? ''
    }
  }
}

type PageRow = Omit<PastCall, 'slice' | 'repeats'> & { readonly requestId: string }

async function readPage(db: Kysely<Database>, { fromUs, toUs, sandbox }: ReportSpan, after: string): Promise<readonly PageRow[]> {
  const rows = await db
    .selectFrom('attempts')
    .innerJoin('requests', 'requests.id', 'attempts.request_id')
    .leftJoin('request_content', 'request_content.request_id', 'attempts.request_id')
    // One bound at the beginning, because a database may read from the first of two that it is given.
    .where('attempts.id', after === '' ? '>=' : '>', after === '' ? idAt(fromUs) : after)
    .where('attempts.id', '<', idAt(toUs))
    .where('attempts.state', '=', 'settled')
    .where('attempts.outcome', 'in', ['succeeded', 'partial'])
    .where('attempts.kind', 'in', pastKinds)
    .where('attempts.sandbox', '=', flag(sandbox))
    .select(['attempts.id', 'attempts.request_id', 'attempts.offer', 'attempts.settings', 'attempts.priced_at_us'])
    .select(['requests.record_deleted_us', 'attempts.duration_us', 'requests.model', 'requests.route', 'requests.operation'])
    .select(['request_content.parameters', 'request_content.features', 'request_content.prompt'])
    .select(({ selectFrom }) =>
      selectFrom('charges')
        .select(({ fn }) => fn.sum<bigint>('amount_nano_usd').as('cost'))
        .whereRef('charges.attempt_id', '=', 'attempts.id')
        .as('cost'),
    )
    .orderBy('attempts.id')
    .limit(PAGE)
    .execute()
  if (rows.length === 0) return []
  const inputs = await inputsOf(
    db,
    rows.map((row) => row.request_id),
  )
  return rows.map((row) => ({
    id: row.id,
    requestId: row.request_id,
    offer: row.offer,
    // Written by the reserve command from this type.
    settings: parseObject(row.settings) as unknown as CandidateSettings,
    atUs: Number(row.priced_at_us),
    chargedNanoUsd: toSum(row.cost),
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
 * Requests that equal one of the same key which had succeeded at most `withinUs` before. All of the time is read in the order it was written:
 * to look up each by its fingerprint would be a page of the disk for each.
 */
async function readRepeats(
  db: Kysely<Database>,
  { fromUs, toUs, sandbox }: ReportSpan,
  withinUs: number,
): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from (
      select id, created_us - lag(created_us) over same as after_us, lag(outcome) over same as outcome_before
      from requests
      where id >= ${idAt(fromUs - REQUEST_BEFORE_US - withinUs)} and id < ${idAt(toUs)}
        and sandbox = ${flag(sandbox)} and images_returned > 0
      window same as (partition by fingerprint, key_id order by id)
    ) as made
    where after_us <= ${BigInt(withinUs)} and outcome_before in ('succeeded', 'partial')
  `.execute(db)
  return new Set(rows.map((row) => row.id))
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
  const attempts = () =>
    db
      .selectFrom('attempts')
      .select(({ fn }) => fn.countAll<bigint>().as('count'))
      .where('id', '>=', idAt(fromUs))
      .where('id', '<', idAt(toUs))
      .where('sandbox', '=', flag(sandbox))
  // Written out, not bound: only then does a database know that the index of just these will do.
  const unknown = await attempts().where(sql<boolean>`state = 'unknown'`).executeTakeFirstOrThrow()
  const unpriced = await attempts()
    .where(sql<boolean>`unpriced = 1`)
    .where('state', '=', 'settled')
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('charges').select('charges.id').whereRef('charges.attempt_id', '=', 'attempts.id'))),
    )
    .executeTakeFirstOrThrow()
  return {
    charges: charges.reduce((sum, { count }) => sum + Number(count), 0),
    totalNanoUsd: charges.reduce((sum, { cost }) => sum + toSum(cost), 0n),
    byProvenance: charges.map(({ provenance, cost }) => ({ provenance: provenance as Provenance, costNanoUsd: toSum(cost) })),
    corrections: late.map((row) => ({
      monthUs: Number(row.corrects_month_us),
      charges: Number(row.count),
      costNanoUsd: toSum(row.cost),
    })),
    unpricedAttempts: Number(unpriced.count),
    unknownAttempts: Number(unknown.count),
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
