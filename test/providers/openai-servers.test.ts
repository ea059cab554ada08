import { afterEach, expect, test } from 'vitest'
import type { ProviderDefinition } from '../../src/providers/define-provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { openaiCompatible } from '../../src/providers/openai-compatible.ts'
import { sglangDiffusion } from '../../src/providers/sglang-diffusion.ts'
import { vllmOmni } from '../../src/providers/vllm-omni.ts'
import { doublePicture } from '../support/double-picture.ts'
import { startServer } from '../support/doubles/server.ts'
import { attempt, testClock } from './attempt.ts'
import { readAll } from './memory-spool.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Generations that know their members, and a list of models; pictures hold the prompt as text. */
async function account(definition: ProviderDefinition, models = true) {
  const known = [
    'model',
    'prompt',
    'n',
    'size',
    'output_format',
    'response_format',
    'seed',
    'negative_prompt',
    'num_inference_steps',
    'guidance_scale',
  ]
  const double = await startServer(({ method, path, json }) => {
    if (method === 'GET' && path === '/v1/models')
      return { json: { object: 'list', data: [{ id: 'Qwen/Qwen-Image', object: 'model' }] } }
    if (method !== 'POST' || path !== '/v1/images/generations') return { status: 404, json: { detail: 'Not Found' } }
    const unknown = Object.keys(json).find((name) => !known.includes(name))
    if (unknown) return { status: 400, json: { detail: `unknown member ${unknown}` } }
    const picture = doublePicture(64, 64, { text: `parameters\0${String(json['prompt'])}` })
    return { json: { created: 1, data: [{ b64_json: picture.toString('base64') }] } }
  })
  const provider = createCodecProvider(
    definition,
    {
      name: 'own',
      type: definition.id,
      baseUrl: `${double.origin}/v1`,
      ...(models && { models: [{ id: 'Qwen/Qwen-Image', model: 'qwen/qwen-image', capabilities: {} }] }),
    },
    { clock: testClock },
  )
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

test.each([openaiCompatible, vllmOmni, sglangDiffusion])(
  '$id: pictures come without the prompt that the server writes into them',
  async (definition) => {
    const { provider } = await account(definition)
    const { result } = await attempt(provider, { request: { prompt: 'a secret kite', negativePrompt: 'rain' } })
    const [picture] = result.kind === 'done' ? result.images : []
    if (!picture) throw new Error('There is no picture.')
    expect((await readAll(picture.body)).includes('secret')).toBe(false)
  },
)

test.each([vllmOmni, sglangDiffusion])('$id: the model of the server is found', async (definition) => {
  const { provider } = await account(definition, false)
  const found = await provider.discover?.(AbortSignal.timeout(5_000))
  expect(found).toMatchObject({ ok: true, offers: [{ model: 'qwen/qwen-image', wireModel: 'Qwen/Qwen-Image' }] })
  expect((await provider.probe?.(AbortSignal.timeout(5_000)))?.ok).toBe(true)
})

test('a server whose list holds models of all kinds is not asked for it', async () => {
  expect((await account(openaiCompatible, false)).provider.discover).toBeUndefined()
})

test('SGLang gets a seed of its own for each call, since its default is always the same', async () => {
  const { provider, double } = await account(sglangDiffusion)
  await attempt(provider, {})
  await attempt(provider, { request: { seed: 0 } })
  const seeds = double.calls.map(({ json }) => json['seed'])
  expect(seeds[1]).toBe(0)
  expect(seeds[0]).toBeGreaterThan(0)
})
