/** PNG files of noise: real pictures of an exact size that do not compress, each made different by one small text chunk. */
import { createCipheriv } from 'node:crypto'
import { crc32, deflateSync } from 'node:zlib'

export interface NoisePng {
  readonly width: number
  readonly height: number
  readonly bytes: number
  /** Signature and header, a multiple of three bytes. */
  readonly head: Buffer
  /** The chunk that makes picture number `serial` different from all others, a multiple of three bytes. */
  stamp(serial: number): Buffer
  /** The pixels and the end, a multiple of three bytes. */
  readonly tail: Buffer
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const CHUNK_OVERHEAD = 12
const STAMP_TEXT = 24
const CHANNELS = 3

/** The size of the PNG is `bytes` rounded down to a multiple of three, so that its base64 needs no padding. */
export function createNoisePng(bytes: number): NoisePng {
  const total = bytes - (bytes % 3)
  const edge = Math.floor(Math.sqrt((total - 192) / (CHANNELS + 0.02)))
  const header = Buffer.alloc(13)
  header.writeUInt32BE(edge, 0)
  header.writeUInt32BE(edge, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const head = Buffer.concat([SIGNATURE, chunk('IHDR', header)])
  const pixels = chunk('IDAT', deflateSync(scanlines(edge), { level: 0 }))
  const end = chunk('IEND', Buffer.alloc(0))
  const rest = total - head.length - (CHUNK_OVERHEAD + STAMP_TEXT) - pixels.length - end.length - CHUNK_OVERHEAD
  const tail = Buffer.concat([chunk('teSt', noise(rest)), pixels, end])
  return { width: edge, height: edge, bytes: total, head, tail, stamp }
}

function stamp(serial: number): Buffer {
  return chunk('tEXt', Buffer.from(`Comment\0${String(serial).padStart(STAMP_TEXT - 8, '0')}`, 'latin1'))
}

/** Rows of RGB noise, each after the filter byte 0. */
function scanlines(edge: number): Buffer {
  const row = edge * CHANNELS + 1
  const lines = noise(row * edge)
  for (let at = 0; at < lines.length; at += row) lines[at] = 0
  return lines
}

/** The same bytes in every run. */
const noise = (bytes: number): Buffer =>
  createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(Buffer.alloc(bytes))

function chunk(type: string, data: Uint8Array): Buffer {
  const result = Buffer.alloc(CHUNK_OVERHEAD + data.length)
  result.writeUInt32BE(data.length, 0)
  result.write(type, 4, 'latin1')
  result.set(data, 8)
  result.writeUInt32BE(crc32(result.subarray(4, 8 + data.length)), 8 + data.length)
  return result
}
