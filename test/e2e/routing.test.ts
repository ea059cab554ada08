/** Two providers behind one gateway: fallback, refusal, unknown outcomes, splits, partial success. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Explanation } from '../../src/contract/records.ts'
import {
  type Answer,
  checkLedger,
  compatibleProvider,
  doubleCapabilities,
  startTestGateway,
  type TestGateway,
} from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let cheap: ProviderDouble
let dear: ProviderDouble
let gateway: TestGateway

beforeAll(async () => {
  ;[cheap, dear] = await Promise.all([startProviderDouble(), startProviderDouble()])
})
afterAll(async () => {
  await Promise.all([cheap?.close(), dear?.close()])
})

/** The price is the same for both, so that one check holds for both; the name decides between equals. */
beforeEach(async () => {
  const models = [
    { model: 'acme/painter', ...doubleCapabilities },
    { model: 'acme/single', ...doubleCapabilities, maxN: 1 },
  ]
  gateway = await startTestGateway({
    config: {
      providers: {
        cheap: compatibleProvider(cheap, { models, retries: 0, timeoutMs: 1_000 }),
        dear: compatibleProvider(dear, { models, retries: 0 }),
      },
      routes: {
        daring: { models: ['acme/painter'], payTwice: 'onUnknown', fallbackOnRefusal: true },
        alone: { models: ['acme/painter'], fallback: false },
        measured: { models: ['acme/painter'], baseline: 'acme/gone' },
      },
    },
  })
})
afterEach(async () => {
  try {
    await checkLedger(gateway, { doubles: { cheap, dear } })
  } finally {
    await gateway.close()
    for (const double of [cheap, dear]) double.reset()
  }
})

interface Body {
  readonly data: readonly unknown[]
  readonly error: { readonly code: string; readonly message: string; readonly request_id: string }
  readonly halftone: { readonly request_id: string; readonly warnings: { readonly code: string }[]; readonly attempts: number }
}

const generate = (body: object = {}): Promise<Answer<Body>> =>
  gateway.call<Body>('/v1/images/generations', { body: { model: 'acme/painter', prompt: 'a red fox', ...body } })
const warnings = ({ body }: Answer<Body>): readonly string[] => body.halftone.warnings.map(({ code }) => code)
const served = (): readonly number[] => [cheap.calls.length, dear.calls.length]
const refusal = {
  status: 400,
  body: {
    error: {
      message: 'Your request was rejected by our safety system. safety_violations=[violence].',
      type: 'image_generation_user_error',
      code: 'moderation_blocked',
    },
  },
}

describe('fallback', () => {
  it('nothing wrong: the first choice serves alone', async () => {
    const answer = await generate()
    expect(answer.headers.get('x-halftone-offer')).toBe('cheap:acme/painter')
    expect(served()).toEqual([1, 0])
  })

  it.each([
    ['an error of the server', { status: 500, body: { error: { message: 'Oops.', type: 'server_error' } } }],
    ['a rate limit', { status: 429, headers: { 'retry-after': '30' }, body: { error: { message: 'Slow down.' } } }],
    ['our own key refused there', { status: 401, body: { error: { message: 'Bad key.', code: 'invalid_api_key' } } }],
    ['an account without credit', { status: 429, body: { error: { message: 'No credit.', code: 'insufficient_quota' } } }],
    ['a model that is gone', { status: 404, body: { error: { message: 'No such model.', code: 'model_not_found' } } }],
    ['too busy', { status: 503, body: { error: { message: 'Overloaded.' } } }],
  ])('%s: the next offer makes the image, and says so', async (_, script) => {
    cheap.script(script)
    const answer = await generate()
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-halftone-offer')).toBe('dear:acme/painter')
    expect(answer.headers.get('x-halftone-attempts')).toBe('2')
    expect(answer.headers.get('x-halftone-warnings')).toBe('fallback_used')
    const { attempts, total_usd } = await gateway.receipt(answer.body.halftone.request_id)
    expect(attempts.map(({ kind, state, total_usd }) => [kind, state, total_usd])).toEqual([
      ['primary', 'voided', '0.00'],
      ['fallback', 'settled', '0.04'],
    ])
    expect(total_usd).toBe('0.04')
  })

  it('a stream falls back too, as long as nothing of it was sent', async () => {
    cheap.script({ status: 500, body: { error: { message: 'Oops.' } } })
    const { body } = await gateway.call<string>('/v1/images/generations', {
      body: { model: 'acme/painter', prompt: 'a red fox', stream: true, partial_images: 1 },
    })
    expect(body.match(/^event: .*$/gm)).toEqual(['event: image_generation.partial_image', 'event: image_generation.completed'])
    expect(served()).toEqual([1, 1])
  })

  it('a route may forbid it', async () => {
    cheap.script({ status: 500, body: { error: { message: 'Oops.' } } })
    const answer = await generate({ model: 'alone' })
    expect([answer.status, answer.body.error.code]).toEqual([502, 'provider_error'])
    expect(served()).toEqual([1, 0])
  })

  it('when everything fails the client hears of it once, with nothing charged', async () => {
    for (const double of [cheap, dear]) double.script({ status: 500, body: { error: { message: 'Oops.' } } })
    const answer = await generate()
    expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([502, 'true'])
    expect((await gateway.receipt(answer.body.error.request_id)).total_usd).toBe('0.00')
  })
})

describe('what is not tried again', () => {
  it('a refusal stays a refusal', async () => {
    cheap.script(refusal)
    const answer = await generate()
    expect([answer.status, answer.body.error.code]).toEqual([400, 'content_refused'])
    expect(served()).toEqual([1, 0])
  })

  it('a refusal goes on where the route allows it', async () => {
    cheap.script(refusal)
    expect((await generate({ model: 'daring' })).status).toBe(200)
    expect(served()).toEqual([1, 1])
  })

  it('a parameter the provider rejects is the client’s to mend', async () => {
    cheap.script({ status: 400, body: { error: { message: 'Invalid size.', type: 'invalid_request_error', param: 'size' } } })
    const answer = await generate()
    expect([answer.status, answer.body.error.code]).toEqual([400, 'provider_rejected'])
    expect(served()).toEqual([1, 0])
  })

  it.each([
    ['a lost connection', { fault: 'reset_after' as const }],
    ['a timeout', { fault: 'hang' as const }],
    ['half an answer', { fault: 'truncate' as const }],
  ])('%s after the call was made is not paid twice', async (_, script) => {
    cheap.script(script)
    const answer = await generate()
    expect(answer.status).toBeGreaterThanOrEqual(500)
    expect(answer.headers.get('x-should-retry')).toBe('false')
    expect(served()).toEqual([1, 0])
    const [attempt] = (await gateway.receipt(answer.body.error.request_id)).attempts
    expect(attempt).toMatchObject({
      state: 'unknown',
      charges: [{ kind: 'provisional', provenance: 'estimated', amount_usd: '0.04' }],
    })
  })

  it('an unknown outcome goes on where the route pays twice for it, and both are in the receipt', async () => {
    cheap.script({ fault: 'reset_after' })
    const answer = await generate({ model: 'daring' })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-halftone-cost-status')).toBe('unknown')
    expect((await gateway.receipt(answer.body.halftone.request_id)).total_usd).toBe('0.08')
  })
})

describe('several images', () => {
  it('more than one call can make are split, in order, in one answer', async () => {
    const answer = await generate({ model: 'acme/single', n: 3 })
    expect(answer.body.data).toHaveLength(3)
    expect(cheap.calls.map(({ fields }) => fields['n'])).toEqual([1, 1, 1])
    expect(answer.headers.get('x-halftone-cost-usd')).toBe('0.12')
    expect((await gateway.receipt(answer.body.halftone.request_id)).attempts).toHaveLength(3)
  })

  it('a split that fails in part gives what was made, with a warning', async () => {
    cheap.enqueue({}, { fault: 'reset_after' }, {})
    const answer = await generate({ model: 'acme/single', n: 3 })
    expect(answer.status).toBe(200)
    expect(answer.body.data).toHaveLength(2)
    expect(warnings(answer)).toContain('partial_success')
    expect(answer.headers.get('x-halftone-cost-status')).toBe('unknown')
  })

  it('a split that fails in part without a bill is completed by the next offer', async () => {
    cheap.enqueue({}, { status: 500, body: { error: { message: 'Oops.' } } }, {})
    const answer = await generate({ model: 'acme/single', n: 3 })
    expect(answer.body.data).toHaveLength(3)
    expect(served()).toEqual([3, 1])
  })

  it('a provider that makes fewer than asked for is charged for those', async () => {
    cheap.script({ missing: 2 })
    const answer = await generate({ n: 3 })
    expect(answer.body.data).toHaveLength(1)
    expect(warnings(answer)).toContain('partial_success')
    expect(answer.headers.get('x-halftone-cost-usd')).toBe('0.04')
  })
})

describe('why', () => {
  it('the decision names candidates and what was passed over', async () => {
    const answer = await generate({ model: 'auto', size: '512x512' })
    const { body } = await gateway.call(`/v1/halftone/requests/${answer.body.halftone.request_id}/explain`)
    expect(body).toMatchObject({
      route: 'auto',
      candidates: [{ offer: 'cheap:acme/painter', size: '512x512', expected_usd: '0.04' }, {}, {}, {}],
      observation: null,
    })
  })

  it('a baseline that is there no more ends the comparison, not the requests', async () => {
    const answer = await generate({ model: 'measured' })
    expect(answer.status).toBe(200)
    expect((await gateway.receipt(answer.body.halftone.request_id)).baseline).toBeNull()
  })

  it('the decision names the snapshot it was made on: what is learned in between is another one', async () => {
    const snapshots: NonNullable<Explanation['snapshot']>[] = []
    for (const model of ['auto', 'auto', 'cheap:acme/painter']) {
      const answer = await generate({ model, size: '512x512' })
      const id = answer.body.halftone.request_id
      const { body } = await gateway.call<Explanation>(`/v1/halftone/requests/${id}/explain`)
      if (body.snapshot) snapshots.push(body.snapshot)
    }
    const [first, second, named] = snapshots
    expect(first).toMatchObject({
      config: expect.stringMatching(/^[0-9a-f]{12}$/),
      route_managed_by: 'built_in',
      route_version: null,
    })
    expect(second?.config).toBe(first?.config)
    const learned = (of: typeof first): number => Number(of?.experience.split('/').at(-1))
    expect(learned(second)).toBe(learned(first) + 1)
    expect(named).toMatchObject({ route_managed_by: null })
  })
})
