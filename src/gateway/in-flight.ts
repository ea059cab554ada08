/** Requests running on this node: for joining retries, the concurrency limit and drain. */
import type { NanoUsd } from '../core/money.ts'

export interface RunningRequest {
  readonly requestId: string
  /** Key and fingerprint: what an SDK's own retry has in common with the call it repeats. */
  readonly joinKey: string
  /** Resolves, never rejects, when the request is settled. */
  readonly ended: Promise<void>
}

export interface InFlight {
  readonly size: number
  readonly joined: { readonly count: number; readonly savedNanoUsd: NanoUsd }
  add(request: RunningRequest): void
  remove(requestId: string): void
  find(joinKey: string): RunningRequest | undefined
  countJoined(savedNanoUsd: NanoUsd): void
  idle(): Promise<void>
}

export function createInFlight(): InFlight {
  const running = new Map<string, RunningRequest>()
  const byJoinKey = new Map<string, RunningRequest>()
  let waiting: (() => void)[] = []
  let joined = { count: 0, savedNanoUsd: 0n }
  return {
    get size() {
      return running.size
    },
    get joined() {
      return joined
    },
    add(request) {
      running.set(request.requestId, request)
      byJoinKey.set(request.joinKey, request)
    },
    remove(requestId) {
      const request = running.get(requestId)
      running.delete(requestId)
      if (request && byJoinKey.get(request.joinKey) === request) byJoinKey.delete(request.joinKey)
      if (running.size > 0) return
      for (const resolve of waiting) resolve()
      waiting = []
    },
    find: (joinKey) => byJoinKey.get(joinKey),
    countJoined(savedNanoUsd) {
      joined = { count: joined.count + 1, savedNanoUsd: joined.savedNanoUsd + savedNanoUsd }
    },
    idle: () => (running.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  }
}
