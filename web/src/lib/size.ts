/** Picture sizes as the API writes them. */

/** `1536x1024` */
export const SIZE = /^[1-9]\d{1,4}x[1-9]\d{1,4}$/

/** Width over height of the pictures to come, for the place kept for them. */
export function aspectOf(size: string | undefined): number {
  const { width, height } = pixelsOf(size)
  return width / height
}

/** `1536x1024` as numbers; a square where the size is not known. */
export function pixelsOf(size: string | undefined): { readonly width: number; readonly height: number } {
  const [width = 1, height = 1] = (size && SIZE.test(size) ? size : '1024x1024').split('x').map(Number)
  return { width, height }
}

/** A size as a request was sent with it or as the ledger keeps it, `800x600`; undefined: it is none. */
export function sizeText(value: unknown): string | undefined {
  if (typeof value === 'string') return SIZE.test(value) ? value : undefined
  if (typeof value !== 'object' || value === null || !('width' in value) || !('height' in value)) return undefined
  const text = `${value.width}x${value.height}`
  return SIZE.test(text) ? text : undefined
}
