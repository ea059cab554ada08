import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createCsvReader } from '../text.ts'
import { amendments, supplements } from './amendments.ts'
import type { CheckedRow } from './checks.ts'
import { columns12, columnsAddedIn13, type FocusVersion, focusColumns, focusVersions } from './columns.ts'
import { createFocusEvaluator, type FocusReport } from './evaluate.ts'
import { type Check, type CheckPart, type Rule, ruleSet } from './model.ts'
import { model12 } from './model-1-2.ts'

function evaluate(version: FocusVersion, columns: readonly string[], rows: readonly CheckedRow[]): FocusReport {
  const evaluator = createFocusEvaluator(version, columns)
  for (const row of rows) evaluator.row(row)
  return evaluator.finish()
}

function sample(name: string): { readonly columns: readonly string[]; readonly rows: readonly CheckedRow[] } {
  const reader = createCsvReader()
  const [header = [], ...records] = [
    ...reader.push(readFileSync(new URL(`../../../../test/fixtures/focus/${name}`, import.meta.url), 'utf8')),
    ...reader.end(),
  ]
  const columns = header.map(String)
  return { columns, rows: records.map((record) => Object.fromEntries(columns.map((column, index) => [column, record[index]]))) }
}

/** A row that breaks nothing, with a value in almost every column. */
const GOOD: Record<string, string | null> = {
  BilledCost: '0',
  BillingAccountId: 'acme',
  BillingAccountName: 'Acme',
  BillingAccountType: 'Provider Account',
  BillingCurrency: 'USD',
  BillingPeriodEnd: '2026-12-01T00:00:00Z',
  BillingPeriodStart: '2026-11-01T00:00:00Z',
  CapacityReservationId: 'acme/rack',
  CapacityReservationStatus: 'Used',
  ChargeCategory: 'Usage',
  ChargeDescription: 'two GPU seconds',
  ChargeFrequency: 'Usage-Based',
  ChargePeriodEnd: '2026-11-22T11:00:00Z',
  ChargePeriodStart: '2026-11-22T10:00:00Z',
  CommitmentDiscountCategory: 'Usage',
  CommitmentDiscountId: 'acme/rack',
  CommitmentDiscountName: 'rack',
  CommitmentDiscountQuantity: '2',
  CommitmentDiscountStatus: 'Used',
  CommitmentDiscountType: 'Reserved Capacity',
  CommitmentDiscountUnit: 'GPU-Seconds',
  ConsumedQuantity: '2',
  ConsumedUnit: 'GPU-Seconds',
  ContractedCost: '0.002',
  ContractedUnitPrice: '0.001',
  EffectiveCost: '0.0015',
  InvoiceIssuerName: 'acme',
  ListCost: '0.002',
  ListUnitPrice: '0.001',
  PricingCategory: 'Committed',
  PricingCurrency: 'USD',
  PricingCurrencyContractedUnitPrice: '0.001',
  PricingCurrencyEffectiveCost: '0.0015',
  PricingCurrencyListUnitPrice: '0.001',
  PricingQuantity: '2',
  PricingUnit: 'GPU-Seconds',
  ProviderName: 'acme',
  PublisherName: 'acme',
  RegionId: 'eu-1',
  RegionName: 'EU 1',
  ResourceId: 'acme/rack',
  ResourceName: 'rack',
  ResourceType: 'Commitment',
  ServiceCategory: 'AI and Machine Learning',
  ServiceName: 'acme images',
  ServiceSubcategory: 'Generative AI',
  SkuId: 'acme/gpu',
  SkuMeter: 'gpu.seconds',
  SkuPriceDetails: '{"x_Rate":"r"}',
  SkuPriceId: 'acme/gpu#r',
  SubAccountId: 'p',
  SubAccountName: 'P',
  SubAccountType: 'Project',
  Tags: '{"a":"b"}',
  HostProviderName: 'acme',
  ServiceProviderName: 'acme',
  AllocatedMethodId: 'share',
  AllocatedMethodDetails: '{"Elements":[{"AllocatedRatio":0.5,"UsageUnit":"GPU-Seconds","UsageQuantity":2}]}',
  AllocatedResourceId: 'request-1',
  AllocatedResourceName: 'a picture',
  AllocatedTags: '{"team":"red"}',
}
const COLUMNS = focusColumns('1.3').map(({ name }) => name)
const good = (): Record<string, string | null> => ({ ...Object.fromEntries(COLUMNS.map((name) => [name, null])), ...GOOD })

const isCheck = (part: CheckPart | undefined): part is Check => Array.isArray(part)

/** Change a row so that a condition holds. */
function satisfy([name, first, second]: Check, row: Record<string, string | null>, all: readonly CheckPart[]): void {
  const column = String(first)
  if (name === 'AND') for (const part of all.slice(1)) isCheck(part) && satisfy(part, row, part)
  else if (name === 'OR') isCheck(first) && satisfy(first, row, first)
  else if (name === 'CheckValue') row[column] = second === null ? null : String(second)
  else if (name === 'CheckNotValue' && second === null) row[column] = row[column] ?? GOOD[column] ?? '1'
  else if (name === 'CheckNotValue' && row[column] === second) row[column] = null
  else if (name === 'CheckNotSameValue') row[column] = 'another'
}

const isOfMany = (name: string): boolean => name === 'CheckDistinctCount' || name === 'AllocationSum'

/** Change rows or columns so that one rule is broken; what to change follows from the kind of its check. */
function plant(rule: Rule): { readonly columns: readonly string[]; readonly rows: readonly CheckedRow[] } {
  const [name, first, second] = rule.check
  const column = String(first)
  const row = good()
  if (name === 'ColumnPresent') return { columns: COLUMNS.filter((each) => each !== column), rows: [row] }
  const header: Record<string, readonly string[]> = {
    HeaderPascalCase: [...COLUMNS, 'x_lower'],
    HeaderAlphanumeric: [...COLUMNS, 'x_Under_score'],
    HeaderShort: [...COLUMNS, `x_${'A'.repeat(60)}`],
    HeaderPrefixed: [...COLUMNS, 'Unknown'],
    HeaderOrdered: [COLUMNS.at(-1)!, ...COLUMNS],
  }
  if (name.startsWith('Header')) return { columns: header[name]!, rows: [row] }
  for (const condition of rule.conditions) satisfy(condition, row, condition)
  if (isOfMany(name)) {
    const other = { ...row, [String(second ?? 'Other')]: 'another' }
    return { columns: COLUMNS, rows: name === 'AllocationSum' ? [row, row, row] : [row, other] }
  }
  spoil(rule.check, row)
  return { columns: COLUMNS, rows: [row] }
}

const WRONG: Readonly<Record<string, string>> = {
  TypeString: 'broken \uD800',
  FormatString: '  ',
  TypeDecimal: '1,5',
  FormatNumeric: '+1',
  CheckDecimalValue: '1/2',
  TypeDateTime: '2026-02-30T00:00:00Z',
  FormatDateTime: '2026-11-22 10:00:00',
  FormatUnit: 'gpu seconds',
  FormatKeyValue: '{"a":{"b":1}}',
  FormatCurrency: 'XYZ',
  CheckNationalCurrency: 'Credits',
  KeysPrefixed: '{"Rate":"r"}',
  AllocationDetails: '{"Elements":[]}',
  ContractList: 'no',
  CheckGreaterOrEqualThanValue: '-1',
}

function spoil([name, first, second, third]: Check, row: Record<string, string | null>): void {
  const column = String(first)
  if (name === 'AND' || name === 'OR') {
    const inner = isCheck(first) && isCheck(first[1]) ? first[1] : first
    if (isCheck(inner)) row[String(inner[1])] = 'nothing of the list'
  } else if (name === 'CheckValue') row[column] = second === null || second === 0 ? (GOOD[column] ?? '7') : 'another'
  else if (name === 'CheckNotValue') row[column] = second === null ? null : String(second)
  else if (name === 'CheckSameValue') row[column] = 'another'
  else if (name === 'CheckSameNumber') row[column] = '99'
  else if (name === 'ColumnByColumnEqualsColumnValue') row[String(third)] = '99'
  else if (name === 'NoSharedTags') row[column] = row[String(second)] = '{"same":"1"}'
  else if (name === 'AllColumns') row[allColumns[column]!] = WRONG[column]!
  else row[column] = WRONG[name] ?? 'another'
  if (name === 'CheckValue' && second === 0) row[column] = '7'
}
const allColumns: Readonly<Record<string, string>> = {
  FormatNumeric: 'BilledCost',
  FormatDateTime: 'ChargePeriodStart',
  FormatKeyValue: 'Tags',
}

describe('rules', () => {
  test('a good row breaks no rule', () => {
    const report = evaluate('1.3', COLUMNS, [good()])
    expect([...report.violations, ...report.recommendations]).toEqual([])
  })

  test.each(ruleSet('1.3').rules.map((rule) => [rule.id, rule] as const))('%s: its planted error is caught', (id, rule) => {
    const { columns, rows } = plant(rule)
    const report = evaluate('1.3', columns, rows)
    const found = [...report.violations, ...report.recommendations].find((violation) => violation.rule === id)
    expect(found).toMatchObject({ rule: id, column: rule.reference, source: rule.source })
    const ofFile = rule.check[0] === 'ColumnPresent' || rule.check[0].startsWith('Header') || rule.check[0] === 'AllocationSum'
    expect(found?.row).toBe(ofFile ? null : rows.length)
  })

  test.each(focusVersions)('every rule of FOCUS %s is checked, or is said not to be, once', (version) => {
    const report = evaluate(version, COLUMNS, [good()])
    const parts = [report.evaluated, report.notCheckable, report.permissions, report.gathering]
    expect(parts.map((ids) => ids.length).reduce((a, b) => a + b)).toBe(report.total)
    expect(new Set(parts.flat()).size).toBe(report.total)
    expect(report.total).toBe(
      model12.length + (version === '1.3' ? ruleSet('1.3').rules.length - ruleSet('1.2').rules.length : 0),
    )
    expect(report.evaluated.length).toBeGreaterThan(300)
    expect(report.notCheckable.length).toBeGreaterThan(90)
  })

  test('amendments and checks of our own name rules that exist', () => {
    const ids = new Set(model12.map(([id]) => id))
    expect(Object.keys({ ...amendments, ...supplements }).filter((id) => !ids.has(id))).toEqual([])
    const dynamic = new Set(model12.filter((row) => row[4] === 'D').map(([id]) => id))
    expect(Object.keys(supplements).filter((id) => !dynamic.has(id))).toEqual([])
  })

  test('every function of the model is a check', () => {
    const names = new Set<string>()
    const walk = (check: Check): void => {
      names.add(check[0])
      for (const part of check) if (isCheck(part)) walk(part)
    }
    for (const { check, conditions } of ruleSet('1.3').rules) for (const each of [check, ...conditions]) walk(each)
    const known = /^(AND|OR|ColumnPresent|Check\w+|ColumnByColumn\w+|All\w+|Header\w+|NoSharedTags)$/
    expect([...names].filter((name) => !known.test(name) && WRONG[name] === undefined)).toEqual([])
  })
})

describe('files', () => {
  test.each([
    ['sample-1.2.csv', '1.2'],
    ['sample-1.3.csv', '1.3'],
  ] as const)('%s breaks no rule that says MUST', (name, version) => {
    const { columns, rows } = sample(name)
    expect(evaluate(version, columns, rows).violations).toEqual([])
    expect(rows.length).toBeGreaterThan(0)
  })

  test('the bad sample: a category that there is not, and a cost that is not quantity times price', () => {
    const { columns, rows } = sample('bad-1.2.csv')
    const found = evaluate('1.2', columns, rows).violations.map(({ rule, row }) => `${rule} ${row}`)
    expect(found).toContain('ChargeCategory-C-003-M 1')
    expect(found).toContain('ContractedUnitPrice-C-011-C 2')
  })

  test('a file of 1.2 lacks the columns of 1.3, and says which', () => {
    const { columns, rows } = sample('sample-1.2.csv')
    const missing = evaluate('1.3', columns, rows).violations.map(({ value }) => value)
    expect(missing.sort()).toEqual(columnsAddedIn13.map(({ name }) => name).sort())
    expect(columns12).toHaveLength(57)
  })
})
