/** Groups of columns that several kinds of rows share. */
import type { Decimal } from '../../money.ts'
import { decimal, nano, quotient, textOf } from '../decimals.ts'
import type { ExportAttempt, ExportCharge, ExportLot } from '../entries.ts'
import type { FocusColumnName, FocusRow, FocusVersion } from './columns.ts'
import { columns12, columnsAddedIn13, ownColumns } from './columns.ts'
import { lotWords, type Service, unitOf } from './units.ts'

export interface FocusOptions {
  readonly version: FocusVersion
  /** The kind of a configured provider, such as `openai`; undefined where it is configured no more. */
  readonly providerTypeOf: (provider: string) => string | undefined
  /** What a charge costs at the published price; absent or undefined: nothing but the price in use is known. */
  readonly listOf?: (charge: ExportCharge, attempt: ExportAttempt) => bigint | undefined
}

export type Cells = Partial<Record<FocusColumnName, string | null>>

const HOUR_US = 3_600_000_000
const allColumns = [...columns12, ...columnsAddedIn13, ...ownColumns]
const stringColumns: ReadonlySet<string> = new Set(allColumns.filter(({ type }) => type === 'String').map(({ name }) => name))
const empty = Object.fromEntries(allColumns.map(({ name }) => [name, null])) as FocusRow

/** Spreadsheets run a cell that begins so as a formula. */
const FORMULA = /^[=+\-@\t\r\n]/

/** A whole row: what is not given is null. Text that a spreadsheet would run gets an apostrophe in front. */
export function toRow(cells: Cells): FocusRow {
  const guarded = Object.entries(cells).map(([name, value]) => [
    name,
    typeof value === 'string' && stringColumns.has(name) && FORMULA.test(value) ? `'${value}` : value,
  ])
  return { ...empty, ...Object.fromEntries(guarded) }
}

/** As FOCUS writes an instant: whole seconds, UTC. */
export const timeText = (us: number): string => `${new Date(Math.floor(us / 1e6) * 1e3).toISOString().slice(0, 19)}Z`

function monthOf(us: number): readonly [start: number, end: number] {
  const date = new Date(us / 1_000)
  const at = (months: number): number => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months) * 1_000
  return [at(0), at(1)]
}

export const hourOf = (us: number): readonly [start: number, end: number] => {
  const start = Math.floor(us / HOUR_US) * HOUR_US
  return [start, start + HOUR_US]
}

/** The time a lot is for; one without an end is bought in an hour. */
export const lotTime = ({ startsUs, expiresUs }: ExportLot): readonly [start: number, end: number] =>
  expiresUs === null ? hourOf(startsUs) : [startsUs, expiresUs]

interface Dated extends Pick<ExportCharge, 'incurredUs' | 'postedUs' | 'correctsMonthUs'> {
  readonly correction: boolean
}

/**
 * Charge and billing period. A correction of an earlier month is billed in the month it was posted in, and says so in
 * ChargeClass; one within the month is not a correction in the sense of FOCUS.
 */
export function periodCells(
  [start, end]: readonly [number, number],
  { incurredUs, postedUs, correctsMonthUs, correction }: Dated,
): Cells {
  const corrected = correctsMonthUs ?? monthOf(incurredUs)[0]
  const late = correctsMonthUs !== null || (correction && monthOf(postedUs)[0] > corrected)
  const [billingStart, billingEnd] = monthOf(late ? Math.max(postedUs, incurredUs) : incurredUs)
  return {
    ChargePeriodStart: timeText(start),
    ChargePeriodEnd: timeText(end),
    BillingPeriodStart: timeText(billingStart),
    BillingPeriodEnd: timeText(billingEnd),
    ChargeClass: late ? 'Correction' : null,
    x_CorrectedPeriodStart: late ? timeText(corrected) : null,
    x_PostedAt: timeText(postedUs),
  }
}

export function serviceCells({ provider, name, category, subcategory }: Service, publisher: string): Cells {
  return {
    ProviderName: provider,
    InvoiceIssuerName: provider,
    PublisherName: publisher,
    HostProviderName: provider,
    ServiceProviderName: provider,
    ServiceName: name,
    ServiceCategory: category,
    ServiceSubcategory: subcategory,
  }
}

/** The account that is billed is the configured provider. */
export const accountCells = (provider: string): Cells => ({
  BillingAccountId: provider,
  BillingAccountName: provider,
  BillingAccountType: 'Provider Account',
  BillingCurrency: 'USD',
})

interface Amounts {
  readonly billed: bigint
  readonly effective: bigint
  /** What it costs at the price in use. */
  readonly priced: bigint
  /** At the published price; absent: as at the price in use. */
  readonly listed?: bigint | undefined
  /** The part of the ledger's own charge that this row stands for. */
  readonly ledger: bigint
}

export const costCells = ({ billed, effective, priced, listed = priced, ledger }: Amounts): Cells => ({
  BilledCost: textOf(nano(billed)),
  EffectiveCost: textOf(nano(effective)),
  ListCost: textOf(nano(listed)),
  ContractedCost: textOf(nano(priced)),
  x_LedgerCost: textOf(nano(ledger)),
})

const ZERO = decimal(0n, 0)
const isZero = ({ units }: Decimal): boolean => units === 0n
const perUnit = (cost: Decimal, quantity: Decimal): string =>
  isZero(quantity) ? '0' : textOf(quotient(cost, quantity)).replace(/^-/, '')

export interface Cost {
  readonly usd: bigint
  /** In the currency of the price. */
  readonly native: Decimal
}

/** Quantity and unit prices, such that quantity times price is the cost. */
export function priceCells(quantity: Decimal, unit: string, cost: Cost, list: Cost = cost): Cells {
  const usd = perUnit(nano(cost.usd), quantity)
  const native = perUnit(cost.native, quantity)
  return {
    PricingQuantity: textOf(quantity),
    PricingUnit: unit,
    ListUnitPrice: perUnit(nano(list.usd), quantity),
    ContractedUnitPrice: usd,
    PricingCurrencyListUnitPrice: perUnit(list.native, quantity),
    PricingCurrencyContractedUnitPrice: native,
  }
}

/** An amount in the currency of the price, by the rate the charge was converted with. */
export const toNative = (amount: bigint, fxRate: Decimal): Decimal => (isZero(fxRate) ? ZERO : quotient(nano(amount), fxRate))

/** What is left or used of a lot, in its own unit. */
export const lotQuantity = (lot: ExportLot, units: bigint): Decimal => decimal(units, lot.meter === null ? 9 : 6)
export const lotUnit = (lot: ExportLot): string => (lot.meter === null ? 'USD' : unitOf(lot.meter))
export const commitmentId = ({ provider, commitment }: ExportLot): string => `${provider}/${commitment}`

/** `quantity`: undefined where FOCUS wants none, for corrections. */
export function commitmentCells(lot: ExportLot, status: 'Used' | 'Unused' | null, quantity: Decimal | undefined): Cells {
  const id = commitmentId(lot)
  const reserved = lot.kind === 'reservedCapacity'
  return {
    CommitmentDiscountId: id,
    CommitmentDiscountName: lot.commitment,
    CommitmentDiscountCategory: lot.meter === null ? 'Spend' : 'Usage',
    CommitmentDiscountType: lotWords[lot.kind].type,
    CommitmentDiscountStatus: status,
    CommitmentDiscountQuantity: quantity === undefined ? null : textOf(quantity),
    CommitmentDiscountUnit: quantity === undefined ? null : lotUnit(lot),
    CapacityReservationId: reserved ? id : null,
    CapacityReservationStatus: reserved ? status : null,
    x_LotId: lot.id,
  }
}

/** The commitment itself as what was bought. */
export const commitmentResource = (lot: ExportLot): Cells => ({
  ResourceId: commitmentId(lot),
  ResourceName: lot.commitment,
  ResourceType: 'Commitment',
})

/** A share of an hour of capacity that is paid whole: the split cost of FOCUS 1.3. */
export function allocationCells(
  version: FocusVersion,
  lot: ExportLot,
  part: { readonly drawn: bigint; readonly requestId: string | null; readonly tags: string | null },
): Cells {
  if (version === '1.2' || lot.kind !== 'reservedCapacity' || lot.capacity === 0n) return {}
  const quantity = lotQuantity(lot, part.drawn)
  const ratio = textOf(quotient(quantity, lotQuantity(lot, lot.capacity)))
  const element = `{"AllocatedRatio":${ratio},"UsageUnit":${JSON.stringify(lotUnit(lot))},"UsageQuantity":${textOf(quantity)}}`
  return {
    AllocatedMethodId: 'halftone-share-of-capacity',
    AllocatedMethodDetails: `{"Elements":[${element}]}`,
    AllocatedResourceId: part.requestId,
    AllocatedTags: part.tags,
    // The tags are of the request, not of the capacity: FOCUS wants them in one of the two columns.
    ...(part.requestId !== null && { Tags: null }),
  }
}

/** Keys of Halftone's own tags begin so; a client's key that does too is written behind `user/`. */
const TAG_PREFIX = 'halftone/'

export function tagsOf(attempt: ExportAttempt): string {
  const own: readonly (readonly [string, string | null])[] = [
    ['project', attempt.projectId],
    ['key', attempt.keyId],
    ['end_customer', attempt.endCustomer],
    ['group', attempt.group],
    ['route', attempt.route],
  ]
  const entries = [
    ...own.flatMap(([name, value]): [string, string][] => (value === null || value === '' ? [] : [[TAG_PREFIX + name, value]])),
    ...Object.entries(attempt.tags).map(([name, value]): [string, string] => [
      name.startsWith(TAG_PREFIX) ? `user/${name}` : name,
      value,
    ]),
  ]
  return JSON.stringify(Object.fromEntries(entries))
}

/** Columns of Halftone's own that tell which charge a row is part of. */
export const chargeCells = (charge: ExportCharge): Cells => ({
  x_ChargeId: charge.id,
  x_ChargeKind: charge.kind,
  x_FxRate: charge.fxRate,
  x_PriceBook: charge.priceBook || null,
  x_Provenance: charge.provenance,
  x_Reverses: charge.reverses,
  x_Corrects: charge.corrects,
  x_Sandbox: String(charge.sandbox),
})
