/** Words about pictures that were made under a floor, and the requests whose prompts were looked at. */
import type { Kysely } from 'kysely'
import { changedSuffix } from '../../core/offer.ts'
import type { PictureWord, StoredGate } from '../../core/routing/learning/spoken.ts'
import type { LedgerQuality } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'

export const createQualityReads = (db: Kysely<Database>): Omit<LedgerQuality, 'reset'> => ({
  words: (query) => readWords(db, query),
  gated: async ({ route, limit }) => {
    const rows = await db
      .selectFrom('requests')
      .select(['prompt_gate', 'n'])
      .where('route', '=', route)
      .where('prompt_gate', 'is not', null)
      .orderBy('id', 'desc')
      .limit(limit)
      .execute()
    return rows
      .flatMap(({ prompt_gate, n }) => (prompt_gate === null ? [] : [{ gate: gateOf(prompt_gate), n: Number(n) }]))
      .reverse()
  },
  resets: async (sinceUs) => {
    const rows = await db
      .selectFrom('quality_resets')
      .select(({ fn }) => ['product', fn.max<bigint>('at_us').as('at_us')])
      .where('at_us', '>=', BigInt(sinceUs))
      .groupBy('product')
      .execute()
    return new Map(rows.map(({ product, at_us }) => [product, Number(at_us)]))
  },
})

/** Also the bound on the list of ids in one query. */
const PAGE = 500

async function readWords(
  db: Kysely<Database>,
  { sinceUs, limit }: Parameters<LedgerQuality['words']>[0],
): Promise<readonly PictureWord[]> {
  const said = await db
    .selectFrom('feedback')
    .innerJoin('requests', 'requests.id', 'feedback.request_id')
    .leftJoin('assets', 'assets.id', 'feedback.asset_id')
    .select([
      'feedback.id',
      'feedback.verdict',
      'feedback.score',
      'feedback.created_us',
      'feedback.request_id',
      'assets.attempt_id',
      'requests.project_id',
      'requests.key_id',
      'requests.end_customer',
      'requests.route',
      'requests.quality_floor',
      'requests.prompt_gate',
    ])
    .where('feedback.created_us', '>=', BigInt(sinceUs))
    .where('feedback.signal', '=', 'explicit')
    .where('requests.quality_floor', 'is not', null)
    .where('requests.record_deleted_us', 'is', null)
    .orderBy('feedback.created_us', 'desc')
    .limit(limit)
    .execute()
  const attemptOf = (row: (typeof said)[number]): string => row.attempt_id ?? pictureOf(row.id)
  const products = await readProducts(db, [...new Set(said.map(attemptOf))])
  return said.flatMap((row): PictureWord[] => {
    const product = products.get(attemptOf(row))
    if (product === undefined || row.quality_floor === null) return []
    const own = row.id.endsWith(`|explicit|${row.key_id}`)
    return [
      {
        picture: pictureOf(row.id),
        requestId: row.request_id,
        projectId: row.project_id,
        route: row.route,
        product,
        floor: row.quality_floor,
        accepted: acceptedOf(row.verdict, row.score),
        atUs: Number(row.created_us),
        ...(row.prompt_gate !== null && { gate: gateOf(row.prompt_gate) }),
        ...(own && row.end_customer !== null && { endCustomer: row.end_customer }),
      },
    ]
  })
}

/** What made the pictures of an attempt, as floors name it; those that another offer changed are absent. */
async function readProducts(db: Kysely<Database>, attemptIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const products = new Map<string, string>()
  for (let start = 0; start < attemptIds.length; start += PAGE) {
    const rows = await db
      .selectFrom('attempts')
      .select(['id', 'model', 'settings'])
      .where('id', 'in', attemptIds.slice(start, start + PAGE))
      .where('kind', '!=', 'step')
      .execute()
    for (const { id, model, settings } of rows) {
      const product = productOf(model, settings)
      if (product !== undefined) products.set(id, product)
    }
  }
  return products
}

/** `settings` as `gateway/run-call.ts` stored them. */
function productOf(model: string, settings: string): string | undefined {
  const stored = JSON.parse(settings) as Parameters<typeof changedSuffix>[0]['settings'] &
    Pick<Parameters<typeof changedSuffix>[0], 'finishing'> & { readonly boughtStep?: object }
  if (stored.boughtStep) return undefined
  const { finishing } = stored
  return `${model}${stored.quality ? `@${stored.quality}` : ''}${changedSuffix({ settings: stored, ...(finishing && { finishing }) })}`
}

/** A picture, or an attempt whose pictures nobody stored: the first part of a word's id. */
const pictureOf = (wordId: string): string => wordId.slice(0, wordId.indexOf('|'))

const acceptedOf = (verdict: string, score: string | null): number =>
  verdict === 'score' ? Number(score ?? 0) : verdict === 'accept' ? 1 : 0

/** Written by this package alone. */
const gateOf = (text: string): StoredGate => JSON.parse(text) as StoredGate
