/** Idempotency, leaving clients and budgets: nothing is paid twice, nothing beyond its cap. */
import { afterEach, describe, expect, it } from 'vitest'
import { parseUsd } from '../../src/core/money.ts'
import {
  type Answer,
  checkLedger,
  compatibleProvider,
  PRICE,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway

async function start(
  options: { readonly config?: object; readonly env?: TestGatewayOptions['env']; readonly provider?: object } = {},
): Promise<void> {
  double = await startProviderDouble()
  const providers = { double: compatibleProvider(double, { retries: 0, ...options.provider }) }
  gateway = await startTestGateway({ config: { providers, ...options.config }, ...(options.env && { env: options.env }) })
}

afterEach(async () => {
  try {
    await checkLedger(gateway, { doubles: { double } })
  } finally {
    await gateway.close()
    await double.close()
  }
})

interface Images {
  readonly data: { readonly b64_json: string }[]
  readonly halftone: { readonly request_id: string; readonly cost_usd: string }
}
interface Failure {
  readonly error: { readonly code: string; readonly type: string; readonly message: string; readonly request_id?: string }
}

const base = { model: 'acme/painter', prompt: 'a red fox' }
const generate = <Body = Images>(body: object = {}, headers: Record<string, string> = {}, key?: string): Promise<Answer<Body>> =>
  gateway.call<Body>('/v1/images/generations', { body: { ...base, ...body }, headers, ...(key !== undefined && { key }) })
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
const spent = async (): Promise<string> => {
  const { body } = await gateway.call<{ today_usd: string }>('/v1/halftone/overview')
  return body.today_usd
}

describe('idempotency', () => {
  it('what a repeat would have cost again is counted, for good', async () => {
    await start()
    await generate({ n: 2 }, { 'idempotency-key': 'again' })
    await generate({ n: 2 }, { 'idempotency-key': 'again' })
    const { body } = await gateway.call('/v1/halftone/insight/overview?period=today')
    expect(body['duplicates']).toEqual({ prevented: 1, usd: '0.08' })
  })

  it('a replay gives the same images and is not charged', async () => {
    await start()
    const first = await generate({ n: 2 }, { 'idempotency-key': 'one' })
    const second = await generate({ n: 2 }, { 'idempotency-key': 'one' })
    expect(second.status).toBe(200)
    expect(second.body.data).toEqual(first.body.data)
    expect(second.body.halftone.request_id).toBe(first.body.halftone.request_id)
    expect(second.headers.get('x-halftone-cache')).toBe('hit')
    expect(double.calls).toHaveLength(1)
    expect(await spent()).toBe('0.08')
  })

  it('a replay of a stream streams the image again', async () => {
    await start()
    const stream = { stream: true, partial_images: 1 }
    await generate<string>(stream, { 'idempotency-key': 'one' })
    const second = await generate<string>(stream, { 'idempotency-key': 'one' })
    expect(second.body.match(/^event: .*$/gm)).toEqual(['event: image_generation.completed'])
    expect(double.calls).toHaveLength(1)
  })

  it('another request under the same key is a mismatch', async () => {
    await start()
    await generate({}, { 'idempotency-key': 'one' })
    const { status, body, headers } = await generate<Failure>({ prompt: 'a blue fox' }, { 'idempotency-key': 'one' })
    expect([status, body.error.code, headers.get('x-should-retry')]).toEqual([409, 'idempotency_mismatch', 'false'])
  })

  it('while the first runs the second is told to come back', async () => {
    await start()
    double.script({ delayMs: 300 })
    const first = generate({}, { 'idempotency-key': 'one' })
    await until(() => double.waiting > 0)
    const { status, body, headers } = await generate<Failure>({}, { 'idempotency-key': 'one' })
    expect([status, body.error.code, headers.get('x-should-retry')]).toEqual([409, 'idempotency_in_progress', 'true'])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await first).status).toBe(200)
    expect(double.calls).toHaveLength(1)
  })

  it('twenty at once under one key make one call', async () => {
    await start()
    double.script({ delayMs: 100 })
    const answers = await Promise.all(Array.from({ length: 20 }, () => generate({}, { 'idempotency-key': 'one' })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19)
    expect(double.calls).toHaveLength(1)
  })

  it('a failure that cost nothing is not kept: the same key tries again', async () => {
    await start()
    double.enqueue({ status: 400, body: { error: { message: 'Not this one.', type: 'invalid_request_error' } } })
    const first = await generate<Failure>({}, { 'idempotency-key': 'one' })
    expect([first.status, first.body.error.code]).toEqual([400, 'provider_rejected'])
    expect((await generate({}, { 'idempotency-key': 'one' })).status).toBe(200)
    expect(await spent()).toBe(PRICE)
  })

  it('a failure that may have cost something is kept: the same key gets it again', async () => {
    await start()
    double.enqueue({ fault: 'reset_after' })
    const first = await generate<Failure>({}, { 'idempotency-key': 'one' })
    const second = await generate<Failure>({}, { 'idempotency-key': 'one' })
    expect(second.status).toBe(first.status)
    expect(second.body.error).toMatchObject({ code: first.body.error.code, request_id: first.body.error.request_id })
    expect(second.headers.get('x-should-retry')).toBe('false')
    expect(double.calls).toHaveLength(1)
  })

  it('two keys of the gateway do not see each other', async () => {
    await start()
    const [a, b] = await Promise.all([gateway.createKey(), gateway.createKey()])
    const first = await generate({}, { 'idempotency-key': 'one' }, a.secret)
    const second = await generate({ prompt: 'something else' }, { 'idempotency-key': 'one' }, b.secret)
    expect([first.status, second.status]).toEqual([200, 200])
    expect(double.calls).toHaveLength(2)
    const { status } = await gateway.call(`/v1/halftone/requests/${first.body.halftone.request_id}`, { key: b.secret })
    expect(status).toBe(404)
  })
})

describe('a client that leaves', () => {
  async function leave(): Promise<void> {
    double.script({ delayMs: 300 })
    const abort = new AbortController()
    const call = fetch(`${gateway.baseUrl}/images/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(base),
      signal: abort.signal,
    })
    await until(() => double.waiting > 0)
    abort.abort()
    await expect(call).rejects.toThrow('aborted')
    await gateway.settled()
  }

  it('finish: the call ends, and its image is stored and charged', async () => {
    await start()
    await leave()
    const [request] = await gateway.requests()
    expect(request).toMatchObject({ outcome: 'succeeded', cost_usd: PRICE, cost_status: 'final', images: [{ width: 1024 }] })
  })

  it('cancel: the call is aborted, and what the provider may bill is an unknown', async () => {
    await start({ config: { server: { onDisconnect: 'cancel' } } })
    await leave()
    const [request] = await gateway.requests()
    expect(request).toMatchObject({ outcome: 'cancelled', images_returned: 0, cost_status: 'unknown' })
  })
})

describe('budgets', () => {
  const refusal = ({ status, body, headers }: Answer<unknown>): unknown[] => {
    const { error } = body as Failure
    return [status, error.type, error.code, headers.get('x-should-retry')]
  }
  const insufficient = [429, 'insufficient_quota', 'insufficient_quota', 'false']

  it('a cap of the whole gateway refuses what would go beyond it, and nothing is called', async () => {
    await start({ env: { HALFTONE_MAX_USD_PER_DAY: '0.10' } })
    expect((await generate()).status).toBe(200)
    expect((await generate()).status).toBe(200)
    const third = await generate<Failure>()
    expect(refusal(third)).toEqual(insufficient)
    expect(third.body.error.message).toMatch(/max-usd-per-day.*\$0\.02.*\$0\.04.*resets/)
    expect(double.calls).toHaveLength(2)
    expect(await spent()).toBe('0.08')
  })

  it('a refused request leaves room for a smaller one', async () => {
    await start({ env: { HALFTONE_MAX_USD_PER_DAY: '0.10' } })
    expect(refusal(await generate({ n: 3 }))).toEqual(insufficient)
    expect((await generate({ n: 2 })).status).toBe(200)
  })

  it('the cap of a key binds that key only', async () => {
    await start()
    const capped = await gateway.createKey({ name: 'capped', max_usd_per_day: '0.05' })
    const free = await gateway.createKey({ name: 'free' })
    expect((await generate({}, {}, capped.secret)).status).toBe(200)
    expect(refusal(await generate({}, {}, capped.secret))).toEqual(insufficient)
    expect((await generate({}, {}, free.secret)).status).toBe(200)
  })

  it('a cap put up by the API counts at once, and a raised one lets go', async () => {
    await start()
    const put = (limit_usd: string) =>
      gateway.call('/v1/halftone/budgets/team', { method: 'PUT', body: { scope: 'global', period: 'month', limit_usd } })
    await put('0.01')
    expect(refusal(await generate())).toEqual(insufficient)
    await put('1')
    expect((await generate()).status).toBe(200)
  })

  it('an attempt of unknown outcome counts against the budget', async () => {
    await start({ env: { HALFTONE_MAX_USD_PER_DAY: '0.05' } })
    double.enqueue({ fault: 'reset_after' })
    expect((await generate()).status).toBe(502)
    expect(refusal(await generate())).toEqual(insufficient)
  })

  it('fifty at once never overshoot', async () => {
    await start({ env: { HALFTONE_MAX_USD_PER_DAY: '0.50' } })
    double.script({ delayMs: 50 })
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => generate({ prompt: `fox ${index}` })))
    const made = answers.filter(({ status }) => status === 200)
    expect(made).toHaveLength(12)
    for (const answer of answers.filter(({ status }) => status !== 200)) expect(refusal(answer)).toEqual(insufficient)
    expect(double.billed).toHaveLength(12)
    expect(parseUsd(await spent())).toBeLessThanOrEqual(parseUsd('0.50'))
  })

  it('the receipt of a request says what each image cost', async () => {
    await start()
    const { body, headers } = await generate({ n: 2 })
    expect(headers.get('x-halftone-cost-usd')).toBe('0.08')
    expect(headers.get('x-halftone-cost-status')).toBe('final')
    const receipt = await gateway.receipt(body.halftone.request_id)
    expect(receipt).toMatchObject({ total_usd: '0.08', cost_per_image_usd: '0.04', images_returned: 2, cost_status: 'final' })
  })
})

describe('what a call costs', () => {
  it('metered: the reported tokens times the published rates, to the nano-dollar', async () => {
    await start()
    const book = await startTestGateway({
      config: { providers: { openai: { type: 'openai', baseUrl: double.baseUrl, apiKey: 'sk-double' } } },
    })
    try {
      double.enqueue({
        usage: {
          input_tokens: 350,
          input_tokens_details: { text_tokens: 50, image_tokens: 300 },
          output_tokens: 1_000,
          output_tokens_details: { image_tokens: 1_000, text_tokens: 0 },
          total_tokens: 1_350,
        },
      })
      const { body } = await book.call<Images>('/v1/images/generations', { body: { model: 'gpt-image-2', prompt: 'metered' } })
      const { attempts, total_usd, cost_status } = await book.receipt(body.halftone.request_id)
      const lines = attempts[0]?.charges.map(({ meter, quantity, amount_usd, provenance }) => [
        meter,
        quantity,
        amount_usd,
        provenance,
      ])
      expect(lines?.sort()).toEqual([
        ['tokens.image.in', '300', '0.0024', 'metered'],
        ['tokens.image.out', '1000', '0.03', 'metered'],
        ['tokens.text.in', '50', '0.00025', 'metered'],
      ])
      expect([total_usd, cost_status]).toEqual(['0.03265', 'final'])
      double.enqueue({ usage: null })
      const silent = await book.call<Images>('/v1/images/generations', { body: { model: 'gpt-image-2', prompt: 'silent' } })
      expect(silent.headers.get('x-halftone-cost-status')).toBe('estimated')
      expect(silent.headers.get('x-halftone-warnings')).toBe('cost_estimated')
      expect(parseUsd((await book.receipt(silent.body.halftone.request_id)).total_usd)).toBeGreaterThan(0n)
    } finally {
      await book.close()
      double.reset()
    }
  })

  it('a model without a known price is not called, and the error says where to set one', async () => {
    await start({ provider: { prices: undefined } })
    const { status, body } = await generate<Failure>()
    expect([status, body.error.code]).toEqual([400, 'unpriced'])
    expect(body.error.message).toMatch(/providers\.<name>\.prices/)
    expect(double.calls).toHaveLength(0)
  })

  it('a quote says what the call then costs, line by line', async () => {
    await start()
    const wanted = { ...base, n: 3, quality: 'high' }
    const { body } = await gateway.call<{
      candidates: { offer: string; expected_usd: string; max_usd: string; eligible: boolean }[]
    }>('/v1/halftone/quote', { body: wanted })
    expect(body.candidates).toMatchObject([
      { offer: 'double:acme/painter', expected_usd: '0.12', max_usd: '0.12', eligible: true },
    ])
    expect((await generate(wanted)).headers.get('x-halftone-cost-usd')).toBe('0.12')
  })
})
