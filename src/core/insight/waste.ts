/** Money that brought no picture anybody asked for. */
import type { NanoUsd } from '../money.ts'

export const wasteKinds = ['failed_billed', 'refused_billed', 'hedges', 'breakage', 'unknown'] as const
export type WasteKind = (typeof wasteKinds)[number]

export interface WasteCell {
  readonly outcome: string
  /** Of the attempt; the charge's where there is no attempt; empty for requests. */
  readonly kind: string
  readonly attempts: number
  readonly costNanoUsd: NanoUsd
  /** The part of the cost that is provisional. */
  readonly provisionalNanoUsd: NanoUsd
}

export interface WasteLine {
  readonly kind: WasteKind
  readonly nanoUsd: NanoUsd
  readonly attempts: number
}

const good: ReadonlySet<string> = new Set(['succeeded', 'partial'])

/** Each nano-dollar is in one line at most. A hedge is a second picture bought for speed: its money is waste also when it won. */
export function wasteOf(cells: readonly WasteCell[]): readonly WasteLine[] {
  const sums = new Map<WasteKind, { nanoUsd: NanoUsd; attempts: number }>(
    wasteKinds.map((kind) => [kind, { nanoUsd: 0n, attempts: 0 }]),
  )
  const add = (kind: WasteKind, nanoUsd: NanoUsd, attempts: number): void => {
    const sum = sums.get(kind)
    if (!sum) return
    sum.nanoUsd += nanoUsd
    sum.attempts += attempts
  }
  for (const { outcome, kind, attempts, costNanoUsd, provisionalNanoUsd } of cells) {
    if (kind === 'breakage') add('breakage', costNanoUsd, 0)
    if (outcome === '') continue
    const known = costNanoUsd - provisionalNanoUsd
    if (provisionalNanoUsd !== 0n || outcome === 'unknown')
      add('unknown', provisionalNanoUsd, outcome === 'unknown' ? attempts : 0)
    if (outcome === 'refused') add('refused_billed', known, attempts)
    else if (!good.has(outcome)) add('failed_billed', known, outcome === 'unknown' ? 0 : attempts)
    else if (kind === 'hedge') add('hedges', known, attempts)
  }
  return wasteKinds.map((kind) => ({ kind, ...(sums.get(kind) ?? { nanoUsd: 0n, attempts: 0 }) }))
}
