/** The background look at what providers report: drafts appear without anybody asking. */
import { reviewPrices } from './price-drafts.ts'
import type { PriceWork } from './rerate.ts'
import type { GatewayServices } from './state.ts'

export interface PriceReview {
  close(): Promise<void>
}

const EVERY_MS = 3_600_000

/** Reads pages of settled attempts with a reported cost once an hour; `work` is asked for anew each time. */
export function startPriceReview({ clock, log }: Pick<GatewayServices, 'clock' | 'log'>, work: () => PriceWork): PriceReview {
  const stop = new AbortController()
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(EVERY_MS, stop.signal).catch(() => undefined)
      if (stop.signal.aborted) return
      await reviewPrices(work(), stop.signal).then(
        (drafts) => {
          const open = drafts.filter(({ status }) => status === 'open')
          if (open.length > 0)
            log.warn(
              { drafts: open.map(({ id }) => id) },
              'providers report other prices than ours; see `halftone prices drafts`',
            )
        },
        (err: unknown) => {
          if (!stop.signal.aborted) log.error({ err }, 'looking at reported costs failed; it will be tried again')
        },
      )
    }
  })()
  return {
    async close() {
      stop.abort()
      await loop
    },
  }
}
