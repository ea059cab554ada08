/** Rate limits of keys and offers, and offers that bear only so many calls at once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkLedger, compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let cheap: ProviderDouble
let dear: ProviderDouble
let gateway: TestGateway

beforeEach(async () => {
  ;[cheap, dear] = await Promise.all([startProviderDouble(), startProviderDouble()])
})
afterEach(async () => {
  await checkLedger(gateway, { doubles: { cheap, dear } })
  await gateway.close()
  await Promise.all([cheap.close(), dear.close()])
})

const start = async (limits: object, more: object = {}, env: Record<string, string> = {}) => {
  const providers = {
    cheap: compatibleProvider(cheap, { retries: 0, ...limits }),
    dear: compatibleProvider(dear, { retries: 0 }),
  }
  gateway = await startTestGateway({ config: { providers, ...more }, env })
}
interface Body {
  readonly error?: { readonly code: string; readonly message: string }
  readonly halftone?: { readonly offer: string }
}
const generate = (body: object = {}, key?: string) =>
  gateway.call<Body>('/v1/images/generations', {
    body: { model: 'acme/painter', prompt: 'a red fox', ...body },
    ...(key !== undefined && { key }),
  })

describe('keys', () => {
  it('beyond its requests or images per minute a key is told when to come back; others are not held up', async () => {
    await start({}, { limits: { perKey: { requestsPerMinute: 2, imagesPerMinute: 3 } } })
    const [one, other] = [await gateway.createKey(), await gateway.createKey()]
    expect((await generate({ n: 2 }, one.secret)).status).toBe(200)
    const tooMany = await generate({ n: 2 }, one.secret)
    expect([tooMany.status, tooMany.body.error?.code]).toEqual([429, 'rate_limit_exceeded'])
    expect(Number(tooMany.headers.get('retry-after'))).toBeGreaterThan(15)
    expect(Number(tooMany.headers.get('retry-after'))).toBeLessThanOrEqual(20)
    expect((await generate({}, one.secret)).status).toBe(200)
    expect((await generate({}, one.secret)).body.error?.message).toContain('2 requests and 3 images per minute')
    expect((await generate({}, other.secret)).status).toBe(200)
    expect(cheap.calls).toHaveLength(3)
  })

  it('a key of the file has its own rate', async () => {
    const secret = 'a-key-of-the-file-0123456789'
    await start({}, { keys: { shop: { env: 'SHOP_KEY', requestsPerMinute: 1 } } }, { SHOP_KEY: secret })
    expect((await generate({}, secret)).status).toBe(200)
    expect((await generate({}, secret)).status).toBe(429)
    expect((await generate()).status).toBe(200)
  })
})

describe('offers', () => {
  it('an offer whose rate is used up is passed over, however many ask at once', async () => {
    await start({ requestsPerMinute: 3 })
    const answers = await Promise.all(Array.from({ length: 10 }, () => generate()))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
    expect(cheap.calls).toHaveLength(3)
    expect(dear.calls).toHaveLength(7)
  })

  it('an offer that says nothing is left until a reset is passed over until then', async () => {
    await start({})
    cheap.script({ headers: { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '30s' } })
    expect((await generate()).body.halftone?.offer).toContain('cheap:')
    expect((await generate()).body.halftone?.offer).toContain('dear:')
  })

  it('with no other offer a request waits for its turn as long as it may, and is then told when to come back', async () => {
    await start({ requestsPerMinute: 30 })
    const only = { halftone: { only: ['cheap'] } }
    await Promise.all(Array.from({ length: 30 }, () => generate(only)))
    const before = performance.now()
    expect((await generate(only)).status).toBe(200)
    expect(performance.now() - before).toBeGreaterThan(500)
    const hurried = await generate({ halftone: { only: ['cheap'], deadline_ms: 300 } })
    expect([hurried.status, hurried.body.error?.code]).toEqual([429, 'provider_rate_limited'])
    expect(hurried.body.error?.message).toContain('its configured rate is used up')
  }, 30_000)
})
