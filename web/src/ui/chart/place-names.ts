/** Where the names of dots stand, so that they can be read. Pure; all in pixels. */

export interface Dot {
  readonly x: number
  readonly y: number
  readonly name: string
}

export interface Frame {
  readonly left: number
  readonly right: number
}

/** Its left end, and its middle in height. */
export interface NamePlace {
  readonly x: number
  readonly y: number
}

/** Of the chart's small type, on average. */
const GLYPH = 5.7
const LINE = 12
const DOT = 6
const GAP = 8

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Above its dot where there is room, else below or beside it; inside the frame always. The first dots choose first. */
export function placeNames(dots: readonly Dot[], frame: Frame): readonly NamePlace[] {
  const taken: Box[] = dots.map(({ x, y }) => ({ left: x - DOT, right: x + DOT, top: y - DOT, bottom: y + DOT }))
  return dots.map((dot) => {
    const places = choices(dot, frame)
    const free = places.find((place) => taken.every((box) => !overlaps(boxOf(place, dot), box)))
    const place = free ?? places[0]
    taken.push(boxOf(place, dot))
    return place
  })
}

function choices({ x, y, name }: Dot, { left, right }: Frame): readonly [NamePlace, ...NamePlace[]] {
  const width = name.length * GLYPH
  const inside = (start: number): number => Math.max(left, Math.min(start, right - width))
  const centred = inside(x - width / 2)
  const beside = [x + DOT + 4, x - DOT - 4 - width].filter((start) => start === inside(start)).map((start) => ({ x: start, y }))
  return [
    { x: centred, y: y - LINE },
    { x: centred, y: y + LINE + 2 },
    ...beside,
    { x: centred, y: y - 2 * LINE },
    { x: centred, y: y + 2 * LINE + 2 },
  ]
}

const boxOf = ({ x, y }: NamePlace, { name }: Dot): Box => ({
  left: x - GAP / 2,
  right: x + name.length * GLYPH + GAP / 2,
  top: y - LINE / 2,
  bottom: y + LINE / 2,
})

const overlaps = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom
