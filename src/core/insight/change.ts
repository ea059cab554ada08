/**
 * Why the bill changed: volume, then price, then mix. Volume is what the old bill would have become had only the number of pictures changed;
 * price is what today's pictures of a cell cost more than they did before; mix is what is left: pictures moved between cells, cells that are
 * new and cells that are gone. All are integers of nano-USD, per cell and in sum, and add up to the difference without a remainder.
 */
import { divideHalfEven, type NanoUsd } from '../money.ts'

export const CHANGE_METHOD = 'volume_at_old_mix_then_price_then_mix'

export interface PeriodCell {
  readonly cell: readonly string[]
  readonly images: number
  readonly costNanoUsd: NanoUsd
}

export interface ChangeLines {
  readonly differenceNanoUsd: NanoUsd
  readonly volumeNanoUsd: NanoUsd
  readonly priceNanoUsd: NanoUsd
  readonly mixNanoUsd: NanoUsd
}

export interface CellChange extends ChangeLines {
  readonly cell: readonly string[]
  readonly state: 'both' | 'new' | 'vanished'
  readonly imagesBefore: number
  readonly images: number
  readonly costBeforeNanoUsd: NanoUsd
  readonly costNanoUsd: NanoUsd
}

export interface Change extends ChangeLines {
  /** Largest difference first. */
  readonly cells: readonly CellChange[]
}

/**
 * Pure. Each cell stands at most once in each list. Without pictures before, all is volume: there is no old mix to compare with. A cell
 * without pictures in one of the periods has no price there: its difference beyond volume is mix.
 */
export function explainChange(before: readonly PeriodCell[], after: readonly PeriodCell[]): Change {
  const old = byCell(before)
  const now = byCell(after)
  const imagesBefore = countOf(before)
  const imagesAfter = countOf(after)
  const cells = [...new Set([...old.keys(), ...now.keys()])].map((key) =>
    cellChange(old.get(key), now.get(key), { before: BigInt(imagesBefore), after: BigInt(imagesAfter) }),
  )
  cells.sort((left, right) => compare(size(right), size(left)) || (left.cell.join('\n') < right.cell.join('\n') ? -1 : 1))
  return { ...sumLines(cells), cells }
}

function cellChange(
  old: PeriodCell | undefined,
  now: PeriodCell | undefined,
  images: { readonly before: bigint; readonly after: bigint },
): CellChange {
  const costBeforeNanoUsd = old?.costNanoUsd ?? 0n
  const costNanoUsd = now?.costNanoUsd ?? 0n
  const imagesBefore = old?.images ?? 0
  const imagesNow = now?.images ?? 0
  const differenceNanoUsd = costNanoUsd - costBeforeNanoUsd
  const volumeNanoUsd =
    images.before > 0n ? divideHalfEven(costBeforeNanoUsd * (images.after - images.before), images.before) : differenceNanoUsd
  const priceNanoUsd =
    images.before > 0n && imagesBefore > 0 && imagesNow > 0
      ? costNanoUsd - divideHalfEven(costBeforeNanoUsd * BigInt(imagesNow), BigInt(imagesBefore))
      : 0n
  return {
    cell: (now ?? old)?.cell ?? [],
    state: !old ? 'new' : now ? 'both' : 'vanished',
    imagesBefore,
    images: imagesNow,
    costBeforeNanoUsd,
    costNanoUsd,
    differenceNanoUsd,
    volumeNanoUsd,
    priceNanoUsd,
    mixNanoUsd: differenceNanoUsd - volumeNanoUsd - priceNanoUsd,
  }
}

export function sumLines(lines: readonly ChangeLines[]): ChangeLines {
  const sum = (line: keyof ChangeLines): NanoUsd => lines.reduce((total, each) => total + each[line], 0n)
  return {
    differenceNanoUsd: sum('differenceNanoUsd'),
    volumeNanoUsd: sum('volumeNanoUsd'),
    priceNanoUsd: sum('priceNanoUsd'),
    mixNanoUsd: sum('mixNanoUsd'),
  }
}

const byCell = (cells: readonly PeriodCell[]): ReadonlyMap<string, PeriodCell> =>
  new Map(
    cells.filter(({ images, costNanoUsd }) => images !== 0 || costNanoUsd !== 0n).map((each) => [each.cell.join('\n'), each]),
  )
const countOf = (cells: readonly PeriodCell[]): number => cells.reduce((sum, { images }) => sum + images, 0)
const size = ({ differenceNanoUsd }: ChangeLines): bigint => (differenceNanoUsd < 0n ? -differenceNanoUsd : differenceNanoUsd)
const compare = (left: bigint, right: bigint): number => (left < right ? -1 : left > right ? 1 : 0)
