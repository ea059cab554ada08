/** How far requests are that run on this node, as far as providers tell. */
import type { CallProgress } from '../gateway/execution.ts'

export interface ProgressBoard {
  /** Note it. Returns how much of the request is done, 0 to 1: the share of its `n` images. */
  told(progress: CallProgress, n: number): number
  /** Undefined: it does not run here, or nobody has told anything. */
  of(requestId: string): number | undefined
  ended(requestId: string): void
}

export function createProgressBoard(): ProgressBoard {
  const requests = new Map<string, { readonly n: number; readonly calls: Map<string, CallProgress> }>()
  const shareOf = (requestId: string): number | undefined => {
    const request = requests.get(requestId)
    if (!request) return undefined
    const done = [...request.calls.values()].reduce((sum, { images, share }) => sum + images * share, 0)
    // Two calls may make the same picture, of which the first is taken.
    return Math.min(1, Math.round((done / request.n) * 1_000) / 1_000)
  }
  return {
    told(progress, n) {
      const request = requests.get(progress.requestId) ?? { n, calls: new Map<string, CallProgress>() }
      requests.set(progress.requestId, request)
      request.calls.set(progress.attemptId, progress)
      return shareOf(progress.requestId) ?? 0
    },
    of: shareOf,
    ended: (requestId) => void requests.delete(requestId),
  }
}
