/**
 * `halftone/pricing`: the price book and its arithmetic as a library, without I/O and without a clock. It runs in Node and in
 * a browser. Prices come from parsed JSON (`halftone/prices`), orders are plain words, amounts are bigint nano-USD.
 */
import { offerId } from '../offer.ts'
import { compilePriceBooks } from './compile.ts'
import type { CompiledPrices } from './compiled.ts'
import { modelMatches } from './match.ts'
import { type Finished, inputOf, instantOf, type Order, parseOffer, settleInputOf } from './order.ts'
import { loadFx, loadPriceBook as readPriceBook } from './parse.ts'
import { expectedTotal, quoteCandidate } from './quote.ts'
import { settleCharges } from './settle.ts'
import type { PricedOffer, PricedQuote, PricingInput, Settlement, Unpriced } from './types.ts'

export { HalftoneError } from '../error.ts'
export { formatUsd, type NanoUsd, parseUsd } from '../money.ts'
export type { ChargeLine } from '../outcome.ts'
export { formatQuantity, type Meter, type Usage } from '../usage.ts'
export type { Finished, InputImage, Order, Product, Quantities } from './order.ts'
export type * from './price-book.ts'
export type { PricedQuote, Settlement, Unpriced } from './types.ts'

/** Price books ready to quote with. Made by `loadPriceBook`; opaque but for the hash. */
export interface Prices {
  /** A short name of exactly these books, overlays and conversions. */
  readonly hash: string
  readonly compiled: CompiledPrices
  /** One object per offer, so that what was worked out for it is found again. */
  readonly offers: Map<string, PricedOffer>
}

/** Parsed JSON. The module `halftone/prices` is one: `import * as shipped from 'halftone/prices'`. */
export interface PriceFiles {
  /** One book per provider; `halftone/prices/schema.json` is their schema. */
  readonly books: readonly unknown[]
  /** Conversions to USD; without them what is priced in another currency is unpriced. */
  readonly fx?: unknown
  /** Your own books by provider; for the models they name they replace the shipped prices. */
  readonly overlays?: Readonly<Record<string, unknown>>
}

/** What one offer would cost: exactly one of `priced` and `unpriced`, with the offer it is about. */
export type Quote = (PricedQuote | Unpriced) & { readonly offer: string }

/**
 * Read one price book, or several with their conversions. Raises a `HalftoneError` (`config_invalid`) that lists every
 * problem with its path.
 */
export function loadPriceBook(files: unknown): Prices {
  const { books, fx, overlays = {} }: PriceFiles = isFiles(files) ? files : { books: [files] }
  const read = (json: unknown, name: string) => ({ book: readPriceBook(json, name), hash: hashOf(JSON.stringify(json)) })
  const compiled = compilePriceBooks({
    books: books.map((json, index) => read(json, providerOf(json) ?? `books[${index}]`)),
    fx: fx === undefined ? [] : loadFx(fx),
    overlays: Object.entries(overlays).map(([provider, json]) => ({ provider, ...read(json, `overlays.${provider}`) })),
  })
  return { hash: compiled.hash, compiled, offers: new Map() }
}

const isFiles = (files: unknown): files is PriceFiles =>
  typeof files === 'object' && files !== null && 'books' in files && Array.isArray(files.books)

const providerOf = (json: unknown): string | undefined =>
  typeof json === 'object' && json !== null && 'provider' in json && typeof json.provider === 'string' ? json.provider : undefined

/** FNV-1a in two 32-bit halves: names a text, defends against nobody. */
function hashOf(text: string): string {
  let a = 0x811c9dc5
  let b = 0xcbf29ce4
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x5bd1e995)
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}

/** An offer that a book prices. */
export interface ListedOffer {
  /** As `Order.offer` takes it. */
  readonly offer: string
  readonly provider: string
  readonly model: string
  readonly region?: string
  /** Another way to buy it, such as `batch`. */
  readonly tier?: string
  /** ISO date from which it is not sold any more. */
  readonly retiredAt?: string
}

/** Every offer the books price by name, or those of one model, first where the publisher itself sells it. */
export function listOffers({ compiled }: Prices, model?: string): readonly ListedOffer[] {
  const listed = new Map<string, ListedOffer>()
  for (const [provider, { skus }] of [...compiled.overlays, ...compiled.books]) {
    for (const sku of skus) {
      const name = model !== undefined && modelMatches(sku.model, model) ? model : sku.model
      if (name.endsWith('*') || (model !== undefined && name !== model)) continue
      const { region, tier, retiredAt } = sku
      const parts = {
        provider,
        model: name,
        ...(region !== undefined && region !== '*' && { region }),
        ...(tier !== undefined && tier !== '*' && { tier }),
      }
      const offer = offerId(parts)
      if (!listed.has(offer)) listed.set(offer, { offer, ...parts, ...(retiredAt !== undefined && { retiredAt }) })
    }
  }
  const own = ({ provider, model: name }: ListedOffer): number => (name.startsWith(`${provider}/`) ? 0 : 1)
  return [...listed.values()].sort((a, b) => own(a) - own(b))
}

/**
 * What an order will cost: least, expected and most, line by line. An order by `model` is quoted at the provider that sells it
 * for least. A price that is not known is `unpriced` with the reason, never zero. Raises `invalid_value` for a malformed order.
 */
export function quote(prices: Prices, order: Order): Quote {
  const { offer, input } = resolve(prices, order)
  if (!input) return { kind: 'unpriced', missing: [], reason: `No book sells ${offer} at this date.`, offer }
  return { ...quoteCandidate(prices.compiled, input), offer }
}

/**
 * What a finished call did cost: what the provider reported, else what it metered, else the estimate. The same order and ending
 * always give the same lines.
 */
export function settle(prices: Prices, order: Order, finished: Finished = {}): Settlement & { readonly offer: string } {
  const { offer, input } = resolve(prices, order)
  if (!input) return { kind: 'unpriced', missing: [], reason: `No book sells ${offer} at this date.`, offer }
  return { ...settleCharges(prices.compiled, settleInputOf(input, finished)), offer }
}

/** The offer an order is about. Without an input: a model that nobody sells. */
function resolve(prices: Prices, order: Order): { readonly offer: string; readonly input?: PricingInput } {
  if (order.offer !== undefined) return { offer: order.offer, input: inputOf(order, offerNamed(prices, order.offer)) }
  const atUs = instantOf(order.at)
  let best: { readonly offer: string; readonly input: PricingInput; readonly total: bigint | undefined } | undefined
  for (const { offer, tier, retiredAt } of listOffers(prices, String(order.model))) {
    if (tier !== undefined || (retiredAt !== undefined && Date.parse(retiredAt) * 1000 <= atUs)) continue
    const input = inputOf(order, offerNamed(prices, offer))
    const total = expectedTotal(prices.compiled, input)
    const better = total !== undefined && (best?.total === undefined || total < best.total)
    if (!best || better) best = { offer, input, total }
  }
  return best ?? { offer: String(order.model) }
}

function offerNamed({ offers }: Prices, id: string): PricedOffer {
  const known = offers.get(id)
  if (known) return known
  const offer = parseOffer(id)
  offers.set(id, offer)
  return offer
}
