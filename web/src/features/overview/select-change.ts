/** Why the bill changed, as steps of a waterfall that end exactly where the period did. */
import type { InsightOverview } from '../../../../src/contract/insight.ts'
import { formatUsd, parseUsd } from '../../../../src/core/money.ts'

export interface Step {
  readonly name: 'before' | 'volume' | 'price' | 'mix' | 'other' | 'now'
  readonly label: string
  readonly usd: string
  /** Of the drawing, 0 to 1000. */
  readonly from: number
  readonly to: number
}

const labels = {
  before: 'The period before',
  volume: 'Volume',
  price: 'Price',
  mix: 'Mix',
  other: 'Breakage and storage',
  now: 'This period',
} as const

export interface ChangeView {
  readonly steps: readonly Step[]
  /** Whether volume, price, mix and other make exactly the difference between the two periods. */
  readonly agrees: boolean
}

export function selectChange({ change, spend }: Pick<InsightOverview, 'change' | 'spend'>): ChangeView {
  const before = parseUsd(spend.previous_usd)
  const now = parseUsd(spend.period_usd)
  const lines = (['volume', 'price', 'mix', 'other'] as const).map((name) => ({ name, nano: parseUsd(change[`${name}_usd`]) }))
  const levels = [before]
  for (const { nano } of lines) levels.push((levels.at(-1) ?? 0n) + nano)
  const all = [0n, now, ...levels].sort((left, right) => (left < right ? -1 : 1))
  const low = all[0] ?? 0n
  const span = (all.at(-1) ?? 0n) - low
  const at = (level: bigint) => (span === 0n ? 0 : Number(((level - low) * 1_000n) / span))
  const step = (name: Step['name'], nano: bigint, from: bigint, to: bigint): Step => ({
    name,
    label: labels[name],
    usd: formatUsd(nano),
    from: at(from),
    to: at(to),
  })
  return {
    steps: [
      step('before', before, 0n, before),
      ...lines.map(({ name, nano }, index) => step(name, nano, levels[index] ?? 0n, levels[index + 1] ?? 0n)),
      step('now', now, 0n, now),
    ],
    agrees: levels.at(-1) === now && parseUsd(change.difference_usd) === now - before,
  }
}

export type Cell = InsightOverview['change']['cells'][number]

/** The cells that moved the bill most come first, whichever way. */
export const byWeight = (cells: readonly Cell[]): readonly Cell[] =>
  [...cells].sort((left, right) => (size(right) > size(left) ? 1 : size(right) < size(left) ? -1 : 0))

const size = ({ difference_usd: difference }: Cell): bigint => {
  const nano = parseUsd(difference)
  return nano < 0n ? -nano : nano
}

/** `generate, 1k, medium`: what of a cell is not its offer. */
export const cellDetail = ({ cell }: Cell): string => cell.slice(1).filter(Boolean).join(', ')
