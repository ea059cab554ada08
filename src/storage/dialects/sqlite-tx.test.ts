import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SqlParameter } from '../tx.ts'
import { createSqliteTx } from './sqlite-tx.ts'

let db: DatabaseSync
beforeEach(() => {
  db = new DatabaseSync(':memory:')
  db.exec("CREATE TABLE pairs (a TEXT, b INTEGER) STRICT; INSERT INTO pairs VALUES ('x', 1), ('y', 1), ('z', 2), (NULL, 3)")
})
afterEach(() => db.close())

describe('lists of a query', () => {
  const both = 'SELECT a FROM pairs WHERE a IN (?...) AND b IN (?...) ORDER BY a FOR UPDATE'
  const cases: readonly (readonly [rule: string, sql: string, parameters: readonly SqlParameter[], found: readonly string[]])[] =
    [
      ['one value finds what equals it', 'SELECT a FROM pairs WHERE a IN (?...)', [['y']], ['y']],
      ['several find what equals any', 'SELECT a FROM pairs WHERE a IN (?...) ORDER BY a', [['z', 'x']], ['x', 'z']],
      ['none find nothing', 'SELECT a FROM pairs WHERE a IN (?...)', [[]], []],
      ['a null finds nothing', 'SELECT a FROM pairs WHERE a IN (?...)', [[null]], []],
      ['one value and several', both, [['x'], [1, 2]], ['x']],
      ['several and one', both, [['x', 'z'], [2]], ['z']],
      ['one and one', both, [['x'], [1]], ['x']],
      [
        'several and several',
        both,
        [
          ['x', 'y', 'z'],
          [1, 2],
        ],
        ['x', 'y', 'z'],
      ],
      ['beside what is no list', 'SELECT a FROM pairs WHERE b < ? AND a IN (?...) AND b <> ?', [3, ['z'], 1], ['z']],
    ]
  // Twice, and in one database after the other: each form of a statement is prepared once and must find itself again.
  test.each(cases)('%s', async (_rule, sql, parameters, found) => {
    const tx = createSqliteTx(db, () => 0)
    for (const [, ownSql, own] of cases) await tx.all(ownSql, own)
    expect((await tx.all(sql, parameters)).map((row) => row['a'])).toEqual(found)
  })
})

test('integers of a row are bigints, and rows do not share what they hold', async () => {
  const tx = createSqliteTx(db, () => 0)
  const rows = await tx.all("SELECT a, b FROM pairs WHERE a <> 'z' ORDER BY a")
  expect(rows).toEqual([
    { a: 'x', b: 1n },
    { a: 'y', b: 1n },
  ])
})
