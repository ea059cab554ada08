import { afterEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { ControlKind, ImageInput } from '../../src/core/request.ts'
import type { Provider } from '../../src/ports/provider.ts'
import { comfyui } from '../../src/providers/comfyui.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doubleMask, doublePicture } from '../support/double-picture.ts'
import { type ComfyDouble, type ComfyScript, startComfy } from '../support/doubles/comfyui.ts'
import { crashAndResume, leaveAfter } from '../support/jobs.ts'
import { attempt, testClock, testInput } from './attempt.ts'
import { readAll } from './memory-spool.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const sdxl = {
  use: 'sdxl',
  checkpoint: 'sd_xl_base_1.0.safetensors',
  controlNets: { canny: 'canny-sdxl.safetensors' },
  upscaleModel: '4x-UltraSharp.pth',
}
const flux = { use: 'flux', checkpoint: 'flux1-dev-fp8.safetensors' }

async function account(
  script: ComfyScript = {},
  config: Partial<ProviderConfig> = {},
  workflows: JsonObject = { sdxl, flux },
): Promise<{ provider: Provider; double: ComfyDouble }> {
  const double = await startComfy(script)
  const all = { name: 'rack', type: 'comfyui', baseUrl: double.origin, options: { workflows }, ...config }
  const provider = createCodecProvider(comfyui, all, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const image = doublePicture(512, 512)
const mask = await doubleMask(512, 512)
const files = { input: image, mask }
const input = (changes: Partial<ImageInput> = {}): ImageInput => testInput(image, { width: 512, height: 512, ...changes })
const maskInput = testInput(mask, { role: 'mask', sha256: 'mask' })
const inputsOf = (job: ComfyDouble['jobs'][number] | undefined, node: string): JsonObject =>
  ((job?.graph[node] as JsonObject)?.['inputs'] ?? {}) as JsonObject

describe('the shipped workflows pass the checks of a server, node by node', () => {
  const uses = [
    { use: 'generate', request: {} },
    { use: 'edit', request: { operation: 'edit' as const, inputs: [input()] } },
    { use: 'inpaint', request: { operation: 'edit' as const, inputs: [input(), maskInput] } },
  ]
  const canny = input({ role: 'control', control: 'canny' as ControlKind, controlStrength: 0.6 })
  const all = [
    ...['local/sdxl', 'local/flux'].flatMap((model) => uses.map((each) => ({ model, ...each, settings: {} }))),
    { model: 'local/sdxl', use: 'control', request: { inputs: [canny] }, settings: {} },
    {
      model: 'local/sdxl',
      use: 'upscale',
      request: { operation: 'upscale' as const, inputs: [input()] },
      settings: { size: { width: 1024, height: 1024 } },
    },
  ]
  test.each(all)('$model, $use', async ({ model, request, settings }) => {
    const { provider } = await account({ jobMs: 5 })
    const { result } = await attempt(provider, { model, request, settings, files })
    expect(result).toMatchObject({ kind: 'done' })
  })

  test('the judge judges: a wrong name, type, file or link is refused, and the files of the server are not told', async () => {
    const node = { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'secret.safetensors', prompts: '{{prompt}}' } }
    const { provider } = await account({}, {}, { wrong: { a: node } })
    const { result } = await attempt(provider)
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_not_found', billed: 'no' } })
    expect(JSON.stringify(result.kind === 'failed' && result.failure)).not.toContain('every, file')
  })
})

test('every parameter goes to its place, and what the server measured is the usage', async () => {
  const { provider, double } = await account({ jobMs: 5 })
  const { result } = await attempt(provider, {
    model: 'local/sdxl',
    settings: { n: 2, steps: 12, size: { width: 832, height: 1216 } },
    request: { seed: 7, negativePrompt: 'rain', guidance: 4, prompt: 'a kite with {{seed}} in its name' },
  })
  expect(result).toMatchObject({ kind: 'done', images: [{ seed: 7 }, { seed: 7 }], usage: { 'gpu.seconds': 2_500_000n } })
  const [job] = double.jobs
  expect(inputsOf(job, 'sampled')).toMatchObject({ seed: 7, steps: 12, cfg: 4, denoise: 1 })
  expect(inputsOf(job, 'empty')).toEqual({ width: 832, height: 1216, batch_size: 2 })
  expect(inputsOf(job, 'positive')['text']).toBe('a kite with {{seed}} in its name')
  expect(inputsOf(job, 'negative')['text']).toBe('rain')
})

test('a mask arrives with white where it is transparent, beside the picture, and both are kept under their content', async () => {
  const { provider, double } = await account({ jobMs: 5 })
  const request = { operation: 'edit' as const, inputs: [input(), maskInput], strength: 0.9 }
  await attempt(provider, { model: 'local/sdxl', request, files })
  expect([...double.uploads.keys()]).toEqual(['halftone/input.png [temp]', 'halftone/mask-mask.png [temp]'])
  expect(double.uploads.get('halftone/input.png [temp]')?.equals(image)).toBe(true)
  expect(double.uploads.get('halftone/mask-mask.png [temp]')?.equals(mask)).toBe(false)
  expect(inputsOf(double.jobs[0], 'sampled')['denoise']).toBe(0.9)
})

describe("a workflow of one's own", () => {
  const own = {
    loader: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: '{{checkpoint=sd_xl_base_1.0.safetensors}}' } },
    text: { class_type: 'CLIPTextEncode', inputs: { clip: ['loader', 1], text: 'studio photo, {{prompt}}, sharp' } },
    empty: { class_type: 'EmptyLatentImage', inputs: { width: '{{width}}', height: '{{height}}', batch_size: 1 } },
    sampled: {
      class_type: 'KSampler',
      inputs: {
        model: ['loader', 0],
        positive: ['text', 0],
        negative: ['text', 0],
        latent_image: ['empty', 0],
        seed: '{{seed}}',
        steps: '{{steps=4}}',
        cfg: '{{cfg=1.5}}',
        sampler_name: 'euler',
        scheduler: 'simple',
        denoise: 1,
      },
    },
    decoded: { class_type: 'VAEDecode', inputs: { samples: ['sampled', 0], vae: ['loader', 2] } },
    saved: { class_type: 'SaveImage', inputs: { images: ['decoded', 0], filename_prefix: 'halftone' } },
  }

  test('is taken as text, filled, and open to the client where it has places of its own', async () => {
    const models = [{ id: 'own', model: 'acme/house-style', capabilities: {} }]
    const { provider, double } = await account({ jobMs: 5 }, { models }, { own: JSON.stringify(own) })
    const { result } = await attempt(provider, { request: { extraBody: { comfyui: { cfg: 3, seed: 9, other: 1 } } } })
    expect(result).toMatchObject({
      kind: 'done',
      warnings: [
        { code: 'parameter_dropped', param: 'seed' },
        { code: 'parameter_dropped', param: 'other' },
      ],
    })
    const [job] = double.jobs
    expect(inputsOf(job, 'text')['text']).toBe('studio photo, a red kite over a grey sea, sharp')
    expect(inputsOf(job, 'sampled')).toMatchObject({ steps: 4, cfg: 3 })
    expect(provider.offers[0]?.capabilities).toMatchObject({ operations: ['generate'], maxN: 1, parameters: ['seed', 'steps'] })
  })

  test.each([
    ['is not JSON', '{"a": {{seed}}}', 'stand in quotes'],
    ['has no class_type', { nodes: [{ id: 1 }] }, 'API format'],
    ['needs a default', { a: { class_type: 'X', inputs: { s: '{{steps}}', p: '{{prompt}}' } } }, '{{steps=...}}'],
    ['has no prompt', { a: { class_type: 'X', inputs: {} } }, '{{prompt}}'],
    ['cannot be read', { a: { class_type: 'X', inputs: { p: '{{prompt}} {{Bad Name}}' } } }, 'cannot be read'],
    ['names a family that is not there', { use: 'sd9', checkpoint: 'x' }, 'use'],
  ])('that %s is refused with the configuration', (_, workflow, said) => {
    const checked = comfyui.options?.safeParse({ workflows: { bad: workflow } })
    expect(checked?.success).toBe(false)
    expect(JSON.stringify(checked?.error?.issues.map(({ message }) => message))).toContain(said)
  })

  test('a model whose workflow is not there is refused by name', () => {
    const config = {
      name: 'rack',
      type: 'comfyui',
      models: [{ id: 'gone', model: 'a/b', capabilities: {} }],
      options: { workflows: {} },
    }
    expect(() => comfyui.offers(config)).toThrow('has no gone')
  })
})

describe('jobs', () => {
  test('the end of a job is heard at once, not at the next poll', async () => {
    const { provider, double } = await account({ jobMs: 200 })
    const started = performance.now()
    expect((await attempt(provider, { model: 'local/sdxl' })).result.kind).toBe('done')
    expect(performance.now() - started).toBeLessThan(900)
    expect(double.calls.filter(({ path }) => path.startsWith('/history/'))).toHaveLength(1)
  })

  test('a socket that says nothing costs time, not the picture', async () => {
    const { provider } = await account({ jobMs: 100, deaf: true })
    expect((await attempt(provider, { model: 'local/sdxl' })).result.kind).toBe('done')
  })

  test('a job that a crash left behind is resumed, and not queued again', async () => {
    const { provider, double } = await account({ jobMs: 100 })
    const { resumed } = await crashAndResume(provider, { model: 'local/sdxl' })
    expect(resumed.kind).toBe('done')
    expect(double.jobs).toHaveLength(1)
  })

  test('a running job is interrupted by its id when the client leaves', async () => {
    const { provider, double } = await account({ jobMs: 60_000 })
    const result = await leaveAfter(300, provider, { model: 'local/sdxl' })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'no' } })
    expect(double.interrupts).toEqual([{ prompt_id: 'prompt-1' }])
  })

  test('a waiting job is taken out of the queue, and the one that runs goes on', async () => {
    const { provider, double } = await account({ jobMs: 60_000 })
    const first = leaveAfter(900, provider, { model: 'local/sdxl' })
    while (double.jobs.length === 0) await testClock.sleep(10)
    const result = await leaveAfter(300, provider, { model: 'local/flux' })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'no' } })
    expect(double.interrupts).toEqual([])
    expect(double.jobs.map(({ state }) => state)).toEqual(['running', 'ended'])
    await first
  })

  test('time that is up ends the job too', async () => {
    const { provider, double } = await account({ jobMs: 60_000 }, { timeoutMs: 1_200 })
    const { result } = await attempt(provider, { model: 'local/sdxl' })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_timeout', billed: 'no' } })
    expect(double.interrupts).toHaveLength(1)
  })

  test.each([
    [{ ending: 'error' }, { code: 'provider_error', billed: 'no', message: 'ComfyUI failed in KSampler: Allocation on device' }],
    [{ ending: 'interrupted' }, { code: 'cancelled', billed: 'no' }],
    [{ expired: true }, { code: 'provider_invalid_response' }],
  ] as const)('%j fails as %j', async (script, failure) => {
    const { provider } = await account({ jobMs: 5, ...script })
    const { result } = await attempt(provider, { model: 'local/sdxl' })
    expect(result).toMatchObject({ kind: 'failed', failure })
  })

  test('a job that the server has forgotten is not waited for until the time is up', { timeout: 20_000 }, async () => {
    const { provider } = await account({ jobMs: 5, forgets: true })
    const { result } = await attempt(provider, { model: 'local/sdxl' })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_error', billed: 'no' } })
    expect(result.kind === 'failed' && result.failure.message).toContain('forgotten')
  })
})

test('pictures lose the prompt and the workflow that the server writes into them', async () => {
  const tagged = doublePicture(64, 64, { text: 'workflow\0{"secret": true}' })
  expect(tagged.includes('secret')).toBe(true)
  const { provider } = await account({ jobMs: 5, picture: tagged })
  const { result } = await attempt(provider, { model: 'local/sdxl' })
  const [picture] = result.kind === 'done' ? result.images : []
  if (!picture) throw new Error('There is no picture.')
  expect((await readAll(picture.body)).includes('secret')).toBe(false)
  expect(picture.size).toEqual({ width: 64, height: 64 })
})

describe('work that is ahead', () => {
  test('is what the server says, asked for behind the scenes, and what waits here', async () => {
    const { provider, double } = await account({ jobMs: 60_000 })
    expect(provider.ahead?.()).toBe(0)
    for (let n = 0; n < 3; n++) {
      const body = JSON.stringify({ prompt: {}, client_id: 'somebody-else' })
      await fetch(`${double.origin}/prompt`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    }
    await testClock.sleep(1_100)
    provider.ahead?.()
    await testClock.sleep(200)
    expect(provider.ahead?.()).toBe(3)
  })

  test('a server that works on one call at a time gets one at a time, in the order they came', async () => {
    const { provider, double } = await account({ jobMs: 100 }, { concurrency: 1 })
    const results = Promise.all([1, 2, 3].map((seed) => attempt(provider, { model: 'local/sdxl', request: { seed } })))
    await testClock.sleep(20)
    expect(provider.ahead?.()).toBe(3)
    expect(double.jobs.length).toBeLessThanOrEqual(1)
    for (const { result } of await results) expect(result.kind).toBe('done')
    expect(double.jobs.map((job) => inputsOf(job, 'sampled')['seed'])).toEqual([1, 2, 3])
  })

  test('a call whose client leaves while it waits was never sent', async () => {
    const { provider, double } = await account({ jobMs: 60_000 }, { concurrency: 1 })
    const first = leaveAfter(1_500, provider, { model: 'local/sdxl' })
    while (double.jobs.length === 0) await testClock.sleep(10)
    const waited = await leaveAfter(200, provider, { model: 'local/sdxl' })
    expect(waited).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'no' } })
    expect(double.jobs).toHaveLength(1)
    await first
  })
})

test('the probe tells version and device', async () => {
  const { provider } = await account()
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toEqual({
    ok: true,
    message: 'ComfyUI 0.3.60 on cuda:0 RTX 4090.',
  })
})

test('what the socket tells of a job is told on, and never taken back', async () => {
  const { provider } = await account({ jobMs: 400 })
  const told: number[] = []
  const { result } = await attempt(provider, { model: 'local/sdxl', io: { onProgress: (share) => told.push(share) } })
  expect(result.kind).toBe('done')
  // The second node began at a quarter of its own work.
  expect(told.at(-1)).toBe(0.5)
  expect(told).toEqual(told.toSorted((a, b) => a - b))
})
