/** Servers of one's own through the whole gateway: ComfyUI paid by the GPU second, one that makes a picture at a time, LocalAI. */
import { afterEach, expect, test } from 'vitest'
import { startA1111 } from '../support/doubles/automatic1111.ts'
import { startComfy } from '../support/doubles/comfyui.ts'
import { startLocalAi } from '../support/doubles/localai.ts'
import { compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { startProviderDouble } from '../support/provider-double.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function gateway(config: object): Promise<TestGateway> {
  const started = await startTestGateway({ config: { sandbox: { enabled: 'never' }, ...config } })
  closers.push(() => started.close())
  return started
}

test('a picture of ComfyUI costs the seconds that it reports, at the price of the pool', async () => {
  const comfy = await startComfy({ jobMs: 30 })
  closers.push(comfy.close)
  const own = await gateway({
    providers: {
      rack: {
        type: 'comfyui',
        baseUrl: comfy.origin,
        options: { workflows: { sdxl: { use: 'sdxl', checkpoint: 'sd_xl_base_1.0.safetensors' } } },
        models: [{ id: 'sdxl', model: 'stabilityai/sdxl' }],
        prices: {
          'stabilityai/sdxl': {
            gpuPool: {
              pricePerGpuSecond: 0.0004,
              billing: 'busy',
              measure: 'provider',
              maxSecondsPerCall: 60,
              throughput: [{ imagesPerSecond: 0.25 }],
            },
          },
        },
      },
    },
  })
  const body = { model: 'stabilityai/sdxl', prompt: 'a kite', steps: 12, seed: 5 }
  const made = await own.call('/v1/images/generations', { body })
  expect(made.status).toBe(200)
  expect(comfy.jobs).toHaveLength(1)
  await own.settled()
  const [request] = await own.requests()
  // The double says 2.5 seconds.
  expect(Number((await own.receipt(request?.id ?? '')).total_usd)).toBeCloseTo(2.5 * 0.0004, 9)
})

test('a job that somebody stops at the server is a failure of the server: the next offer makes the picture', async () => {
  const comfy = await startComfy({ jobMs: 30, ending: 'interrupted' })
  const double = await startProviderDouble()
  closers.push(comfy.close, () => double.close())
  const own = await gateway({
    providers: {
      rack: {
        type: 'comfyui',
        baseUrl: comfy.origin,
        options: { workflows: { sdxl: { use: 'sdxl', checkpoint: 'sd_xl_base_1.0.safetensors' } } },
        models: [{ id: 'sdxl', model: 'stabilityai/sdxl' }],
        prices: { '*': { perImage: '0.001' } },
      },
      shop: compatibleProvider(double, { models: [{ model: 'stabilityai/sdxl', ...doubleCapabilities }] }),
    },
  })
  const { status, body } = await own.call('/v1/images/generations', { body: { model: 'stabilityai/sdxl', prompt: 'a kite' } })
  expect(comfy.jobs.length).toBeGreaterThan(0)
  expect([status, body]).toEqual([200, expect.objectContaining({ data: expect.any(Array) })])
  await own.settled()
})

test('calls wait for a server that makes one picture at a time', async () => {
  const webui = await startA1111({ pictureMs: 50 })
  closers.push(webui.close)
  const own = await gateway({
    providers: {
      webui: {
        type: 'automatic1111',
        baseUrl: webui.origin,
        models: [{ id: 'sd_xl_base_1.0', model: 'stabilityai/sdxl' }],
        prices: { '*': { perImage: 0.001 } },
      },
    },
  })
  const body = { model: 'stabilityai/sdxl', prompt: 'a kite' }
  const answers = await Promise.all([1, 2, 3, 4].map(() => own.call('/v1/images/generations', { body })))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(webui.most()).toBe(1)
})

test('the drawing models of a LocalAI are found, and a prompt keeps its meaning on the way to it', async () => {
  const localai = await startLocalAi({ key: 'sk-local' })
  closers.push(localai.close)
  const own = await gateway({
    providers: {
      own: { type: 'localai', baseUrl: `${localai.origin}/v1`, apiKey: 'sk-local', prices: { '*': { perImage: 0.003 } } },
    },
  })
  const list = await own.call<{ data: { id: string }[] }>('/v1/models')
  const names = list.body.data.map(({ id }) => id)
  expect(names).toContain('local/flux.1-dev-ggml')
  expect(names).not.toContain('local/qwen3-4b')

  const body = { model: 'local/flux.1-dev-ggml', prompt: 'a kite | a boat', negative_prompt: 'rain', steps: 20 }
  const made = await own.call('/v1/images/generations', { body })
  expect(made.status).toBe(200)
  expect(localai.drawn).toMatchObject([{ positive: 'a kite, a boat', negative: 'rain', step: 20 }])
  expect(JSON.stringify(made.body)).toContain('parameter_dropped')
  await own.settled()
  const [request] = await own.requests()
  expect(Number((await own.receipt(request?.id ?? '')).total_usd)).toBe(0.003)
})
