/** What was said about a product is put aside: its words stay, and count no more. */
import { toTuple } from '../schema.ts'
import type { Tx } from '../tx.ts'
import { type AuditContext, writeAudit } from './audit.ts'

export async function resetQuality(
  tx: Tx,
  context: AuditContext,
  { product, atUs }: { product: string; atUs: number },
): Promise<void> {
  // Asked twice at once it is done once.
  const [known] = await tx.all('SELECT at_us FROM quality_resets WHERE product = ? AND at_us = ?', [product, atUs])
  if (known) return
  await tx.insertMany('quality_resets', [toTuple('quality_resets', { product, at_us: atUs })])
  await writeAudit(tx, context, { actor: 'api', action: 'quality.reset', objectId: product, data: { product } })
}
