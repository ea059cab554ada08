/**
 * Takes out what programs write into pictures besides the picture: prompts, settings, file names. Nothing is decoded or encoded
 * again; what is kept passes through as it came, chunk by chunk.
 */
import type { Spool, SpoolWriter } from '../ports/blob-store.ts'

/** Chunks of a PNG that hold text or camera data. */
const PNG_DROPPED: ReadonlySet<string> = new Set(['tEXt', 'zTXt', 'iTXt', 'eXIf'])
const PNG_SIGNATURE = '\x89PNG\r\n\x1a\n'

/** JPEG: Exif and XMP, IPTC, comments; from the scan on there are none. */
const JPEG_DROPPED: ReadonlySet<number> = new Set([0xe1, 0xed, 0xfe])
const JPEG_SCAN = 0xda

/** WebP: cannot be shortened, since its length stands at its front, so these are blanked. */
const WEBP_BLANKED: ReadonlySet<string> = new Set(['EXIF', 'XMP '])
/** Bits of `VP8X` that announce them. */
const WEBP_FLAGS = 0x0c

/** What happens to the bytes up to the next header. */
type Fate = 'keep' | 'drop' | 'blank'

interface Part {
  /** The header as it is passed on; absent: dropped. */
  readonly header?: Uint8Array
  readonly fate: Fate
  /** Bytes of the part behind its header; Infinity: all that follows. */
  readonly length: number
}

interface Format {
  /** Bytes at the front of the file that are passed on. */
  readonly front: number
  /** Bytes of the header of each part. */
  readonly headerBytes: number
  readonly read: (header: Uint8Array) => Part
}

const rest = (header: Uint8Array): Part => ({ header, fate: 'keep', length: Infinity })
function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let at = from; at < Math.min(to, bytes.length); at += 1) text += String.fromCharCode(bytes[at] ?? 0)
  return text
}

const png: Format = {
  front: 8,
  headerBytes: 8,
  read(header) {
    const length = new DataView(header.buffer, header.byteOffset).getUint32(0) + 4
    return PNG_DROPPED.has(textOf(header, 4, 8)) ? { fate: 'drop', length } : { header, fate: 'keep', length }
  },
}

const jpeg: Format = {
  front: 2,
  headerBytes: 4,
  read(header) {
    const [mark, marker = 0, high = 0, low = 0] = header
    const length = high * 256 + low - 2
    if (mark !== 0xff || marker === 0xff || marker === JPEG_SCAN || length < 0) return rest(header)
    return JPEG_DROPPED.has(marker) ? { fate: 'drop', length } : { header, fate: 'keep', length }
  },
}

const webp: Format = {
  front: 12,
  // One byte more than a chunk's header: the flags of `VP8X`. Every chunk has at least that one.
  headerBytes: 9,
  read(header) {
    const kind = textOf(header, 0, 4)
    const size = new DataView(header.buffer, header.byteOffset).getUint32(4, true)
    if (size === 0) return rest(header)
    const length = size + (size % 2) - 1
    if (WEBP_BLANKED.has(kind)) {
      const blank = Uint8Array.from(header)
      blank.set([0x4a, 0x55, 0x4e, 0x4b])
      blank[8] = 0
      return { header: blank, fate: 'blank', length }
    }
    if (kind !== 'VP8X') return { header, fate: 'keep', length }
    const changed = Uint8Array.from(header)
    changed[8] = (header[8] ?? 0) & ~WEBP_FLAGS
    return { header: changed, fate: 'keep', length }
  },
}

const FRONT_BYTES = 12

function formatOf(front: Uint8Array): Format | undefined {
  if (textOf(front, 0, 8) === PNG_SIGNATURE) return png
  if (front[0] === 0xff && front[1] === 0xd8) return jpeg
  return textOf(front, 0, 4) === 'RIFF' && textOf(front, 8, 12) === 'WEBP' ? webp : undefined
}

/** A copy of both: the buffer of a chunk may be used again. */
function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}

export interface MetadataFilter {
  /** What of the bytes so far is passed on; parts of the input where nothing changes. */
  push(chunk: Uint8Array): readonly Uint8Array[]
  /** What was held back: the beginning of a header that never came. */
  end(): Uint8Array
}

export function createMetadataFilter(): MetadataFilter {
  let format: Format | undefined
  let held: Uint8Array = new Uint8Array(0)
  let [fate, left]: [Fate, number] = ['keep', 0]
  let isKnown = false

  /** The next `count` bytes with what was held; undefined when they are not all there yet. */
  const gather = (chunk: Uint8Array, from: number, count: number): { bytes: Uint8Array; next: number } | undefined => {
    const missing = count - held.length
    const piece = chunk.subarray(from, from + missing)
    const bytes = joined(held, piece)
    held = bytes.length < count ? bytes : new Uint8Array(0)
    return bytes.length < count ? undefined : { bytes, next: from + missing }
  }

  return {
    push(chunk) {
      const out: Uint8Array[] = []
      let at = 0
      while (at < chunk.length) {
        if (!isKnown) {
          const front = gather(chunk, at, FRONT_BYTES)
          if (!front) break
          isKnown = true
          format = formatOf(front.bytes)
          const kept = format?.front ?? FRONT_BYTES
          out.push(front.bytes.subarray(0, kept))
          at = front.next
          // The front is longer than that of some formats; what is over begins their first header.
          held = front.bytes.slice(kept)
          if (!format) left = Infinity
        } else if (left > 0) {
          const piece = chunk.subarray(at, Math.min(chunk.length, at + left))
          if (fate === 'keep') out.push(piece)
          else if (fate === 'blank') out.push(new Uint8Array(piece.length))
          at += piece.length
          left -= piece.length
        } else {
          const { headerBytes, read } = format as Format
          const header = held.length >= headerBytes ? takeHeld(headerBytes, at) : gather(chunk, at, headerBytes)
          if (!header) break
          const part = read(header.bytes)
          if (part.header) out.push(part.header)
          fate = part.fate
          left = part.length
          at = header.next
          keepHeld(out)
        }
      }
      return out
    },
    end: () => held,
  }

  function takeHeld(count: number, at: number): { bytes: Uint8Array; next: number } {
    const bytes = held.subarray(0, count)
    held = held.slice(count)
    return { bytes, next: at }
  }

  /** Bytes that were held beyond a header belong to the part behind it. */
  function keepHeld(out: Uint8Array[]): void {
    const piece = held.subarray(0, Math.min(held.length, left))
    if (piece.length === 0) return
    if (fate === 'keep') out.push(piece)
    else if (fate === 'blank') out.push(new Uint8Array(piece.length))
    left -= piece.length
    held = held.slice(piece.length)
  }
}

/** Of each spool one, for all who ask. */
const filteredSpools = new WeakMap<Spool, Spool>()

/** A spool whose pictures are kept without metadata. */
export function withoutMetadata(spool: Spool): Spool {
  const known = filteredSpools.get(spool) ?? filteredSpool(spool)
  filteredSpools.set(spool, known)
  return known
}

const filteredSpool = (spool: Spool): Spool => ({
  create: (options) => filtered(spool.create(options)),
  get bytesInMemory() {
    return spool.bytesInMemory
  },
  close: () => spool.close(),
})

function filtered(writer: SpoolWriter): SpoolWriter {
  const filter = createMetadataFilter()
  return {
    copies: writer.copies,
    write: (chunk) => writeAll(writer, filter.push(chunk)),
    async end() {
      const left = filter.end()
      if (left.length > 0) await writer.write(left)
      return writer.end()
    },
    abort: () => writer.abort(),
  }
}

/** Waits only where the spool does. What is left then is copied, where the caller may use its buffer again when this returns. */
function writeAll(writer: SpoolWriter, pieces: readonly Uint8Array[]): void | Promise<void> {
  for (const [at, piece] of pieces.entries()) {
    const waiting = writer.write(piece)
    if (!waiting) continue
    const left = pieces.slice(at + 1)
    const own = writer.copies ? left.map((bytes) => Uint8Array.from(bytes)) : left
    return own.length === 0 ? waiting : waiting.then(() => writeAll(writer, own))
  }
  return undefined
}
