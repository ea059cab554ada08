/**
 * What xAI's shapes and tiers are in pixels. The documentation says only "about 1 and 4 megapixels, multiples of 16"; the numbers
 * are those of all 52 combinations measured by others on two models (2026), and Runway's list of them for 2.0 is the same.
 */
import { formatSize, parseSize, type Size } from '../../core/request.ts'

/** Shape, pixels at 1k, pixels at 2k. */
const table: readonly (readonly [aspectRatio: string, at1k: string, at2k: string])[] = [
  ['1:1', '1024x1024', '2048x2048'],
  ['3:4', '864x1152', '1776x2368'],
  ['4:3', '1152x864', '2368x1776'],
  ['9:16', '720x1280', '1584x2816'],
  ['16:9', '1280x720', '2816x1584'],
  ['2:3', '832x1248', '1664x2496'],
  ['3:2', '1248x832', '2496x1664'],
  ['9:19.5', '576x1248', '1344x2912'],
  ['19.5:9', '1248x576', '2912x1344'],
  ['9:20', '576x1280', '1440x3200'],
  ['20:9', '1280x576', '3200x1440'],
  ['1:2', '704x1408', '1456x2912'],
  ['2:1', '1408x704', '2912x1456'],
]

interface SizeWords {
  readonly aspectRatio?: string
  readonly resolution?: '1k' | '2k'
}

const words: ReadonlyMap<string, SizeWords> = new Map(
  table.flatMap(([aspectRatio, at1k, at2k]): (readonly [string, SizeWords])[] => [
    [at1k, { aspectRatio, resolution: '1k' }],
    [at2k, { aspectRatio, resolution: '2k' }],
  ]),
)

export const sizes: readonly Size[] = [...words.keys()].flatMap((pixels) => parseSize(pixels) ?? [])

/** Empty for a size that is none of `sizes`. */
export const wordsOf = (size: Size): SizeWords => words.get(formatSize(size)) ?? {}
