/** How far a picture is, from a server that tells on its socket to the client that asked: over real sockets. */
import OpenAI from 'openai'
import { afterEach, expect, test } from 'vitest'
import { startComfy } from '../support/doubles/comfyui.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function studio(jobMs: number): Promise<TestGateway> {
  const comfy = await startComfy({ jobMs })
  closers.push(comfy.close)
  const gateway = await startTestGateway({
    config: {
      sandbox: { enabled: 'never' },
      providers: {
        rack: {
          type: 'comfyui',
          baseUrl: comfy.origin,
          options: { workflows: { sdxl: { use: 'sdxl', checkpoint: 'sd_xl_base_1.0.safetensors' } } },
          models: [{ id: 'sdxl', model: 'stabilityai/sdxl' }],
          prices: { '*': { perImage: '0.001' } },
        },
      },
    },
  })
  closers.push(() => gateway.close())
  return gateway
}

const body = { model: 'stabilityai/sdxl', prompt: 'a kite', stream: true } as const
const clientOf = ({ baseUrl, adminKey }: TestGateway) => new OpenAI({ baseURL: baseUrl, apiKey: adminKey, maxRetries: 0 })

interface Told {
  readonly type: string
  readonly progress?: number
  readonly request_id?: string
}

test('a stream that asks for it tells how far it is, and the record of the running request says the same', async () => {
  const gateway = await studio(1_500)
  const stream = await clientOf(gateway).images.generate(body, { headers: { 'x-halftone-progress': 'true' } })
  const told: Told[] = []
  let recorded: unknown
  for await (const event of stream as AsyncIterable<Told>) {
    told.push(event)
    if (event.progress !== 0.5) continue
    recorded = (await gateway.call(`/v1/halftone/requests/${event.request_id}`)).body
  }
  expect(told.at(-1)?.type).toBe('image_generation.completed')
  const shares = told.flatMap(({ type, progress }) => (type === 'halftone.progress' ? [progress] : []))
  expect(shares).toContain(0.5)
  expect(shares.at(-1)).toBe(1)
  expect(recorded).toMatchObject({ id: told[0]?.request_id, progress: 0.5 })
  const ended = await gateway.call(`/v1/halftone/requests/${told[0]?.request_id}`)
  expect(ended.body).not.toHaveProperty('progress')
})

test('nobody else gets events that OpenAI does not have', async () => {
  const gateway = await studio(200)
  const types: string[] = []
  for await (const event of await clientOf(gateway).images.generate(body)) types.push(event.type)
  expect(types).toEqual(['image_generation.completed'])
})

test('asking for it without a stream is an error that says so, by header and by body', async () => {
  const gateway = await studio(20)
  const whole = { model: body.model, prompt: body.prompt }
  const wrong = { status: 400, body: { error: { code: 'invalid_value', param: 'progress' } } }
  const headers = { 'x-halftone-progress': 'true' }
  expect(await gateway.call('/v1/images/generations', { body: whole, headers })).toMatchObject(wrong)
  const twin = { ...whole, halftone: { progress: true } }
  expect(await gateway.call('/v1/images/generations', { body: twin })).toMatchObject(wrong)
})

test('a failure before anything is done stays an ordinary HTTP error', async () => {
  const gateway = await studio(20)
  await closers.shift()?.()
  const answer = await gateway.call('/v1/images/generations', { body, headers: { 'x-halftone-progress': 'true' } })
  expect(answer).toMatchObject({ status: 502, body: { error: { code: 'provider_unreachable' } } })
})
