/** What was paid in advance, against what was used: what expired unused, and what would have been cheaper bought ahead. */
import type { NanoUsd } from '../money.ts'
import type { Lot } from '../pricing/lots.ts'

export interface OwnedLot extends Lot {
  readonly provider: string
  readonly commitment: string
}

export interface CommitmentChange {
  readonly kind: 'smaller_lot' | 'another_lot'
  readonly provider: string
  readonly commitment: string
  readonly lots: number
  readonly savedNanoUsd: NanoUsd
}

export interface CommitmentInput {
  readonly lots: readonly OwnedLot[]
  readonly fromUs: number
  readonly toUs: number
  /** What each provider charged beyond what lots covered. */
  readonly uncovered: ReadonlyMap<string, NanoUsd>
}

/** What a lot that ended in the time cost for the part nobody used; 0 while it can still be used. */
export const unusedOf = (
  { expiresUs, remaining, capacity, paidNanoUsd }: Lot,
  { fromUs, toUs }: Pick<CommitmentInput, 'fromUs' | 'toUs'>,
): NanoUsd =>
  expiresUs !== null && expiresUs >= fromUs && expiresUs < toUs && capacity > 0n ? (paidNanoUsd * remaining) / capacity : 0n

/** Pure. In hindsight: with the use as it was, and further lots on the terms of the newest one. */
export function commitmentChanges(input: CommitmentInput): readonly CommitmentChange[] {
  const names = new Map(input.lots.map((lot) => [`${lot.provider}\n${lot.commitment}`, lot]))
  return [...names.values()].flatMap(({ provider, commitment }): CommitmentChange[] => {
    const lots = input.lots.filter((lot) => lot.provider === provider && lot.commitment === commitment)
    const unused = lots.filter((lot) => unusedOf(lot, input) > 0n)
    const smaller = unused.reduce((sum, lot) => sum + unusedOf(lot, input), 0n)
    if (smaller > 0n) return [{ kind: 'smaller_lot', provider, commitment, lots: unused.length, savedNanoUsd: smaller }]
    const newest = lots.reduce((best, lot) => (lot.startsUs > best.startsUs ? lot : best), lots[0] as OwnedLot)
    const discount = newest.capacity - newest.paidNanoUsd
    if (newest.kind !== 'prepaidCredits' || newest.meter !== null || discount <= 0n) return []
    const more = (input.uncovered.get(provider) ?? 0n) / newest.capacity
    return more > 0n ? [{ kind: 'another_lot', provider, commitment, lots: Number(more), savedNanoUsd: more * discount }] : []
  })
}
