/** A change of one rate that a person makes: another price from a day on, or the end of it. */
import { HalftoneError } from '../error.ts'
import { freeId } from './draft.ts'
import type { PriceBook, Rate, Sku } from './price-book.ts'

export interface RateEdit {
  readonly rateId: string
  /** Exact decimal in the book's unit; absent: the rate ends. */
  readonly price?: string
  /** ISO date, UTC. */
  readonly effectiveFrom: string
  readonly sourceUrl?: string
  readonly note?: string
}

/**
 * The book with the change: what stood before keeps its dates up to that day, and no id is given twice. Throws `not_found`
 * for a rate that is not in the book, `invalid_value` for a day outside the rate's own or a price that tiers decide on.
 */
export function editRate(book: PriceBook, edit: RateEdit, today: string): PriceBook {
  const ids = new Set(book.skus.flatMap((sku) => sku.rates.map(({ id }) => id)))
  if (!ids.has(edit.rateId))
    throw new HalftoneError('not_found', `The book of ${book.provider} has no rate "${edit.rateId}".`, { param: 'rate_id' })
  const skus = book.skus.map((sku): Sku => {
    if (!sku.rates.some(({ id }) => id === edit.rateId)) return sku
    return { ...sku, rates: sku.rates.flatMap((rate) => (rate.id === edit.rateId ? edited(rate, edit, { today, ids }) : [rate])) }
  })
  return { ...book, skus }
}

function edited(rate: Rate, edit: RateEdit, { today, ids }: { readonly today: string; readonly ids: Set<string> }): Rate[] {
  const { price, effectiveFrom, sourceUrl, note } = edit
  checkDay(rate, edit)
  if (price === undefined) return [{ ...rate, effectiveTo: effectiveFrom }]
  if (rate.tiers)
    throw new HalftoneError(
      'invalid_value',
      `The price of ${rate.id} depends on volume: install a set of prices that has its tiers.`,
      {
        param: 'rate_id',
      },
    )
  const next: Rate = {
    ...rate,
    id: freeId(`${rate.id}@${effectiveFrom}`, ids),
    price,
    effectiveFrom,
    source: { url: sourceUrl ?? '', kind: 'official', checkedAt: today, ...(note !== undefined && note !== '' && { note }) },
  }
  return effectiveFrom === rate.effectiveFrom ? [next] : [{ ...rate, effectiveTo: effectiveFrom }, next]
}

function checkDay({ id, effectiveFrom: from, effectiveTo: to }: Rate, { price, effectiveFrom }: RateEdit): void {
  const refuse = (message: string): never => {
    throw new HalftoneError('invalid_value', message, { param: 'effective_from' })
  }
  if (effectiveFrom < from || (price === undefined && effectiveFrom === from)) refuse(`${id} is in force from ${from} only.`)
  if (to !== undefined && effectiveFrom >= to) refuse(`${id} ended on ${to}; change the rate that followed it.`)
}
