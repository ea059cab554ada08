/** A list of requests narrowed in SQL, in the same words for every database, and never more than a bounded scan. */
import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely'
import type { RequestFilter, RequestQuery } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'

type Builder = ExpressionBuilder<Database & { request_content: { prompt: string | null } }, 'requests' | 'request_content'>

/** Requests looked at per page when the filter has no index of its own. */
const SCAN_LIMIT = 50_000

/**
 * The last request a page may look at: a filter that matches nothing ends there instead of reading everything. Undefined:
 * the rest is shorter than that.
 */
export async function scanEnd(
  db: Kysely<Database>,
  { cursor, untilUs, scanLimit = SCAN_LIMIT }: Pick<RequestQuery, 'cursor' | 'untilUs' | 'scanLimit'>,
): Promise<{ readonly id: string; readonly createdUs: number } | undefined> {
  let query = db
    .selectFrom('requests')
    .select(['id', 'created_us'])
    .orderBy('id', 'desc')
    .offset(scanLimit - 1)
    .limit(1)
  if (cursor !== undefined) query = query.where('id', '<', cursor)
  if (untilUs !== undefined) query = query.where('created_us', '<', BigInt(untilUs))
  const row = await query.executeTakeFirst()
  return row && { id: row.id, createdUs: Number(row.created_us) }
}

/** Whether anything but the page itself is asked for. */
export const isNarrowed = (filter: RequestFilter): boolean => Object.values(filter).some((value) => value !== undefined)

/** Every condition of the filter. */
export function conditionsOf(eb: Builder, filter: RequestFilter): Expression<SqlBool>[] {
  const conditions: Expression<SqlBool>[] = []
  const add = (condition: Expression<SqlBool> | undefined) => condition && conditions.push(condition)
  const { keyId, projectId, outcomes, operations, routes, group, endCustomer, sinceUs, untilUs } = filter
  if (keyId !== undefined) add(eb('requests.key_id', '=', keyId))
  if (projectId !== undefined) add(eb('requests.project_id', '=', projectId))
  if (outcomes?.length) add(eb('requests.outcome', 'in', [...outcomes]))
  if (operations?.length) add(eb('requests.operation', 'in', [...operations]))
  if (routes?.length) add(eb('requests.route', 'in', [...routes]))
  if (filter.sizeClasses?.length) add(eb('requests.size_class', 'in', [...filter.sizeClasses]))
  if (filter.qualities?.length) add(eb('requests.quality', 'in', [...filter.qualities]))
  if (filter.promptClasses?.length) add(eb('requests.prompt_class', 'in', [...filter.promptClasses]))
  if (group !== undefined) add(eb('requests.request_group', '=', group))
  if (endCustomer !== undefined) add(eb('requests.end_customer', '=', endCustomer))
  if (sinceUs !== undefined) add(eb('requests.created_us', '>=', BigInt(sinceUs)))
  if (untilUs !== undefined) add(eb('requests.created_us', '<', BigInt(untilUs)))
  for (const tag of filter.tags ?? []) add(like(eb, 'requests.tags', tagText(tag)))
  add(attemptsOf(eb, filter))
  for (const cost of costConditions(filter)) add(cost)
  if (filter.search) add(searchOf(eb, filter.search))
  return conditions
}

/** Tags are stored as compact JSON, where a quote inside a value is escaped: this text is found only as a whole tag. */
const tagText = ({ key, value }: { key: string; value: string }): string => `${JSON.stringify(key)}:${JSON.stringify(value)}`

function attemptsOf(eb: Builder, { models, offers, providers }: RequestFilter): Expression<SqlBool> | undefined {
  const wanted: Expression<SqlBool>[] = []
  const some = (column: 'offer' | 'provider' | 'model', values: readonly string[]) =>
    eb.exists(
      eb
        .selectFrom('attempts')
        .select('attempts.id')
        .whereRef('attempts.request_id', '=', 'requests.id')
        .where(`attempts.${column}`, 'in', [...values]),
    )
  if (offers?.length) wanted.push(some('offer', offers))
  if (providers?.length) wanted.push(some('provider', providers))
  if (models?.length) wanted.push(eb.or([eb('requests.model', 'in', [...models]), some('model', models)]))
  return wanted.length > 0 ? eb.and(wanted) : undefined
}

function costConditions({ minCostNanoUsd, maxCostNanoUsd }: RequestFilter): Expression<SqlBool>[] {
  const cost = sql`(select coalesce(sum(charges.amount_nano_usd), 0) from charges join attempts on attempts.id = charges.attempt_id where attempts.request_id = requests.id)`
  return [
    ...(minCostNanoUsd === undefined ? [] : [sql<SqlBool>`${cost} >= ${minCostNanoUsd}`]),
    ...(maxCostNanoUsd === undefined ? [] : [sql<SqlBool>`${cost} <= ${maxCostNanoUsd}`]),
  ]
}

type TextColumn = 'requests.id' | 'requests.tags' | 'requests.request_group' | 'requests.end_customer' | 'request_content.prompt'

function searchOf(eb: Builder, { text, inPrompts }: NonNullable<RequestFilter['search']>): Expression<SqlBool> {
  const columns: readonly TextColumn[] = ['requests.id', 'requests.request_group', 'requests.end_customer']
  const found = columns.map((column) => like(eb, column, text))
  // In JSON a quote or a line break is written differently than it was typed.
  found.push(like(eb, 'requests.tags', JSON.stringify(text).slice(1, -1)))
  if (inPrompts) found.push(like(eb, 'request_content.prompt', text))
  return eb.or(found)
}

/**
 * Contains the text. Databases differ in folding the case of letters beyond ASCII, so such text is also looked for as it
 * was typed.
 */
function like(eb: Builder, column: TextColumn, text: string): Expression<SqlBool> {
  const pattern = (value: string) => `%${value.replaceAll(/[\\%_]/g, '\\$&')}%`
  const contains = (side: Expression<unknown>, value: string) => sql<SqlBool>`${side} like ${pattern(value)} escape '\\'`
  const folded = contains(sql`lower(${eb.ref(column)})`, text.toLowerCase())
  return /^[\0-\x7f]*$/.test(text) ? folded : eb.or([folded, contains(eb.ref(column), text)])
}
