/** Corrections of the past: what the invoice says of some settled calls, posted late as charges that name what they adjust. */
import { formatUsd } from '../../src/core/money.ts'
import type { Ledger } from '../../src/ports/ledger.ts'
import { HOUR_US } from './calendar.ts'

export interface CorrectionOptions {
  readonly endUs: number
  /** One of so many settled calls. */
  readonly every: number
  readonly most: number
}

/** Of the last week, where people look; how many were posted. */
export async function postCorrections(ledger: Ledger, { endUs, every, most }: CorrectionOptions): Promise<number> {
  let posted = 0
  let seen = 0
  let cursor: string | undefined
  do {
    const query = { sinceUs: endUs - 7 * 24 * HOUR_US, limit: 200, ...(cursor !== undefined && { cursor }) }
    const page = await ledger.prices.settled(query)
    for (const { attempt } of page.rows) {
      seen += 1
      const [line] = attempt.charges
      if (seen % every !== 0 || attempt.charges.length !== 1 || !line || line.reverses !== null || attempt.draws.length > 0)
        continue
      const amount = -(line.amountNanoUsd / 20n)
      if (amount === 0n) continue
      const {
        id,
        attemptId: _attempt,
        incurredUs: _incurred,
        postedUs: _posted,
        reverses: _reverses,
        corrects: _corrects,
        ...copied
      } = line
      const description = `The invoice has 5 % less: -$${formatUsd(-amount)}`
      const correction = {
        ...copied,
        kind: 'correction',
        amountNanoUsd: amount,
        nativeAmount: formatUsd(amount),
        nativeUnit: 'USD',
        fxRate: '1',
        fxSource: 'USD',
        provenance: 'invoiced',
        description,
      } as const
      const { kind } = await ledger.prices.correct({
        attemptId: attempt.id,
        atUs: endUs,
        standing: [id],
        corrections: [{ line: correction, corrects: id }],
        evidence: { source: 'invoice', seeded: true },
      })
      if (kind === 'corrected') posted += 1
      if (posted >= most) return posted
    }
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return posted
}
