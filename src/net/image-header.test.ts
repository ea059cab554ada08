import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { readImageHeader } from './image-header.ts'

const draw = (width: number, height: number, alpha = false) =>
  sharp({
    create: { width, height, channels: alpha ? 4 : 3, background: alpha ? { r: 9, g: 80, b: 200, alpha: 0.5 } : '#0950c8' },
  })

describe('media type and size are read from the first bytes', () => {
  test.each([
    ['PNG', 'image/png', () => draw(301, 7).png()],
    ['JPEG', 'image/jpeg', () => draw(640, 481).jpeg()],
    ['progressive JPEG', 'image/jpeg', () => draw(640, 481).jpeg({ progressive: true })],
    [
      'JPEG with EXIF before the frame',
      'image/jpeg',
      () =>
        draw(33, 65)
          .withExif({ IFD0: { Copyright: 'x'.repeat(9000) } })
          .jpeg(),
    ],
    ['WebP, lossy', 'image/webp', () => draw(255, 256).webp()],
    ['WebP, lossless', 'image/webp', () => draw(1023, 17).webp({ lossless: true })],
    ['WebP, extended by alpha', 'image/webp', () => draw(511, 300, true).webp()],
    ['GIF', 'image/gif', () => draw(12, 3000).gif()],
    ['AVIF', 'image/avif', () => draw(130, 64).avif({ effort: 0 })],
  ])('%s', async (_, mediaType, make) => {
    const { data, info } = await make().toBuffer({ resolveWithObject: true })
    const expected = { mediaType, width: info.width, height: info.height }
    expect(readImageHeader(data)).toEqual(expected)
    expect(readImageHeader(new Uint8Array(data.subarray(0, 65_536)))).toEqual(expected)
  })

  test.each([
    ['size in pixels', '<svg xmlns="http://www.w3.org/2000/svg" width="120px" height="80"/>', 120, 80],
    ['size from the view box', '<?xml version="1.0"?>\n<!-- made - by hand -->\n<svg viewBox="0 0 24 12.4"></svg>', 24, 12],
    ['no size', '\uFEFF<!DOCTYPE svg PUBLIC "a" "b" [<!ENTITY x "y">]><svg></svg>', 0, 0],
    ['relative size', '<svg width="100%" height="100%"></svg>', 0, 0],
  ])('SVG: %s', (_, text, width, height) => {
    expect(readImageHeader(Buffer.from(text))).toEqual({ mediaType: 'image/svg+xml', width, height })
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['HTML with a picture inside', Buffer.from('<html><svg width="1" height="1"></svg></html>')],
    ['an element that only begins like it', Buffer.from('<svgx width="1" height="1"/>')],
    ['JSON', Buffer.from('{"error":"x"}')],
    ['a bare PNG signature', Buffer.from('89504e470d0a1a0a', 'hex')],
    ['a PNG of no pixels', Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.alloc(8)])],
    ['another ISO media file', Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0isommp42', 'latin1')],
    ['a RIFF file of sound', Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVEfmt '), Buffer.alloc(32)])],
  ])('no image: %s', (_, bytes) => {
    expect(readImageHeader(bytes)).toBeUndefined()
  })

  test('an image cut at any byte gives its size or nothing, never an exception', async () => {
    for (const image of [
      draw(20, 10).jpeg(),
      draw(20, 10).avif({ effort: 0 }),
      draw(20, 10).webp(),
      draw(20, 10).gif(),
      draw(20, 10).png(),
    ]) {
      const data = await image.toBuffer()
      for (let length = 0; length < data.length; length++) {
        const header = readImageHeader(data.subarray(0, length))
        if (header) expect([header.width, header.height]).toEqual([20, 10])
      }
    }
  })

  test('hostile markup takes no time', () => {
    const started = performance.now()
    for (const text of [
      `<!--${'-'.repeat(60_000)}`,
      `<!DOCTYPE ${'a'.repeat(60_000)}`,
      '<!----> '.repeat(9000),
      `<svg ${'width="'.repeat(9000)}>`,
    ]) {
      readImageHeader(Buffer.from(text))
    }
    expect(performance.now() - started).toBeLessThan(500)
  })
})
