/** Which of an offer's sizes a request gets: pure arithmetic on its size rule. */
import type { SizeRule } from '../capability.ts'
import { formatSize, type Size } from '../request.ts'

type AreaRule = Extract<SizeRule, { kind: 'area' }>

/** Undefined when the offer makes this size exactly; else what it makes. */
export function sizeProblem(rule: SizeRule, size: Size): string | undefined {
  switch (rule.kind) {
    case 'any':
      return undefined
    case 'list':
      return rule.sizes.some((known) => known.width === size.width && known.height === size.height)
        ? undefined
        : `makes ${rule.sizes.map(formatSize).join(', ')}, not ${formatSize(size)}`
    case 'area':
      return areaProblem(rule, size)
  }
}

function areaProblem(rule: AreaRule, { width, height }: Size): string | undefined {
  const long = Math.max(width, height)
  const short = Math.min(width, height)
  if (width % rule.multipleOf !== 0 || height % rule.multipleOf !== 0) return `needs edges in multiples of ${rule.multipleOf}`
  if (short < rule.minEdge || long > rule.maxEdge) return `needs edges from ${rule.minEdge} to ${rule.maxEdge}`
  if (width * height < rule.minPixels || width * height > rule.maxPixels)
    return `needs ${rule.minPixels} to ${rule.maxPixels} pixels`
  return long / short > rule.maxAspect ? `needs an aspect ratio of at most ${rule.maxAspect}:1` : undefined
}

/** Two shapes count as the same when they differ by less than this: 1344x768 is sold as 16:9. */
const SAME_SHAPE = Math.log(1.04)

const shapeDistance = (a: Size, b: Size): number => Math.abs(Math.log((a.width * b.height) / (a.height * b.width)))
const areaDistance = (a: Size, b: Size): number => Math.abs(Math.log((a.width * a.height) / (b.width * b.height)))

/** The offer's size of a shape, nearest in area to `area`; undefined when it makes none of that shape. */
export function sizeOfShape(rule: SizeRule, shape: Size, area: Size): Size | undefined {
  const candidates = sizesNear(rule, shape, area).filter((size) => shapeDistance(size, shape) < SAME_SHAPE)
  return best(candidates, (size) => areaDistance(size, area))
}

/** The size nearest to the one asked for: by shape first, then by area. Undefined when the rule leaves no size at all. */
export function nearestSize(rule: SizeRule, wanted: Size): Size | undefined {
  return best(sizesNear(rule, wanted, wanted), (size) => shapeDistance(size, wanted) * 10 + areaDistance(size, wanted))
}

/** Sizes worth comparing: all of a list; of a grid those around the shape at the area that is allowed. */
export function sizesNear(rule: SizeRule, shape: Size, area: Size): readonly Size[] {
  if (rule.kind === 'list') return rule.sizes
  const pixels = area.width * area.height
  if (rule.kind === 'any') return [scaledTo(shape, pixels, 8)]
  const wanted = Math.min(Math.max(pixels, rule.minPixels), rule.maxPixels)
  const ratio = Math.min(Math.max(shape.width / shape.height, 1 / rule.maxAspect), rule.maxAspect)
  const middle = Math.sqrt(wanted * ratio)
  const sizes: Size[] = []
  // A few steps of the grid each way: rounding one edge moves the other, and the pixel limits cut corners off.
  for (let step = -4; step <= 4; step++) {
    const width = snap(middle, rule) + step * rule.multipleOf
    for (let other = -1; other <= 1; other++) {
      const size = { width, height: snap(width / ratio, rule) + other * rule.multipleOf }
      if (width > 0 && size.height > 0 && areaProblem(rule, size) === undefined) sizes.push(size)
    }
  }
  return sizes
}

const snap = (edge: number, { multipleOf, minEdge, maxEdge }: AreaRule): number =>
  Math.round(Math.min(Math.max(edge, minEdge), maxEdge) / multipleOf) * multipleOf

function scaledTo({ width, height }: Size, pixels: number, multipleOf: number): Size {
  const factor = Math.sqrt(pixels / (width * height))
  const edge = (value: number): number => Math.max(multipleOf, Math.round((value * factor) / multipleOf) * multipleOf)
  return { width: edge(width), height: edge(height) }
}

function best(sizes: readonly Size[], distance: (size: Size) => number): Size | undefined {
  let found: Size | undefined
  for (const size of sizes) if (found === undefined || distance(size) < distance(found)) found = size
  return found
}
