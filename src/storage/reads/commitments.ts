/** Lots and volumes, as the port names them. */
import type { Kysely, Selectable } from 'kysely'
import type { LotKind } from '../../core/pricing/lots.ts'
import type { Meter } from '../../core/usage.ts'
import type { LedgerCommitments, LotRecord, ManagedBy } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { numberOrNull, toSum } from './decode.ts'

export const createCommitmentReads = (db: Kysely<Database>): Pick<LedgerCommitments, 'lots' | 'volumes'> => ({
  lots: async ({ closed = false, endsAfterUs } = {}) => {
    let query = db.selectFrom('credit_lots').selectAll().where('commitment', 'is not', null)
    if (!closed) query = query.where('closed_us', 'is', null)
    if (endsAfterUs !== undefined)
      query = query.where((where) => where.or([where('expires_us', 'is', null), where('expires_us', '>', BigInt(endsAfterUs))]))
    return (await query.orderBy('expires_us').orderBy('id').execute()).map(toLotRecord)
  },
  volumes: async ({ sinceUs, exceptNode }) => {
    let query = db
      .selectFrom('volumes')
      .select(({ fn }) => ['provider', 'scope', 'meter', fn.sum<bigint>('quantity').as('quantity')])
      .where('day_us', '>=', BigInt(sinceUs))
    if (exceptNode !== undefined) query = query.where('node_id', '<>', exceptNode)
    const rows = await query
      .groupBy(['provider', 'scope', 'meter'])
      .orderBy('provider')
      .orderBy('scope')
      .orderBy('meter')
      .execute()
    return rows.map(({ provider, scope, meter, quantity }) => ({
      provider,
      scope,
      meter: meter as Meter,
      quantity: toSum(quantity),
    }))
  },
})

export function toLotRecord(row: Selectable<Database['credit_lots']>): LotRecord {
  const meter = row.meter as Meter | null
  return {
    id: row.id,
    provider: row.provider,
    commitment: row.commitment ?? '',
    kind: row.kind as LotKind,
    startsUs: Number(row.acquired_us),
    expiresUs: numberOrNull(row.expires_us),
    meter,
    capacity: meter === null ? row.amount_nano_usd : (row.quantity ?? 0n),
    remaining: meter === null ? row.remaining_nano_usd : (row.remaining_quantity ?? 0n),
    paidNanoUsd: row.paid_nano_usd ?? 0n,
    nativeAmount: row.native_amount,
    nativeUnit: row.native_unit,
    source: row.source,
    managedBy: row.managed_by as ManagedBy,
    closedUs: numberOrNull(row.closed_us),
  }
}
