/** What differs between two JSON objects, path by path. Used for versions of routes and for the record of changes. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }
export type JsonRecord = { readonly [name: string]: Json }

export interface JsonChange {
  /** `shares.fal`, `models[1]`; lists of plain values are one value. */
  readonly path: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** As JSON; empty where there was nothing. */
  readonly before: string
  readonly after: string
}

/** Every member that differs, in the order of the older object, then what the newer one added. */
export function jsonChanges(before: JsonRecord | null, after: JsonRecord | null): readonly JsonChange[] {
  const changes: JsonChange[] = []
  walk('', before ?? {}, after ?? {}, changes)
  return changes
}

function walk(path: string, before: JsonRecord, after: JsonRecord, changes: JsonChange[]): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [memberOf(before, name), memberOf(after, name)]
    const here = path === '' ? name : `${path}.${name}`
    if (isRecord(old) && isRecord(now)) walk(here, old, now, changes)
    else if (isListOfRecords(old) && isListOfRecords(now)) {
      walk(here, Object.fromEntries(old.map(indexed)), Object.fromEntries(now.map(indexed)), changes)
    } else if (jsonText(old) !== jsonText(now)) {
      const kind = old === undefined ? 'added' : now === undefined ? 'removed' : 'changed'
      changes.push({ path: here.replaceAll('.[', '['), kind, before: jsonText(old), after: jsonText(now) })
    }
  }
}

const indexed = (value: Json, index: number): [string, Json] => [`[${index}]`, value]
const memberOf = (record: JsonRecord, name: string): Json | undefined => (Object.hasOwn(record, name) ? record[name] : undefined)
const isRecord = (value: Json | undefined): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isListOfRecords = (value: Json | undefined): value is readonly JsonRecord[] =>
  Array.isArray(value) && value.length > 0 && value.every(isRecord)

/** One line, members in a fixed order, so that equal values are equal texts; empty for undefined. */
export function jsonText(value: Json | undefined): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return `[${value.map(jsonText).join(', ')}]`
  if (!isRecord(value)) return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}: ${jsonText(value[name])}`).join(', ')}}`
}

/** Whether two objects say the same, whatever the order of their members. */
export const isSameJson = (left: JsonRecord, right: JsonRecord): boolean => jsonText(left) === jsonText(right)
