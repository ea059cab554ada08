/** What every post-processing step must do. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSpool } from '../../src/blobs/spool.ts'
import type { Spool, SpooledBody } from '../../src/ports/blob-store.ts'
import type { Step } from '../../src/ports/step.ts'

const live = (): AbortSignal => new AbortController().signal

export async function spoolOf(spool: Spool, bytes: Uint8Array): Promise<SpooledBody> {
  const writer = spool.create({ maxBytes: bytes.byteLength })
  await writer.write(bytes)
  return writer.end()
}

export async function bytesOf(body: SpooledBody): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body.open()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A photo-like picture with a position and an orientation in its metadata. */
export const photo = (format: 'png' | 'jpeg' | 'webp', width = 600, height = 400): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#2468ac', noise: { type: 'gaussian', mean: 128, sigma: 30 } } })
    .withExif({ IFD0: { Copyright: 'someone' }, IFD3: { GPSLatitudeRef: 'N' } })
    .toFormat(format)
    .toBuffer()

/** A PNG whose header announces 60,000 x 60,000 pixels and that holds next to nothing. */
export async function bombPng(): Promise<Buffer> {
  const small = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#000' } })
    .png()
    .toBuffer()
  small.writeUInt32BE(60_000, 16)
  small.writeUInt32BE(60_000, 20)
  small.writeUInt32BE(crc32(small.subarray(12, 29)), 29)
  return small
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}

export function stepContract<Options>(step: Step<Options>, options: Options): void {
  describe(`step: ${step.id} ${JSON.stringify(options)}`, () => {
    let dir: string
    let spool: Spool
    beforeAll(() => {
      dir = mkdtempSync(join(tmpdir(), 'halftone-step-'))
      spool = createSpool({ dir })
    })
    afterAll(async () => {
      await spool.close()
      rmSync(dir, { recursive: true })
    })

    test.each(['png', 'jpeg', 'webp'] as const)('%s: what comes out decodes, as the format and size it says', async (format) => {
      const body = await spoolOf(spool, await photo(format))
      const output = await step.run({ body, mediaType: `image/${format}` }, options, { spool, signal: live() })
      const { info } = await sharp(await bytesOf(output.body))
        .raw()
        .toBuffer({ resolveWithObject: true })
      const metadata = await sharp(await bytesOf(output.body)).metadata()
      expect(metadata.format).toBe(output.format)
      expect(output.size).toEqual({ width: info.width, height: info.height })
      if (output.body !== body) expect(metadata.exif).toBeUndefined()
      expect((await bytesOf(body)).byteLength).toBe(body.bytes)
      await Promise.all([body.dispose(), output.body.dispose()])
    })

    test('a turned photo comes out upright', async () => {
      const turned = await sharp(await photo('png', 300, 200))
        .withMetadata({ orientation: 6 })
        .tiff()
        .toBuffer()
      const body = await spoolOf(spool, await sharp(turned).keepMetadata().withMetadata({ orientation: 6 }).jpeg().toBuffer())
      const output = await step.run({ body, mediaType: 'image/jpeg' }, options, { spool, signal: live() })
      expect(output.size.height).toBeGreaterThan(output.size.width)
      await Promise.all([body.dispose(), output.body.dispose()])
    })

    const broken: [string, () => Promise<Buffer>, string][] = [
      ['text', async () => Buffer.from('not an image'), 'invalid_image'],
      ['nothing', async () => Buffer.alloc(0), 'invalid_image'],
      ['SVG', async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 'invalid_image'],
      ['a PNG signature without an image', async () => Buffer.from('\x89PNG\r\n\x1a\n????????', 'latin1'), 'invalid_image'],
      ['a decompression bomb', bombPng, 'image_too_large'],
    ]
    test.each(broken)('%s is a typed error', async (_, make, code) => {
      const body = await spoolOf(spool, await make())
      await expect(step.run({ body, mediaType: 'image/png' }, options, { spool, signal: live() })).rejects.toMatchObject({ code })
      await body.dispose()
    })

    test('an aborted signal stops it', async () => {
      const body = await spoolOf(spool, await photo('png'))
      const signal = AbortSignal.abort(new Error('gone'))
      await expect(step.run({ body, mediaType: 'image/png' }, options, { spool, signal })).rejects.toThrow('gone')
      await body.dispose()
    })

    test('nothing stays behind', () => {
      expect(spool.bytesInMemory).toBe(0)
      expect(readdirSync(dir)).toEqual([])
    })
  })
}
