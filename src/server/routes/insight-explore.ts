/** Grouping of history by any two dimensions and time, as JSON or CSV. */
import type { ExploreRequest, ExploreResponse, ExploreRow } from '../../contract/insight.ts'
import { dimension as dimensionSchema } from '../../contract/insight.ts'
import { HalftoneError } from '../../core/error.ts'
import { csvOf } from '../../core/insight/csv.ts'
import { type Distribution, RELATIVE_ERROR } from '../../core/insight/distribution.ts'
import {
  dimensionsOf,
  type ExploredRow,
  type ExploreQuery,
  exploreSteps,
  type Fact,
  type LatencyFact,
  perImage,
  type Sums,
  shareOf,
} from '../../core/insight/explore.ts'
import { type Period, resolvePeriod } from '../../core/insight/period.ts'
import type { StoredDimension } from '../../core/insight/rules.ts'
import type { InsightDimension } from '../../core/insight/terms.ts'
import { formatUsd } from '../../core/money.ts'
import type { Turns } from '../../gateway/turns.ts'
import type { FinePage, FineQuery, SumsQuery } from '../../ports/ledger.ts'
import type { Call, Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'
import { activeRules, isSandbox, msOrNull, periodWire, rounded, turnsOf, usdOrNull } from './insight-shared.ts'

/** How long the finest sums may be read for one question. */
const MOST_MS = 10_000
/** Hours of more days than this are more points than anybody reads. */
const MOST_HOURLY_DAYS = 14

export const insightExplore: Handler = async (call) => {
  // Checked by the endpoint's schema.
  const body = call.body as ExploreRequest
  const turns = turnsOf(call)
  const answer = await explored(call, body, turns)
  const accepts = call.request.headers.accept ?? ''
  if (body.format !== 'csv' && (body.format === 'json' || !accepts.includes('text/csv'))) {
    await call.reply.header('content-type', 'application/json; charset=utf-8').send(await turns.through(jsonText(answer)))
    return undefined
  }
  call.reply
    .header('content-type', 'text/csv; charset=utf-8')
    .header('content-disposition', 'attachment; filename="halftone-explore.csv"')
    .header('x-content-type-options', 'nosniff')
  await call.reply.send(await turns.through(csvText(answer)))
  return undefined
}

/** The answer itself, for whoever asks within this process. */
export async function explored(call: Call, body: ExploreRequest, turns: Turns): Promise<ExploreResponse> {
  const nowUs = call.context.services.clock.nowUs()
  const period = resolvePeriod(body, nowUs)
  if (body.grain === 'hour' && period.toUs - period.fromUs > MOST_HOURLY_DAYS * 86_400_000_000) {
    throw new HalftoneError(
      'query_too_large',
      `By the hour at most ${MOST_HOURLY_DAYS} days can be asked for; use grain "day".`,
      {
        param: 'grain',
      },
    )
  }
  const query: ExploreQuery = {
    groupBy: [...new Set(body.group_by as readonly InsightDimension[])],
    filters: filtersOf(body),
    rules: await activeRules(call),
    sort: body.sort,
    order: body.order,
    limit: body.limit,
  }
  const sandbox = isSandbox(call, body.sandbox)
  const { source, facts, latencies } = await gather(call, { query, period, sandbox, body })
  await turns.next()
  const found = await turns.through(exploreSteps(query, facts, latencies))
  return {
    object: 'insight_explore',
    sandbox,
    period: periodWire(period, nowUs),
    group_by: [...query.groupBy],
    grain: body.grain,
    source,
    rows: await turns.through(rowsWire(found.rows, wantsLatency(body))),
    groups: found.groups,
    total: measuresWire(found.total, wantsLatency(body) ? found.latency : undefined),
  }
}

function filtersOf({ filters }: ExploreRequest): ReadonlyMap<InsightDimension, ReadonlySet<string>> {
  const entries = Object.entries(filters).map(([name, values]) => {
    if (!dimensionSchema.safeParse(name).success)
      throw new HalftoneError('invalid_value', `"${name.slice(0, 64)}" is no dimension that can be filtered on.`, {
        param: 'filters',
      })
    return [name as InsightDimension, new Set(values ?? [])] as const
  })
  if (entries.length > 8)
    throw new HalftoneError('invalid_value', 'At most 8 dimensions can be filtered on.', { param: 'filters' })
  return new Map(entries)
}

const wantsLatency = ({ measures, sort }: ExploreRequest): boolean =>
  [...measures, sort].some((measure) => measure === 'latency_p50_ms' || measure === 'latency_p95_ms')

interface Gathered {
  readonly source: ExploreResponse['source']
  readonly facts: readonly Fact[]
  readonly latencies: readonly LatencyFact[]
}

interface Question {
  readonly query: ExploreQuery
  readonly period: Period
  readonly sandbox: boolean
  readonly body: ExploreRequest
}

/** The smallest sums that are kept by these dimensions together; else the finest, as long as that is quick. */
async function gather(call: Call, { query, period, sandbox, body }: Question): Promise<Gathered> {
  const { insight } = call.context.services.ledger
  const dimensions = dimensionsOf(query)
  const asked: SumsQuery = {
    sandbox,
    fromUs: period.fromUs,
    toUs: period.toUs,
    grain: body.grain,
    dimensions,
    filters: storedFilters(query, dimensions),
    plain: true,
  }
  const needsLatency = wantsLatency(body)
  const sums = await insight.sums(asked)
  const latencies = needsLatency ? await insight.distribution({ ...asked, measure: 'latency' }) : []
  const missing = sums ? (latencies ? undefined : 'latencies') : latencies ? 'sums' : 'both'
  const fine = missing ? await readAll(call, { ...asked, wants: missing }) : undefined
  return {
    source: {
      name: sums?.source ?? (body.grain === 'hour' ? 'hour:fine' : 'day:fine'),
      latency: needsLatency ? 'rollup' : 'none',
      latency_relative_error: needsLatency ? RELATIVE_ERROR : null,
    },
    facts: sums?.cells ?? fine?.facts ?? [],
    latencies: latencies ?? fine?.latencies ?? [],
  }
}

/** Those that the ledger can apply itself: of dimensions that are stored as they are asked, and that no rule rewrites. */
function storedFilters(
  { filters, rules }: ExploreQuery,
  dimensions: readonly StoredDimension[],
): NonNullable<SumsQuery['filters']> {
  return [...filters].flatMap(([name, values]) => {
    const dimension = dimensions.find((each) => each === name)
    const rewritten = rules.some(({ key }) => `tag:${key}` === name)
    return dimension && !rewritten ? [{ dimension, values: [...values] }] : []
  })
}

async function readAll(call: Call, asked: FineQuery): Promise<FinePage> {
  const { ledger, clock } = call.context.services
  const start = clock.monotonicMs()
  const facts: Fact[] = []
  const latencies: LatencyFact[] = []
  for await (const page of ledger.insight.fine(asked)) {
    for (const fact of page.facts) facts.push(fact)
    for (const latency of page.latencies) latencies.push(latency)
    if (call.reply.raw.destroyed) throw new HalftoneError('cancelled', 'The client closed the connection.')
    if (clock.monotonicMs() - start > MOST_MS) {
      throw new HalftoneError(
        'query_too_large',
        `Adding up by ${asked.dimensions.join(' x ')} together took more than ${MOST_MS / 1_000} s. Ask for fewer days, fewer dimensions, or no latencies.`,
        { param: 'group_by' },
      )
    }
  }
  return { facts, latencies }
}

function measuresWire(sums: Sums, latency: Distribution | undefined): ExploreResponse['total'] {
  return {
    cost_usd: formatUsd(sums.costNanoUsd),
    images: sums.images,
    requests: sums.requests,
    attempts: sums.attempts,
    delivered: sums.delivered,
    cost_per_image_usd: usdOrNull(perImage(sums)),
    success_share: rounded(shareOf(sums.delivered, sums.requests)),
    accepted: sums.accepted / 1_000,
    rejected: sums.rejected / 1_000,
    latency_p50_ms: msOrNull(latency?.at(0.5)),
    latency_p95_ms: msOrNull(latency?.at(0.95)),
  }
}

/** Rows between two places where the event loop may have its turn. */
const ROWS_AT_ONCE = 200

/** Thousands of rows have the same few instants, each of which is made a text once. */
function* rowsWire(rows: readonly ExploredRow[], withLatency: boolean): Generator<undefined, ExploreRow[]> {
  const texts = new Map<number, string>()
  const textOf = (atUs: number): string => {
    const text = texts.get(atUs) ?? isoTime(atUs)
    texts.set(atUs, text)
    return text
  }
  const wire: ExploreRow[] = []
  for (const row of rows) {
    wire.push({
      key: row.key.map(nameOrNull),
      at: row.atUs === null ? null : textOf(row.atUs),
      other: row.isOther,
      ...measuresWire(row.sums, withLatency ? row.latency : undefined),
    })
    if (wire.length % ROWS_AT_ONCE === 0) yield
  }
  return wire
}

/** `\u0001` stands for the names beyond a day's bound. */
const nameOrNull = (value: string): string | null =>
  value === '' ? null : value === '\u0001' ? '(beyond the daily bound)' : value

const measureNames = [
  'cost_usd',
  'images',
  'requests',
  'attempts',
  'delivered',
  'cost_per_image_usd',
  'success_share',
  'accepted',
  'rejected',
  'latency_p50_ms',
  'latency_p95_ms',
] as const

/** As `JSON.stringify`, with the rows last. */
function* jsonText({ rows, ...rest }: ExploreResponse): Generator<undefined, string> {
  const parts: string[] = []
  for (const some of slicesOf(rows)) {
    parts.push(JSON.stringify(some).slice(1, -1))
    yield
  }
  return `${JSON.stringify(rest).slice(0, -1)},"rows":[${parts.join(',')}]}`
}

function* csvText({ group_by: groupBy, rows, grain }: ExploreResponse): Generator<undefined, string> {
  const parts = [csvOf([[...groupBy, ...(grain === 'none' ? [] : ['at']), ...measureNames]])]
  for (const some of slicesOf(rows)) {
    const cells = some.map((row) => [
      ...groupBy.map((_, index) => (row.other ? '(other)' : (row.key[index] ?? ''))),
      ...(grain === 'none' ? [] : [row.at]),
      ...measureNames.map((name) => row[name]),
    ])
    parts.push(csvOf(cells))
    yield
  }
  return parts.join('')
}

function* slicesOf(rows: readonly ExploreRow[]): Iterable<readonly ExploreRow[]> {
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) yield rows.slice(start, start + ROWS_AT_ONCE)
}
