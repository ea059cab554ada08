/** The two things in which statements differ between databases: placeholders and row locks. */

/** For one writer: `IN (?...)` reads a JSON list; locks are not needed. */
export const forSingleWriter = (sql: string): string =>
  sql.replaceAll('IN (?...)', 'IN (SELECT value FROM json_each(?))').replaceAll(/\s+FOR (?:UPDATE|SHARE)\b/g, '')

/** For many writers: numbered parameters, `IN (?...)` takes an array. */
export function forManyWriters(sql: string): string {
  let index = 0
  return sql.replaceAll('IN (?...)', '= ANY(?)').replaceAll('?', () => {
    index += 1
    return `$${index}`
  })
}
