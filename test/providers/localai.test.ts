import { afterEach, expect, test } from 'vitest'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { localai } from '../../src/providers/localai.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doublePicture } from '../support/double-picture.ts'
import { type LocalAiScript, startLocalAi } from '../support/doubles/localai.ts'
import { attempt, testClock, testInput } from './attempt.ts'
import { readAll } from './memory-spool.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const drawer = { id: 'flux.1-dev-ggml', model: 'black-forest-labs/flux.1-dev', capabilities: {} }
const upscaler = { id: 'stable-diffusion-x4-upscaler', model: 'stabilityai/x4-upscaler', capabilities: {} }
const models = [drawer, upscaler]

async function account({ key, pictureMs, ...config }: Partial<ProviderConfig> & LocalAiScript = { models }) {
  const double = await startLocalAi({ ...(key !== undefined && { key }), ...(pictureMs !== undefined && { pictureMs }) })
  const own = { name: 'own', type: 'localai', baseUrl: `${double.origin}/v1`, ...config }
  const provider = createCodecProvider(localai, own, { clock: testClock })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

const image = doublePicture(512, 512)
const source = testInput(image, { width: 512, height: 512 })
const files = { input: image }

test.each([
  { prompt: 'a kite', negativePrompt: 'rain', seen: ['a kite', 'rain'], warnings: 0 },
  { prompt: 'a kite | a boat', negativePrompt: undefined, seen: ['a kite, a boat', ''], warnings: 1 },
  { prompt: '|blood', negativePrompt: undefined, seen: [',blood', ''], warnings: 1 },
  { prompt: 'a|b|c', negativePrompt: 'd|e', seen: ['a,b,c', 'd,e'], warnings: 2 },
])('"$prompt" without "$negativePrompt": what the client wants to see never becomes what it does not', async (given) => {
  const { prompt, negativePrompt, seen, warnings } = given
  const { provider, double } = await account()
  const { result } = await attempt(provider, {
    request: { prompt, ...(negativePrompt === undefined ? {} : { negativePrompt }) },
  })
  expect(result).toMatchObject({ kind: 'done' })
  expect(double.drawn.map(({ positive, negative }) => [positive, negative])).toEqual([seen])
  expect(result.kind === 'done' && result.warnings.map(({ code }) => code)).toEqual(Array(warnings).fill('parameter_dropped'))
})

test('steps, seed and size are what the engine draws by, and the picture comes without its prompt', async () => {
  const { provider, double } = await account()
  const settings = { size: { width: 832, height: 1216 } }
  const { result } = await attempt(provider, { request: { seed: 7, steps: 28 }, settings })
  expect(double.drawn).toMatchObject([{ step: 28, seed: 7, size: '832x1216' }])
  const [picture] = result.kind === 'done' ? result.images : []
  expect(picture && (await readAll(picture.body)).includes('secret')).toBe(false)
})

test('a seed that the server would turn into another one is left out, with a warning', async () => {
  const { provider, double } = await account()
  const { result } = await attempt(provider, { request: { seed: 2 ** 31 } })
  expect(double.drawn).toMatchObject([{ seed: -1 }])
  expect(result).toMatchObject({ warnings: [{ code: 'parameter_ignored', param: 'seed' }] })
})

test('calls wait here, since its engines take one after the other', async () => {
  const { provider, double } = await account({ models, pictureMs: 20 })
  const results = await Promise.all([1, 2, 3].map(() => attempt(provider)))
  expect(results.map(({ result }) => result.kind)).toEqual(['done', 'done', 'done'])
  expect(double.most()).toBe(1)
})

test.each([
  ['start', { source: image.length, references: [] }],
  ['reference', { source: 0, references: [image.length] }],
])('with `edits: %s` the picture arrives as bytes', async (edits, drawn) => {
  const { provider, double } = await account({ models, options: { edits } })
  const { result } = await attempt(provider, { request: { operation: 'edit', inputs: [source] }, files })
  expect(result.kind).toBe('done')
  expect(double.drawn).toMatchObject([drawn])
})

test('without `edits` nothing but generating is offered', async () => {
  const { provider } = await account()
  expect(provider.offers.map(({ capabilities }) => capabilities.operations)).toEqual([['generate'], ['generate']])
})

test('an enlarged picture is fetched with the key that its link needs', async () => {
  const options = { upscalers: [upscaler.id] }
  const { provider } = await account({ models, options, key: 'sk-local', apiKey: { reveal: () => 'sk-local' } })
  const { result } = await attempt(provider, {
    model: upscaler.model,
    request: { operation: 'upscale', inputs: [source] },
    settings: { size: { width: 1024, height: 1024 } },
    files,
  })
  expect(result).toMatchObject({ kind: 'done' })
})

test('of all that the server has, the models that make pictures are found', async () => {
  const { provider } = await account({ options: { upscalers: [upscaler.id] } })
  const found = await provider.discover?.(AbortSignal.timeout(5_000))
  expect(found?.ok && found.offers.map(({ model, capabilities }) => [model, capabilities.operations])).toEqual([
    ['local/flux.1-dev-ggml', ['generate']],
    ['local/stable-diffusion-x4-upscaler', ['upscale']],
  ])
})

test('the probe tells how many models make pictures, and a wrong key', async () => {
  const { provider } = await account({ models, key: 'sk-local', apiKey: { reveal: () => 'sk-local' } })
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toEqual({
    ok: true,
    message: 'It answers; of its models 2 make pictures.',
  })
  const { provider: stranger } = await account({ models, key: 'sk-local', apiKey: { reveal: () => 'sk-other' } })
  expect(await stranger.probe?.(AbortSignal.timeout(5_000))).toMatchObject({ ok: false, message: expect.stringContaining('401') })
})
