/** Closed months, and the charges that were booked to one in an order that stays. */
import type { Kysely } from 'kysely'
import type { BookedCharge, ClosedMonth, LedgerMonths } from '../../ports/ledger-months.ts'
import type { Database } from '../schema.ts'
import { parseObject } from './decode.ts'

const PAGE = 5_000

export const createMonthReads = (db: Kysely<Database>): Pick<LedgerMonths, 'closed' | 'holds'> => ({
  closed: async () => {
    const rows = await db.selectFrom('month_closes').selectAll().where('month', '!=', '').orderBy('month').execute()
    return rows
      .filter(({ step }) => step === 'closed')
      .map((row): ClosedMonth => {
        const seal = rows.find(({ month, step }) => month === row.month && step === 'sealed')
        // Written by this package alone.
        const { unknown } = parseObject(row.document) as { readonly unknown: readonly string[] }
        return {
          month: row.month,
          untilUs: Number(row.until_us),
          closedUs: Number(row.at_us),
          closedBy: row.made_by,
          forced: row.forced === 1n,
          unknown,
          seal: seal && parseObject(seal.document),
        }
      })
  },
  holds: (span) => readHolds(db, span),
})

async function* readHolds(
  db: Kysely<Database>,
  { fromUs, untilUs }: Parameters<LedgerMonths['holds']>[0],
): AsyncIterable<readonly BookedCharge[]> {
  let after = { incurred: BigInt(fromUs) - 1n, attempt: '', id: '' }
  for (;;) {
    const rows = await db
      .selectFrom('charges')
      .select(['id', 'attempt_id', 'amount_nano_usd', 'sandbox', 'incurred_us'])
      .where('incurred_us', '>=', BigInt(fromUs))
      .where('incurred_us', '<', BigInt(untilUs))
      .where(({ or, and, eb }) =>
        or([
          eb('incurred_us', '>', after.incurred),
          and([eb('incurred_us', '=', after.incurred), eb('attempt_id', '>', after.attempt)]),
          and([eb('incurred_us', '=', after.incurred), eb('attempt_id', '=', after.attempt), eb('id', '>', after.id)]),
        ]),
      )
      .orderBy('incurred_us')
      .orderBy('attempt_id')
      .orderBy('id')
      .limit(PAGE)
      .execute()
    if (rows.length > 0)
      yield rows.map((row) => ({ id: row.id, amountNanoUsd: row.amount_nano_usd, sandbox: row.sandbox === 1n }))
    const last = rows.at(-1)
    if (!last || rows.length < PAGE) return
    after = { incurred: last.incurred_us, attempt: last.attempt_id, id: last.id }
  }
}
