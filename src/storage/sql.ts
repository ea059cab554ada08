/** The two things in which statements differ between databases: placeholders and row locks. */

/**
 * For one writer: `IN (?...)` reads a JSON list, or is `= ?` where `isSingle` says that the list of this number has one value, for which
 * a table to look it up in would cost more than the query. Locks are not needed.
 */
export function forSingleWriter(sql: string, isSingle: (list: number) => boolean): string {
  let list = -1
  return sql
    .replaceAll('IN (?...)', () => {
      list += 1
      return isSingle(list) ? '= ?' : 'IN (SELECT value FROM json_each(?))'
    })
    .replaceAll(/\s+FOR (?:UPDATE|SHARE)\b/g, '')
}

/** For many writers: numbered parameters, `IN (?...)` takes an array. */
export function forManyWriters(sql: string): string {
  let index = 0
  return sql.replaceAll('IN (?...)', '= ANY(?)').replaceAll('?', () => {
    index += 1
    return `$${index}`
  })
}
