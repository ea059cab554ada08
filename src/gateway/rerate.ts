/** Price settled attempts again, page by page, and post what differs. */
import type { CompiledPrices } from '../core/pricing/compiled.ts'
import { compilePriceBooks } from '../core/pricing/index.ts'
import { type RerateReport, type Rerating, rerateAttempt, type StandingCharge } from '../core/pricing/rerate.ts'
import type { Ledger, SettledAttempt } from '../ports/ledger.ts'
import { replayInput, standingCharges } from './price-replay.ts'
import type { GatewayState, PriceSet } from './state.ts'

export interface PriceWork {
  readonly ledger: Ledger
  readonly state: Pick<GatewayState, 'prices' | 'priceSet' | 'offers'>
  nowUs(): number
}

export interface RerateOptions {
  /** Attempts priced at or after it. */
  readonly sinceUs: number
  readonly dryRun: boolean
  readonly signal: AbortSignal
}

const PAGE = 100
const MAX_LISTED = 1_000

/** Make sure that what charges name can be looked up for as long as the ledger lives. */
export const keepBooks = ({ ledger, nowUs }: Pick<PriceWork, 'ledger' | 'nowUs'>, { books }: PriceSet): Promise<void> =>
  ledger.prices.keep(books.map((each) => ({ ...each, keptUs: nowUs() })))

/**
 * Correct the past. Run twice it changes nothing; stopped halfway it is continued by running it again. Sandbox attempts are looked
 * at only where there is nothing else, because that money never mixes.
 */
export async function rerate(work: PriceWork, { sinceUs, dryRun, signal }: RerateOptions): Promise<RerateReport> {
  const { ledger, state } = work
  if (!dryRun) await keepBooks(work, state.priceSet)
  const sandbox = state.offers.every((offer) => offer.sandbox)
  const tally = createTally()
  const originals = originalPrices(ledger, state.priceSet)
  let cursor: string | undefined
  do {
    signal.throwIfAborted()
    const page = await ledger.prices.settled({ sinceUs, limit: PAGE, ...(cursor !== undefined && { cursor }) })
    const rows = page.rows.filter(({ attempt }) => attempt.sandbox === sandbox)
    const found = await originals(rows)
    for (const row of rows) await rerateRow(work, row, { original: found.get(row.attempt.id), dryRun, tally })
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return { sinceUs, dryRun, priceBook: state.priceSet.label, ...tally.result() }
}

async function rerateRow(
  { ledger, state, nowUs }: PriceWork,
  row: SettledAttempt,
  { original, dryRun, tally }: { original: CompiledPrices | undefined; dryRun: boolean; tally: Tally },
): Promise<void> {
  if (row.request.isRecordDeleted) return tally.skip(row, 'its record was deleted after its time')
  const standing = standingCharges(row.attempt)
  if (standing.length === 0) return tally.skip(row, 'no charge stands: billed without a known price')
  const rerating = rerateAttempt(state.prices, { input: replayInput(row), standing, ...(original && { original }) })
  if (rerating.kind !== 'corrected') return tally.count(row, rerating)
  if (dryRun) return tally.count(row, rerating)
  const result = await ledger.prices.correct({
    attemptId: row.attempt.id,
    atUs: nowUs(),
    standing: standing.map(({ id }) => id),
    corrections: rerating.corrections,
    evidence: {
      priceBook: state.priceSet.label,
      wasNanoUsd: String(rerating.wasNanoUsd),
      isNanoUsd: String(rerating.isNanoUsd),
    },
  })
  if (result.kind === 'corrected') tally.count(row, rerating)
  else tally.skip(row, result.kind === 'drawn' ? 'paid from a prepaid lot' : 'its charges changed meanwhile; run it again')
}

/** The prices each attempt was settled with, where its book was kept: compiled once per book. */
function originalPrices(ledger: Ledger, { fx }: PriceSet) {
  const known = new Map<string, CompiledPrices | undefined>()
  return async (rows: readonly SettledAttempt[]): Promise<ReadonlyMap<string, CompiledPrices>> => {
    const hashOf = new Map(rows.map(({ attempt }) => [attempt.id, firstBook(standingCharges(attempt))]))
    const missing = [...new Set(hashOf.values())].filter(
      (hash) => hash !== undefined && hash !== '' && !known.has(hash),
    ) as string[]
    for (const hash of missing) known.set(hash, undefined)
    for (const { hash, name, isOverlay, book } of await ledger.prices.kept(missing)) {
      const hashed = { book, hash }
      known.set(
        hash,
        compilePriceBooks(isOverlay ? { books: [], fx, overlays: [{ ...hashed, provider: name }] } : { books: [hashed], fx }),
      )
    }
    const found = [...hashOf].flatMap(([id, hash]) => {
      const prices = hash === undefined ? undefined : known.get(hash)
      return prices ? [[id, prices] as const] : []
    })
    return new Map(found)
  }
}

const firstBook = (standing: readonly StandingCharge[]): string | undefined =>
  standing.find(({ kind }) => kind !== 'correction')?.priceBook

interface Tally {
  count(row: SettledAttempt, rerating: Rerating): void
  skip(row: SettledAttempt, reason: string): void
  result(): Omit<RerateReport, 'sinceUs' | 'dryRun' | 'priceBook'>
}

function createTally(): Tally {
  const counts = { examined: 0, unchanged: 0, kept: 0, corrected: 0 }
  const skipped = new Map<string, { attempts: number; readonly example: string }>()
  const corrections: RerateReport['corrections'][number][] = []
  let correctedNanoUsd = 0n
  const skip = ({ attempt }: SettledAttempt, reason: string): void => {
    const known = skipped.get(reason)
    if (known) known.attempts += 1
    else skipped.set(reason, { attempts: 1, example: attempt.id })
  }
  return {
    count(row, rerating) {
      counts.examined += 1
      if (rerating.kind === 'skipped') return skip(row, rerating.reason)
      counts[rerating.kind] += 1
      if (rerating.kind !== 'corrected') return
      const { wasNanoUsd, isNanoUsd } = rerating
      correctedNanoUsd += isNanoUsd - wasNanoUsd
      const { id: attemptId, requestId, offer } = row.attempt
      if (corrections.length < MAX_LISTED) corrections.push({ attemptId, requestId, offer, wasNanoUsd, isNanoUsd })
    },
    skip(row, reason) {
      counts.examined += 1
      skip(row, reason)
    },
    result: () => ({
      ...counts,
      correctedNanoUsd,
      corrections,
      skipped: [...skipped].map(([reason, rest]) => ({ reason, ...rest })),
    }),
  }
}
