/** Prices through time, and changes of them made by hand: shown first, then installed as a new set. */
import type { z } from 'zod'
import type {
  PriceChangeRequest,
  PriceChangeWire,
  PriceSetListWire,
  priceHistoryQuery,
  priceRollbackRequest,
} from '../../contract/price-changes.ts'
import { changeWire, priceListWire } from '../../contract/prices.ts'
import { HalftoneError } from '../../core/error.ts'
import type { Offer } from '../../core/offer.ts'
import { editRate } from '../../core/pricing/by-hand.ts'
import { diffRates } from '../../core/pricing/diff.ts'
import { modelMatches } from '../../core/pricing/match.ts'
import { priceHistory as historyOf, type RateRow, rateRows, unpricedRows } from '../../core/pricing/rate-rows.ts'
import { checkBook } from '../../core/pricing/validate.ts'
import type { PriceSet } from '../../gateway/state.ts'
import type { ServerContext } from '../context.ts'
import type { Handler } from '../handler.ts'

export const priceHistory: Handler = async ({ context, query }) => {
  const { offer: asked } = query as z.infer<typeof priceHistoryQuery>
  const { priceSet, offers } = context.current()
  const nowUs = context.services.clock.nowUs()
  const offer = offers.find(({ id }) => id === asked)
  const rates = offer
    ? historyOfOffer(priceSet, offer, nowUs)
    : historyOf(
        priceSet.books.flatMap(({ book, name }) => rateRows(book, nowUs, name)),
        asked,
      )
  const unpriced = priceSet.books.flatMap(({ book, name }) => unpricedRows(book, name))
  const isUnpriced = (row: { readonly provider: string; readonly model: string }): boolean =>
    offer !== undefined && isBookOf(row.provider, offer) && modelMatches(row.model, offer.model)
  if (rates.length === 0 && !unpriced.some(isUnpriced) && !offer)
    throw new HalftoneError('not_found', `No book has a price of "${asked.slice(0, 80)}".`, { param: 'offer' })
  return priceListWire({ version: priceSet.version, origin: priceSet.origin, rates, unpriced: unpriced.filter(isUnpriced) })
}

const isBookOf = (book: string, { provider, providerType }: Offer): boolean => book === provider || book === providerType

/** Of the operator's own book where that has the model, as prices are looked up; region and tier as the offer has them. */
function historyOfOffer({ books }: PriceSet, offer: Offer, nowUs: number): readonly RateRow[] {
  const rowsOf = (wanted: PriceSet['books']): readonly RateRow[] =>
    wanted.flatMap(({ book, name }) => rateRows(book, nowUs, name).filter((row) => isOf(row, offer)))
  const own = rowsOf(books.filter(({ isOverlay, name }) => isOverlay && name === offer.provider))
  return historyOf(own.length > 0 ? own : rowsOf(books.filter(({ isOverlay, name }) => !isOverlay && isBookOf(name, offer))), '*')
}

const isOf = ({ model, region, tier }: RateRow, offer: Offer): boolean =>
  modelMatches(model, offer.model) &&
  (region === null || region === '*' || region === (offer.region ?? null)) &&
  (tier === '*' || tier === (offer.tier ?? null))

export const listPriceSets: Handler = async ({ context }): Promise<PriceSetListWire> => {
  const { version, origin, label } = context.current().priceSet
  const sets = await context.priceSets.list()
  return {
    object: 'price_set_list',
    current: { version, origin, label },
    data: sets.map((set) => ({
      version: set.version,
      date: set.date ?? null,
      note: set.note ?? null,
      current: origin === 'installed' && set.version === version,
    })),
  }
}

export const changePrice: Handler = async ({ context, body }): Promise<PriceChangeWire> => {
  const wanted = body as PriceChangeRequest
  const { priceSet } = context.current()
  const nowUs = context.services.clock.nowUs()
  const today = new Date(nowUs / 1_000).toISOString().slice(0, 10)
  const { book, name } = bookOf(priceSet, wanted)
  const edited = editRate(
    book,
    {
      rateId: wanted.rate_id,
      effectiveFrom: wanted.effective_from,
      ...(wanted.price !== undefined && { price: wanted.price }),
      ...(wanted.source_url !== undefined && { sourceUrl: wanted.source_url }),
      ...(wanted.note !== undefined && { note: wanted.note }),
    },
    today,
  )
  checkBook(edited, `${book.provider}.json`)
  const changes = diffRates(rateRows(book, nowUs, name), rateRows(edited, nowUs, name)).map(changeWire)
  const isDry = wanted.dry_run === true
  const installedVersion = isDry ? null : await context.installBook(edited, noteOf(wanted))
  if (installedVersion !== null) {
    const { dry_run: _, ...said } = wanted
    await context.services.ledger.access.recordAudit({
      action: 'price.change',
      objectId: wanted.rate_id,
      data: { ...definedOf(said), replaces: priceSet.version, installed: installedVersion },
    })
    await untilInUse(context, installedVersion)
  }
  return {
    object: 'price_change',
    dry_run: isDry,
    replaces: priceSet.version,
    installed_version: installedVersion,
    changes: changes.map((change) => ({ ...change, details: [...change.details] })),
    rerate_since: wanted.effective_from < today ? wanted.effective_from : null,
  }
}

const definedOf = (said: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(said).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))

const noteOf = ({ rate_id: id, price, effective_from: from, note }: PriceChangeRequest): string =>
  `By hand: ${id} ${price === undefined ? 'ends' : `is ${price}`} from ${from}${note ? `. ${note}` : ''}`

function bookOf({ books }: PriceSet, { provider, rate_id: rateId }: PriceChangeRequest) {
  const found = books.find(
    ({ name, book }) => name === provider && book.skus.some((sku) => sku.rates.some(({ id }) => id === rateId)),
  )
  if (!found) throw new HalftoneError('not_found', `The book of "${provider}" has no rate "${rateId}".`, { param: 'rate_id' })
  if (found.isOverlay)
    throw new HalftoneError('managed_by_file', `This is your own price: change providers.${provider}.prices in halftone.yaml.`)
  return found
}

export const rollbackPrices: Handler = async ({ context, body }) => {
  const { from, to_shipped: toShipped = false } = body as z.infer<typeof priceRollbackRequest>
  const rolled = await context.priceSets.rollBack({ from, toShipped })
  await context.services.ledger.access.recordAudit({
    action: 'price.rollback',
    objectId: from,
    data: { version: rolled.version, origin: rolled.origin },
  })
  await untilInUse(context, rolled.version)
  return { object: 'price_rollback', ...rolled }
}

const TAKE_OVER_MS = 5_000
const LOOK_EVERY_MS = 50

/** A set counts once the gateway has read it; an answer before that would show the prices from before. */
async function untilInUse({ current, services }: ServerContext, version: string): Promise<void> {
  const untilMs = services.clock.monotonicMs() + TAKE_OVER_MS
  while (current().priceSet.version !== version && services.clock.monotonicMs() < untilMs)
    await services.clock.sleep(LOOK_EVERY_MS, AbortSignal.timeout(TAKE_OVER_MS))
}
