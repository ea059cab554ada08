/** The form of a requirement model, and the rules of one FOCUS version. */
import { amendments, notFromAFile, supplements } from './amendments.ts'
import type { FocusVersion } from './columns.ts'
import { model12 } from './model-1-2.ts'
import { rules13 } from './rules-1-3.ts'

/** A check and its arguments: `['CheckValue', 'ChargeCategory', 'Tax']`, `['AND', ...checks]`. */
export interface Check extends ReadonlyArray<CheckPart> {
  readonly 0: string
}
export type CheckPart = string | number | null | Check

/** Id, keyword, function, what it is about, static or dynamic, requirement, condition, applicability. */
export type ModelRow = readonly [
  id: string,
  keyword: string,
  subject: string,
  reference: string,
  type: 'S' | 'D',
  requirement?: Check | null,
  condition?: Check | null,
  applicability?: readonly string[],
]

export type RuleSource =
  /** As the model states it. */
  | 'FOCUS 1.2 requirement model'
  /** The model's check contradicts the specification's sentence, which is followed. */
  | 'FOCUS 1.2 requirement model, amended'
  /** The model leaves it to people; the specification's sentence as a check of Halftone's own. */
  | 'FOCUS 1.2 specification'
  | 'FOCUS 1.3 specification'

export interface Rule {
  readonly id: string
  readonly keyword: string
  /** The column or attribute it is about. */
  readonly reference: string
  readonly source: RuleSource
  readonly check: Check
  /** All must hold for the rule to apply to a row: its own condition and those of the rules it is part of. */
  readonly conditions: readonly Check[]
}

export interface RuleSet {
  readonly version: FocusVersion
  readonly rules: readonly Rule[]
  /** What cannot be seen in a file, by id. Never counted as passed. */
  readonly notCheckable: readonly string[]
  /** MAY: nothing that could be violated. */
  readonly permissions: readonly string[]
  /** Rules that only gather others. */
  readonly gathering: readonly string[]
  /** Rules of everyone's: how many there are. */
  readonly total: number
}

const isCheck = (value: CheckPart): value is Check => Array.isArray(value)
const membersOf = (check: Check | null | undefined): readonly string[] =>
  check?.[0] === 'CheckModelRule'
    ? [String(check[1])]
    : (check?.slice(1) ?? []).flatMap((part) => (part !== undefined && isCheck(part) ? membersOf(part) : []))

/** Conditions of a gathering rule hold for its members, and theirs. */
function inherited(rows: readonly ModelRow[]): ReadonlyMap<string, readonly Check[]> {
  const parents = new Map<string, ModelRow>()
  for (const row of rows) for (const member of membersOf(row[5])) if (!parents.has(member)) parents.set(member, row)
  const conditionsOf = (row: ModelRow): readonly Check[] => {
    const parent = parents.get(row[0])
    const own = amendments[row[0]]?.condition ?? row[6]
    return [...(parent ? conditionsOf(parent) : []), ...(own ? [own] : [])]
  }
  return new Map(rows.map((row) => [row[0], conditionsOf(row)]))
}

/** The rules of a version. 1.3 is 1.2 and what its new columns add. */
export function ruleSet(version: FocusVersion): RuleSet {
  const conditions = inherited(model12)
  const rules: Rule[] = []
  const notCheckable: string[] = []
  const permissions: string[] = []
  const gathering: string[] = []
  for (const [id, keyword, subject, reference, type, requirement] of model12) {
    const amended = amendments[id]
    const own = supplements[id]
    if (subject === 'Composite') gathering.push(id)
    else if (keyword === 'MAY') permissions.push(id)
    else if (notFromAFile.has(id)) notCheckable.push(id)
    else {
      const check = amended?.requirement ?? (type === 'S' ? requirement : own?.requirement)
      if (!check) {
        notCheckable.push(id)
        continue
      }
      rules.push({
        id,
        keyword,
        reference,
        source: amended
          ? 'FOCUS 1.2 requirement model, amended'
          : own
            ? 'FOCUS 1.2 specification'
            : 'FOCUS 1.2 requirement model',
        check,
        conditions: [...(conditions.get(id) ?? []), ...(own?.condition ? [own.condition] : [])],
      })
    }
  }
  const added = version === '1.3' ? rules13 : []
  return {
    version,
    rules: [...rules, ...added],
    notCheckable,
    permissions,
    gathering,
    total: model12.length + added.length,
  }
}
