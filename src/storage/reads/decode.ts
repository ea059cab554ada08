/** From columns to the port's types. */
import type { JsonObject } from '../../core/json.ts'

export const numberOrNull = (value: bigint | null): number | null => (value === null ? null : Number(value))

/** A sum as the database gives it: NULL over no rows, and a wider type than its terms in some databases. */
export const toSum = (value: bigint | number | string | null | undefined): bigint => BigInt(value ?? 0)

/** JSON columns are written by this package alone. */
export const parseObject = (text: string): JsonObject => JSON.parse(text) as JsonObject
export const parseTags = (text: string): Readonly<Record<string, string>> => JSON.parse(text) as Record<string, string>

export function groupBy<T>(rows: readonly T[], key: (row: T) => string | null): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const name = key(row)
    if (name === null) continue
    const group = groups.get(name)
    if (group) group.push(row)
    else groups.set(name, [row])
  }
  return groups
}
