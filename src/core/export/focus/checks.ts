/** The checks that rules are made of, on one row. Null satisfies every check of a type or a format. */
import { nano, negative, product, readDecimal, sum, unitsAt } from '../decimals.ts'
import type { Check, CheckPart } from './model.ts'

/** Values as text, by column; a column that the file does not have is undefined. */
export type CheckedRow = Readonly<Record<string, string | null | undefined>>

export interface RowChecks {
  /** Columns by the form their values have. */
  readonly columnsBy: Readonly<Record<'FormatNumeric' | 'FormatDateTime' | 'FormatKeyValue', readonly string[]>>
}

const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(\.\d+)?Z$/
const UNIT = /^(?:\d+ )?[A-Z][A-Za-z]*(?:[ /-][A-Z][A-Za-z]*)*$/
// Half of a surrogate pair, or what stood for one.
const BROKEN = /\p{Surrogate}|\uFFFD/u
/** Currencies of ISO 4217 in use. */
const CURRENCIES = new Set(
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG'.split(
    ' ',
  ),
)

const formats: Readonly<Record<string, (value: string) => boolean>> = {
  TypeString: (value) => !BROKEN.test(value),
  FormatString: (value) => value.trim() !== '' && !BROKEN.test(value),
  TypeDecimal: (value) => readDecimal(value) !== undefined,
  FormatNumeric: (value) => readDecimal(value) !== undefined,
  CheckDecimalValue: (value) => readDecimal(value) !== undefined,
  TypeDateTime: isDateTime,
  FormatDateTime: isDateTime,
  FormatUnit: (value) => UNIT.test(value),
  FormatKeyValue: (value) => keyValues(value) !== undefined,
  // Three capitals are a national currency; anything else names a virtual one.
  FormatCurrency: (value) => (/^[A-Z]{3}$/.test(value) ? CURRENCIES.has(value) : value.trim() !== ''),
  CheckNationalCurrency: (value) => CURRENCIES.has(value),
  KeysPrefixed: (value) => [...(keyValues(value) ?? [])].every(([key]) => key.startsWith('x_') || skuProperties.has(key)),
  AllocationDetails: (value) => allocatedRatio(value) !== undefined,
  ContractList: (value) => Array.isArray(parse(value)) || parse(value)?.constructor === Object,
}

const skuProperties: ReadonlySet<string> = new Set(
  'CoreCount DiskMaxIops DiskSpace DiskType GpuCount InstanceType InstanceSeries MemorySize NetworkMaxIops NetworkMaxThroughput OperatingSystem Redundancy StorageClass'.split(
    ' ',
  ),
)

function isDateTime(value: string): boolean {
  if (!DATE_TIME.test(value)) return false
  const time = Date.parse(value)
  // A day that no month has is read as one of the next.
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 19) === value.slice(0, 19)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The pairs of a flat JSON object, or undefined: no object, a value that is not plain, or a key twice. */
function keyValues(text: string): ReadonlyMap<string, unknown> | undefined {
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const pairs = Object.entries(value)
  if (pairs.some(([, each]) => typeof each === 'object' && each !== null)) return undefined
  // A key that stands twice is lost in parsing, so the keys of the text are counted.
  const keys = text.match(/"(?:[^"\\]|\\.)*"(?=\s*:)/g) ?? []
  return new Set(keys).size === keys.length ? new Map(pairs) : undefined
}

/** The sum of the ratios of a row's elements. */
export function allocatedRatio(text: string): number | undefined {
  const value = parse(text)
  if (typeof value !== 'object' || value === null || !('Elements' in value) || !Array.isArray(value.Elements)) return undefined
  const ratios = value.Elements.map((each: unknown) =>
    typeof each === 'object' && each !== null && 'AllocatedRatio' in each ? each.AllocatedRatio : undefined,
  )
  let total = 0
  for (const ratio of ratios) {
    if (typeof ratio !== 'number') return undefined
    total += ratio
  }
  return ratios.length > 0 ? total : undefined
}

/** A nano-dollar: how near a product must come to a cost that was rounded to nine decimals. */
const TOLERANCE = nano(1n)

/** Whether a check holds on a row. Checks of several rows or of the header hold on each row. */
export function holds(check: Check, row: CheckedRow, context: RowChecks): boolean {
  const [name, ...rest] = check
  const [first, second, third] = rest.map((each) => (typeof each === 'string' ? (row[each] ?? null) : null))
  const value = first ?? null
  const expected = rest[1]
  switch (name) {
    case 'AND':
      return rest.every((each) => holds(each as Check, row, context))
    case 'OR':
      return rest.some((each) => holds(each as Check, row, context))
    case 'CheckValue':
      return same(value, expected)
    case 'CheckNotValue':
      return !same(value, expected)
    case 'CheckSameValue':
      return value === (second ?? null)
    case 'CheckNotSameValue':
      return value !== (second ?? null)
    case 'CheckSameNumber':
      return near(value, second ?? null)
    case 'CheckGreaterOrEqualThanValue':
      return value === null || (numberOf(value)?.units ?? -1n) >= BigInt(Number(expected))
    case 'ColumnByColumnEqualsColumnValue':
      return productMatches(value, second ?? null, third ?? null)
    case 'NoSharedTags': {
      const other = second === null || second === undefined ? undefined : keyValues(second)
      return value === null || !other || [...(keyValues(value) ?? [])].every(([key, each]) => other.get(key) !== each)
    }
    case 'AllColumns': {
      // Only forms that have columns are named so.
      const form = rest[0] as keyof RowChecks['columnsBy']
      return context.columnsBy[form].every((column) => holds([form, column], row, context))
    }
    default: {
      const format = formats[name]
      return !format || value === null || format(value)
    }
  }
}

const numberOf = (text: string | null) => (text === null ? undefined : readDecimal(text))

function same(value: string | null, expected: CheckPart | undefined): boolean {
  if (expected === null || expected === undefined) return value === null
  if (typeof expected === 'number') {
    const number = numberOf(value)
    return number !== undefined && number.units === BigInt(expected) * 10n ** BigInt(number.scale)
  }
  return value === expected
}

function near(a: string | null, b: string | null): boolean {
  const [x, y] = [numberOf(a), numberOf(b)]
  if (!x || !y) return a === b
  const difference = unitsAt(sum(x, negative(y)), 18)
  const limit = unitsAt(TOLERANCE, 18)
  return difference <= limit && -difference <= limit
}

function productMatches(a: string | null, b: string | null, result: string | null): boolean {
  const [x, y, z] = [numberOf(a), numberOf(b), numberOf(result)]
  if (!x || !y || !z) return a === null || b === null
  const difference = unitsAt(sum(product(x, y), negative(z)), 18)
  const limit = unitsAt(TOLERANCE, 18)
  return difference <= limit && -difference <= limit
}

/** Checks that read all their arguments; the others read the first. */
const OF_SEVERAL: ReadonlySet<string> = new Set([
  'CheckSameValue',
  'CheckNotSameValue',
  'CheckSameNumber',
  'CheckDistinctCount',
  'ColumnByColumnEqualsColumnValue',
  'NoSharedTags',
])

/** The columns a check reads. */
export function columnsOf([name, ...rest]: Check): readonly string[] {
  if (name === 'AND' || name === 'OR') return rest.flatMap((each) => (Array.isArray(each) ? columnsOf(each as Check) : []))
  if (name.startsWith('Header') || name === 'AllColumns') return []
  return (OF_SEVERAL.has(name) ? rest : rest.slice(0, 1)).filter((each): each is string => typeof each === 'string')
}
