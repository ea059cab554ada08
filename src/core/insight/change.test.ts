import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ChangeLines, explainChange, type PeriodCell, sumLines } from './change.ts'

const cell = (name: string, images: number, costNanoUsd: bigint): PeriodCell => ({ cell: [name], images, costNanoUsd })
const lines = ({ volumeNanoUsd, priceNanoUsd, mixNanoUsd }: ChangeLines) => [volumeNanoUsd, priceNanoUsd, mixNanoUsd]

describe('why the bill changed', () => {
  test.each([
    ['more of the same is volume', [cell('a', 10, 100n)], [cell('a', 20, 200n)], [100n, 0n, 0n]],
    ['the same for more is price', [cell('a', 10, 100n)], [cell('a', 10, 150n)], [0n, 50n, 0n]],
    [
      'the same number at the same prices from a dearer offer is mix',
      [cell('a', 10, 100n), cell('b', 10, 300n)],
      [cell('a', 5, 50n), cell('b', 15, 450n)],
      [0n, 0n, 100n],
    ],
    ['a new cell is mix beyond volume', [cell('a', 10, 100n)], [cell('a', 10, 100n), cell('b', 10, 500n)], [100n, 0n, 400n]],
    [
      'a cell that vanished is mix beyond volume',
      [cell('a', 10, 100n), cell('b', 10, 300n)],
      [cell('a', 10, 100n)],
      [-200n, 0n, -100n],
    ],
    ['without pictures before, all is volume', [], [cell('a', 3, 30n)], [30n, 0n, 0n]],
    ['without pictures now, all is volume', [cell('a', 3, 30n)], [], [-30n, 0n, 0n]],
    [
      'cost without pictures has no price',
      [cell('a', 10, 100n), cell('b', 0, 0n)],
      [cell('a', 10, 100n), cell('b', 0, 7n)],
      [0n, 0n, 7n],
    ],
  ] as const)('%s', (_, before, after, expected) => {
    expect(lines(explainChange(before, after))).toEqual(expected)
  })

  test('a cell says whether it is new, gone or both', () => {
    const { cells } = explainChange([cell('a', 1, 5n), cell('b', 1, 1n)], [cell('b', 1, 1n), cell('c', 1, 9n)])
    expect(Object.fromEntries(cells.map(({ cell: [name], state }) => [name, state]))).toEqual({
      a: 'vanished',
      b: 'both',
      c: 'new',
    })
  })

  const cells = fc
    .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'))
    .chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.tuple(fc.nat(100_000), fc.bigInt(-(10n ** 6n), 10n ** 15n)).map(([images, cost]) => cell(name, images, cost)),
        ),
      ),
    )

  test('lines add up to the difference exactly, per cell and in sum, whatever the amounts', () => {
    fc.assert(
      fc.property(cells, cells, (before, after) => {
        const change = explainChange(before, after)
        const total = (list: readonly PeriodCell[]) => list.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0n)
        expect(change.differenceNanoUsd).toBe(total(after) - total(before))
        for (const each of [change, ...change.cells])
          expect(each.volumeNanoUsd + each.priceNanoUsd + each.mixNanoUsd).toBe(each.differenceNanoUsd)
        const { differenceNanoUsd, volumeNanoUsd, priceNanoUsd, mixNanoUsd } = change
        expect(sumLines(change.cells)).toEqual({ differenceNanoUsd, volumeNanoUsd, priceNanoUsd, mixNanoUsd })
      }),
    )
  })
})
