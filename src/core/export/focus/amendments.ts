/** Where the published model and the specification part, and what the model leaves to people but a file can show. */
import type { Check } from './model.ts'

export interface Amendment {
  readonly requirement?: Check
  readonly condition?: Check
  /** What is wrong with the rule as published. */
  readonly reason: string
}

const isNull = (column: string): Check => ['CheckValue', column, null]
const isSet = (column: string): Check => ['CheckNotValue', column, null]
const equals = (column: string, value: string | number): Check => ['CheckValue', column, value]
const differs = (column: string, value: string): Check => ['CheckNotValue', column, value]
const onlyPresent = 'Asks for a value that is there, where the sentence asks for a decimal.'

/** By id of the rule. */
export const amendments: Readonly<Record<string, Amendment>> = {
  'CommitmentDiscountStatus-C-003-C': {
    requirement: isNull('CommitmentDiscountStatus'),
    reason: 'Must be null without a commitment; the check asks for the contrary.',
  },
  'CommitmentDiscountStatus-C-004-C': {
    condition: ['AND', isSet('CommitmentDiscountId'), equals('ChargeCategory', 'Usage')],
    requirement: isSet('CommitmentDiscountStatus'),
    reason: 'Is about usage under a commitment; the condition is that there is none.',
  },
  'CommitmentDiscountStatus-C-005-M': {
    requirement: ['OR', equals('CommitmentDiscountStatus', 'Used'), equals('CommitmentDiscountStatus', 'Unused')],
    condition: isSet('CommitmentDiscountStatus'),
    reason: 'Used and Unused are the values of the specification, and of other rules of the model; null is allowed.',
  },
  'CommitmentDiscountCategory-C-005-M': {
    requirement: ['OR', equals('CommitmentDiscountCategory', 'Spend'), equals('CommitmentDiscountCategory', 'Usage')],
    condition: isSet('CommitmentDiscountCategory'),
    reason: 'Null is allowed, and required without a commitment.',
  },
  'ConsumedQuantity-C-006-C': {
    requirement: isSet('ConsumedQuantity'),
    condition: differs('ChargeClass', 'Correction'),
    reason: 'Is about rows that are no correction; the condition is that they are one.',
  },
  'PricingCurrencyEffectiveCost-C-004-M': {
    requirement: ['CheckDecimalValue', 'PricingCurrencyEffectiveCost'],
    reason: 'Is about the effective cost; the check looks at the list price.',
  },
  'ContractedCost-C-004-M': { requirement: ['CheckDecimalValue', 'ContractedCost'], reason: onlyPresent },
  'EffectiveCost-C-004-M': { requirement: ['CheckDecimalValue', 'EffectiveCost'], reason: onlyPresent },
  'ListCost-C-004-M': { requirement: ['CheckDecimalValue', 'ListCost'], reason: onlyPresent },
  'PricingQuantity-C-008-M': { requirement: ['CheckDecimalValue', 'PricingQuantity'], reason: onlyPresent },
  'Tags-C-003-C': { condition: isSet('Tags'), reason: 'Is about tags that are there; the condition is that there are none.' },
  'CommitmentDiscountQuantity-C-010-C': {
    condition: equals('ChargeCategory', 'Purchase'),
    reason: 'Is about purchases; the condition compares with nothing.',
  },
}

/** Both of its members are satisfied by one of two contrary values: only the invoice can tell which is right. */
export const notFromAFile: ReadonlySet<string> = new Set(['InvoiceId-C-004-C', 'InvoiceId-C-005-C'])

interface Supplement {
  readonly requirement: Check
  readonly condition?: Check
}

const numeric: Check = ['AllColumns', 'FormatNumeric']
const dateTime: Check = ['AllColumns', 'FormatDateTime']
const keyValue: Check = ['AllColumns', 'FormatKeyValue']

/** Rules that the model calls dynamic and never runs, as far as a file shows whether they hold. */
export const supplements: Readonly<Record<string, Supplement>> = {
  'PricingCurrencyContractedUnitPrice-C-004-C': { requirement: isNull('PricingCurrencyContractedUnitPrice') },
  'PricingCurrencyContractedUnitPrice-C-005-C': { requirement: isSet('PricingCurrencyContractedUnitPrice') },
  'PricingCurrencyContractedUnitPrice-C-008-C': {
    requirement: ['CheckGreaterOrEqualThanValue', 'PricingCurrencyContractedUnitPrice', 0],
  },
  'ContractedCost-C-008-C': {
    requirement: ['CheckSameNumber', 'ContractedCost', 'BilledCost'],
    condition: equals('ChargeCategory', 'Credit'),
  },
  'ContractedCost-C-009-C': {
    requirement: ['ColumnByColumnEqualsColumnValue', 'ContractedUnitPrice', 'PricingQuantity', 'ContractedCost'],
  },
  'ListCost-C-008-C': {
    requirement: ['CheckSameNumber', 'ListCost', 'BilledCost'],
    condition: equals('ChargeCategory', 'Credit'),
  },
  'EffectiveCost-C-010-C': {
    requirement: ['CheckSameNumber', 'EffectiveCost', 'BilledCost'],
    condition: equals('ChargeCategory', 'Credit'),
  },
  'PricingQuantity-C-009-C': {
    requirement: ['ColumnByColumnEqualsColumnValue', 'ContractedUnitPrice', 'PricingQuantity', 'ContractedCost'],
    condition: ['AND', isSet('ContractedUnitPrice'), differs('ChargeClass', 'Correction')],
  },
  'PricingCategory-C-009-C': {
    requirement: equals('PricingCategory', 'Committed'),
    condition: isSet('CommitmentDiscountStatus'),
  },
  'PricingCurrencyEffectiveCost-C-005-M': {
    requirement: equals('PricingCurrencyEffectiveCost', 0),
    condition: equals('ChargeCategory', 'Purchase'),
  },
  'CommitmentDiscountQuantity-C-009-M': { requirement: ['CheckDecimalValue', 'CommitmentDiscountQuantity'] },
  'CommitmentDiscountUnit-C-008-M': { requirement: ['CheckDistinctCount', 'CommitmentDiscountId', 'CommitmentDiscountUnit', 1] },
  'ConsumedQuantity-C-008-C': { requirement: ['CheckDecimalValue', 'ConsumedQuantity'] },
  'SkuMeter-C-006-O': { requirement: ['CheckDistinctCount', 'SkuId', 'SkuMeter', 1] },
  'SkuPriceDetails-C-017-C': { requirement: ['KeysPrefixed', 'SkuPriceDetails'] },
  'DiscountHandling-A-009-C': { requirement: equals('BilledCost', 0), condition: equals('CommitmentDiscountStatus', 'Used') },
  'DiscountHandling-A-012-C': {
    requirement: ['CheckSameValue', 'ResourceId', 'CommitmentDiscountId'],
    condition: ['AND', equals('ChargeCategory', 'Purchase'), isSet('CommitmentDiscountId')],
  },
  'DiscountHandling-A-018-C': {
    requirement: equals('ChargeCategory', 'Usage'),
    condition: equals('CommitmentDiscountStatus', 'Unused'),
  },
  'DiscountHandling-A-019-C': {
    requirement: ['CheckSameValue', 'ResourceId', 'CommitmentDiscountId'],
    condition: equals('CommitmentDiscountStatus', 'Unused'),
  },
  'ColumnHandling-A-001-M': { requirement: ['HeaderPascalCase'] },
  'ColumnHandling-A-003-M': { requirement: ['HeaderAlphanumeric'] },
  'ColumnHandling-A-005-O': { requirement: ['HeaderShort'] },
  'ColumnHandling-A-010-M': { requirement: ['HeaderPrefixed'] },
  'ColumnHandling-A-012-O': { requirement: ['HeaderOrdered'] },
  'DateTimeFormat-A-001-M': { requirement: dateTime },
  'DateTimeFormat-A-002-M': { requirement: dateTime },
  'DateTimeFormat-A-004-M': { requirement: dateTime },
  'DateTimeFormat-A-005-M': { requirement: dateTime },
  'DateTimeFormat-A-006-M': { requirement: dateTime },
  'KeyValueFormat-A-001-M': { requirement: keyValue },
  'KeyValueFormat-A-002-M': { requirement: keyValue },
  'KeyValueFormat-A-003-M': { requirement: keyValue },
  'KeyValueFormat-A-004-M': { requirement: keyValue },
  'NumericFormat-A-002-M': { requirement: numeric },
  'NumericFormat-A-003-M': { requirement: numeric },
  'NumericFormat-A-004-M': { requirement: numeric },
  'NumericFormat-A-005-M': { requirement: numeric },
  'NumericFormat-A-006-M': { requirement: numeric },
  'NumericFormat-A-007-M': { requirement: numeric },
  'NumericFormat-A-008-M': { requirement: numeric },
  'NumericFormat-A-009-M': { requirement: numeric },
  'NumericFormat-A-010-M': { requirement: numeric },
  'NumericFormat-A-011-M': { requirement: numeric },
}
