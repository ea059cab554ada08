/** A plain picture to edit, enlarge or cut out: a dark square on light grey, as a PNG made here. */
import { crc32, deflateSync } from 'node:zlib'

/** A square of this many pixels, 384 at least. */
export function probeImage(edge: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(edge, 0)
  header.writeUInt32BE(edge, 4)
  // Eight bits, RGB, no interlacing.
  header.set([8, 2, 0, 0, 0], 8)
  const row = 1 + edge * 3
  const pixels = Buffer.alloc(row * edge, 0xe0)
  for (let y = 0; y < edge; y++) {
    pixels[y * row] = 0
    if (y >= 128 && y < 384) pixels.fill(0x20, y * row + 1 + 128 * 3, y * row + 1 + 384 * 3)
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(pixels)), chunk('IEND', Buffer.alloc(0))])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}
