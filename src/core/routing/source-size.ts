/** Which size an offer is asked for when it does not make the one that is wanted: the picture is resized afterwards. Pure. */
import type { SizeRule } from '../capability.ts'
import type { FinishingStep, Fit } from '../finishing.ts'
import { formatSize, type RequestOptions, type Size } from '../request.ts'
import { nearestSize, sizesNear } from './size.ts'

/** Nothing is enlarged more than this: beyond it there is more guess than picture. */
const MOST_ENLARGED = 4

/** Without a fit nothing may be cut or padded, so that the shapes have to agree but for the rounding of an edge. */
const SAME_SHAPE = Math.log(1.01)

type SizeWishes = Pick<RequestOptions, 'fit' | 'upscale'>

export interface SourceSize {
  /** What the offer makes. */
  readonly size: Size
  readonly step: Extract<FinishingStep, { kind: 'resize' }>
}

const pixels = ({ width, height }: Size): number => width * height
const shapeDistance = (a: Size, b: Size): number => Math.abs(Math.log((a.width * b.height) / (a.height * b.width)))
const ratioOf = (wanted: Size, source: Size, pick: (...edges: number[]) => number): number =>
  pick(wanted.width / source.width, wanted.height / source.height)

/** How each edge is multiplied. */
const factorOf = (wanted: Size, source: Size, fit: Fit | undefined): number =>
  ratioOf(wanted, source, fit === 'contain' ? Math.min : Math.max)

/** The share of the picture that is cut off, or of the frame that stays empty; the same number for either fit. */
const lostShare = (wanted: Size, source: Size): number => Math.round((1 - Math.exp(-shapeDistance(wanted, source))) * 1_000)

/** The size to ask for, and the step to the one that is wanted; undefined when the wishes leave no way. */
export function sourceSize(rule: SizeRule, wanted: Size, { fit, upscale }: SizeWishes): SourceSize | undefined {
  const sizes = sizesAround(rule, wanted)
  if (fit) {
    // The least is lost first, and of those the smallest costs least.
    const larger = best(
      sizes.filter((size) => factorOf(wanted, size, fit) <= 1),
      (a, b) => lostShare(wanted, a) - lostShare(wanted, b) || pixels(a) - pixels(b),
    )
    if (larger) return { size: larger, step: { kind: 'resize', size: wanted, fit } }
  }
  if (upscale === undefined) return undefined
  const smaller = best(
    sizes.filter((size) => {
      const factor = factorOf(wanted, size, fit)
      return factor > 1 && factor <= MOST_ENLARGED && (fit !== undefined || shapeDistance(wanted, size) < SAME_SHAPE)
    }),
    (a, b) => lostShare(wanted, a) - lostShare(wanted, b) || pixels(b) - pixels(a),
  )
  if (!smaller) return undefined
  const enlarge = Math.round(factorOf(wanted, smaller, fit) * 100) / 100
  return { size: smaller, step: { kind: 'resize', size: wanted, fit: fit ?? 'fill', enlarge } }
}

/** Sizes that an offer makes and something else could enlarge to the one that is wanted: of its shape, largest first. */
export function sizesToEnlarge(rule: SizeRule, wanted: Size): readonly Size[] {
  const isSource = (size: Size): boolean => {
    const factor = factorOf(wanted, size, undefined)
    return factor > 1 && factor <= MOST_ENLARGED && shapeDistance(wanted, size) < SAME_SHAPE
  }
  return sizesAround(rule, wanted)
    .filter(isSource)
    .toSorted((a, b) => pixels(b) - pixels(a))
}

/** A shape that the offer does not make, cut out of its nearest size or padded around it. */
export function sourceShape(rule: SizeRule, shape: Size, near: Size, fit: Fit | undefined): SourceSize | undefined {
  const area = Math.sqrt(pixels(near) / pixels(shape))
  const size = fit && nearestSize(rule, { width: shape.width * area, height: shape.height * area })
  if (!fit || !size) return undefined
  const scale = ratioOf(size, shape, fit === 'cover' ? Math.min : Math.max)
  const wanted = { width: Math.round(shape.width * scale), height: Math.round(shape.height * scale) }
  return { size, step: { kind: 'resize', size: wanted, fit } }
}

/** What the client could allow, in words for the error; empty when nothing would help. */
export function sizeHint(rule: SizeRule, wanted: Size, wishes: SizeWishes): string {
  // A grid is not searched for the sake of an error: plans have hundreds of candidates.
  if (rule.kind === 'area') return gridHint(rule, wanted, wishes)
  const cut = wishes.fit === undefined ? sourceSize(rule, wanted, { fit: 'cover' }) : undefined
  if (cut) return `; x-halftone-fit: cover would cut it from ${formatSize(cut.size)}`
  const smaller = wishes.upscale === undefined ? sourceSize(rule, wanted, { ...wishes, upscale: 'local' }) : undefined
  return smaller ? `; x-halftone-upscale: local would enlarge it from ${formatSize(smaller.size)}` : ''
}

function gridHint(rule: Extract<SizeRule, { kind: 'area' }>, wanted: Size, { fit, upscale }: SizeWishes): string {
  const fits = Math.max(wanted.width, wanted.height) <= rule.maxEdge && pixels(wanted) <= rule.maxPixels
  if (fits) return fit === undefined ? '; x-halftone-fit: cover could cut it from a size that it makes' : ''
  return upscale === undefined ? '; x-halftone-upscale: local could enlarge it from a size that it makes' : ''
}

/** Of a grid also what lies above and below: the nearest size may be too small on one side. */
function sizesAround(rule: SizeRule, wanted: Size): readonly Size[] {
  if (rule.kind === 'list') return rule.sizes
  const factors = [1, 1.3, 1.7, 2.2, 1 / 1.3, 1 / 2, 1 / 3, 1 / MOST_ENLARGED]
  return factors.flatMap((factor) => sizesNear(rule, wanted, { width: wanted.width * factor, height: wanted.height * factor }))
}

function best(sizes: readonly Size[], compare: (a: Size, b: Size) => number): Size | undefined {
  let found: Size | undefined
  for (const size of sizes) if (found === undefined || compare(size, found) < 0) found = size
  return found
}
