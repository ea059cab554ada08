/** Watches free disk so that images give way long before the ledger feels it. */
import type { Clock } from '../ports/clock.ts'
import type { DiskGuard, GatewayLog } from './state.ts'

export interface DiskGuardOptions {
  /** Of the disk that is watched; undefined where that cannot be told. */
  freeBytes(): Promise<number | undefined>
  readonly clock: Clock
  readonly log: GatewayLog
  /** Below it no image is stored. Bytes. */
  readonly storeFloor: number
  /** Below it nothing is dispatched. Bytes. */
  readonly dispatchFloor: number
}

const LOOK_EVERY_MS = 5_000

export async function startDiskGuard(
  options: DiskGuardOptions,
): Promise<DiskGuard & { freeBytes(): number | undefined; close(): Promise<void> }> {
  const { clock, log } = options
  const stop = new AbortController()
  let free = await options.freeBytes()
  const watching = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, stop.signal).catch(() => undefined)
      free = await options.freeBytes().catch((err: unknown) => {
        log.error({ err }, 'free disk could not be read')
        return free
      })
    }
  })()
  return {
    mayStore: () => free === undefined || free >= options.storeFloor,
    mayDispatch: () => free === undefined || free >= options.dispatchFloor,
    freeBytes: () => free,
    async close() {
      stop.abort()
      await watching
    },
  }
}
