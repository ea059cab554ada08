/** Media type and dimensions from the first bytes of an image. Bounded: reads nothing beyond what it is given. */

export interface ImageHeader {
  readonly mediaType: 'image/png' | 'image/jpeg' | 'image/webp' | 'image/gif' | 'image/avif' | 'image/svg+xml'
  /** Pixels; 0 where an SVG states none. */
  readonly width: number
  readonly height: number
}

/** `head`: at least the first 64 KiB, or all there is. Undefined when it is no image this gateway knows. */
export function readImageHeader(head: Uint8Array): ImageHeader | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  return readPng(view) ?? readJpeg(view) ?? readWebp(view) ?? readGif(view) ?? readAvif(view) ?? readSvg(head)
}

/** ASCII at a place, compared byte by byte. */
function hasText(view: DataView, at: number, text: string): boolean {
  if (at + text.length > view.byteLength) return false
  for (let index = 0; index < text.length; index++) if (view.getUint8(at + index) !== text.charCodeAt(index)) return false
  return true
}

const known = (mediaType: ImageHeader['mediaType'], width: number, height: number): ImageHeader | undefined =>
  width > 0 && height > 0 ? { mediaType, width, height } : undefined

function readPng(view: DataView): ImageHeader | undefined {
  if (view.byteLength < 24 || view.getUint32(0) !== 0x89504e47 || view.getUint32(4) !== 0x0d0a1a0a) return undefined
  return hasText(view, 12, 'IHDR') ? known('image/png', view.getUint32(16), view.getUint32(20)) : undefined
}

/** Start-of-frame markers hold the size; C4, C8 and CC are tables, not frames. */
const isStartOfFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)

function readJpeg(view: DataView): ImageHeader | undefined {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return undefined
  let at = 2
  while (at + 9 <= view.byteLength) {
    if (view.getUint8(at) !== 0xff) return undefined
    const marker = view.getUint8(at + 1)
    if (marker === 0xff) at += 1
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2
    else if (isStartOfFrame(marker)) return known('image/jpeg', view.getUint16(at + 7), view.getUint16(at + 5))
    else at += 2 + view.getUint16(at + 2)
  }
  return undefined
}

function readWebp(view: DataView): ImageHeader | undefined {
  if (view.byteLength < 30 || !hasText(view, 0, 'RIFF') || !hasText(view, 8, 'WEBP')) return undefined
  if (hasText(view, 12, 'VP8 ')) {
    if (view.getUint8(23) !== 0x9d || view.getUint8(24) !== 0x01 || view.getUint8(25) !== 0x2a) return undefined
    return known('image/webp', view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff)
  }
  if (hasText(view, 12, 'VP8L') && view.getUint8(20) === 0x2f) {
    const bits = view.getUint32(21, true)
    return known('image/webp', (bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1)
  }
  if (!hasText(view, 12, 'VP8X')) return undefined
  const width = view.getUint16(24, true) | (view.getUint8(26) << 16)
  const height = view.getUint16(27, true) | (view.getUint8(29) << 16)
  return known('image/webp', width + 1, height + 1)
}

function readGif(view: DataView): ImageHeader | undefined {
  if (!hasText(view, 0, 'GIF87a') && !hasText(view, 0, 'GIF89a')) return undefined
  return view.byteLength < 10 ? undefined : known('image/gif', view.getUint16(6, true), view.getUint16(8, true))
}

/** AVIF keeps its size in an `ispe` box inside `meta`; the largest one is the picture, smaller ones are tiles or thumbnails. */
function readAvif(view: DataView): ImageHeader | undefined {
  if (!hasText(view, 4, 'ftyp') || view.byteLength < 16) return undefined
  const ftypEnd = Math.min(view.getUint32(0), view.byteLength)
  let isAvif = false
  for (let at = 8; at + 4 <= ftypEnd; at += 4) isAvif ||= hasText(view, at, 'avif') || hasText(view, at, 'avis')
  if (!isAvif) return undefined
  let width = 0
  let height = 0
  for (let at = ftypEnd; at + 16 <= view.byteLength; at++) {
    if (view.getUint8(at) !== 0x69 || !hasText(view, at, 'ispe')) continue
    const boxWidth = view.getUint32(at + 8)
    const boxHeight = view.getUint32(at + 12)
    if (boxWidth * boxHeight > width * height) [width, height] = [boxWidth, boxHeight]
  }
  return known('image/avif', width, height)
}

const SVG_HEAD_BYTES = 16 * 1024

/** An XML text whose root element is `svg`; the pixels are those of `width`/`height`, else of `viewBox`, else 0. */
function readSvg(head: Uint8Array): ImageHeader | undefined {
  const first = head.subarray(0, 64).findIndex((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf)
  if (first < 0 || head[first] !== 0x3c) return undefined
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, SVG_HEAD_BYTES)).toString('utf8')
  const root =
    /^\uFEFF?\s*(?:<\?xml[^>]*\?>\s*|<!--(?:[^-]|-(?!->))*-->\s*|<!DOCTYPE\s[^>[]*(?:\[[^\]]*\]\s*)?>\s*)*<svg(\s[^>]*)?>/i.exec(
      text,
    )
  if (!root) return undefined
  const attributes = root[1] ?? ''
  const length = (name: string): number =>
    Math.round(Number(new RegExp(`\\s${name}\\s*=\\s*["']\\s*([0-9.]+)(?:px)?\\s*["']`).exec(attributes)?.[1] ?? 0)) || 0
  const box = /\sviewBox\s*=\s*["']\s*[-0-9.e]+[\s,]+[-0-9.e]+[\s,]+([0-9.e]+)[\s,]+([0-9.e]+)/.exec(attributes)
  const width = length('width')
  const height = length('height')
  if (width > 0 && height > 0) return { mediaType: 'image/svg+xml', width, height }
  return {
    mediaType: 'image/svg+xml',
    width: Math.round(Number(box?.[1] ?? 0)) || 0,
    height: Math.round(Number(box?.[2] ?? 0)) || 0,
  }
}
