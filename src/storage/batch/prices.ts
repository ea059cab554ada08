/** Rows of the `prices` table: books that charges name, never changed, and drafted changes. */
import { type NewRow, toTuple } from '../schema.ts'
import type { Tx } from '../tx.ts'

export async function keepPrices(tx: Tx, rows: readonly NewRow<'prices'>[]): Promise<void> {
  if (rows.length > 0)
    await tx.insertMany(
      'prices',
      rows.map((row) => toTuple('prices', row)),
      'ignore',
    )
}
