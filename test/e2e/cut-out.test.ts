/** A picture that one offer makes and another cuts out: two calls, two bills, one transparent picture. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import sharp from 'sharp'
import { afterEach, expect, it } from 'vitest'
import type { Explanation } from '../../src/contract/records.ts'
import { type DoubleServer, startServer } from '../support/doubles/server.ts'
import { stabilityKey, startStability } from '../support/doubles/stability.ts'
import type { Answer } from '../support/gateway.ts'
import { compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { startProviderDouble } from '../support/provider-double.ts'

let gateway: TestGateway
afterEach(() => gateway.close())

const maker = 'sandbox:sandbox/visual'
const cutter = 'sandbox:sandbox/flat'

const start = async (route: object = {}): Promise<void> => {
  gateway = await startTestGateway({
    config: {
      sandbox: { enabled: 'always', latencyScale: 0 },
      routes: { stickers: { models: ['sandbox/visual'], cutOut: ['sandbox/flat'], ...route } },
    },
  })
}

interface Made {
  readonly data: readonly { readonly b64_json: string }[]
  readonly error: { readonly code: string }
  readonly output_format: string
  readonly halftone: {
    readonly request_id: string
    readonly cost_usd: string
    readonly warnings: readonly { readonly code: string }[]
  }
}

const generate = (body: object = {}, headers: Record<string, string> = {}): Promise<Answer<Made>> =>
  gateway.call<Made>('/v1/images/generations', {
    body: { model: 'stickers', prompt: 'a red fox', background: 'transparent', size: '256x256', ...body },
    headers,
  })

it('both calls are in the receipt, the picture is transparent, and the one it was cut from is kept', async () => {
  await start()
  const { status, body, headers } = await generate({ n: 2 })
  expect([status, body.data.length, headers.get('x-halftone-offer')]).toEqual([200, 2, maker])
  expect(headers.get('x-halftone-warnings')).toBe('cut_out')
  for (const { b64_json } of body.data) {
    const { isOpaque } = await sharp(Buffer.from(b64_json, 'base64')).stats()
    expect(isOpaque).toBe(false)
  }
  const receipt = await gateway.receipt(body.halftone.request_id)
  expect(receipt.attempts.map(({ kind, offer, state }) => [kind, offer, state])).toEqual([
    ['primary', maker, 'settled'],
    ['step', cutter, 'settled'],
    ['step', cutter, 'settled'],
  ])
  expect(receipt.total_usd).toBe(body.halftone.cost_usd)
  expect(receipt.attempts.every(({ total_usd }) => total_usd !== '0.00')).toBe(true)
  const record = await gateway.record(body.halftone.request_id)
  expect(record).toMatchObject({ images_returned: 2, outcome: 'succeeded' })
  expect(record.attempt_rows.reduce((sum, { images_made }) => sum + images_made, 0)).toBe(2)
})

it('what was expected is what both cost, and the decision says who cuts out', async () => {
  await start()
  const { body } = await generate()
  const { body: explained } = await gateway.call<Explanation>(`/v1/halftone/requests/${body.halftone.request_id}/explain`)
  expect(explained.candidates).toMatchObject([
    { offer: maker, finishing: [`cut out by ${cutter}`], expected_usd: body.halftone.cost_usd },
  ])
})

it('what is learned of cutting out says nothing about making pictures', async () => {
  await start()
  await generate({ n: 3 })
  const make = () => generate({ model: cutter, background: undefined })
  await make()
  const { body } = await make()
  const { body: explained } = await gateway.call<Explanation>(`/v1/halftone/requests/${body.halftone.request_id}/explain`)
  expect(explained.candidates[0]).toMatchObject({ offer: cutter, observations: 1 })
})

it('a process that starts has learned the same of cutting out and of making pictures', async () => {
  await start()
  await generate({ n: 3 })
  const make = () => generate({ model: cutter, background: undefined })
  await make()
  const { folder, halftone } = gateway
  await halftone.close()
  const again = await startTestGateway({
    config: { sandbox: { enabled: 'always', latencyScale: 0 } },
    env: { HALFTONE_DATA_DIR: join(folder, 'data') },
  })
  try {
    const { body } = await again.call<Made>('/v1/images/generations', {
      body: { model: cutter, prompt: 'a red fox', size: '256x256' },
    })
    const { body: explained } = await again.call<Explanation>(`/v1/halftone/requests/${body.halftone.request_id}/explain`)
    expect(explained.candidates[0]).toMatchObject({ offer: cutter, observations: 1 })
  } finally {
    await again.close()
  }
})

it('the cut picture is converted to the format asked for', async () => {
  await start()
  const { body } = await generate({ output_format: 'webp' })
  const bytes = Buffer.from(body.data[0]?.b64_json ?? '', 'base64')
  expect([(await sharp(bytes).metadata()).format, (await sharp(bytes).stats()).isOpaque]).toEqual(['webp', false])
})

it('an offer that makes transparent pictures itself is compared with the two together', async () => {
  await start({ models: ['sandbox/visual', 'sandbox/flat'] })
  const { body } = await gateway.call<{ candidates: { offer: string; finishing: string[] }[] }>('/v1/halftone/quote', {
    body: { model: 'stickers', prompt: 'a red fox', background: 'transparent', size: '256x256' },
  })
  const offers = body.candidates.map(({ offer, finishing }) => [offer, finishing])
  expect(offers).toContainEqual([cutter, []])
  expect(offers).toContainEqual([maker, [`cut out by ${cutter}`]])
})

it('without `cutOut` nothing invents transparency', async () => {
  await start({ cutOut: undefined })
  const { status, body } = await generate()
  expect([status, body.error.code]).toEqual([400, 'unsupported_parameter'])
})

it('what both may cost is held against the limit of the request', async () => {
  await start()
  const { body } = await generate()
  const [made] = (await gateway.receipt(body.halftone.request_id)).attempts
  const { status, body: refused } = await generate({}, { 'x-halftone-max-cost-usd': made?.total_usd ?? '' })
  expect([status, refused.error.code]).toEqual([400, 'cost_limit_exceeded'])
})

/** A maker, and two accounts that cut out; the first of them answers with `status`. */
async function withCutters<T>(status: number, use: (calls: () => readonly number[]) => Promise<T>): Promise<T> {
  const [painter, sound, broken] = await Promise.all([
    startProviderDouble(),
    startStability(),
    startServer(() => ({ status, json: { id: 'e-1', name: 'internal_error', errors: ['Oops.'] } })),
  ])
  const cutterOf = ({ origin }: DoubleServer): object => ({
    type: 'stability',
    baseUrl: origin,
    apiKey: stabilityKey,
    retries: 0,
    prices: { '*': { perImage: '0.01' } },
  })
  const models = [{ model: 'acme/painter', ...doubleCapabilities, backgrounds: ['opaque'] }]
  gateway = await startTestGateway({
    config: {
      providers: {
        painter: compatibleProvider(painter, { models, retries: 0 }),
        broken: cutterOf(broken),
        sound: cutterOf(sound),
      },
      routes: {
        stickers: {
          models: ['acme/painter'],
          cutOut: ['broken:stability-ai/remove-background', 'sound:stability-ai/remove-background'],
        },
        turned: {
          models: ['acme/painter'],
          cutOut: ['sound:stability-ai/remove-background', 'broken:stability-ai/remove-background'],
        },
        alone: { models: ['acme/painter'], cutOut: ['broken:stability-ai/remove-background'] },
        daring: {
          models: ['acme/painter'],
          cutOut: ['broken:stability-ai/remove-background', 'sound:stability-ai/remove-background'],
          payTwice: 'onUnknown',
        },
      },
    },
  })
  try {
    return await use(() => [painter.calls.length, broken.calls.length, sound.calls.length])
  } finally {
    await Promise.all([painter.close(), sound.close(), broken.close()])
  }
}

it('where the first cannot, the next one cuts out, and nobody is paid for nothing', async () => {
  await withCutters(500, async (calls) => {
    const { status, body } = await generate({ size: '1024x1024' })
    expect([status, calls()]).toEqual([200, [1, 1, 1]])
    const { attempts, total_usd } = await gateway.receipt(body.halftone.request_id)
    expect(attempts.map(({ kind, offer, state, total_usd }) => [kind, offer.split(':')[0], state, total_usd])).toEqual([
      ['primary', 'painter', 'settled', '0.04'],
      ['step', 'broken', 'voided', '0.00'],
      ['step', 'sound', 'settled', '0.01'],
    ])
    expect([total_usd, body.halftone.cost_usd]).toEqual(['0.05', '0.05'])
  })
})

it('when nobody can cut it out the client hears that the picture was paid for, and nothing stays held', async () => {
  await withCutters(500, async (calls) => {
    const { status, body, headers } = await generate({ model: 'alone', size: '1024x1024' })
    expect([status, body.error.code, headers.get('x-should-retry'), calls()]).toEqual([502, 'provider_error', 'false', [1, 1, 0]])
    const [request] = await gateway.requests()
    expect(request).toMatchObject({ outcome: 'error', cost_usd: '0.04' })
    const { body: overview } = await gateway.call<{ held_usd: string }>('/v1/halftone/overview')
    expect(overview.held_usd).toBe('0.00')
  })
})

it('a cut that was paid for and could not be settled is not bought from the next one as well', async () => {
  await withCutters(500, async (calls) => {
    const db = new DatabaseSync(join(gateway.folder, 'data', 'ledger.db'))
    db.exec(`CREATE TRIGGER trouble BEFORE UPDATE OF state ON attempts WHEN NEW.kind = 'step' AND NEW.state = 'settled'
      BEGIN SELECT RAISE(ABORT, 'disk trouble'); END`)
    const { status, headers } = await generate({ model: 'turned', size: '1024x1024' })
    expect([status, headers.get('x-should-retry'), calls()]).toEqual([500, 'false', [1, 0, 1]])
    expect((await gateway.call<string>('/metrics')).body).toMatch(/^halftone_spool_bytes 0$/m)
    db.exec('DROP TRIGGER trouble')
    db.close()
  })
}, 60_000)

it.each([
  ['quote', 409, 'quote_exceeded'],
  ['max cost', 400, 'cost_limit_exceeded'],
] as const)(
  'a second cutter is not paid beyond the %s of the request, where the first may have been',
  async (limit, status, code) => {
    // A proxy in front of the provider, which does not know what became of the call.
    await withCutters(504, async (calls) => {
      const wanted = { model: 'daring', size: '1024x1024' }
      const { body: quote } = await gateway.call<{ id: string; max_usd: string }>('/v1/halftone/quote', {
        body: { prompt: 'a red fox', background: 'transparent', ...wanted },
      })
      expect(quote.max_usd).toBe('0.05')
      const headers = limit === 'quote' ? { 'x-halftone-quote-id': quote.id } : { 'x-halftone-max-cost-usd': quote.max_usd }
      const held = await generate(wanted, headers)
      expect([held.status, held.body.error?.code, calls()]).toEqual([status, code, [1, 1, 0]])
      expect(held.headers.get('x-should-retry')).toBe('false')
      const free = await generate(wanted)
      expect([free.status, calls()]).toEqual([200, [2, 2, 1]])
    })
  },
)
