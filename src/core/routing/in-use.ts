/** The model somebody uses now, for a quote to compare with. */
import type { OfferId } from '../offer.ts'

/** Images made with one offer at one quality; the ledger's rows have more on them. */
export interface Use {
  readonly offer: OfferId
  /** Empty: the offer has no quality setting. */
  readonly quality: string
  readonly images: number
}

/** What most images were made with; undefined when there were none. Of equals the first in order of offer and quality. */
export function mostUsed(uses: readonly Use[]): Use | undefined {
  const sums = new Map<string, Use>()
  for (const { offer, quality, images } of uses) {
    const key = `${offer}#${quality}`
    sums.set(key, { offer, quality, images: (sums.get(key)?.images ?? 0) + images })
  }
  let most: Use | undefined
  for (const [, use] of [...sums].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (use.images > (most?.images ?? 0)) most = use
  }
  return most
}
