import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { createMemorySpool, readAll } from '../../test/providers/memory-spool.ts'
import { createMetadataFilter, withoutMetadata } from './picture-metadata.ts'

const SECRET = 'a secret prompt'

const pngChunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  crc.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, crc])
}

const plain = sharp({ create: { width: 40, height: 30, channels: 3, background: '#3a7' } })
const png = await plain.clone().png().toBuffer()
const exif = { IFD0: { ImageDescription: SECRET } }
/** As A1111 and ComfyUI write them: before the pixels; others write them behind. */
const text = [
  pngChunk('tEXt', Buffer.from(`parameters\0${SECRET}`)),
  pngChunk('iTXt', Buffer.from(`workflow\0\0\0\0\0${SECRET}`)),
  pngChunk('zTXt', Buffer.concat([Buffer.from('prompt\0\0'), deflateSync(SECRET)])),
  pngChunk('eXIf', Buffer.from(SECRET)),
]
const pngWithText = Buffer.concat([png.subarray(0, 33), ...text, png.subarray(33, -12), ...text, png.subarray(-12)])

const filtered = (bytes: Buffer, step: number): Buffer => {
  const filter = createMetadataFilter()
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += step)
    out.push(...filter.push(bytes.subarray(at, at + step)).map((piece) => Buffer.from(piece)))
  return Buffer.concat([...out, filter.end()])
}

const steps = [1, 2, 7, 13, 64, 1_000_000]

describe.each(steps)('in pieces of %i bytes', (step) => {
  test('a PNG loses its texts and keeps every other byte', () => {
    expect(filtered(pngWithText, step).equals(png)).toBe(true)
    expect(filtered(png, step).equals(png)).toBe(true)
  })

  test.each(['jpeg', 'webp'] as const)('a %s loses Exif and XMP, and shows the same pixels', async (format) => {
    const tagged = await plain
      .clone()
      .withExif(exif)
      .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${SECRET}</x:xmpmeta>`)
      [format]()
      .toBuffer()
    expect(tagged.includes(SECRET)).toBe(true)
    const clean = filtered(tagged, step)
    expect(clean.includes(SECRET)).toBe(false)
    const { exif: found, xmp } = await sharp(clean).metadata()
    expect([found, xmp]).toEqual([undefined, undefined])
    expect((await sharp(clean).raw().toBuffer()).equals(await sharp(tagged).raw().toBuffer())).toBe(true)
  })

  test('anything else, and what was cut off, passes as it is', () => {
    for (const bytes of [
      Buffer.from('<svg></svg>'),
      Buffer.from('GIF89a----------------'),
      png.subarray(0, 9),
      png.subarray(0, 36),
    ])
      expect(filtered(bytes, step).equals(bytes)).toBe(true)
  })
})

test.each([true, false])('a spool keeps pictures without it, slow or not (%s)', async (slow) => {
  const spool = createMemorySpool({ slow })
  const writer = withoutMetadata(spool).create({ maxBytes: 100_000 })
  for (let at = 0; at < pngWithText.length; at += 50) await writer.write(pngWithText.subarray(at, at + 50))
  const body = await writer.end()
  expect((await readAll(body)).equals(png)).toBe(true)
  expect(body.bytes).toBe(png.length)
  await body.dispose()
  expect(spool.open).toBe(0)
})

test('a writer that copies has copied all of a chunk when it returns, also when the spool asks to wait in the middle of it', async () => {
  const writer = withoutMetadata(createMemorySpool({ slow: true })).create({ maxBytes: 100_000, recycle: true })
  expect(writer.copies).toBe(true)
  const chunk = Buffer.from(pngWithText)
  const waiting = writer.write(chunk)
  // As the decoder of another answer does, which shares the buffer.
  chunk.fill(0)
  await waiting
  const body = await writer.end()
  expect((await readAll(body)).equals(png)).toBe(true)
  await body.dispose()
})
