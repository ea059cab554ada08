/** The columns of each FOCUS version, in the order they are written, and Halftone's own after them. */

export const focusVersions = ['1.2', '1.3'] as const
export type FocusVersion = (typeof focusVersions)[number]

export type ColumnType = 'String' | 'Decimal' | 'DateTime' | 'Json'

export interface FocusColumn {
  readonly name: string
  readonly type: ColumnType
  readonly nullable: boolean
}

/** FOCUS 1.2, ratified 2025-05-29. */
export const columns12 = [
  { name: 'AvailabilityZone', type: 'String', nullable: true },
  { name: 'BilledCost', type: 'Decimal', nullable: false },
  { name: 'BillingAccountId', type: 'String', nullable: false },
  { name: 'BillingAccountName', type: 'String', nullable: true },
  { name: 'BillingAccountType', type: 'String', nullable: false },
  { name: 'BillingCurrency', type: 'String', nullable: false },
  { name: 'BillingPeriodEnd', type: 'DateTime', nullable: false },
  { name: 'BillingPeriodStart', type: 'DateTime', nullable: false },
  { name: 'CapacityReservationId', type: 'String', nullable: true },
  { name: 'CapacityReservationStatus', type: 'String', nullable: true },
  { name: 'ChargeCategory', type: 'String', nullable: false },
  { name: 'ChargeClass', type: 'String', nullable: true },
  { name: 'ChargeDescription', type: 'String', nullable: true },
  { name: 'ChargeFrequency', type: 'String', nullable: false },
  { name: 'ChargePeriodEnd', type: 'DateTime', nullable: false },
  { name: 'ChargePeriodStart', type: 'DateTime', nullable: false },
  { name: 'CommitmentDiscountCategory', type: 'String', nullable: true },
  { name: 'CommitmentDiscountId', type: 'String', nullable: true },
  { name: 'CommitmentDiscountName', type: 'String', nullable: true },
  { name: 'CommitmentDiscountQuantity', type: 'Decimal', nullable: true },
  { name: 'CommitmentDiscountStatus', type: 'String', nullable: true },
  { name: 'CommitmentDiscountType', type: 'String', nullable: true },
  { name: 'CommitmentDiscountUnit', type: 'String', nullable: true },
  { name: 'ConsumedQuantity', type: 'Decimal', nullable: true },
  { name: 'ConsumedUnit', type: 'String', nullable: true },
  { name: 'ContractedCost', type: 'Decimal', nullable: false },
  { name: 'ContractedUnitPrice', type: 'Decimal', nullable: true },
  { name: 'EffectiveCost', type: 'Decimal', nullable: false },
  { name: 'InvoiceId', type: 'String', nullable: true },
  { name: 'InvoiceIssuerName', type: 'String', nullable: false },
  { name: 'ListCost', type: 'Decimal', nullable: false },
  { name: 'ListUnitPrice', type: 'Decimal', nullable: true },
  { name: 'PricingCategory', type: 'String', nullable: true },
  { name: 'PricingCurrency', type: 'String', nullable: true },
  { name: 'PricingCurrencyContractedUnitPrice', type: 'Decimal', nullable: true },
  { name: 'PricingCurrencyEffectiveCost', type: 'Decimal', nullable: true },
  { name: 'PricingCurrencyListUnitPrice', type: 'Decimal', nullable: true },
  { name: 'PricingQuantity', type: 'Decimal', nullable: true },
  { name: 'PricingUnit', type: 'String', nullable: true },
  { name: 'ProviderName', type: 'String', nullable: false },
  { name: 'PublisherName', type: 'String', nullable: false },
  { name: 'RegionId', type: 'String', nullable: true },
  { name: 'RegionName', type: 'String', nullable: true },
  { name: 'ResourceId', type: 'String', nullable: true },
  { name: 'ResourceName', type: 'String', nullable: true },
  { name: 'ResourceType', type: 'String', nullable: true },
  { name: 'ServiceCategory', type: 'String', nullable: false },
  { name: 'ServiceName', type: 'String', nullable: false },
  { name: 'ServiceSubcategory', type: 'String', nullable: false },
  { name: 'SkuId', type: 'String', nullable: true },
  { name: 'SkuMeter', type: 'String', nullable: true },
  { name: 'SkuPriceDetails', type: 'Json', nullable: true },
  { name: 'SkuPriceId', type: 'String', nullable: true },
  { name: 'SubAccountId', type: 'String', nullable: true },
  { name: 'SubAccountName', type: 'String', nullable: true },
  { name: 'SubAccountType', type: 'String', nullable: true },
  { name: 'Tags', type: 'Json', nullable: true },
] as const satisfies readonly FocusColumn[]

/** What FOCUS 1.3, ratified 2025-12-05, adds. It deprecates ProviderName and PublisherName, which stay until 1.4. */
export const columnsAddedIn13 = [
  { name: 'AllocatedMethodId', type: 'String', nullable: true },
  { name: 'AllocatedMethodDetails', type: 'Json', nullable: true },
  { name: 'AllocatedResourceId', type: 'String', nullable: true },
  { name: 'AllocatedResourceName', type: 'String', nullable: true },
  { name: 'AllocatedTags', type: 'Json', nullable: true },
  { name: 'ContractApplied', type: 'Json', nullable: true },
  { name: 'HostProviderName', type: 'String', nullable: false },
  { name: 'ServiceProviderName', type: 'String', nullable: false },
] as const satisfies readonly FocusColumn[]

/** Halftone's own. */
export const ownColumns = [
  { name: 'x_AttemptId', type: 'String', nullable: true },
  { name: 'x_AttemptKind', type: 'String', nullable: true },
  { name: 'x_ChargeId', type: 'String', nullable: true },
  { name: 'x_ChargeKind', type: 'String', nullable: false },
  { name: 'x_CorrectedPeriodStart', type: 'DateTime', nullable: true },
  { name: 'x_Corrects', type: 'String', nullable: true },
  { name: 'x_FxRate', type: 'Decimal', nullable: true },
  { name: 'x_LedgerCost', type: 'Decimal', nullable: false },
  { name: 'x_LotId', type: 'String', nullable: true },
  { name: 'x_Offer', type: 'String', nullable: true },
  { name: 'x_Operation', type: 'String', nullable: true },
  { name: 'x_Outcome', type: 'String', nullable: true },
  { name: 'x_PostedAt', type: 'DateTime', nullable: false },
  { name: 'x_PriceBook', type: 'String', nullable: true },
  { name: 'x_Provenance', type: 'String', nullable: true },
  { name: 'x_RequestId', type: 'String', nullable: true },
  { name: 'x_Reverses', type: 'String', nullable: true },
  { name: 'x_Sandbox', type: 'String', nullable: false },
] as const satisfies readonly FocusColumn[]

export type FocusColumnName =
  | (typeof columns12)[number]['name']
  | (typeof columnsAddedIn13)[number]['name']
  | (typeof ownColumns)[number]['name']

/** Null: no value. Decimals and JSON are text. */
export type FocusRow = Readonly<Record<FocusColumnName, string | null>>

export const focusColumns = (version: FocusVersion): readonly (FocusColumn & { readonly name: FocusColumnName })[] => [
  ...columns12,
  ...(version === '1.2' ? [] : columnsAddedIn13),
  ...ownColumns,
]
