/** Versions of routes, and the past requests that a replay decides again. */
import type { Kysely, Selectable } from 'kysely'
import type { JsonObject } from '../../core/json.ts'
import type { Operation } from '../../core/request.ts'
import type { LedgerRoutes, PastQuery, PastRequest, RouteVersion } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { numberOrNull, parseObject, toSum } from './decode.ts'

/** Also the bound on the lists of ids in one query. */
const PAGE = 500

export const createRouteReads = (db: Kysely<Database>): Omit<LedgerRoutes, 'put'> => ({
  newest: async () => {
    const rows = await db
      .selectFrom('route_versions as each')
      .selectAll()
      .where(({ eb, selectFrom }) =>
        eb(
          'each.version',
          '=',
          selectFrom('route_versions as any')
            .select(({ fn }) => fn.max('any.version').as('newest'))
            .whereRef('any.name', '=', 'each.name'),
        ),
      )
      .orderBy('each.name')
      .execute()
    return rows.map(toVersion)
  },
  versions: async (name) => {
    const rows = await db
      .selectFrom('route_versions')
      .selectAll()
      .where('name', '=', name)
      .orderBy('version', 'desc')
      .limit(PAGE)
      .execute()
    return rows.map(toVersion)
  },
  revision: async () => {
    const row = await db
      .selectFrom('route_versions')
      .select(({ fn }) => fn.countAll<bigint>().as('count'))
      .executeTakeFirstOrThrow()
    return Number(row.count)
  },
  past: (query) => readPast(db, query),
})

const toVersion = (row: Selectable<Database['route_versions']>): RouteVersion => ({
  name: row.name,
  version: Number(row.version),
  document: objectOf(row.document),
  retired: row.retired === 1n,
  restores: numberOrNull(row.restores),
  createdUs: Number(row.created_us),
  createdBy: row.created_by,
})

/** A row that is broken is reported as such; it must not stop the others. */
function objectOf(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}

async function* readPast(db: Kysely<Database>, { sinceUs, sandbox, routes }: PastQuery): AsyncIterable<PastRequest> {
  let before: string | undefined
  for (;;) {
    let query = db
      .selectFrom('requests')
      .leftJoin('request_content', 'request_content.request_id', 'requests.id')
      .select(['requests.id', 'requests.created_us', 'requests.model', 'requests.route', 'requests.operation', 'requests.n'])
      .select(['requests.offer', 'requests.outcome', 'requests.latency_us'])
      .select(['request_content.parameters', 'request_content.prompt'])
      .where('requests.finished_us', 'is not', null)
      // Without its settings a request cannot be decided again.
      .where('requests.record_deleted_us', 'is', null)
      .where('requests.sandbox', '=', sandbox ? 1n : 0n)
      .where('requests.created_us', '>=', BigInt(sinceUs))
      .orderBy('requests.id', 'desc')
      .limit(PAGE)
    if (before !== undefined) query = query.where('requests.id', '<', before)
    if (routes) query = query.where('requests.route', 'in', routes)
    const rows = await query.execute()
    const ids = rows.map((row) => row.id)
    const [costs, inputs] = ids.length === 0 ? [new Map(), new Map()] : await Promise.all([costsOf(db, ids), inputsOf(db, ids)])
    for (const row of rows) {
      yield {
        id: row.id,
        createdUs: Number(row.created_us),
        model: row.model,
        route: row.route,
        operation: row.operation as Operation,
        n: Number(row.n),
        offer: row.offer === '' ? undefined : row.offer,
        outcome: row.outcome ?? '',
        latencyUs: numberOrNull(row.latency_us),
        costNanoUsd: costs.get(row.id) ?? 0n,
        parameters: parseObject(row.parameters ?? '{}'),
        prompt: row.prompt,
        inputs: inputs.get(row.id) ?? 0,
      }
    }
    before = ids.at(-1)
    if (rows.length < PAGE) return
  }
}

async function costsOf(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
  const rows = await db
    .selectFrom('attempts')
    .innerJoin('charges', 'charges.attempt_id', 'attempts.id')
    .select(({ fn }) => ['attempts.request_id', fn.sum<bigint>('charges.amount_nano_usd').as('cost')])
    .where('attempts.request_id', 'in', ids)
    .groupBy('attempts.request_id')
    .execute()
  return new Map(rows.map((row) => [row.request_id, toSum(row.cost)]))
}

/** Pictures that the client sent. */
async function inputsOf(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('assets')
    .select(({ fn }) => ['request_id', fn.countAll<bigint>().as('count')])
    .where('request_id', 'in', ids)
    .where('attempt_id', 'is', null)
    .where('role', 'not in', ['output', 'original', 'partial'])
    .groupBy('request_id')
    .execute()
  return new Map(rows.map((row) => [row.request_id, Number(row.count)]))
}
