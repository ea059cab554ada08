/** What the page of the audit log shows. */
import type { AuditEntryWire } from '../../../../src/contract/access.ts'
import { auditRules } from '../../../../src/contract/audit-rules.ts'
import { formatUsd } from '../../../../src/core/money.ts'
import type { AuditAsked } from '../../api/settings-queries.ts'
import { textOf } from '../../lib/filters.ts'
import { type Json, type JsonChange, type JsonRecord, jsonChanges, jsonText } from '../../lib/json-diff.ts'
import { boundsOf, type PeriodSearch, parsePeriod } from '../../lib/period.ts'

export interface AuditSearch extends PeriodSearch {
  /** `key`, or `key.create`. */
  readonly action?: string
  readonly actor?: string
  readonly object?: string
  /** The row whose sheet is open. */
  readonly entry?: string
}

export function parseAuditSearch(search: Record<string, unknown>): AuditSearch {
  const [action, actor, object, entry] = ['action', 'actor', 'object', 'entry'].map((name) => textOf(search[name]))
  return {
    ...parsePeriod(search),
    ...(action !== undefined && { action }),
    ...(actor !== undefined && { actor }),
    ...(object !== undefined && { object }),
    ...(entry !== undefined && { entry }),
  }
}

export const isNarrowed = ({ entry: _, ...rest }: AuditSearch): boolean => Object.keys(rest).length > 0

export function askedOf({ action, actor, object, entry: _, ...period }: AuditSearch, now: number): AuditAsked {
  const { since, until } = boundsOf(period, 'all', now)
  return {
    ...(action !== undefined && { action }),
    ...(actor !== undefined && { actor }),
    ...(object !== undefined && { object_id: object }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  }
}

/** Kinds of things that rows are about, from the table of what each endpoint writes. */
export const auditKinds: readonly string[] = [
  ...new Set(Object.values(auditRules).flatMap((rule) => ('writes' in rule ? [rule.writes] : []))),
].sort()

/** Members that were changed; what else is known where the row has no before and after. */
export function changesOf({ before, after, data }: AuditEntryWire): readonly JsonChange[] {
  if (before !== null || after !== null) return jsonChanges(readable(before), readable(after))
  return Object.entries(data).map(([path, value]) => ({
    path,
    kind: 'added' as const,
    before: '',
    after: jsonText(value as Json),
  }))
}

/** Rows hold money in nano-USD and times in microseconds; people read dollars and dates. */
function readable(row: AuditEntryWire['before']): JsonRecord | null {
  // JSON either way: the wire's type is the changeable one.
  if (row === null) return null
  return Object.fromEntries(
    Object.entries(row as JsonRecord).map(([name, value]) => {
      if (value !== null && !/^-?\d{1,19}$/.test(String(value))) return [name, value]
      if (name.endsWith('_nano_usd')) return [name.replace('_nano_usd', '_usd'), value && formatUsd(BigInt(String(value)))]
      if (name.endsWith('_us') && Number(value) < MOST_US)
        return [name.replace(/_us$/, '_at'), value && new Date(Number(value) / 1_000).toISOString()]
      return [name, value]
    }),
  )
}

/** Of the latest date there is in JavaScript. */
const MOST_US = 8.64e18

const SHOWN_NAMES = 3

/** `limit_usd, hard and 2 more`; for what was made or deleted the word says it all. */
export function changeText(entry: AuditEntryWire): string {
  if (entry.before === null || entry.after === null) return ''
  const names = changesOf(entry).map(({ path }) => path)
  if (names.length === 0) return 'nothing else than before'
  if (names.length <= SHOWN_NAMES) return names.join(', ')
  return `${names.slice(0, SHOWN_NAMES).join(', ')} and ${names.length - SHOWN_NAMES} more`
}
