/** The requests themselves, for groupings that no stored sums know. */
import type { Kysely } from 'kysely'
import type { Fact, LatencyFact, Sums } from '../../core/insight/explore.ts'
import { zeroSums } from '../../core/insight/explore.ts'
import type { StoredDimension, StoredValues } from '../../core/insight/rules.ts'
import { latencyBucket } from '../../core/latency.ts'
import { type FeedbackSignal, ratingOf, type Verdict } from '../../core/routing/learning/feedback.ts'
import type { ScannedPage, ScanQuery } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { groupBy, parseTags, toSum } from './decode.ts'
import { looseCharges } from './insight-hours.ts'
import { startOf } from './insight-rows.ts'

/** Also the bound on the lists of ids in one query, and on how long one read keeps others waiting. */
const PAGE = 2_000
const DAY_US = 86_400_000_000

const scannedColumns = [
  'requests.id',
  'requests.finished_us',
  'requests.offer',
  'requests.operation',
  'requests.size_class',
  'requests.quality',
  'requests.route',
  'requests.project_id',
  'requests.key_id',
  'requests.outcome',
  'requests.prompt_class',
  'requests.end_customer',
  'requests.request_group',
  'requests.latency_us',
  'requests.tags',
] as const

export async function* scanRequests(db: Kysely<Database>, query: ScanQuery): AsyncIterable<ScannedPage> {
  yield { requests: 0, facts: await looseCharges(db, query), latencies: [] }
  yield { requests: 0, facts: await lateCharges(db, query), latencies: [] }
  let after = firstId(query.fromUs - DAY_US)
  const end = firstId(query.toUs)
  for (;;) {
    const rows = await db
      .selectFrom('requests')
      .select(scannedColumns)
      .select('requests.sandbox')
      .where('id', '>', after)
      .where('id', '<', end)
      .orderBy('id')
      .limit(PAGE)
      .execute()
    yield await pageOf(
      db,
      query,
      rows.filter((row) => (row.sandbox === 1n) === query.sandbox),
    )
    after = rows.at(-1)?.id ?? ''
    if (rows.length < PAGE) return
  }
}

/** Money of closed months: it counts where it was booked, whenever its call was. */
async function lateCharges(db: Kysely<Database>, { fromUs, toUs, sandbox, grain, dimensions }: ScanQuery): Promise<Fact[]> {
  const rows = await db
    .selectFrom('charges')
    .innerJoin('attempts', 'attempts.id', 'charges.attempt_id')
    .innerJoin('requests', 'requests.id', 'attempts.request_id')
    .select(scannedColumns)
    .select(['attempts.offer as called', 'attempts.outcome as ended', 'attempts.kind'])
    .select(['charges.incurred_us', 'charges.amount_nano_usd'])
    .where('charges.corrects_month_us', 'is not', null)
    .where('charges.sandbox', '=', sandbox ? 1n : 0n)
    .where('charges.incurred_us', '>=', BigInt(fromUs))
    .where('charges.incurred_us', '<', BigInt(toUs))
    .execute()
  return rows.map((row) => ({
    values: valuesOf(dimensions, row, { offer: row.called, outcome: row.ended ?? '', kind: row.kind }),
    atUs: startOf(grain, Number(row.incurred_us)),
    sums: { ...zeroSums, costNanoUsd: row.amount_nano_usd },
  }))
}

/** Ids are UUIDv7: their first 48 bits are milliseconds, so that they are in the order of time. */
function firstId(atUs: number): string {
  const hex = Math.max(0, Math.floor(atUs / 1_000))
    .toString(16)
    .padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}`
}

type ScannedRequest = Pick<
  { [C in keyof Database['requests']]: Database['requests'][C] },
  | 'id'
  | 'finished_us'
  | 'offer'
  | 'operation'
  | 'size_class'
  | 'quality'
  | 'route'
  | 'project_id'
  | 'key_id'
  | 'outcome'
  | 'prompt_class'
  | 'end_customer'
  | 'request_group'
  | 'latency_us'
  | 'tags'
>

async function pageOf(db: Kysely<Database>, query: ScanQuery, requests: readonly ScannedRequest[]): Promise<ScannedPage> {
  if (requests.length === 0) return { requests: 0, facts: [], latencies: [] }
  const byId = new Map(requests.map((request) => [request.id, request]))
  const attempts = await db
    .selectFrom('attempts')
    .select(['id', 'request_id', 'offer', 'outcome', 'kind', 'images_made', 'settled_us'])
    .where('request_id', 'in', [...byId.keys()])
    .where('settled_us', 'is not', null)
    .execute()
  const [costs, ratings] = await Promise.all([costsOf(db, attempts), ratingsOf(db, [...byId.keys()])])
  const facts: Fact[] = []
  const latencies: LatencyFact[] = []
  const isIn = (atUs: number): boolean => atUs >= query.fromUs && atUs < query.toUs
  for (const attempt of attempts) {
    const request = byId.get(attempt.request_id)
    const atUs = Number(attempt.settled_us)
    if (!request || !isIn(atUs)) continue
    const sums: Sums = {
      ...zeroSums,
      attempts: 1,
      images: Number(attempt.images_made),
      costNanoUsd: costs.get(attempt.id) ?? 0n,
      ...(ratings.get(attempt.id) ?? {}),
    }
    const place = { offer: attempt.offer, outcome: attempt.outcome ?? '', kind: attempt.kind }
    facts.push({ values: valuesOf(query.dimensions, request, place), atUs: startOf(query.grain, atUs), sums })
  }
  for (const request of requests) {
    if (request.finished_us === null || !isIn(Number(request.finished_us))) continue
    const outcome = request.outcome ?? ''
    const delivered = outcome === 'succeeded' || outcome === 'partial'
    const values = valuesOf(query.dimensions, request, { offer: request.offer, outcome, kind: '' })
    const atUs = startOf(query.grain, Number(request.finished_us))
    facts.push({ values, atUs, sums: { ...zeroSums, requests: 1, delivered: delivered ? 1 : 0 } })
    if (request.latency_us !== null && (delivered || query.dimensions.includes('outcome'))) {
      const amount = request.latency_us
      latencies.push({ values, atUs, bucket: Math.ceil(latencyBucket(Number(amount)) / 2), entries: 1, amount })
    }
  }
  return { requests: requests.length, facts, latencies }
}

function valuesOf(
  dimensions: readonly StoredDimension[],
  request: ScannedRequest,
  place: { readonly offer: string; readonly outcome: string; readonly kind: string },
): StoredValues {
  const all: StoredValues = {
    ...place,
    operation: request.operation,
    size: request.size_class,
    quality: request.quality,
    route: request.route,
    project: request.project_id,
    key: request.key_id,
    prompt_class: request.prompt_class,
    end_customer: request.end_customer ?? '',
    group: request.request_group ?? '',
  }
  const tags = dimensions.some((dimension) => dimension.startsWith('tag:')) ? parseTags(request.tags) : {}
  return Object.fromEntries(
    dimensions.map((dimension) => [
      dimension,
      dimension.startsWith('tag:') ? (tags[dimension.slice(4)] ?? '') : (all[dimension] ?? ''),
    ]),
  )
}

async function costsOf(db: Kysely<Database>, attempts: readonly { readonly id: string }[]): Promise<ReadonlyMap<string, bigint>> {
  if (attempts.length === 0) return new Map()
  const rows = await db
    .selectFrom('charges')
    .select(({ fn }) => ['attempt_id', fn.sum<bigint>('amount_nano_usd').as('cost')])
    .where(
      'attempt_id',
      'in',
      attempts.map(({ id }) => id),
    )
    .where('corrects_month_us', 'is', null)
    .groupBy('attempt_id')
    .execute()
  return new Map(rows.map((row) => [row.attempt_id, toSum(row.cost)]))
}

/** By attempt, as the sums count them: a word about a picture that nobody stored stands for all that the attempt made. */
async function ratingsOf(
  db: Kysely<Database>,
  requestIds: readonly string[],
): Promise<ReadonlyMap<string, Pick<Sums, 'accepted' | 'rejected'>>> {
  const words = await db.selectFrom('feedback').selectAll().where('request_id', 'in', requestIds).execute()
  if (words.length === 0) return new Map()
  const assetIds = [...new Set(words.flatMap(({ asset_id: id }) => (id === null ? [] : [id])))]
  const owners = new Map<string, { readonly attemptId: string; readonly images: number }>()
  if (assetIds.length > 0) {
    const assets = await db.selectFrom('assets').select(['id', 'attempt_id']).where('id', 'in', assetIds).execute()
    for (const { id, attempt_id: attemptId } of assets) owners.set(id, { attemptId: attemptId ?? '', images: 1 })
  }
  const attemptIds = [
    ...new Set(words.flatMap(({ id, asset_id: assetId }) => (assetId === null ? [id.split('|')[0] ?? ''] : []))),
  ]
  if (attemptIds.length > 0) {
    const made = await db.selectFrom('attempts').select(['id', 'images_made']).where('id', 'in', attemptIds).execute()
    for (const { id, images_made: images } of made) owners.set(id, { attemptId: id, images: Number(images) })
  }
  const sums = new Map<string, { accepted: number; rejected: number }>()
  for (const [picture, said] of groupBy(words, ({ id }) => id.split('|')[0] ?? null)) {
    const owner = owners.get(picture)
    if (!owner) continue
    const { accepted, rejected } = ratingOf(
      said.map((row) => ({
        signal: row.signal as FeedbackSignal,
        verdict: row.verdict as Verdict,
        atUs: Number(row.created_us),
        ...(row.score !== null && { score: Math.round(Number(row.score) * 1_000) }),
      })),
    )
    const sum = sums.get(owner.attemptId) ?? { accepted: 0, rejected: 0 }
    sums.set(owner.attemptId, {
      accepted: sum.accepted + owner.images * accepted,
      rejected: sum.rejected + owner.images * rejected,
    })
  }
  return sums
}
