/** Drafted price changes: found in what providers report, kept as rows, accepted into an installed set or rejected. */
import { createHash } from 'node:crypto'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import {
  applyDraft,
  type DraftedChange,
  draftChanges,
  draftRule,
  type PriceDraft,
  type PriceEvidence,
} from '../core/pricing/draft.ts'
import { settleCharges } from '../core/pricing/index.ts'
import type { PriceBook } from '../core/pricing/price-book.ts'
import type { DraftRecord, SettledAttempt } from '../ports/ledger.ts'
import { replayInput, standingCharges } from './price-replay.ts'
import type { PriceWork } from './rerate.ts'

const PAGE = 200
const US_PER_DAY = 86_400_000_000

/** Installs a set of prices in which one book is another; answers with its version. */
export type InstallBook = (book: PriceBook, note: string) => Promise<string>

/** Hold what providers reported lately against our prices, draft what the rule supports, and answer with every draft. */
export async function reviewPrices(work: PriceWork, signal: AbortSignal): Promise<readonly PriceDraft[]> {
  const { ledger, state, nowUs } = work
  const evidence: PriceEvidence[] = []
  let cursor: string | undefined
  do {
    signal.throwIfAborted()
    const sinceUs = nowUs() - draftRule.windowDays * US_PER_DAY
    const page = await ledger.prices.settled({ sinceUs, limit: PAGE, reported: true, ...(cursor !== undefined && { cursor }) })
    evidence.push(...page.rows.flatMap((row) => evidenceOf(work, row)))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  const known = new Set((await ledger.prices.drafts()).map(({ id }) => id))
  for (const change of draftChanges(evidence, state.priceSet.books)) {
    const id = idOf(change)
    if (!known.has(id))
      await ledger.prices.putDraft(
        recordOf({ ...change, id, status: 'open', createdUs: nowUs(), closedUs: null, installedVersion: null }, 1),
      )
  }
  return listDrafts(work)
}

export const listDrafts = async ({ ledger }: Pick<PriceWork, 'ledger'>): Promise<readonly PriceDraft[]> =>
  (await ledger.prices.drafts()).map(draftOf)

function evidenceOf({ state }: PriceWork, row: SettledAttempt): PriceEvidence[] {
  if (row.request.isRecordDeleted) return []
  const standing = standingCharges(row.attempt)
  if (!row.reportedCost || standing.some(({ provenance }) => provenance !== 'reported')) return []
  const { reportedCost: _, ...input } = replayInput(row)
  const ours = settleCharges(state.prices, input)
  if (ours.kind !== 'charged' || ours.provenance === 'estimated') return []
  const { id, requestId, provider, model, pricedAtUs } = row.attempt
  const reportedNanoUsd = standing.reduce((sum, line) => sum + line.amountNanoUsd, 0n)
  return [{ attemptId: id, requestId, provider, model, atUs: pricedAtUs, reportedNanoUsd, ours: ours.lines }]
}

/** The same finding has the same id, so that a rejected one does not come back by the next look. */
function idOf({ provider, rates, effectiveFrom }: DraftedChange): string {
  const parts = [provider, effectiveFrom, ...rates.map(({ rateId, price, proposed }) => `${rateId} ${price} ${proposed}`)]
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12)
}

/**
 * Write the drafted prices into a new installed set, and close the draft. `managed_by_file` where the operator's own price is
 * what is contradicted: that stands in the configuration, which only the operator changes.
 */
export async function acceptDraft(work: PriceWork, id: string, install: InstallBook): Promise<PriceDraft> {
  const draft = await openDraft(work, id)
  const { book, isOverlay, name } =
    work.state.priceSet.books.find((each) =>
      each.book.skus.some((sku) =>
        sku.rates.some((rate) => rate.id === draft.rates[0]?.rateId && rate.price === draft.rates[0].price),
      ),
    ) ?? {}
  if (!book) throw new HalftoneError('conflict', 'The rate it would change is not in the price book any more. Reject the draft.')
  if (isOverlay) {
    const changes = draft.rates.map(({ rateId, proposed }) => `${rateId} to ${proposed} from ${draft.effectiveFrom}`).join(', ')
    throw new HalftoneError(
      'managed_by_file',
      `This is your own price under providers.${name}.prices: change ${changes} there, then reject the draft.`,
    )
  }
  const today = new Date(work.nowUs() / 1000).toISOString().slice(0, 10)
  const note = `Accepted draft ${id}: ${draft.rates.map(({ rateId, price, proposed }) => `${rateId} ${price} -> ${proposed}`).join(', ')}`
  const installedVersion = await install(applyDraft(book, draft, today), note)
  return close(work, { ...draft, status: 'accepted', installedVersion })
}

export async function rejectDraft(work: PriceWork, id: string): Promise<PriceDraft> {
  return close(work, { ...(await openDraft(work, id)), status: 'rejected' })
}

async function close(work: PriceWork, draft: PriceDraft): Promise<PriceDraft> {
  const closed = { ...draft, closedUs: work.nowUs() }
  await work.ledger.prices.putDraft(recordOf(closed, 2))
  return closed
}

/** By its id, or the beginning of it. */
async function openDraft(work: PriceWork, id: string): Promise<PriceDraft> {
  const drafts = await listDrafts(work)
  const found = drafts.filter((draft) => draft.id.startsWith(id))
  const [draft] = found
  if (!draft || found.length > 1) throw new HalftoneError('not_found', `There is no drafted price "${id}".`, { param: 'id' })
  if (draft.status !== 'open') throw new HalftoneError('conflict', `Draft ${draft.id} is ${draft.status} already.`)
  return draft
}

function recordOf({ id, createdUs, closedUs, ...document }: PriceDraft, version: number): DraftRecord {
  // Texts, numbers and lists of them only.
  return { id, provider: document.provider, version, createdUs, closedUs, document: document as unknown as JsonObject }
}

const draftOf = ({ id, createdUs, closedUs, document }: DraftRecord): PriceDraft => ({
  // What recordOf stored.
  ...(document as unknown as Omit<PriceDraft, 'id' | 'createdUs' | 'closedUs'>),
  id,
  createdUs,
  closedUs,
})
