import { Readable } from 'node:stream'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { testInput } from '../../../test/providers/attempt.ts'
import { readAll } from '../../../test/providers/memory-spool.ts'
import { type CallBody, inputReference, type MaskTransform } from '../define-provider.ts'
import { outgoingBody } from './call-body.ts'

/** Three pixels: to be edited, half, kept. */
const alphas = [0, 128, 255]
const mask = await sharp(Buffer.from(alphas.flatMap((alpha) => [9, 9, 9, alpha])), { raw: { width: 3, height: 1, channels: 4 } })
  .webp({ lossless: true })
  .toBuffer()
const input = testInput(mask, { role: 'mask', mediaType: 'image/webp' })

async function sent(body: CallBody, content = mask): Promise<Buffer> {
  const outgoing = await outgoingBody(body, [input], () => Readable.from([content]))
  const opened = outgoing.open()
  const bytes = Buffer.isBuffer(opened) ? opened : await readAll({ open: () => opened } as never)
  expect(outgoing.headers['content-length'], 'the announced length is what is sent').toBe(String(bytes.length))
  return bytes
}

const greysOf = async (png: Buffer): Promise<number[]> => {
  expect((await sharp(png).metadata()).channels).toBe(1)
  return [...(await sharp(png).toColourspace('b-w').raw().toBuffer())]
}

const jsonBody = (transform: MaskTransform): CallBody => ({
  kind: 'json',
  value: { mask: inputReference(0, { dataUrl: true, transform }) },
})

describe('a mask for an API with black and white masks', () => {
  test.each([
    ['white-is-edit', [255, 127, 0]],
    ['black-is-edit', [0, 128, 255]],
    ['white-is-edit-hard', [255, 0, 0]],
    ['black-is-edit-hard', [0, 255, 255]],
  ] as const)('%s: the alpha channel becomes grey, softness kept unless it has to be hard', async (transform, greys) => {
    const { mask: dataUrl } = JSON.parse((await sent(jsonBody(transform))).toString()) as { mask: string }
    const [prefix, base64 = ''] = dataUrl.split(',')
    expect(prefix).toBe('data:image/png;base64')
    expect(await greysOf(Buffer.from(base64, 'base64'))).toEqual(greys)
  })

  test('goes into a form as a PNG, whatever the client sent', async () => {
    const part = { kind: 'file', name: 'mask', input, filename: 'mask.png', transform: 'white-is-edit' } as const
    const bytes = await sent({ kind: 'multipart', parts: [part] })
    const text = bytes.toString('latin1')
    expect(text).toContain('content-type: image/png\r\n')
    const start = text.indexOf('\r\n\r\n') + 4
    expect(await greysOf(bytes.subarray(start, text.lastIndexOf('\r\n--')))).toEqual([255, 127, 0])
  })

  test('is refused without an alpha channel, because it would say "edit nothing"', async () => {
    const opaque = await sharp({ create: { width: 2, height: 2, channels: 3, background: '#fff' } })
      .png()
      .toBuffer()
    await expect(sent(jsonBody('white-is-edit'), opaque)).rejects.toMatchObject({ code: 'invalid_image', param: 'mask' })
  })

  test('is refused when it does not decode', async () => {
    await expect(sent(jsonBody('white-is-edit'), Buffer.from('not an image'))).rejects.toMatchObject({ code: 'invalid_image' })
  })
})
