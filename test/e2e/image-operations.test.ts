/** Variations, upscaling, background removal, shapes and control images on the wire, answered by the sandbox. */
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { QuoteResponse } from '../../src/contract/quote.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

let gateway: TestGateway
/** 96 x 64, a blue disc on white. */
let picture: Buffer

beforeAll(async () => {
  gateway = await startTestGateway({ config: { sandbox: { latencyScale: 0 } } })
  const disc = Buffer.from('<svg width="96" height="64"><circle cx="48" cy="32" r="20" fill="#0033cc"/></svg>')
  picture = await sharp({ create: { width: 96, height: 64, channels: 3, background: '#ffffff' } })
    .composite([{ input: disc }])
    .png()
    .toBuffer()
})

afterAll(() => gateway?.close())

interface ImageAnswer {
  readonly data: readonly { readonly b64_json?: string; readonly url?: string }[]
  readonly size: string
  readonly halftone: { readonly offer: string; readonly request_id: string; readonly warnings: readonly { code: string }[] }
  readonly error?: { readonly code: string; readonly param: string | null; readonly message: string }
}

type Fields = Readonly<Record<string, string | Buffer>>

async function sendForm(path: string, fields: Fields): Promise<{ status: number; body: ImageAnswer }> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') form.append(name, value)
    else form.append(name, new Blob([new Uint8Array(value)]), `${name}.png`)
  }
  const answer = await fetch(`${gateway.baseUrl}/images/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}` },
    body: form,
  })
  return { status: answer.status, body: (await answer.json()) as ImageAnswer }
}

const sendJson = (path: string, body: object) => gateway.call<ImageAnswer>(`/v1/images/${path}`, { body })
const images = () => [{ image_url: `data:image/png;base64,${picture.toString('base64')}` }]

const decoded = (body: ImageAnswer) => sharp(Buffer.from(body.data[0]?.b64_json ?? '', 'base64'))

describe('one image in', () => {
  it('variations: as many as asked for, each of the size asked for, and no two alike', async () => {
    const { status, body } = await sendForm('variations', {
      image: picture,
      model: 'sandbox/flat',
      n: '3',
      size: '256x256',
      response_format: 'b64_json',
      user: 'customer',
    })
    expect([status, body.error]).toEqual([200, undefined])
    expect(new Set(body.data.map(({ b64_json }) => b64_json)).size).toBe(3)
    expect(await decoded(body).metadata()).toMatchObject({ width: 256, height: 256 })
    const record = await gateway.record(body.halftone.request_id)
    expect(record).toMatchObject({ operation: 'variation', n: 3, prompt: '', end_customer: 'customer', outcome: 'succeeded' })
  })

  it('variations as JSON take a prompt and give signed links', async () => {
    const { status, body } = await sendJson('variations', {
      images: images(),
      prompt: 'at night',
      model: 'sandbox/flat',
      response_format: 'url',
    })
    expect([status, body.error]).toEqual([200, undefined])
    expect((await fetch(body.data[0]?.url ?? '')).status).toBe(200)
  })

  it.each([
    [{}, '192x128'],
    [{ scale: 3 }, '288x192'],
    [{ size: '384x256' }, '384x256'],
  ])('upscale: each edge by the factor, by default the first of the offer: %j', async (fields, size) => {
    const { status, body } = await sendJson('upscale', { images: images(), model: 'sandbox/mega', ...fields })
    expect([status, body.error]).toEqual([200, undefined])
    const { width, height } = await decoded(body).metadata()
    expect([body.size, `${width}x${height}`]).toEqual([size, size])
  })

  it('upscale in multipart form: numbers are read as numbers', async () => {
    const { status, body } = await sendForm('upscale', { image: picture, model: 'sandbox/mega', scale: '4' })
    expect([status, body.size]).toEqual([200, '384x256'])
  })

  it('remove-background: the subject stays, what is behind it is transparent, the size is the same', async () => {
    const { status, body } = await sendForm('remove-background', { image: picture, model: 'sandbox/flat' })
    expect([status, body.error]).toEqual([200, undefined])
    const { data, info } = await decoded(body).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([96, 64])
    const alphaAt = (x: number, y: number) => data[(y * 96 + x) * 4 + 3]
    expect([alphaAt(2, 2), alphaAt(90, 4), alphaAt(48, 20)]).toEqual([0, 0, 255])
  })
})

describe('shape instead of size', () => {
  it('the offer takes its own size of the shape, and says which', async () => {
    const { status, body } = await sendJson('generations', { prompt: 'a fox', model: 'sandbox/flat', aspect_ratio: '16:9' })
    expect([status, body.error]).toEqual([200, undefined])
    const { width = 0, height = 1 } = await decoded(body).metadata()
    expect(width / height).toBeCloseTo(16 / 9, 1)
    expect(body.size).toBe(`${width}x${height}`)
  })
})

describe('refused by name', () => {
  const generation = { prompt: 'a fox', model: 'sandbox/flat' }
  const control = () => ({ image_url: images()[0]?.image_url, type: 'canny' })
  it.each<[string, string, () => object, string, string]>([
    ['a size and a shape', 'generations', () => ({ size: '64x64', aspect_ratio: '1:1' }), 'invalid_value', 'aspect_ratio'],
    ['a shape that is none', 'generations', () => ({ aspect_ratio: '16/9' }), 'invalid_value', 'aspect_ratio'],
    ['a style the offer does not take', 'generations', () => ({ style: 'noir' }), 'unsupported_parameter', 'style'],
    ['a control image no offer reads', 'generations', () => ({ control_image: control() }), 'unsupported_parameter', 'control'],
    [
      'a control image without its kind',
      'generations',
      () => ({ control_image: { image_url: control().image_url } }),
      'missing_required_parameter',
      'control_image.type',
    ],
    [
      'a control image of an unknown kind',
      'generations',
      () => ({ control_image: { ...control(), type: 'vibes' } }),
      'invalid_value',
      'control_image.type',
    ],
    [
      'a control image that is not there',
      'generations',
      () => ({ control_image: { type: 'depth' } }),
      'missing_required_parameter',
      'control_image.image_url',
    ],
    ['images in a generation', 'generations', () => ({ images: images() }), 'unknown_parameter', 'images'],
    ['strength without an input', 'generations', () => ({ strength: 0.5 }), 'unknown_parameter', 'strength'],
    ['strength beyond 1', 'edits', () => ({ images: images(), strength: 2 }), 'invalid_value', 'strength'],
    ['an endless outpaint', 'edits', () => ({ images: images(), outpaint: { left: 4097 } }), 'invalid_value', 'outpaint.left'],
    ['an outpaint of nothing', 'edits', () => ({ images: images(), outpaint: {} }), 'invalid_value', 'outpaint'],
    [
      'an outpaint no offer makes',
      'edits',
      () => ({ images: images(), outpaint: { left: 8 } }),
      'unsupported_parameter',
      'outpaint',
    ],
    [
      'an outpaint with a size',
      'edits',
      () => ({ images: images(), outpaint: { left: 8 }, size: '64x64' }),
      'invalid_value',
      'outpaint',
    ],
  ])('%s', async (_, path, fields, code, param) => {
    const { status, body } = await sendJson(path, { ...generation, ...fields() })
    expect([status, body.error]).toMatchObject([400, { code, param }])
  })

  it.each<[string, string, () => Fields, string, string]>([
    ['no image to vary', 'variations', () => ({ n: '1' }), 'missing_required_parameter', 'image'],
    ['a mask on a variation', 'variations', () => ({ image: picture, mask: picture }), 'unknown_parameter', 'mask'],
    ['two images to enlarge', 'upscale', () => ({ image: picture, 'image[]': picture }), 'invalid_value', 'image'],
    ['several enlargements of one', 'upscale', () => ({ image: picture, n: '2' }), 'invalid_value', 'n'],
    ['scale and size', 'upscale', () => ({ image: picture, scale: '2', size: '192x128' }), 'invalid_value', 'scale'],
    ['a factor no offer has', 'upscale', () => ({ image: picture, scale: '7' }), 'unsupported_parameter', 'scale'],
    ['a size for a cut-out', 'remove-background', () => ({ image: picture, size: '64x64' }), 'invalid_value', 'size'],
    ['a seed in words', 'remove-background', () => ({ image: picture, seed: 'many' }), 'invalid_value', 'seed'],
    [
      'a control file without its kind',
      'edits',
      () => ({ image: picture, control: picture }),
      'missing_required_parameter',
      'control_type',
    ],
    [
      'a kind without its control file',
      'edits',
      () => ({ image: picture, control_type: 'pose' }),
      'missing_required_parameter',
      'control',
    ],
    [
      'two control files',
      'edits',
      () => ({ image: picture, control: picture, mask: picture }),
      'missing_required_parameter',
      'control_type',
    ],
  ])('%s, as a form', async (_, path, fields, code, param) => {
    const form = path === 'edits' ? { prompt: 'a fox', ...fields() } : fields()
    const { status, body } = await sendForm(path, {
      model: path === 'remove-background' ? 'sandbox/flat' : 'sandbox/mega',
      ...form,
    })
    expect([status, body.error]).toMatchObject([400, { code, param }])
  })
})

describe('quotes', () => {
  it.each([
    [{ operation: 'upscale', scale: 4, inputs: [{ width: 512, height: 512 }] }, 'sandbox:sandbox/mega', '2048x2048'],
    [{ operation: 'remove_background', inputs: [{ width: 512, height: 300 }] }, 'sandbox:sandbox/flat', '512x300'],
    [{ operation: 'variation', n: 2, size: '512x512', inputs: [{ width: 64, height: 64 }] }, 'sandbox:sandbox/mega', '512x512'],
    [{ prompt: 'a fox', aspect_ratio: '1:2' }, 'sandbox:sandbox/mega', '728x1448'],
  ])('%j is priced at the size it will have', async (body, offer, size) => {
    const { status, body: quote } = await gateway.call<QuoteResponse>('/v1/halftone/quote', { body })
    expect(status).toBe(200)
    expect(quote.candidates.find((candidate) => candidate.offer === offer)).toMatchObject({ size })
  })

  it('a quote of an operation takes what the operation takes, and no more', async () => {
    const { status, body } = await gateway.call('/v1/halftone/quote', {
      body: { operation: 'upscale', style: 'noir', inputs: [{ width: 64, height: 64 }] },
    })
    expect([status, body]).toMatchObject([400, { error: { code: 'unknown_parameter', param: 'style' } }])
  })
})
