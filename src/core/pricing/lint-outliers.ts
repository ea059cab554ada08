/** The same weights at several providers, held against each other: tenfold and hundredfold slips stand out. */
import { formatUsd } from '../money.ts'
import { type Operation, operations, type Quality, qualities } from '../request.ts'
import type { Meter } from '../usage.ts'
import type { CompiledPrices, CompiledRate } from './compiled.ts'
import { dateUs } from './dates.ts'
import type { Finding, LintInput, NamedBook } from './lint.ts'
import { plainRequest } from './lint-coverage.ts'
import type { Sku } from './price-book.ts'
import { quoteCandidate } from './quote.ts'
import { findSku } from './rules.ts'
import type { PricedOffer } from './types.ts'

/** Further than this from every other provider is a slip. Providers do differ by two or three. */
const SLIP = 5

/** One way to buy some weights. */
interface Place {
  readonly provider: string
  readonly file: string
  readonly sku: Sku
}

/** The ends differ where a price depends on steps, which pictures of other providers do not tell. */
interface Amount {
  readonly low: number
  readonly high: number
}

interface PricedPlace extends Place {
  /** Comparable amounts in nano-USD by what they are for. */
  readonly amounts: ReadonlyMap<string, Amount>
}

/** How many groups (weights that two or more providers sell today) were compared. */
export function compareWeights(
  prices: CompiledPrices,
  books: readonly NamedBook[],
  { today, knownSpreads }: Pick<LintInput, 'today' | 'knownSpreads'>,
  findings: Finding[],
): number {
  const atUs = dateUs(today) ?? 0
  const groups = new Map<string, Place[]>()
  const weightsOf = nameWeights(books, findings)
  for (const { name, book } of books) {
    for (const sku of book.skus) {
      if (sku.retiredAt !== undefined && sku.retiredAt <= today) continue
      const weights = sku.weights ?? weightsOf.get(sku.model) ?? sku.model
      const place = { provider: book.provider, file: name, sku }
      groups.set(weights, [...(groups.get(weights) ?? []), place])
    }
  }
  let compared = 0
  let shared = 0
  for (const [weights, sellers] of groups) {
    if (new Set(sellers.map(({ provider }) => provider)).size < 2) continue
    const places = sellers.map((place) => ({ ...place, amounts: amountsOf(prices, place.provider, place.sku, atUs) }))
    shared += 1
    const keys = [...new Set(places.flatMap(({ amounts }) => [...amounts.keys()]))].filter((key) => isShared(places, key))
    if (keys.length > 0) compared += 1
    const limit = knownSpreads?.[weights]?.upTo ?? SLIP
    const worst = keys.flatMap((key) => outlier(places, key, limit) ?? []).sort((a, b) => b.ratio - a.ratio)[0]
    if (!worst) continue
    const message = `weights ${weights}, ${worst.key}: ${worst.text}. More than ${limit} times apart is a slip of one of them.`
    findings.push({ rule: 'outlier', severity: 'error', place: worst.place, message })
  }
  if (shared > 0 && compared === 0) {
    const message = `${shared} weights are sold by several providers, and no two prices could be compared.`
    findings.push({ rule: 'blind', severity: 'error', place: 'prices', message })
  }
  return compared
}

/** A model without a weights id takes the one it has elsewhere; two ids for one model hide it from the comparison. */
function nameWeights(books: readonly NamedBook[], findings: Finding[]): ReadonlyMap<string, string> {
  const known = new Map<string, string>()
  for (const { name, book } of books) {
    for (const { id, model, weights } of book.skus) {
      if (weights === undefined) continue
      const other = known.get(model)
      if (other === undefined) known.set(model, weights)
      else if (other !== weights) {
        const message = `${model} is "${weights}" here and "${other}" elsewhere; give one model one weights id.`
        findings.push({ rule: 'weights', severity: 'error', place: `${name} ${id}`, message })
      }
    }
  }
  return known
}

const isShared = (places: readonly PricedPlace[], key: string): boolean =>
  new Set(places.filter(({ amounts }) => amounts.has(key)).map(({ provider }) => provider)).size > 1

interface Outlier {
  readonly key: string
  readonly place: string
  readonly ratio: number
  readonly text: string
}

/** The amount that is furthest from the nearest one of any other provider, if that is too far. */
function outlier(places: readonly PricedPlace[], key: string, limit: number): Outlier | undefined {
  const rows = places.flatMap(({ provider, file, sku, amounts }) => {
    const amount = amounts.get(key)
    return amount === undefined ? [] : [{ provider, place: `${file} ${sku.id}`, amount }]
  })
  let worst: Outlier | undefined
  for (const row of rows) {
    const ratios = rows
      .filter(({ provider }) => provider !== row.provider)
      .map(({ amount }) => Math.max(amount.low / row.amount.high, row.amount.low / amount.high))
    const nearest = Math.min(...ratios)
    if (nearest <= limit || (worst && worst.ratio >= nearest)) continue
    const text = rows.map(({ place, amount }) => `${place} ${dollars(amount)}`).join(', ')
    worst = { key, place: row.place, ratio: nearest, text }
  }
  return worst
}

const dollars = ({ low, high }: Amount): string => (low === high ? usd(low) : `${usd(low)} to ${usd(high)}`)

const usd = (nano: number): string =>
  `$${nano < 1 ? String(Number((nano / 1e9).toPrecision(4))) : formatUsd(BigInt(Math.round(nano)))}`

/** Steps of the quickest and of the most patient models. */
const STEPS = [4, 50] as const

/** A plain picture by operation and quality; and tokens, GPU time and the like by the unit. */
function amountsOf(prices: CompiledPrices, provider: string, sku: Sku, atUs: number): Map<string, Amount> {
  const amounts = new Map<string, Amount>()
  const offer = syntheticOffer(provider, sku)
  const rates = findSku(prices, offer).sku?.rates ?? new Map<Meter, readonly CompiledRate[]>()
  for (const [meter, ofMeter] of rates) {
    if (!meter.startsWith('tokens.') && !meter.endsWith('.seconds')) continue
    const rate = ofMeter.find(({ when, fromUs, toUs }) => when.keys === 0 && fromUs <= atUs && atUs < toUs)
    const amount = rate && unitAmount(rate)
    if (amount) amounts.set(`one ${meter}`, { low: amount, high: amount })
  }
  // What a picture takes of somebody's GPU is an assumption, so it says nothing about the price.
  if ([...rates.keys()].some((meter) => meter.endsWith('.seconds'))) return amounts
  for (const operation of operations) {
    for (const quality of [undefined, ...qualities]) {
      const quoted = [undefined, ...STEPS].flatMap(
        (steps) => plainAmount(prices, offer, { operation, quality, steps, atUs }) ?? [],
      )
      if (quoted.length === 0) continue
      const key = `${operation}${quality ? ` ${quality}` : ''} 1024x1024`
      amounts.set(key, { low: Math.min(...quoted), high: Math.max(...quoted) })
    }
  }
  return amounts
}

/** Nano-USD of one unit, before adjustments; undefined without a conversion. */
const unitAmount = ({ conversion, native }: CompiledRate): number | undefined =>
  conversion && (Number(native.n) * Number(conversion.nano.n) * 1e6) / Number(conversion.nano.d)

interface Plain {
  readonly operation: Operation
  readonly quality: Quality | undefined
  readonly steps: number | undefined
  readonly atUs: number
}

function plainAmount(prices: CompiledPrices, offer: PricedOffer, { operation, quality, steps, atUs }: Plain): number | undefined {
  const settings = {
    size: { width: 1024, height: 1024 },
    format: 'png',
    n: 1,
    ...(quality && { quality }),
    ...(steps && { steps }),
  } as const
  const request = plainRequest(offer.model, operation, operation === 'generate' ? 0 : 1)
  const quote = quoteCandidate(prices, { candidate: { offer, settings }, request, promptComplexity: 0.5, atUs })
  return quote.kind === 'priced' && quote.expectedNanoUsd > 0n ? Number(quote.expectedNanoUsd) : undefined
}

/** An offer that exactly this sku sells. */
function syntheticOffer(provider: string, sku: Sku): PricedOffer {
  return {
    provider,
    providerType: provider,
    model: sku.model.endsWith('*') ? `${sku.model.slice(0, -1)}x` : sku.model,
    ...(sku.region !== undefined && sku.region !== '*' && { region: sku.region }),
    ...(sku.tier !== undefined && sku.tier !== '*' && { tier: sku.tier }),
  }
}
