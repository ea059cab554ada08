/**
 * What a provider's call-back does: it makes the attempt that waits for a job ask at once. Nothing a call-back says is believed,
 * so the worst a stranger with the address can do is one more question to the provider.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export interface Webhooks {
  /** Where a provider may call back about an attempt; undefined when this gateway cannot be reached over https. */
  urlOf(attemptId: string): string | undefined
  /** From now on call-backs about the attempt are heard, until `close`. */
  listen(attemptId: string): WebhookListener
  /** A call-back came. A wrong token changes nothing; one about an attempt that nobody listens for yet is heard by who does next. */
  wake(attemptId: string, token: string): void
}

export interface WebhookListener {
  /** Resolves at the next call-back, or at once when one came since the last. Never rejects; stays open when `signal` aborts. */
  woken(signal: AbortSignal): Promise<void>
  close(): void
}

export interface WebhooksOptions {
  /** Key of the tokens, from the data folder, so that a job's address outlives a restart. */
  readonly key: Uint8Array
  readonly publicUrl: () => string | undefined
}

interface Waiting {
  called: boolean
  resolve: (() => void) | undefined
}

/** Call-backs that came too early: after a restart they are answered before the jobs of before are taken up again. */
const MOST_EARLY = 1_000

export function createWebhooks({ key, publicUrl }: WebhooksOptions): Webhooks {
  const listeners = new Map<string, Waiting>()
  const early = new Set<string>()
  const remember = (attemptId: string): void => {
    early.add(attemptId)
    const [oldest] = early
    if (early.size > MOST_EARLY && oldest !== undefined) early.delete(oldest)
  }
  const tokenOf = (attemptId: string): string => createHmac('sha256', key).update(attemptId).digest('base64url').slice(0, 32)
  return {
    urlOf(attemptId) {
      const origin = publicUrl()
      if (!origin?.startsWith('https://')) return undefined
      return `${origin.replace(/\/$/, '')}/v1/halftone/webhooks/${encodeURIComponent(attemptId)}/${tokenOf(attemptId)}`
    },
    listen(attemptId) {
      const waiting: Waiting = { called: early.delete(attemptId), resolve: undefined }
      listeners.set(attemptId, waiting)
      return {
        woken: (signal) =>
          new Promise((resolve) => {
            const take = (): void => {
              waiting.called = false
              waiting.resolve = undefined
              resolve()
            }
            if (waiting.called) return take()
            waiting.resolve = take
            signal.addEventListener('abort', () => {
              if (waiting.resolve === take) waiting.resolve = undefined
            })
          }),
        close: () => {
          listeners.delete(attemptId)
        },
      }
    },
    wake(attemptId, token) {
      const expected = Buffer.from(tokenOf(attemptId))
      const given = Buffer.from(token)
      const waiting = listeners.get(attemptId)
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return
      if (!waiting) return remember(attemptId)
      waiting.called = true
      waiting.resolve?.()
    },
  }
}
