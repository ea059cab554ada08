import { describe, expect, it } from 'vitest'
import { placeNames } from './place-names.ts'

const frame = { left: 40, right: 800 }

describe('names of dots', () => {
  it('stand above their dot, in its middle', () => {
    const [place] = placeNames([{ x: 400, y: 100, name: 'flux' }], frame)
    expect(place?.y).toBeLessThan(95)
    expect((place?.x ?? 0) + (4 * 5.7) / 2).toBeCloseTo(400)
  })

  it('stay inside the frame', () => {
    const name = 'gpt-image-2 · high'
    for (const { x } of placeNames(
      [
        { x: 798, y: 100, name },
        { x: 41, y: 100, name },
      ],
      frame,
    )) {
      expect(x).toBeGreaterThanOrEqual(frame.left)
      expect(x + name.length * 5.7).toBeLessThanOrEqual(frame.right)
    }
  })

  it('of neighbours do not cover each other, nor a dot', () => {
    const dots = [
      { x: 500, y: 200, name: 'flux.2-max' },
      { x: 518, y: 205, name: 'ideogram-4 · high' },
      { x: 509, y: 212, name: 'another model' },
    ]
    const boxes = placeNames(dots, frame).map(({ x, y }, index) => {
      const width = (dots[index]?.name.length ?? 0) * 5.7
      return [
        [x, x + width],
        [y - 5, y + 5],
      ] as const
    })
    const dotBoxes = dots.map(
      ({ x, y }) =>
        [
          [x - 5, x + 5],
          [y - 5, y + 5],
        ] as const,
    )
    for (const [index, [across, down]] of boxes.entries()) {
      for (const [otherAcross, otherDown] of [...boxes.slice(index + 1), ...dotBoxes]) {
        const meets = across[0] < otherAcross[1] && otherAcross[0] < across[1] && down[0] < otherDown[1] && otherDown[0] < down[1]
        expect(meets).toBe(false)
      }
    }
  })
})
