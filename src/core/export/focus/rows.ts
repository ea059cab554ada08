/** From the ledger to FOCUS: every kind of charge, purchase and draw becomes rows whose sums are the ledger's. */
import { type Decimal, parseDecimal } from '../../money.ts'
import { shareOut } from '../../pricing/index.ts'
import { absolute, decimal, nano, negative, shareOf, textOf } from '../decimals.ts'
import type { ExportAttempt, ExportCharge, ExportEntry, ExportLot } from '../entries.ts'
import { type Piece, splitByDraws } from '../split.ts'
import {
  accountCells,
  allocationCells,
  type Cells,
  chargeCells,
  commitmentCells,
  commitmentId,
  commitmentResource,
  costCells,
  type FocusOptions,
  hourOf,
  lotQuantity,
  lotTime,
  lotUnit,
  periodCells,
  priceCells,
  serviceCells,
  tagsOf,
  toNative,
  toRow,
} from './cells.ts'
import type { FocusRow } from './columns.ts'
import { lotWords, serviceOf, unitOf } from './units.ts'

/**
 * The rows of one entry. Over any set of entries the sum of `x_LedgerCost` is that of the ledger's charges, the sum of
 * EffectiveCost is what they cost with lots at their own price, and BilledCost is that with purchases instead of their use.
 */
export function focusRows(entry: ExportEntry, options: FocusOptions): readonly FocusRow[] {
  switch (entry.kind) {
    case 'attempt': {
      const kinds = new Map(entry.charges.map((charge) => [charge.id, charge]))
      const pieces = splitByDraws(entry.charges, entry.draws).filter(({ charge }) => charge.incurredUs === entry.incurredUs)
      const lists = listsOf(pieces, entry.attempt, options)
      return pieces.map((piece) => pieceRow(piece, entry.attempt, { ...options, categories: kinds, listed: lists.get(piece) }))
    }
    case 'breakage':
      return [breakageRow(entry.charge, entry.lot, options)]
    case 'loose':
      return [looseRow(entry.charge)]
    case 'purchase':
      return [purchaseRow(entry.lot, options)]
    case 'outside':
      return [outsideRow(entry.draw, options)]
  }
}

/** The list price of each piece, where it is known; those of a charge add up to its own. Discounts have none: they are what lowers it. */
function listsOf(pieces: readonly Piece[], attempt: ExportAttempt, { listOf }: FocusOptions): ReadonlyMap<Piece, bigint> {
  const lists = new Map<Piece, bigint>()
  for (const charge of new Set(pieces.map((piece) => piece.charge))) {
    const list = listOf?.(charge, attempt)
    if (list === undefined) continue
    const own = pieces.filter((piece) => piece.charge === charge)
    const shares = shareOut(
      list,
      own.map(({ amountNanoUsd }) => amountNanoUsd),
    )
    own.forEach((piece, index) => {
      lists.set(piece, shares[index] ?? 0n)
    })
  }
  return lists
}

interface PieceOptions extends FocusOptions {
  readonly categories: ReadonlyMap<string, ExportCharge>
  /** Its list price; undefined: as the price in use. */
  readonly listed: bigint | undefined
}

/** What lowers a bill is a credit; a price that was corrected is an adjustment; a reversal is what it reverses. */
function categoryOf(charge: ExportCharge, all: ReadonlyMap<string, ExportCharge>): 'Usage' | 'Credit' | 'Adjustment' {
  const original = charge.reverses === null ? undefined : all.get(charge.reverses)
  if (original) return categoryOf(original, all)
  if (charge.kind === 'correction') return 'Adjustment'
  if (charge.kind === 'reversal' || charge.amountNanoUsd >= 0n) return 'Usage'
  return 'Credit'
}

/** Found out later about money that was incurred before: a price, a reversal, or what is posted with one. */
const isCorrection = (charge: ExportCharge, all: ReadonlyMap<string, ExportCharge>): boolean =>
  charge.kind === 'correction' ||
  charge.reverses !== null ||
  [...all.values()].some(({ reverses, postedUs }) => reverses !== null && postedUs === charge.postedUs)

function pieceRow(piece: Piece, attempt: ExportAttempt, options: PieceOptions): FocusRow {
  const { charge, amountNanoUsd: amount, paid } = piece
  const category = categoryOf(charge, options.categories)
  const listed = category === 'Usage' ? options.listed : undefined
  const { provider, providerType, model, offer } = attempt
  const tags = tagsOf(attempt)
  const period = paid?.lot.kind === 'reservedCapacity' ? lotTime(paid.lot) : hourOf(charge.incurredUs)
  const times = periodCells(period, { ...charge, correction: isCorrection(charge, options.categories) })
  const corrected = times.ChargeClass === 'Correction'
  const effective = paid ? paid.effectiveNanoUsd : amount
  const native = shareOf(parseDecimal(charge.nativeAmount), amount, charge.amountNanoUsd || 1n)
  return toRow({
    ...accountCells(provider),
    ...serviceCells(serviceOf(charge.kind, providerType), model.split('/')[0] ?? providerType),
    ...times,
    ...costCells({ billed: paid ? 0n : amount, effective, priced: amount, listed, ledger: amount }),
    ChargeCategory: category,
    ChargeFrequency: 'Usage-Based',
    ChargeDescription: charge.description,
    PricingCurrency: charge.nativeUnit,
    PricingCurrencyEffectiveCost: textOf(paid ? toNative(effective, parseDecimal(charge.fxRate)) : native),
    ...(category === 'Usage' && quantityCells(charge, amount, native, listed)),
    ...(category === 'Usage' && { PricingCategory: paid ? 'Committed' : 'Standard' }),
    ...skuCells(charge, attempt),
    ...regionCells(offer),
    ResourceId: offer,
    ResourceName: model,
    ResourceType: 'Offer',
    SubAccountId: attempt.projectId,
    SubAccountName: attempt.projectName ?? attempt.projectId,
    SubAccountType: 'Project',
    Tags: tags,
    ...(paid && commitmentCells(paid.lot, 'Used', corrected ? undefined : lotQuantity(paid.lot, paid.drawn))),
    ...(paid?.lot.kind === 'reservedCapacity' && commitmentResource(paid.lot)),
    ...(paid && allocationCells(options.version, paid.lot, { drawn: paid.drawn, requestId: attempt.requestId, tags })),
    ...chargeCells(charge),
    x_AttemptId: attempt.id,
    x_AttemptKind: attempt.kind,
    x_Offer: offer,
    x_Operation: attempt.operation,
    x_Outcome: attempt.outcome,
    x_RequestId: attempt.requestId,
  })
}

/** Consumed and priced quantity of a part of a charge. A charge without a quantity is one request. */
function quantityCells(charge: ExportCharge, amount: bigint, native: Decimal, listed = amount): Cells {
  const counted = charge.quantity === undefined ? undefined : absolute(parseDecimal(charge.quantity))
  const sign = amount < 0n || (amount === 0n && charge.amountNanoUsd < 0n) ? -1n : 1n
  const whole = counted ?? decimal(1n, 0)
  const part = charge.amountNanoUsd === 0n ? whole : shareOf(whole, amount * sign, charge.amountNanoUsd * sign)
  const consumed = sign < 0n ? negative(part) : part
  const unit = unitOf(counted ? charge.meter : null)
  // A fixed price for a quantity of nothing is the price of one request.
  const priced =
    part.units === 0n && amount !== 0n ? { quantity: decimal(sign, 0), unit: 'Requests' } : { quantity: consumed, unit }
  return {
    ConsumedQuantity: textOf(consumed),
    ConsumedUnit: unit,
    ...priceCells(
      priced.quantity,
      priced.unit,
      { usd: amount, native },
      { usd: listed, native: listed === amount ? native : toNative(listed, parseDecimal(charge.fxRate)) },
    ),
  }
}

/** What is sold, whoever buys it; and the price it was sold at. */
function skuCells(charge: ExportCharge, { offer, provider, providerType }: ExportAttempt): Cells {
  const sold = `${providerType}:${offer.startsWith(`${provider}:`) ? offer.slice(provider.length + 1) : offer}`
  const meter = charge.meter ?? charge.rateId
  return skuOf(`${sold}/${meter}`, meter, charge)
}

const skuOf = (sku: string, meter: string, { rateId, priceBook }: Pick<ExportCharge, 'rateId' | 'priceBook'>): Cells => ({
  SkuId: sku,
  SkuMeter: meter,
  SkuPriceId: `${sku}#${rateId}${priceBook ? `@${priceBook}` : ''}`,
  SkuPriceDetails: JSON.stringify({ x_Meter: meter, x_RateId: rateId, ...(priceBook && { x_PriceBook: priceBook }) }),
})

/** `<provider>:<publisher>/<model>[@<region>][+<tier>]`. */
function regionCells(offer: string): Cells {
  const region = /@([^+]+)/.exec(offer)?.[1]
  return region === undefined ? {} : { RegionId: region, RegionName: region }
}

function lotCells(lot: ExportLot, { providerTypeOf }: FocusOptions): Cells {
  const type = providerTypeOf(lot.provider) ?? lot.provider
  const sku = `${type}:commitments/${lot.commitment}`
  return {
    ...accountCells(lot.provider),
    ...serviceCells(serviceOf('usage', type), type),
    ...skuOf(sku, lot.meter ?? 'money', { rateId: lot.id, priceBook: '' }),
    ...commitmentResource(lot),
    PricingCurrency: 'USD',
    x_ChargeKind: lot.kind,
    x_Sandbox: 'false',
  }
}

/** A lot is bought once, when it begins; its cost is spread over its use and what is left at its end. */
function purchaseRow(lot: ExportLot, options: FocusOptions): FocusRow {
  const { paidNanoUsd: paid } = lot
  const hours = lot.kind === 'reservedCapacity'
  return toRow({
    ...lotCells(lot, options),
    ...periodCells(lotTime(lot), { incurredUs: lot.startsUs, postedUs: lot.startsUs, correctsMonthUs: null, correction: false }),
    ...costCells({ billed: paid, effective: 0n, priced: paid, ledger: 0n }),
    ...priceCells(decimal(1n, 0), hours ? 'Hours' : 'Purchases', { usd: paid, native: nano(paid) }),
    ...commitmentCells(lot, null, lotQuantity(lot, lot.capacity)),
    ChargeCategory: 'Purchase',
    ChargeFrequency: lotWords[lot.kind].frequency,
    ChargeDescription: `${lotWords[lot.kind].type} at ${lot.provider}: ${commitmentId(lot)}`,
    PricingCategory: 'Standard',
    PricingCurrencyEffectiveCost: '0',
  })
}

/** What was paid for and not used. It is incurred at the end of its lot. */
function breakageRow(charge: ExportCharge, lot: ExportLot, options: FocusOptions): FocusRow {
  const amount = charge.amountNanoUsd
  const left = lot.remaining > 0n ? lot.remaining : 1n
  return toRow({
    ...lotCells(lot, options),
    ...periodCells(lotTime(lot), { ...charge, correction: false }),
    ...costCells({ billed: 0n, effective: amount, priced: amount, ledger: amount }),
    ...priceCells(lotQuantity(lot, left), lotUnit(lot), { usd: amount, native: nano(amount) }),
    ...commitmentCells(lot, 'Unused', charge.correctsMonthUs === null ? lotQuantity(lot, left) : undefined),
    ...allocationCells(options.version, lot, { drawn: left, requestId: null, tags: null }),
    ...chargeCells(charge),
    ChargeCategory: 'Usage',
    ChargeFrequency: 'Usage-Based',
    ChargeDescription: charge.description,
    PricingCategory: 'Committed',
    PricingCurrencyEffectiveCost: textOf(nano(amount)),
  })
}

/** Use of a shared lot by others: it takes its share of what the lot cost, and is no charge of the ledger. */
function outsideRow(draw: Extract<ExportEntry, { kind: 'outside' }>['draw'], options: FocusOptions): FocusRow {
  const { lot, drawn, coveredNanoUsd: covered, effectiveNanoUsd: effective } = draw
  const quantity = lotQuantity(lot, drawn)
  return toRow({
    ...lotCells(lot, options),
    ...periodCells(lot.kind === 'reservedCapacity' ? lotTime(lot) : hourOf(draw.drawnUs), {
      incurredUs: draw.drawnUs,
      postedUs: draw.drawnUs,
      correctsMonthUs: null,
      correction: false,
    }),
    ...costCells({ billed: 0n, effective, priced: covered, ledger: 0n }),
    ...priceCells(quantity, lotUnit(lot), { usd: covered, native: nano(covered) }),
    ...commitmentCells(lot, 'Used', quantity),
    ...allocationCells(options.version, lot, { drawn, requestId: draw.id, tags: null }),
    ChargeCategory: 'Usage',
    ChargeFrequency: 'Usage-Based',
    ChargeDescription: `Use of ${commitmentId(lot)} made outside Halftone`,
    ConsumedQuantity: textOf(quantity),
    ConsumedUnit: lotUnit(lot),
    PricingCategory: 'Committed',
    PricingCurrencyEffectiveCost: textOf(nano(effective)),
    x_ChargeKind: 'outside',
  })
}

/** Money that belongs to no attempt, such as storage: a service of Halftone's own. */
function looseRow(charge: ExportCharge): FocusRow {
  const amount = charge.amountNanoUsd
  const service = serviceOf(charge.kind, 'Halftone')
  const category = categoryOf(charge, new Map())
  const native = parseDecimal(charge.nativeAmount)
  const meter = charge.meter ?? charge.rateId
  return toRow({
    ...accountCells('halftone'),
    ...serviceCells(service, 'Halftone'),
    ...periodCells(hourOf(charge.incurredUs), { ...charge, correction: isCorrection(charge, new Map()) }),
    ...costCells({ billed: amount, effective: amount, priced: amount, ledger: amount }),
    ...(category === 'Usage' && { ...quantityCells(charge, amount, native), PricingCategory: 'Standard' }),
    ...skuOf(`halftone:${charge.kind}/${meter}`, meter, charge),
    ...chargeCells(charge),
    ChargeCategory: category,
    ChargeFrequency: 'Usage-Based',
    ChargeDescription: charge.description,
    PricingCurrency: charge.nativeUnit,
    PricingCurrencyEffectiveCost: textOf(native),
  })
}
