/** How attempts ended in the last 30 days, kept for a minute: quotes are asked for at every change of a form. */
import type { Clock } from '../ports/clock.ts'
import type { LedgerReader, TryRow } from '../ports/ledger.ts'

const TRIES_DAYS = 30
const KEPT_US = 60_000_000
const MAX_KEPT = 64

interface TriesOf {
  readonly sandbox: boolean
  /** Only those of this key. */
  readonly keyId?: string
}

export type RecentTries = (of: TriesOf) => Promise<readonly TryRow[]>

export function createRecentTries(read: Pick<LedgerReader, 'tries'>, clock: Pick<Clock, 'nowUs'>): RecentTries {
  const kept = new Map<string, { readonly untilUs: number; readonly rows: Promise<readonly TryRow[]> }>()
  return ({ sandbox, keyId }) => {
    const nowUs = clock.nowUs()
    const name = `${sandbox} ${keyId ?? ''}`
    const known = kept.get(name)
    if (known && nowUs < known.untilUs) return known.rows
    if (kept.size >= MAX_KEPT) kept.clear()
    const sinceUs = nowUs - TRIES_DAYS * 86_400_000_000
    const rows = read.tries({ sinceUs, sandbox, ...(keyId !== undefined && { keyId }) })
    kept.set(name, { untilUs: nowUs + KEPT_US, rows })
    // A failure is not an answer to keep.
    rows.catch(() => kept.delete(name))
    return rows
  }
}
