/**
 * The pixels behind the words `aspectRatio` and `imageSize`. Source: "Aspect ratios and image size", Gemini API image generation
 * guide (ai.google.dev/gemini-api/docs/image-generation), read in copies of 2025-12 and 2026-10-03; what each size costs in
 * tokens stands in the price book.
 */
import { formatSize, parseSize, type Size } from '../../core/request.ts'

export const imageSizes = ['512', '1K', '2K', '4K'] as const
export type ImageSize = (typeof imageSizes)[number]

/** The provider's words for a size; without `imageSize` for models that make only one. */
export interface SizeWords {
  readonly aspectRatio: string
  readonly imageSize?: ImageSize
}

/** Ratios and their pixels at 1K; the other sizes are exact multiples of these. */
type Ratios = Readonly<Record<string, string>>

/** Of the Gemini 3 models. */
export const commonRatios: Ratios = {
  '1:1': '1024x1024',
  '2:3': '848x1264',
  '3:2': '1264x848',
  '3:4': '896x1200',
  '4:3': '1200x896',
  '4:5': '928x1152',
  '5:4': '1152x928',
  '9:16': '768x1376',
  '16:9': '1376x768',
  '21:9': '1584x672',
}

/** Of Gemini 3.1 Flash Image, besides the common ones. */
export const extremeRatios: Ratios = { '1:4': '512x2048', '4:1': '2048x512', '1:8': '384x3072', '8:1': '3072x384' }

/** Of Nano Banana 2.1, as measured at 1K on 2026-10 (opentu verification report); its larger sizes of these shapes are not known. */
export const extremeRatios21: Ratios = { '1:4': '512x2064', '4:1': '2064x512', '1:8': '352x2928', '8:1': '2928x352' }

/** Of Gemini 2.5 Flash Image. */
export const ratios25: Ratios = {
  '1:1': '1024x1024',
  '2:3': '832x1248',
  '3:2': '1248x832',
  '3:4': '864x1184',
  '4:3': '1184x864',
  '4:5': '896x1152',
  '5:4': '1152x896',
  '9:16': '768x1344',
  '16:9': '1344x768',
  '21:9': '1536x672',
}

const factors: Readonly<Record<ImageSize, number>> = { '512': 0.5, '1K': 1, '2K': 2, '4K': 4 }

/** Published as 792x168, which is no 21:9; what really comes is not known. */
const unsure = ({ aspectRatio, imageSize }: SizeWords): boolean => aspectRatio === '21:9' && imageSize === '512'

/** Sizes a model makes, by `WIDTHxHEIGHT`. */
export type SizeTable = ReadonlyMap<string, SizeWords>

/** All ratios at all sizes; without sizes the ratios alone, for models that take no `imageSize`. */
export function sizeTable(ratios: Ratios, sizes: readonly ImageSize[] = []): SizeTable {
  const entries = Object.entries(ratios).flatMap(([aspectRatio, pixels]): (readonly [string, SizeWords])[] => {
    if (sizes.length === 0) return [[pixels, { aspectRatio }]]
    return sizes.flatMap((imageSize) => {
      const words = { aspectRatio, imageSize }
      return unsure(words) ? [] : [[times(pixels, factors[imageSize]), words] as const]
    })
  })
  return new Map(entries)
}

export const joined = (...tables: readonly SizeTable[]): SizeTable => new Map(tables.flatMap((table) => [...table]))

export const sizesOf = (table: SizeTable): readonly Size[] => [...table.keys()].flatMap((pixels) => parseSize(pixels) ?? [])

export const wordsFor = (table: SizeTable, size: Size): SizeWords | undefined => table.get(formatSize(size))

function times(pixels: string, factor: number): string {
  const size = parseSize(pixels) ?? { width: 0, height: 0 }
  return formatSize({ width: size.width * factor, height: size.height * factor })
}
