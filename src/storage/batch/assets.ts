/** Stored images and the references to their bytes. */
import type { Row, Tx } from '../tx.ts'

/** Rows stay, as lineage, without their private text; bytes that nothing refers to any more go with the sweep. */
export async function releaseAssets(tx: Tx, assets: readonly Row[], nowUs: number): Promise<void> {
  if (assets.length === 0) return
  const ids = assets.map((row) => String(row['id']))
  await tx.run('UPDATE assets SET deleted_us = ?, revised_prompt = NULL WHERE id IN (?...)', [nowUs, ids])
  const released = new Map<string, number>()
  for (const row of assets) released.set(String(row['sha256']), (released.get(String(row['sha256'])) ?? 0) - 1)
  const rows = [...released].sort(([left], [right]) => (left < right ? -1 : 1))
  await tx.addMany(
    'blobs',
    rows.map(([sha256, refs]) => [sha256, 0, refs, nowUs]),
    ['refs'],
  )
}
