/** Checks an export against the rules of its FOCUS version, row by row, in memory bounded by what must be compared across rows. */
import { allocatedRatio, type CheckedRow, columnsOf, holds, type RowChecks } from './checks.ts'
import { columns12, columnsAddedIn13, type FocusVersion } from './columns.ts'
import { type Rule, type RuleSource, ruleSet } from './model.ts'

export interface Violation {
  readonly rule: string
  readonly keyword: string
  readonly source: RuleSource
  /** The column or attribute that the rule is about. */
  readonly column: string
  /** From 1, without the header; null: about the file as a whole. */
  readonly row: number | null
  readonly value: string | null
}

export interface FocusReport {
  readonly version: FocusVersion
  readonly rows: number
  /** Broken rules that say MUST or MUST NOT: the first thousand, and how many. */
  readonly violations: readonly Violation[]
  readonly violationCount: number
  /** Those that say SHOULD or RECOMMENDED. */
  readonly recommendations: readonly Violation[]
  readonly recommendationCount: number
  /** Ids of the rules that were checked; of those, the ones that applied to no row. */
  readonly evaluated: readonly string[]
  readonly neverApplied: readonly string[]
  readonly notCheckable: readonly string[]
  readonly permissions: readonly string[]
  readonly gathering: readonly string[]
  readonly total: number
}

export interface FocusEvaluator {
  row(values: CheckedRow): void
  finish(): FocusReport
}

/** Kept in full; more are counted. */
const KEPT = 1_000

/** Evaluate one file: its columns first, then each row. */
export function createFocusEvaluator(version: FocusVersion, columns: readonly string[]): FocusEvaluator {
  const set = ruleSet(version)
  const present = new Set(columns)
  const found = { MUST: [] as Violation[], SHOULD: [] as Violation[] }
  const counts = { MUST: 0, SHOULD: 0 }
  const applied = new Set<string>()
  let rows = 0
  const report = (rule: Rule, row: number | null, value: string | null): void => {
    const kind = rule.keyword.startsWith('MUST') ? 'MUST' : 'SHOULD'
    counts[kind] += 1
    if (found[kind].length < KEPT)
      found[kind].push({ rule: rule.id, keyword: rule.keyword, source: rule.source, column: rule.reference, row, value })
  }

  for (const rule of set.rules.filter(isOfHeader)) {
    applied.add(rule.id)
    const wrong = headerFault(rule, columns, version)
    if (wrong !== undefined) report(rule, null, wrong)
  }
  const context = contextOf(columns, version)
  // A column that is missing is reported once, as missing.
  const ofRows = set.rules.filter((rule) => !isOfHeader(rule) && columnsOf(rule.check).every((column) => present.has(column)))
  const across = new Map(ofRows.filter(isAcross).map((rule) => [rule.id, createAcross(rule)]))

  return {
    row(values) {
      rows += 1
      for (const rule of ofRows) {
        if (!rule.conditions.every((condition) => holds(condition, values, context))) continue
        applied.add(rule.id)
        const several = across.get(rule.id)
        const broken = several ? several.row(values) : !holds(rule.check, values, context)
        if (broken) report(rule, rows, values[rule.reference] ?? null)
      }
    },
    finish() {
      for (const rule of ofRows) for (const value of across.get(rule.id)?.end() ?? []) report(rule, null, value)
      return {
        version,
        rows,
        violations: found.MUST,
        violationCount: counts.MUST,
        recommendations: found.SHOULD,
        recommendationCount: counts.SHOULD,
        evaluated: set.rules.map(({ id }) => id),
        neverApplied: set.rules.map(({ id }) => id).filter((id) => !applied.has(id)),
        notCheckable: set.notCheckable,
        permissions: set.permissions,
        gathering: set.gathering,
        total: set.total,
      }
    },
  }
}

function contextOf(columns: readonly string[], version: FocusVersion): RowChecks {
  const known = [...columns12, ...(version === '1.3' ? columnsAddedIn13 : [])]
  const present = new Set(columns)
  const of = (type: string): readonly string[] =>
    known.filter((column) => column.type === type && present.has(column.name)).map(({ name }) => name)
  return {
    columnsBy: {
      FormatNumeric: of('Decimal'),
      FormatDateTime: of('DateTime'),
      // The two JSON columns of 1.3 that are no flat pairs have checks of their own.
      FormatKeyValue: of('Json').filter((name) => name !== 'AllocatedMethodDetails' && name !== 'ContractApplied'),
    },
  }
}

const isOfHeader = ({ check: [name] }: Rule): boolean => name === 'ColumnPresent' || name.startsWith('Header')
const isAcross = ({ check: [name] }: Rule): boolean => name === 'CheckDistinctCount' || name === 'AllocationSum'

/** What is wrong with the header by a rule, or undefined. */
function headerFault({ check: [name, argument] }: Rule, columns: readonly string[], version: FocusVersion): string | undefined {
  const focus = new Set<string>([...columns12, ...(version === '1.3' ? columnsAddedIn13 : [])].map((column) => column.name))
  const plain = (column: string): string => column.replace(/^x_/, '')
  switch (name) {
    case 'ColumnPresent':
      return columns.includes(String(argument)) ? undefined : String(argument)
    case 'HeaderPascalCase':
      return columns.find((column) => !/^[A-Z]/.test(plain(column)))
    case 'HeaderAlphanumeric':
      return columns.find((column) => !/^[A-Za-z0-9]+$/.test(plain(column)))
    case 'HeaderShort':
      return columns.find((column) => column.length > 50)
    case 'HeaderPrefixed':
      return columns.find((column) => !focus.has(column) && !column.startsWith('x_'))
    default: {
      const firstOwn = columns.findIndex((column) => !focus.has(column))
      return firstOwn < 0 ? undefined : columns.slice(firstOwn).find((column) => focus.has(column))
    }
  }
}

interface Across {
  /** True: this row breaks the rule. */
  row(values: CheckedRow): boolean
  /** What is broken by the rows together. */
  end(): readonly string[]
}

function createAcross({ check: [name, first, second, most] }: Rule): Across {
  return name === 'AllocationSum' ? createAllocationSum() : createDistinct(String(first), String(second), Number(most))
}

/** No value of the first column stands beside more than so many of the second. */
function createDistinct(first: string, second: string, most: number): Across {
  const seen = new Map<string, Set<string>>()
  return {
    row(values) {
      const [key, value] = [values[first], values[second]]
      if (key === null || key === undefined || value === null || value === undefined) return false
      const beside = seen.get(key) ?? new Set()
      seen.set(key, beside)
      const isNew = !beside.has(value)
      beside.add(value)
      return isNew && beside.size > most
    },
    end: () => [],
  }
}

/**
 * The parts of one cost make the whole: never more than it, and all of it once the part that stays with nobody is there too. Parts
 * of one cost share the resource, the method and the charge period.
 */
function createAllocationSum(): Across {
  const sums = new Map<string, { total: number; hasRest: boolean; hasPart: boolean }>()
  const SLACK = 1e-9
  return {
    row(values) {
      const ratio = allocatedRatio(values['AllocatedMethodDetails'] ?? '')
      if (ratio === undefined) return false
      const key = ['AllocatedMethodId', 'ResourceId', 'ChargePeriodStart', 'ChargePeriodEnd']
        .map((name) => values[name])
        .join('\n')
      const sum = sums.get(key) ?? { total: 0, hasRest: false, hasPart: false }
      sums.set(key, sum)
      sum.total += ratio
      if (values['AllocatedResourceId']) sum.hasPart = true
      else sum.hasRest = true
      return false
    },
    end: () =>
      [...sums]
        .filter(([, { total, hasRest, hasPart }]) => total > 1 + SLACK || (hasRest && hasPart && total < 1 - SLACK))
        .map(([key, { total }]) => `${total} of ${key.split('\n')[1] ?? ''}`),
  }
}
