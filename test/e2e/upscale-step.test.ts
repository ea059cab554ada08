/** A picture that one offer makes smaller and another enlarges: two calls, two bills, one picture of the size asked for. */
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { QuoteResponse } from '../../src/contract/quote.ts'
import type { Explanation } from '../../src/contract/records.ts'
import { type DoubleServer, startServer } from '../support/doubles/server.ts'
import { compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

interface Made {
  readonly data: readonly { readonly b64_json: string }[]
  readonly error: { readonly code: string }
  readonly halftone: {
    readonly request_id: string
    readonly offer: string
    readonly cost_usd: string
    readonly warnings: readonly { readonly code: string }[]
  }
}

/** A web UI that enlarges for real; `answers` are what its first calls get instead. */
async function startEnlarger(...answers: readonly number[]): Promise<DoubleServer & { readonly factors: number[] }> {
  const factors: number[] = []
  const left = [...answers]
  const server = await startServer(async ({ path, json }) => {
    if (!path.endsWith('/extra-single-image')) return { json: [] }
    const factor = Number(json['upscaling_resize'])
    factors.push(factor)
    const status = left.shift()
    if (status !== undefined) return { status, json: { error: 'HTTPException', detail: 'Oops.', body: '', errors: '' } }
    const picture = sharp(Buffer.from(String(json['image']), 'base64'))
    const { width = 0, height = 0 } = await picture.metadata()
    const image = await picture
      .resize(Math.round(width * factor), Math.round(height * factor))
      .png()
      .toBuffer()
    return { json: { html_info: '', image: image.toString('base64') } }
  })
  return Object.assign(server, { factors })
}

const abilities = { operations: ['generate'], maxN: 4, formats: ['png'], backgrounds: [], maxInputs: 0, mask: false }
const enlarging = 'first:house/enlarge'
const maker = 'small:acme/small'
const native = 'large:acme/large'

let doubles: { readonly small: ProviderDouble; readonly large: ProviderDouble }
let enlargers: readonly (DoubleServer & { readonly factors: number[] })[]
let gateway: TestGateway
beforeEach(async () => {
  doubles = { small: await startProviderDouble(), large: await startProviderDouble() }
})
afterEach(async () => {
  await gateway.close()
  await Promise.all([doubles.small.close(), doubles.large.close(), ...enlargers.map((each) => each.close())])
})

/** `first` and `second` enlarge, at a cent each; `first` answers with these errors before. */
async function start(route: object = {}, ...failures: readonly number[]): Promise<void> {
  enlargers = await Promise.all([startEnlarger(...failures), startEnlarger()])
  const made = (double: ProviderDouble, model: string, size: string, perImage: string): object =>
    compatibleProvider(double, { models: [{ model, ...abilities, sizes: [size] }], retries: 0, perImage })
  const enlarger = ({ origin }: DoubleServer): object => ({
    type: 'automatic1111',
    baseUrl: origin,
    retries: 0,
    options: { upscaler: 'R-ESRGAN 4x+' },
    models: [{ model: 'house/enlarge', id: 'enlarge' }],
    prices: { '*': { perImage: '0.01' } },
  })
  gateway = await startTestGateway({
    config: {
      providers: {
        small: made(doubles.small, 'acme/small', '128x128', '0.02'),
        large: made(doubles.large, 'acme/large', '256x256', '0.05'),
        first: enlarger(enlargers[0] as DoubleServer),
        second: enlarger(enlargers[1] as DoubleServer),
      },
      routes: { posters: { models: ['acme/small', 'acme/large'], enlarge: { by: ['house/enlarge'] }, ...route } },
    },
  })
}

const body = { model: 'posters', prompt: 'a red fox', size: '256x256' }
const generate = (more: object = {}, headers: Record<string, string> = {}) =>
  gateway.call<Made>('/v1/images/generations', { body: { ...body, ...more }, headers })
const sizeOf = async ({ data }: Made): Promise<string> => {
  const { width, height } = await sharp(Buffer.from(data[0]?.b64_json ?? '', 'base64')).metadata()
  return `${width}x${height}`
}

describe('a smaller picture and its enlargement', () => {
  it('compete with the offer that makes the size, by what both calls cost', async () => {
    await start()
    const { body: quote } = await gateway.call<QuoteResponse>('/v1/halftone/quote', { body })
    const eligible = quote.candidates.filter((candidate) => candidate.eligible)
    expect(eligible.map(({ offer, expected_usd, finishing }) => [offer, expected_usd, finishing])).toEqual([
      [maker, '0.03', [`enlarged to 256x256 by ${enlarging}`]],
      [native, '0.05', []],
    ])
    const { status, body: made } = await generate({}, { 'x-halftone-quote-id': quote.id ?? '' })
    expect([status, made.halftone.offer, made.halftone.cost_usd, await sizeOf(made)]).toEqual([200, maker, '0.03', '256x256'])
    expect(made.halftone.warnings.map(({ code }) => code)).toEqual(['upscaled'])
    expect(enlargers[0]?.factors).toEqual([2])
    const { attempts } = await gateway.receipt(made.halftone.request_id)
    expect(attempts.map(({ kind, offer, state, total_usd }) => [kind, offer, state, total_usd])).toEqual([
      ['primary', maker, 'settled', '0.02'],
      ['step', enlarging, 'settled', '0.01'],
    ])
    const { body: explained } = await gateway.call<Explanation>(`/v1/halftone/requests/${made.halftone.request_id}/explain`)
    expect(explained.candidates[0]).toMatchObject({ offer: maker, finishing: [`enlarged to 256x256 by ${enlarging}`] })
    expect((await gateway.record(made.halftone.request_id)).images).toMatchObject([{ width: 256, height: 256 }])
  })

  it('beyond the size asked for it is made smaller here, and converted', async () => {
    await start({ models: ['acme/small'] })
    const { body: made } = await generate({ size: '200x200', output_format: 'webp' })
    expect(await sizeOf(made)).toBe('200x200')
    expect((await sharp(Buffer.from(made.data[0]?.b64_json ?? '', 'base64')).metadata()).format).toBe('webp')
  })

  it('stands behind what the client puts first, which makes the size itself', async () => {
    await start({ enlarge: { by: ['house/enlarge'] }, models: ['acme/large', 'acme/small'] })
    const { body: made } = await generate({ size: '256x256' }, { 'x-halftone-order': 'large' })
    expect([made.halftone.offer, enlargers[0]?.factors]).toEqual([native, []])
  })

  it('without `enlarge` nothing is enlarged elsewhere', async () => {
    await start({ enlarge: undefined, models: ['acme/small'] })
    const { status, body: made } = await generate()
    expect([status, made.error.code]).toEqual([400, 'unsupported_parameter'])
  })

  it('what both may cost is held against the limit of the request', async () => {
    await start({ models: ['acme/small'] })
    const { status, body: made } = await generate({}, { 'x-halftone-max-cost-usd': '0.025' })
    expect([status, made.error.code, doubles.small.calls.length]).toEqual([400, 'cost_limit_exceeded', 0])
  })
})

describe('when the first cannot enlarge it', () => {
  it('the next one does, and nobody is paid for nothing', async () => {
    await start({ models: ['acme/small'], retries: 0 }, 500)
    const { status, body: made } = await generate()
    expect([status, made.halftone.cost_usd, await sizeOf(made)]).toEqual([200, '0.03', '256x256'])
    const { attempts } = await gateway.receipt(made.halftone.request_id)
    expect(attempts.map(({ kind, offer, state }) => [kind, offer.split(':')[0], state])).toEqual([
      ['primary', 'small', 'settled'],
      ['step', 'first', 'voided'],
      ['step', 'second', 'settled'],
    ])
  })

  it('and nobody else may, the client hears that the picture was paid for, and nothing stays held', async () => {
    await start({ models: ['acme/small'], enlarge: { by: [enlarging] } }, 500)
    const { status, body: made, headers } = await generate()
    expect([status, made.error.code, headers.get('x-should-retry')]).toEqual([502, 'provider_error', 'false'])
    const [request] = await gateway.requests()
    expect(request).toMatchObject({ outcome: 'error', cost_usd: '0.02' })
    const { body: overview } = await gateway.call<{ held_usd: string }>('/v1/halftone/overview')
    expect(overview.held_usd).toBe('0.00')
  })
})
