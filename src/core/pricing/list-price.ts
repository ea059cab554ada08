/** What a charge costs at the published price, before volumes and prices of one's own. */
import { divideHalfEven, type NanoUsd } from '../money.ts'
import type { ChargeLine } from '../outcome.ts'
import { parseQuantity, type Quantity } from '../usage.ts'
import { amountNano } from './charge.ts'
import type { CompiledPrices, CompiledRate, CompiledSku } from './compiled.ts'
import { conditionText } from './match.ts'
import { sellsOffer } from './rules.ts'
import type { PricedOffer } from './types.ts'

type PricedLine = Pick<ChargeLine, 'meter' | 'quantity' | 'volumeBefore' | 'rateId' | 'amountNanoUsd'>

/**
 * The list price of a line, with the line's sign: as the first purchase of the month and the contract, and by the book of the
 * provider where the line was priced by the operator's own. Undefined where the line does not tell exactly: the amount was
 * reported or invoiced, its rate is gone, or the published price depends on what the line does not say. `atUs`: when it was incurred.
 */
export function listAmount(prices: CompiledPrices, line: PricedLine, offer: PricedOffer, atUs: number): NanoUsd | undefined {
  const { meter, quantity: text, amountNanoUsd: amount } = line
  if (meter === undefined || text === undefined) return undefined
  const signed = parseQuantity(text)
  const quantity = signed < 0n ? -signed : signed
  const published = prices.books.get(offer.providerType)?.skus.find((sku) => sellsOffer(sku, offer))
  const own = prices.overlays.get(offer.provider)?.skus.find((sku) => sellsOffer(sku, offer))
  const charged = rateNamed(own, line, atUs) ?? rateNamed(published, line, atUs)
  // A line that its rate does not explain was changed by something else: nothing is claimed about it.
  const before = line.volumeBefore === undefined ? 0n : parseQuantity(line.volumeBefore)
  if (!charged || amountAt(charged, quantity, before) !== (amount < 0n ? -amount : amount)) return undefined
  const listed = published && rateNamed(published, line, atUs) !== charged ? publishedRate(published, charged, atUs) : charged
  const list = amountAt(listed ?? charged, quantity, 0n)
  return list !== undefined && amount < 0n ? -list : list
}

function amountAt(rate: CompiledRate, quantity: Quantity, before: Quantity): NanoUsd | undefined {
  const { conversion } = rate
  return conversion && amountNano(rate, conversion, quantity, rate.tiers?.scope === 'request' ? 0n : before)
}

const inForce = ({ fromUs, toUs }: CompiledRate, atUs: number): boolean => fromUs <= atUs && atUs < toUs

function rateNamed(sku: CompiledSku | undefined, { meter = '', rateId }: PricedLine, atUs: number): CompiledRate | undefined {
  // Stored lines name meters as text; one that is none has no rates.
  const rates: ReadonlyMap<string, readonly CompiledRate[]> | undefined = sku?.rates
  return rates?.get(meter)?.find((rate) => rate.id === rateId && inForce(rate, atUs))
}

/** The published rate for what an own rate sold: the only one, the one with the same conditions, or any of several of one price. */
function publishedRate(sku: CompiledSku, own: CompiledRate, atUs: number): CompiledRate | undefined {
  const rates = (sku.rates.get(own.meter) ?? []).filter((rate) => inForce(rate, atUs))
  const conditions = conditionText(own.when.when)
  const same = rates.find(({ when }) => conditionText(when.when) === conditions)
  if (same) return same
  const [first] = rates
  return rates.every((rate) => unitText(rate) === (first && unitText(first))) ? first : undefined
}

const unitText = ({ native: { n, d }, nativeUnit, tiers, conversion }: CompiledRate): string =>
  [
    n,
    d,
    nativeUnit,
    conversion?.rateText,
    tiers?.mode,
    tiers?.scope,
    ...(tiers?.steps ?? []).flatMap(({ from, n: price }) => [from, price]),
  ].join(' ')

/** `value` shared out by the parts of a whole: shares are rounded as they add up, so that their sum is the value. */
export function shareOut(value: NanoUsd, parts: readonly NanoUsd[]): readonly NanoUsd[] {
  const whole = parts.reduce((total, part) => total + part, 0n)
  if (whole === 0n) return parts.map((_, index) => (index === 0 ? value : 0n))
  let before = 0n
  let given = 0n
  return parts.map((part) => {
    before += part
    const sign = whole < 0n ? -1n : 1n
    const upTo = before === whole ? value : divideHalfEven(sign * value * before, sign * whole)
    const share = upTo - given
    given = upTo
    return share
  })
}
