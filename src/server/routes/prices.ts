/** The price book, corrections of the past, and drafted changes. */
import type { z } from 'zod'
import { draftWire, type priceListQuery, priceListWire, rateWire, type rerateRequest, rerateWire } from '../../contract/prices.ts'
import { HalftoneError } from '../../core/error.ts'
import { means, rateRows, unpricedRows } from '../../core/pricing/rate-rows.ts'
import { acceptDraft, listDrafts, rejectDraft, reviewPrices } from '../../gateway/price-drafts.ts'
import { type PriceWork, rerate as rerateLedger } from '../../gateway/rerate.ts'
import type { ServerContext } from '../context.ts'
import type { Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'

const workOf = ({ services, current }: ServerContext): PriceWork => ({
  ledger: services.ledger,
  state: current(),
  nowUs: () => services.clock.nowUs(),
})

export const listPrices: Handler = async ({ context, query }) => {
  const { model } = query as z.infer<typeof priceListQuery>
  const { priceSet } = context.current()
  const nowUs = context.services.clock.nowUs()
  const wanted = (row: { provider: string; model: string }): boolean => model === undefined || means(model, row)
  return priceListWire({
    version: priceSet.version,
    origin: priceSet.origin,
    rates: priceSet.books.flatMap(({ book, name }) => rateRows(book, nowUs, name)).filter(wanted),
    unpriced: priceSet.books.flatMap(({ book, name }) => unpricedRows(book, name)).filter(wanted),
  })
}

/** Charges outlive the set of prices they were made with: what they name can be looked up for as long as the ledger lives. */
export const getPriceBook: Handler = async ({ context, params }) => {
  const hash = params['hash'] ?? ''
  const [kept] = await context.services.ledger.prices.kept([hash])
  if (!kept) throw new HalftoneError('not_found', `No book with the hash "${hash}" was ever used here.`, { param: 'hash' })
  return {
    object: 'price_book',
    hash: kept.hash,
    provider: kept.name,
    kept_at: isoTime(kept.keptUs),
    rates: rateRows(kept.book, context.services.clock.nowUs(), kept.name).map(rateWire),
  }
}

export const rerate: Handler = async ({ context, body, request }) => {
  const { since, dry_run: dryRun = false } = body as z.infer<typeof rerateRequest>
  const report = rerateWire(
    await rerateLedger(workOf(context), { sinceUs: sinceUs(since), dryRun, signal: goneSignal(request.raw.socket) }),
  )
  // Each adjusting charge is a row of its own; this one says who asked for them.
  if (!dryRun) {
    const data = { since, ...Object.fromEntries(Object.entries(report).filter(([, value]) => typeof value !== 'object')) }
    await context.services.ledger.access.recordAudit({
      action: 'price.rerate',
      objectId: context.current().priceSet.version,
      data,
    })
  }
  return report
}

function sinceUs(text: string): number {
  const ms = Date.parse(text)
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(ms))
    throw new HalftoneError('invalid_value', '"since" must be a day or time such as 2026-11-01.', { param: 'since' })
  return ms * 1000
}

/** A long run ends with the client that asked for it; what was posted stays, and the next run goes on from there. */
function goneSignal(socket: { once(event: 'close', gone: () => void): unknown }): AbortSignal {
  const gone = new AbortController()
  socket.once('close', () => gone.abort())
  return gone.signal
}

export const listDraftedPrices: Handler = async ({ context }) => ({
  object: 'list',
  data: (await listDrafts(workOf(context))).map(draftWire),
})

export const reviewDraftedPrices: Handler = async ({ context, request }) => ({
  object: 'list',
  data: (await reviewPrices(workOf(context), goneSignal(request.raw.socket))).map(draftWire),
})

export const acceptDraftedPrice: Handler = async ({ context, params }) =>
  draftWire(await acceptDraft(workOf(context), params['id'] ?? '', context.installBook))

export const rejectDraftedPrice: Handler = async ({ context, params }) =>
  draftWire(await rejectDraft(workOf(context), params['id'] ?? ''))
