/**
 * Keeps the sweeper away from bytes that are just being stored again. Blobs are shared by content: the last reference to a
 * picture may expire in the very moment in which the same picture is made anew.
 */

export interface BlobGuard {
  /** Waits for a deletion of these bytes that has begun; from then until `release` they are not deleted. */
  hold(sha256: string): Promise<void>
  release(sha256: string): void
  /** Runs the deletion unless someone holds the bytes. */
  whileUnheld(sha256: string, remove: () => Promise<unknown>): Promise<void>
}

export function createBlobGuard(): BlobGuard {
  const held = new Map<string, number>()
  const deleting = new Map<string, Promise<unknown>>()
  return {
    async hold(sha256) {
      held.set(sha256, (held.get(sha256) ?? 0) + 1)
      await deleting.get(sha256)
    },
    release(sha256) {
      const left = (held.get(sha256) ?? 1) - 1
      if (left === 0) held.delete(sha256)
      else held.set(sha256, left)
    },
    async whileUnheld(sha256, remove) {
      if (held.has(sha256)) return
      // A failed deletion leaves the bytes where they are, which is all that whoever waits needs to know.
      const removal = remove().catch(() => undefined)
      deleting.set(sha256, removal)
      await removal
      deleting.delete(sha256)
    },
  }
}
