/** Upstreams that work in their own ways, through the whole gateway: drawings, models off a list, and costs told afterwards. */
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { anthropicKey, startAnthropic } from '../support/doubles/anthropic.ts'
import { openrouterKey, startOpenrouter } from '../support/doubles/openrouter.ts'
import type { DoubleServer } from '../support/doubles/server.ts'
import { startVercelGateway, vercelKey } from '../support/doubles/vercel-gateway.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

const drawing =
  'Here:\n```svg\n<svg viewBox="0 0 100 100"><script>1</script><circle cx="50" cy="50" r="50" fill="#0000ff"/></svg>\n```'

let doubles: readonly DoubleServer[]
let gateway: TestGateway

beforeAll(async () => {
  doubles = await Promise.all([
    startAnthropic({ text: drawing }),
    startOpenrouter({ prompt_tokens: 7, completion_tokens: 4175, total_tokens: 4182, cost: 0.04 }),
    startVercelGateway({ bill: { total_cost: 0.03005, surcharge_cost: 0.001, gateway_cost: 0.03105 } }),
  ])
  const [anthropic, openrouter, vercel] = doubles.map(({ origin }) => origin)
  gateway = await startTestGateway({
    config: {
      providers: {
        anthropic: { baseUrl: `${anthropic}/v1`, apiKey: anthropicKey },
        openrouter: {
          baseUrl: `${openrouter}/api/v1`,
          apiKey: openrouterKey,
          prices: { 'bytedance-seed/seedream-4.5': { perImage: '0.04' } },
        },
        'vercel-gateway': { baseUrl: vercel, apiKey: vercelKey },
      },
    },
  })
})
afterAll(async () => {
  await gateway?.close()
  await Promise.all(doubles.map((double) => double.close()))
})

interface Answer {
  readonly data: readonly { readonly b64_json: string }[]
  readonly usage: { readonly cost: number }
  readonly halftone: { readonly request_id: string; readonly warnings: readonly { readonly code: string }[] }
}

const make = (body: Readonly<Record<string, unknown>>) =>
  gateway.call<Answer>('/v1/images/generations', { method: 'POST', body: { prompt: 'a blue circle', ...body } })

it('a drawing of Claude comes in pixels of the size asked for, or as SVG that is safe, at the price of its tokens', async () => {
  const model = 'anthropic/claude-sonnet-5-5'
  const png = await make({ model, size: '320x200' })
  expect(png.status, JSON.stringify(png.body).slice(0, 300)).toBe(200)
  const bytes = Buffer.from(png.body.data[0]?.b64_json ?? '', 'base64')
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 320, height: 200 })
  expect(png.body.usage.cost).toBeGreaterThan(0)
  const svg = await make({ model, size: '320x200', output_format: 'svg' })
  const text = Buffer.from(svg.body.data[0]?.b64_json ?? '', 'base64').toString()
  expect(text).toMatch(/^<svg [^>]*width="320" height="200" viewBox="0 0 100 100"><circle/)
  expect(text).not.toContain('script')
})

it("a model off OpenRouter's list is bought at the price that was stated, and settled at what the answer says", async () => {
  const { status, body } = await make({ model: 'bytedance-seed/seedream-4.5' })
  expect(status, JSON.stringify(body).slice(0, 300)).toBe(200)
  expect(body.usage.cost).toBe(0.04)
})

it('what an aggregator takes for itself is a line of the receipt', async () => {
  const { status, body } = await make({ model: 'vercel-gateway:openai/gpt-image-2' })
  expect(status, JSON.stringify(body).slice(0, 300)).toBe(200)
  expect(body.usage.cost).toBe(0.03105)
  interface Receipt {
    readonly attempts: readonly { readonly charges: readonly { readonly kind: string; readonly amount_usd: string }[] }[]
  }
  const receipt = await gateway.call<Receipt>(`/v1/halftone/requests/${body.halftone.request_id}/receipt`)
  expect(receipt.body.attempts.flatMap(({ charges }) => charges)).toMatchObject([
    { kind: 'usage', amount_usd: '0.03005' },
    { kind: 'adjustment', amount_usd: '0.001' },
  ])
})
