/** APIs that are told a shape and choose the pixels: the table of what they choose, read both ways. */
import type { Size } from '../../core/request.ts'

/** The provider's word for a shape, and the pixels it makes of it. */
export type RatioSizes = Readonly<Record<string, Size>>

export const ratioSizes = (table: RatioSizes): readonly Size[] => Object.values(table)

/** The word for a size of the table; undefined for any other. */
export const ratioOf = (table: RatioSizes, { width, height }: Size): string | undefined =>
  Object.entries(table).find(([, size]) => size.width === width && size.height === height)?.[0]
