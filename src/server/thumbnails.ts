/** What the routes need of thumbnails; made by `steps/`, wired by the composition root. */
import type { AssetRecord } from '../ports/ledger.ts'

export interface Thumbnails {
  /** WebP bytes: the stored thumbnail, or one made now. Undefined for what cannot have one. */
  get(asset: Pick<AssetRecord, 'sha256' | 'mediaType'>): Promise<Uint8Array | undefined>
}
