/** Pictures of the provider double: valid PNGs of any size in pixels and, within reason, in bytes. */
import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'

/** Blown up to `bytes` by a private chunk of noise that decoders skip; another `seed` is another picture; `text` is metadata. */
export function doublePicture(
  width: number,
  height: number,
  options: { readonly seed?: number; readonly bytes?: number; readonly text?: string } = {},
): Buffer {
  const seed = Buffer.alloc(4)
  seed.writeUInt32BE((options.seed ?? 0) >>> 0)
  const { before, after } = canvas(width, height, options.bytes ?? 0)
  const text = options.text === undefined ? [] : [chunk('tEXt', Buffer.from(options.text, 'latin1'))]
  return Buffer.concat([before, chunk('noIS', seed), ...text, after])
}

const canvases = new Map<string, { readonly before: Buffer; readonly after: Buffer }>()

/** What pictures of one size share, made once: a load test asks for thousands. */
function canvas(width: number, height: number, bytes: number): { readonly before: Buffer; readonly after: Buffer } {
  const key = `${width}x${height}:${bytes}`
  const known = canvases.get(key)
  if (known) return known
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 0], 8)
  const row = Buffer.alloc(width + 1, 0x60)
  row[0] = 0
  const before = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', header)])
  const end = Buffer.concat([
    chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))),
    chunk('IEND', Buffer.alloc(0)),
  ])
  // 16 bytes for the chunk of the seed, 12 for the frame of the noise.
  const missing = bytes - before.length - end.length - 16 - 12
  const made = { before, after: missing > 0 ? Buffer.concat([chunk('noIS', noise(missing)), end]) : end }
  canvases.set(key, made)
  return made
}

/** The same bytes each time, and nothing a compressor could make small. */
function noise(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = 0x9e3779b9
  for (let at = 0; at < length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state & 0xff
  }
  return bytes
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}

/** A mask in OpenAI's convention: its left half is transparent and so to be edited. */
export async function doubleMask(width: number, height: number): Promise<Buffer> {
  const half = { create: { width: Math.floor(width / 2), height, channels: 4, background: '#000000ff' } } as const
  return sharp({ create: { width, height, channels: 4, background: '#000000ff' } })
    .composite([{ input: half, left: 0, top: 0, blend: 'dest-out' }])
    .png()
    .toBuffer()
}
