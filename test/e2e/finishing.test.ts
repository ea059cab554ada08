/** Pictures that become what was asked for here, seen from outside: what is bought, returned, kept and said. */
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Explanation } from '../../src/contract/records.ts'
import { compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { doublePicture, type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway

beforeAll(async () => {
  double = await startProviderDouble()
})
afterAll(() => double.close())
afterEach(async () => {
  await gateway.close()
  double.reset()
})

const model = 'acme/painter'

async function start(can: object = {}): Promise<void> {
  const models = [{ model, ...doubleCapabilities, sizes: ['128x128', '256x128'], ...can }]
  gateway = await startTestGateway({
    config: { providers: { painter: compatibleProvider(double, { models, retries: 0, perImage: '0.04' }) } },
  })
}

interface Made {
  readonly data: readonly { readonly b64_json: string }[]
  readonly output_format: string
  readonly size: string
  readonly halftone: {
    readonly request_id: string
    readonly cost_usd: string
    readonly warnings: readonly { readonly code: string }[]
  }
}

const generate = (body: object, headers: Record<string, string> = {}) =>
  gateway.call<Made>('/v1/images/generations', { body: { model, prompt: 'a red fox', size: '128x128', ...body }, headers })

const metadataOf = ({ data }: Made) => sharp(Buffer.from(data[0]?.b64_json ?? '', 'base64')).metadata()

describe('a composite', () => {
  it('is bought as the offer makes it, and returned, kept and explained as it was asked for', async () => {
    await start()
    const { status, body } = await generate({ size: '100x50', output_format: 'webp', halftone: { fit: 'cover' } })
    expect(status).toBe(200)
    expect(await metadataOf(body)).toMatchObject({ format: 'webp', width: 100, height: 50 })
    expect(body).toMatchObject({ output_format: 'webp', size: '100x50', halftone: { cost_usd: '0.04', warnings: [] } })
    const id = body.halftone.request_id
    const record = await gateway.record(id)
    expect(record.images).toMatchObject([{ width: 100, height: 50, media_type: 'image/webp' }])
    expect(record.attempt_rows[0]?.settings).toMatchObject({ size: { width: 256, height: 128 }, format: 'png' })
    const { body: explained } = await gateway.call<Explanation>(`/v1/halftone/requests/${id}/explain`)
    expect(explained.candidates[0]?.finishing).toEqual(['resize to 100x50 (cover)', 'convert to webp'])
    const image = await fetch(new URL(record.images[0]?.url ?? '', gateway.url))
    expect((await sharp(Buffer.from(await image.arrayBuffer())).metadata()).format).toBe('webp')
  })

  it('is replayed as it was answered', async () => {
    await start()
    const again = { 'idempotency-key': 'one' }
    const first = await generate({ output_format: 'jpeg' }, again)
    const second = await generate({ output_format: 'jpeg' }, again)
    expect(second.body.data).toEqual(first.body.data)
    expect(double.billed.length).toBe(1)
  })

  it('keeps and returns the paid picture when it cannot be finished, and says so', async () => {
    await start()
    // Smaller than what was bought, so that the cut would have to enlarge it.
    double.script({ body: { created: 1, data: [{ b64_json: doublePicture(32, 32).toString('base64') }] } })
    const { status, body } = await generate({ size: '100x50' }, { 'x-halftone-fit': 'cover' })
    expect(status).toBe(200)
    expect(await metadataOf(body)).toMatchObject({ width: 32, height: 32 })
    expect(body.halftone.warnings.map(({ code }) => code)).toEqual(['size_differs', 'finishing_failed'])
  })

  it('without the wish is an error that names it, and nothing is called', async () => {
    await start()
    const { status, body } = await generate({ size: '100x50' })
    expect([status, JSON.stringify(body)]).toEqual([
      400,
      expect.stringContaining('x-halftone-fit: cover would cut it from 256x128'),
    ])
    expect(double.calls.length).toBe(0)
  })
})
