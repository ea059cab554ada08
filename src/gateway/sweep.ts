/** Deletes what has expired: rows by the ledger, then the bytes that nothing refers to any more. */
import type { GatewayServices } from './state.ts'

const SWEEP_ROWS = 500

export type SweepServices = Pick<GatewayServices, 'blobs' | 'blobGuard' | 'onDeleted'> & {
  readonly ledger: Pick<GatewayServices['ledger'], 'sweep'>
  readonly clock: Pick<GatewayServices['clock'], 'nowUs'>
}

/**
 * `maxBytes`: of kept images. The ledger names bytes again until it hears that they are gone, so that none stay behind for good: not
 * after a failed deletion, nor when this process is killed before it has begun.
 */
export async function sweep(services: SweepServices, maxBytes: number): Promise<void> {
  const { ledger, clock } = services
  let goneBlobs: readonly string[] = []
  let afterBlob = ''
  for (let more = true; more || goneBlobs.length > 0; ) {
    const swept = await ledger.sweep({ nowUs: clock.nowUs(), limit: SWEEP_ROWS, maxBytes, goneBlobs, afterBlob })
    goneBlobs = await deleteAll(services, swept.deletedBlobs)
    // Each is tried once in a sweep, whatever becomes of it.
    afterBlob = swept.deletedBlobs.at(-1) ?? afterBlob
    more = swept.more || swept.deletedBlobs.length >= SWEEP_ROWS
  }
}

/** Those that are gone. */
async function deleteAll({ blobs, blobGuard, onDeleted }: SweepServices, ids: readonly string[]): Promise<readonly string[]> {
  const gone: string[] = []
  await Promise.all(
    ids.map((sha256) =>
      blobGuard.whileUnheld(sha256, async () => {
        if (!(await blobs.delete(sha256))) return
        await onDeleted?.(sha256)
        gone.push(sha256)
      }),
    ),
  )
  return gone
}
