/** Turn price books into integers once, so that a quote is a few multiplications. */
import { HalftoneError } from '../error.ts'
import { NANO_PER_USD, parseDecimal } from '../money.ts'
import { type Meter, MICRO } from '../usage.ts'
import type {
  CompiledAdjustment,
  CompiledBook,
  CompiledEstimate,
  CompiledPrices,
  CompiledRate,
  CompiledSku,
  CompiledTiers,
  CompiledWhen,
  Conversion,
  FxTable,
  UnitPrice,
} from './compiled.ts'
import { dateUs, earlierDate, FOREVER_US } from './dates.ts'
import { divide, exactScale, type Fraction, fromDecimal, leastCommonMultiple, multiply, reduce } from './fraction.ts'
import { compileFx, currencyPrice, unitPriceOf, unitRate } from './fx.ts'
import { conditionKeys } from './match.ts'
import { expandPool } from './pools.ts'
import {
  type Adjustment,
  type Estimate,
  estimateForms,
  type FxRate,
  type PriceBook,
  type Rate,
  type Sku,
  type When,
} from './price-book.ts'
import { checkBook } from './validate.ts'
import { checkPools } from './validate-commitments.ts'

/** A parsed book with the hash of its bytes; charges name the hash. */
export interface HashedBook {
  readonly book: PriceBook
  /** Hex digest of the file or the overlay, computed by the loader. */
  readonly hash: string
}

export interface CompileInput {
  readonly books: readonly HashedBook[]
  readonly fx: readonly FxRate[]
  /** The operator's own prices by configured provider name; they replace the book's for the models they match. */
  readonly overlays?: readonly (HashedBook & { readonly provider: string })[]
  /** Leave out rates that ended before this instant, microseconds UTC; by default all are kept, so history can be re-rated. */
  readonly atUs?: number
}

/**
 * Raises `config_invalid` naming book, sku and rate for overlapping or ambiguous rates, gaps in dates, unknown meters and
 * decimals that are not plain. A unit without a conversion is not an error: what it prices stays unpriced.
 */
export function compilePriceBooks({ books, fx, overlays = [], atUs = 0 }: CompileInput): CompiledPrices {
  const table = compileFx(fx)
  const compiled = new Map<string, CompiledBook>()
  for (const { book, hash } of books) {
    if (compiled.has(book.provider)) {
      throw new HalftoneError('config_invalid', `prices: two books for provider "${book.provider}"; merge them.`)
    }
    compiled.set(book.provider, compileBook({ book, hash }, `prices/${book.provider}.json`, table, atUs))
  }
  const compiledOverlays = new Map<string, CompiledBook>()
  for (const overlay of overlays) {
    compiledOverlays.set(overlay.provider, compileBook(overlay, `providers.${overlay.provider}.prices`, table, atUs))
  }
  const parts = [
    ...[...compiled].map(([name, { hash }]) => `${name}=${hash}`),
    ...[...compiledOverlays].map(([name, { hash }]) => `@${name}=${hash}`),
    ...fx.map((rate) => `${rate.currency}=${rate.usd}@${rate.effectiveFrom}`),
  ]
  return {
    hash: fingerprint(parts.sort()),
    books: compiled,
    overlays: compiledOverlays,
    fx: table,
    memo: { offers: new WeakMap(), requests: new WeakMap() },
  }
}

/** FNV-1a over the parts: a short name for a set of hashes, not a defence against anyone. */
function fingerprint(parts: readonly string[]): string {
  let hash = 0xcbf29ce484222325n
  for (const character of parts.join('\n')) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.charCodeAt(0))) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}

/** `place` is where the operator finds the book, for messages. */
function compileBook({ book: written, hash }: HashedBook, place: string, fx: FxTable, atUs: number): CompiledBook {
  checkPools(written, place)
  const book = { ...written, skus: written.skus.map(expandPool) }
  checkBook(book, place)
  const unit = unitPriceOf(book)
  const skus = book.skus.flatMap((sku) => {
    const own = sku.currency === undefined ? unit : currencyPrice(sku.currency, (sku.source ?? book.source).url)
    const compiled = compileSku(sku, { book, hash, fx, unit: own, atUs })
    return [compiled, ...(sku.aliases ?? []).map((model) => ({ ...compiled, model }))]
  })
  skus.sort((a, b) => specificity(b) - specificity(a))
  return {
    provider: book.provider,
    hash,
    unit: book.unit,
    unitPrice: unit,
    skus,
    unpriced: book.unpriced ?? [],
    checkedAt: skus.map((sku) => sku.checkedAt).reduce(earlierDate, book.source.checkedAt),
  }
}

/** Exact models before patterns, longer patterns before shorter, a named region or tier before any. */
const specificity = (sku: CompiledSku): number =>
  (sku.model.endsWith('*') ? 0 : 1_000_000) +
  sku.model.length * 10 +
  (sku.region && sku.region !== '*' ? 4 : 0) +
  (sku.tier && sku.tier !== '*' ? 2 : 0)

interface BookContext {
  readonly book: PriceBook
  readonly hash: string
  readonly fx: FxTable
  readonly unit: UnitPrice
  readonly atUs: number
}

function compileSku(sku: Sku, context: BookContext): CompiledSku {
  const source = sku.source ?? context.book.source
  const rates = new Map<Meter, CompiledRate[]>()
  for (const rate of sku.rates) {
    for (const compiled of compileRate(rate, rate.source?.checkedAt ?? source.checkedAt, context)) {
      if (compiled.toUs <= context.atUs) continue
      const list = rates.get(rate.meter) ?? []
      list.push(compiled)
      rates.set(rate.meter, list)
    }
  }
  const estimates = new Map<Meter, CompiledEstimate[]>()
  for (const estimate of sku.estimates ?? []) {
    const list = estimates.get(estimate.meter) ?? []
    list.push(compileEstimate(estimate))
    estimates.set(estimate.meter, list)
  }
  const boundaries = new Set([...rates.values()].flat().flatMap((rate) => [rate.fromUs, rate.toUs]))
  for (const span of context.fx.byCurrency.get(context.unit.currency) ?? []) boundaries.add(span.fromUs).add(span.toUs)
  return {
    id: sku.id,
    model: sku.model,
    region: sku.region,
    tier: sku.tier,
    rates,
    adjustments: (sku.adjustments ?? []).map((adjustment) => compileAdjustment(adjustment, context)),
    estimates,
    billedPolicy: sku.billedPolicy,
    commitments: sku.commitments ?? [],
    contract: sku.contract,
    volumeScope: sku.volumeGroup ?? sku.id,
    contractFromUs: dateUs(sku.contract?.from ?? '1970-01-01') ?? 0,
    byVolume:
      sku.rates.some(({ tiers }) => tiers !== undefined && tiers.scope !== 'request') ||
      (sku.adjustments ?? []).some((adjustment) => adjustment.kind === 'freeUnits' && adjustment.scope !== 'request'),
    byCall:
      sku.rates.some(({ tiers }) => tiers?.scope === 'request') ||
      (sku.adjustments ?? []).some((adjustment) => adjustment.kind === 'freeUnits' && adjustment.scope === 'request'),
    wallTime: sku.gpuPool?.measure === 'wallTime',
    retiredAt: sku.retiredAt,
    boundariesUs: [...boundaries].sort((a, b) => a - b),
    checkedAt: sku.rates.map((rate) => rate.source?.checkedAt ?? source.checkedAt).reduce(earlierDate, source.checkedAt),
    book: context.hash,
  }
}

const compileWhen = (when: When = {}): CompiledWhen => ({ when, keys: conditionKeys(when) })

const micro = (text: string): bigint => {
  const { n, d } = fromDecimal(parseDecimal(text))
  return (n * MICRO) / d
}

/** One compiled rate per span of conversion inside the rate's dates, and one without conversion for each span that has none. */
function compileRate(rate: Rate, checkedAt: string, context: BookContext): CompiledRate[] {
  const per = multiply(fromDecimal(parseDecimal(rate.per ?? '1')), { n: MICRO, d: 1n })
  const priceOf = (price: string): Fraction => reduceToDecimal(divide(fromDecimal(parseDecimal(price)), per))
  const linear = priceOf(rate.price)
  const tierPrices = (rate.tiers?.steps ?? []).map((step) => ({ from: micro(step.from), price: priceOf(step.price) }))
  const d = tierPrices.reduce((common, { price }) => leastCommonMultiple(common, price.d), linear.d)
  const native = { n: (linear.n * d) / linear.d, d }
  const tiers: CompiledTiers | undefined = rate.tiers && {
    mode: rate.tiers.mode,
    scope: rate.tiers.scope,
    steps: tierPrices.map(({ from, price }) => ({ from, n: (price.n * d) / price.d })),
  }
  const common = {
    id: rate.id,
    meter: rate.meter,
    when: compileWhen(rate.when),
    native: tiers ? { n: tiers.steps[0]?.n ?? native.n, d } : native,
    nativeScale: exactScale(d),
    nativeUnit: context.unit.unit,
    roundUpTo: rate.roundUpTo === undefined ? undefined : micro(rate.roundUpTo),
    min: rate.min === undefined ? undefined : micro(rate.min),
    perImage: rate.meter.endsWith('.out'),
    maxPerImage: rate.maxQuantity?.perImage === undefined ? undefined : micro(rate.maxQuantity.perImage),
    maxPerRequest: rate.maxQuantity?.perRequest === undefined ? undefined : micro(rate.maxQuantity.perRequest),
    tiers,
    checkedAt,
    book: context.hash,
    priceText: describePrice(rate, context.unit),
  }
  return spansOf(rate, context).map(({ fromUs, toUs, conversion }) => ({
    ...common,
    fromUs,
    toUs,
    conversion: conversion && convert(common.native, tiers !== undefined, conversion),
  }))
}

/** Lowest terms, but with a power of ten as the denominator where there is one: exact decimals need no division then. */
function reduceToDecimal(value: Fraction): Fraction {
  const lowest = reduce(value)
  const scale = exactScale(lowest.d)
  if (scale === undefined) return lowest
  const d = 10n ** BigInt(scale)
  return { n: (lowest.n * d) / lowest.d, d }
}

function describePrice(rate: Rate, { unit }: UnitPrice): string {
  const price = unit === 'USD' ? `$${rate.price}` : `${rate.price} ${unit}`
  const start = rate.tiers ? 'tiers from ' : ''
  return `${start}${price}${rate.per && rate.per !== '1' ? ` per ${rate.per}` : ''}`
}

interface Span {
  readonly fromUs: number
  readonly toUs: number
  readonly conversion: ReturnType<typeof unitRate> | undefined
}

function spansOf(rate: Rate, { fx, unit }: BookContext): Span[] {
  const start = dateUs(rate.effectiveFrom) ?? 0
  const end = rate.effectiveTo === undefined ? FOREVER_US : (dateUs(rate.effectiveTo) ?? FOREVER_US)
  const spans: Span[] = []
  let cursor = start
  for (const span of fx.byCurrency.get(unit.currency) ?? []) {
    const fromUs = Math.max(cursor, span.fromUs)
    const toUs = Math.min(end, span.toUs)
    if (fromUs >= toUs) continue
    if (fromUs > cursor) spans.push({ fromUs: cursor, toUs: fromUs, conversion: undefined })
    spans.push({ fromUs, toUs, conversion: unitRate(unit, span) })
    cursor = toUs
  }
  if (cursor < end) spans.push({ fromUs: cursor, toUs: end, conversion: undefined })
  return spans
}

function convert(native: Fraction, tiered: boolean, rate: ReturnType<typeof unitRate>): Conversion {
  const nano = reduce({ n: rate.usd.n * NANO_PER_USD, d: rate.usd.d * native.d })
  const linear = reduce({ n: native.n * nano.n, d: nano.d })
  const limit = BigInt(Number.MAX_SAFE_INTEGER)
  const fast = !tiered && linear.n <= limit && linear.d <= limit
  return {
    nano,
    fastN: fast ? Number(linear.n) : 0,
    fastD: fast ? Number(linear.d) : 0,
    rateText: rate.text,
    source: rate.source,
  }
}

const microNumber = (text: string): number => Number(micro(text))

function compileEstimate(estimate: Estimate): CompiledEstimate {
  return {
    meter: estimate.meter,
    when: compileWhen(estimate.when),
    form: estimate.form,
    driver: estimateForms[estimate.form],
    perImage: estimate.scope === 'image',
    expected: microNumber(estimate.expected),
    min: estimate.min === undefined ? undefined : microNumber(estimate.min),
    max: estimate.max === undefined ? undefined : microNumber(estimate.max),
    areaOffset: Number(estimate.areaOffset ?? 0),
    areaDivisor: Number(estimate.areaDivisor ?? 1),
    source: estimate.source,
  }
}

function compileAdjustment(adjustment: Adjustment, { hash, unit }: BookContext): CompiledAdjustment {
  const { id, description } = adjustment
  const common = { id, description, when: compileWhen(adjustment.when), book: hash }
  const fraction = (text: string): Fraction => fromDecimal(parseDecimal(text))
  switch (adjustment.kind) {
    case 'multiplier': {
      const { n, d } = fraction(adjustment.factor)
      return { ...common, kind: 'multiplier', share: { n: n - d, d } }
    }
    case 'percent': {
      const { n, d } = fraction(adjustment.percent)
      return { ...common, kind: 'percent', share: { n, d: d * 100n } }
    }
    case 'add':
      return { ...common, kind: 'add', per: adjustment.per, amount: { native: fraction(adjustment.amount), unit } }
    case 'min':
    case 'max':
      return { ...common, kind: adjustment.kind, amount: { native: fraction(adjustment.amount), unit } }
    case 'freeUnits':
      return {
        ...common,
        kind: 'freeUnits',
        meter: adjustment.meter,
        quantity: micro(adjustment.quantity),
        scope: adjustment.scope,
      }
  }
}
