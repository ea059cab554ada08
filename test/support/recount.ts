/** History counted again from its rows, one by one, apart from the code that keeps sums of it. */
import { addSums, type Fact, type LatencyFact, type Sums, zeroSums } from '../../src/core/insight/explore.ts'
import type { StoredDimension, StoredValues } from '../../src/core/insight/rules.ts'
import { latencyBucket } from '../../src/core/latency.ts'
import { type FeedbackSignal, ratingOf, type Verdict } from '../../src/core/routing/learning/feedback.ts'

type Row = Readonly<Record<string, unknown>>
type Query = (sql: string) => Promise<readonly Row[]>

export interface Recounted {
  readonly facts: readonly Fact[]
  readonly latencies: readonly LatencyFact[]
}

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value))
const isDelivered = (outcome: string): boolean => outcome === 'succeeded' || outcome === 'partial'

/** All of real money, or of the sandbox, with the instant of each fact; values of every dimension, tags as `tag:<key>`. */
export async function recount(query: Query, sandbox: boolean): Promise<Recounted> {
  const where = `WHERE sandbox = ${sandbox ? 1 : 0}`
  const requests = new Map((await query(`SELECT * FROM requests ${where}`)).map((row) => [text(row['id']), row]))
  const attempts = (await query(`SELECT * FROM attempts ${where}`)).filter((row) => row['settled_us'] !== null)
  const byId = new Map(attempts.map((row) => [text(row['id']), row]))
  const facts: Fact[] = []
  const add = (row: Row | undefined, place: StoredValues, at: unknown, sums: Partial<Sums>): void => {
    facts.push({ values: { ...valuesOf(row), ...place }, atUs: Number(at), sums: { ...zeroSums, ...sums } })
  }
  const placeOf = (attempt: Row): StoredValues => ({ offer: text(attempt['offer']), outcome: text(attempt['outcome']) })
  for (const attempt of attempts) {
    const sums = { attempts: 1, images: Number(attempt['images_made']) }
    add(requests.get(text(attempt['request_id'])), placeOf(attempt), attempt['settled_us'], sums)
  }
  for (const charge of await query(`SELECT * FROM charges ${where}`)) {
    const attempt = byId.get(text(charge['attempt_id']))
    // Late money of a closed month counts where it was booked, all other where its attempt was settled.
    const at = attempt && charge['corrects_month_us'] === null ? attempt['settled_us'] : charge['incurred_us']
    const request = attempt && requests.get(text(attempt['request_id']))
    add(request, attempt ? placeOf(attempt) : {}, at, { costNanoUsd: charge['amount_nano_usd'] as bigint })
  }
  for (const [attemptId, said] of await ratings(query, byId)) {
    const attempt = byId.get(attemptId)
    if (attempt) add(requests.get(text(attempt['request_id'])), placeOf(attempt), attempt['settled_us'], said)
  }
  const latencies: LatencyFact[] = []
  for (const request of requests.values()) {
    if (request['finished_us'] === null) continue
    const outcome = text(request['outcome'])
    add(request, {}, request['finished_us'], { requests: 1, delivered: isDelivered(outcome) ? 1 : 0 })
    if (request['latency_us'] === null) continue
    const amount = request['latency_us'] as bigint
    const bucket = Math.ceil(latencyBucket(Number(amount)) / 2)
    latencies.push({ values: valuesOf(request), atUs: Number(request['finished_us']), bucket, entries: 1, amount })
  }
  return { facts, latencies }
}

function valuesOf(request: Row | undefined): StoredValues {
  if (!request) return {}
  const tags = Object.entries(JSON.parse(text(request['tags'])) as Record<string, string>)
  return {
    offer: text(request['offer']),
    operation: text(request['operation']),
    size: text(request['size_class']),
    quality: text(request['quality']),
    route: text(request['route']),
    project: text(request['project_id']),
    key: text(request['key_id']),
    outcome: text(request['outcome']),
    prompt_class: text(request['prompt_class']),
    end_customer: text(request['end_customer']),
    group: text(request['request_group']),
    ...Object.fromEntries(tags.map(([key, value]) => [`tag:${key}`, value])),
  }
}

/** Words by attempt: one about a picture that nobody stored stands for all that the attempt made. */
async function ratings(
  query: Query,
  attempts: ReadonlyMap<string, Row>,
): Promise<readonly (readonly [string, Pick<Sums, 'accepted' | 'rejected'>])[]> {
  const owners = new Map(
    (await query('SELECT id, attempt_id FROM assets')).map((row) => [text(row['id']), text(row['attempt_id'])]),
  )
  const words = new Map<string, Row[]>()
  for (const word of await query('SELECT * FROM feedback')) {
    const picture = text(word['id']).split('|')[0] ?? ''
    words.set(picture, [...(words.get(picture) ?? []), word])
  }
  return [...words].map(([picture, said]) => {
    const attemptId = owners.get(picture) ?? picture
    const images = owners.has(picture) ? 1 : Number(attempts.get(attemptId)?.['images_made'] ?? 0)
    const { accepted, rejected } = ratingOf(
      said.map((row) => ({
        signal: row['signal'] as FeedbackSignal,
        verdict: row['verdict'] as Verdict,
        atUs: Number(row['created_us']),
        ...(row['score'] !== null && { score: Math.round(Number(row['score']) * 1_000) }),
      })),
    )
    return [attemptId, { accepted: images * accepted, rejected: images * rejected }] as const
  })
}

/** Sums of the facts within the time, by instants cut to `stepUs` (0: no time) and these dimensions; what adds up to nothing is left out. */
export function grouped(facts: readonly Fact[], { dimensions, fromUs, toUs, stepUs }: Asked): ReadonlyMap<string, Sums> {
  const groups = new Map<string, Sums>()
  for (const { values, atUs, sums } of facts) {
    const at = atUs ?? 0
    if (at < fromUs || at >= toUs) continue
    const name = nameOf(values, stepUs === 0 ? null : Math.floor(at / stepUs) * stepUs, dimensions)
    groups.set(name, addSums(groups.get(name) ?? zeroSums, sums))
  }
  const some = [...groups].filter(([, sums]) => Object.values(sums).some((value) => value !== 0 && value !== 0n))
  return new Map(some.sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** The same of waits, by bucket too: those of failures count where outcomes are told apart. */
export function groupedWaits(
  latencies: readonly LatencyFact[],
  { dimensions, fromUs, toUs, stepUs }: Asked,
): ReadonlyMap<string, readonly [number, bigint]> {
  const groups = new Map<string, readonly [number, bigint]>()
  for (const { values, atUs, bucket, entries, amount } of latencies) {
    const at = atUs ?? 0
    if (at < fromUs || at >= toUs) continue
    if (!dimensions.includes('outcome') && values.outcome !== undefined && !isDelivered(values.outcome)) continue
    const name = `${nameOf(values, stepUs === 0 ? null : Math.floor(at / stepUs) * stepUs, dimensions)} ${bucket}`
    const [count, sum] = groups.get(name) ?? [0, 0n]
    groups.set(name, [count + entries, sum + amount])
  }
  return new Map([...groups].sort(([left], [right]) => (left < right ? -1 : 1)))
}

interface Asked {
  readonly dimensions: readonly StoredDimension[]
  readonly fromUs: number
  readonly toUs: number
  readonly stepUs: number
}

const nameOf = (values: StoredValues, atUs: number | null, dimensions: readonly StoredDimension[]): string =>
  JSON.stringify([atUs, ...dimensions.map((dimension) => values[dimension] ?? '')])
