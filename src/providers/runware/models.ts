/**
 * Models at Runware, as in prices/runware.json. Their ids (AIR): runware.ai/docs for the ones that are not `assumed`, and
 * DaWe35/image-router at 9615cf3 (2026-02-11), which calls them, for the others, with how each takes pictures and which sizes.
 */
import type { Capabilities, SizeRule } from '../../core/capability.ts'
import { type ControlKind, parseSize } from '../../core/request.ts'
import { kontextSizes, ultraSizes } from '../kit/flux-sizes.ts'
import type { KnownModel } from '../kit/offers.ts'
import { ratioSizes } from '../kit/ratios.ts'

export interface RunwareModel extends KnownModel {
  readonly task: 'imageInference' | 'imageUpscale' | 'imageBackgroundRemoval'
  /** Where input pictures go: one that is repainted, or ones that are followed. */
  readonly pictures?: 'seedImage' | 'referenceImages' | 'inputs.referenceImages'
  /** Models that read control images, by kind; they have to be of the same architecture. */
  readonly controlNets?: Readonly<Partial<Record<ControlKind, string>>>
}

const square = { width: 1024, height: 1024 }

/** What is billed by compute time has a price up to here. */
const PRICED_PIXELS = 1_100_000
const gridOf = (maxPixels: number, minEdge = 512): SizeRule => ({
  kind: 'area',
  multipleOf: 64,
  minEdge,
  maxEdge: 2048,
  minPixels: minEdge * minEdge,
  maxPixels,
  maxAspect: 4,
})
const listOf = (text: string): SizeRule => ({ kind: 'list', sizes: text.split(' ').flatMap((size) => parseSize(size) ?? []) })

const common: Capabilities = {
  operations: ['generate'],
  sizes: gridOf(PRICED_PIXELS),
  defaultSize: square,
  qualities: [],
  maxN: 4,
  formats: ['jpeg', 'png', 'webp'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 2000,
  parameters: ['seed'],
  cancelStopsBilling: false,
  asyncJobs: false,
}

type Differs = Partial<Capabilities>
type More = Partial<Omit<RunwareModel, keyof KnownModel>> & Pick<KnownModel, 'assumed'>
const assumed = { assumed: true } as const

const inference = (model: string, air: string, differs: Differs = {}, more: More = assumed): RunwareModel => ({
  model,
  wireModel: air,
  task: 'imageInference',
  ...more,
  capabilities: { ...common, ...differs },
})

/** Open weights, which Runware runs itself in about a second. */
const tunable: Differs = { parameters: ['seed', 'negativePrompt', 'steps', 'guidance'] }
const repaints: Differs = {
  operations: ['generate', 'edit'],
  maxInputs: 1,
  mask: true,
  parameters: ['seed', 'negativePrompt', 'steps', 'guidance', 'strength'],
}
const repainting = { pictures: 'seedImage', assumed: true } as const
const flux = (name: string, air: string, differs: Differs = {}, more?: More): RunwareModel =>
  inference(`black-forest-labs/${name}`, air, differs, more)

/** Models of others that Runware passes on: they take a while, so they are jobs. */
const passedOn: Differs = { asyncJobs: true, maxN: 1 }
const follows = (maxInputs: number): Differs => ({ operations: ['generate', 'edit'], maxInputs })
const seedreamSizes = '2304x1728 1728x2304 2560x1440 1440x2560 2496x1664 1664x2496 3024x1296 4096x4096'
const referencing = { pictures: 'referenceImages', assumed: true } as const
const inputting = { pictures: 'inputs.referenceImages', assumed: true } as const

export const runwareModels: readonly RunwareModel[] = [
  flux('flux.1-schnell', 'runware:100@1', repaints, repainting),
  flux(
    'flux.1-dev',
    'runware:101@1',
    { ...repaints, parameters: [...(repaints.parameters ?? []), 'outpaint'], controls: ['canny', 'depth', 'pose'] },
    { pictures: 'seedImage', controlNets: { canny: 'runware:25@1', depth: 'runware:27@1', pose: 'runware:29@1' } },
  ),
  flux('flux.1-krea-dev', 'runware:107@1', repaints, repainting),
  flux(
    'flux.1-kontext-dev',
    'runware:106@1',
    { sizes: { kind: 'list', sizes: ratioSizes(kontextSizes) }, operations: ['edit'], needs: ['image'], maxInputs: 1 },
    { pictures: 'referenceImages' },
  ),
  flux('flux.2-dev', 'runware:400@1', { ...tunable, ...follows(4) }, inputting),
  flux('flux.2-klein-4b', 'runware:400@4', follows(4), inputting),
  flux('flux.2-klein-9b', 'runware:400@2', follows(4), inputting),
  // What a picture to follow costs more is not in the book, so these only generate.
  flux('flux.2-pro', 'bfl:5@1', { ...passedOn, sizes: gridOf(1_048_576) }, {}),
  flux('flux.2-flex', 'bfl:6@1', { ...passedOn, sizes: gridOf(1_048_576), parameters: ['seed', 'steps', 'guidance'] }, {}),
  flux('flux.2-max', 'bfl:7@1', { ...passedOn, sizes: gridOf(1_048_576) }),
  flux('flux.1.1-pro', 'bfl:2@1', { ...passedOn, sizes: listOf('1024x1024 1344x768 768x1344 1152x896 896x1152') }),
  flux('flux.1.1-pro-ultra', 'bfl:2@2', {
    ...passedOn,
    sizes: { kind: 'list', sizes: ratioSizes(ultraSizes) },
    defaultSize: { width: 2048, height: 2048 },
  }),
  ...(['pro', 'max'] as const).map((tier) =>
    flux(
      `flux.1-kontext-${tier}`,
      tier === 'pro' ? 'bfl:3@1' : 'bfl:4@1',
      { ...passedOn, ...follows(2), sizes: { kind: 'list', sizes: ratioSizes(kontextSizes) } },
      referencing,
    ),
  ),
  inference(
    'bytedance/seedream-4.5',
    'bytedance:seedream@4.5',
    {
      ...passedOn,
      ...follows(14),
      sizes: listOf(`2048x2048 ${seedreamSizes}`),
      defaultSize: { width: 2048, height: 2048 },
      parameters: [],
    },
    referencing,
  ),
  inference(
    'bytedance/seedream-4.0',
    'bytedance:5@0',
    { ...passedOn, ...follows(14), sizes: listOf(`1024x1024 2048x2048 ${seedreamSizes}`), parameters: [] },
    referencing,
  ),
  inference('bytedance/seedream-3.0', 'bytedance:3@1', { ...passedOn, sizes: listOf('1024x1024') }),
  inference(
    'google/gemini-2.5-flash-image',
    'google:4@1',
    {
      ...passedOn,
      ...follows(8),
      sizes: listOf('1024x1024 832x1248 1248x832 864x1184 1184x864 896x1152 1152x896 768x1344 1344x768 1536x672'),
      parameters: [],
    },
    referencing,
  ),
  inference(
    'google/gemini-3-pro-image',
    'google:4@2',
    {
      ...passedOn,
      ...follows(8),
      sizes: listOf('1024x1024 848x1264 1264x848 896x1200 1200x896 768x1376 1376x768 1584x672 2048x2048 2752x1536 1536x2752'),
      parameters: [],
    },
    referencing,
  ),
  inference(
    'xai/grok-imagine-image',
    'xai:grok-imagine@image',
    {
      ...passedOn,
      ...follows(1),
      sizes: listOf('1024x1024 1280x896 896x1280 1408x768 768x1408 1296x864 864x1296'),
      parameters: [],
    },
    inputting,
  ),
  inference('bria/fibo', 'bria:20@1', {
    ...passedOn,
    sizes: listOf('1024x1024 1152x896 1344x768 1216x832 896x1152 768x1344 832x1216 1088x896 896x1088'),
  }),
  ...['sourceful/riverflow-1', 'sourceful/riverflow-1-mini'].map((model) =>
    inference(model, model.endsWith('mini') ? 'sourceful:1@0' : 'sourceful:1@1', {
      ...passedOn,
      sizes: listOf('1024x1024 1152x864 1280x720 1248x832 1512x648 864x1152 720x1280 832x1248 648x1512 1152x896 896x1152'),
      parameters: [],
    }),
  ),
  inference('imagineart/imagineart-1.5', 'imagineart:1@5', {
    ...passedOn,
    sizes: listOf('2048x2048'),
    defaultSize: { width: 2048, height: 2048 },
  }),
  inference('alibaba/qwen-image', 'runware:108@1', tunable),
  inference('alibaba/qwen-image-2512', 'alibaba:qwen-image@2512', repaints, repainting),
  inference(
    'alibaba/qwen-image-edit',
    'runware:108@20',
    { ...tunable, operations: ['edit'], needs: ['image'], maxInputs: 1 },
    referencing,
  ),
  inference(
    'alibaba/qwen-image-edit-2511',
    'alibaba:qwen-image-edit@2511',
    { ...tunable, operations: ['edit'], needs: ['image'], maxInputs: 3 },
    inputting,
  ),
  inference(
    'alibaba/z-image-turbo',
    'runware:z-image@turbo',
    { sizes: gridOf(1_048_576, 256), parameters: ['seed', 'steps'] },
    {},
  ),
  inference('hidream/hidream-i1-full', 'runware:97@1', tunable),
  inference('hidream/hidream-i1-dev', 'runware:97@2', tunable),
  inference('hidream/hidream-i1-fast', 'runware:97@3', tunable),
  inference('rundiffusion/juggernaut-pro-flux', 'rundiffusion:130@100', tunable),
  inference('rundiffusion/juggernaut-lightning-flux', 'rundiffusion:110@101', tunable),
  inference('stability-ai/stable-diffusion-xl', 'civitai:101055@128078', repaints, repainting),
  inference('stability-ai/stable-diffusion-3-medium', 'runware:5@1', repaints, repainting),
  {
    model: 'philz1337x/clarity-upscaler',
    wireModel: 'runware:500@1',
    task: 'imageUpscale',
    assumed: true,
    capabilities: {
      ...common,
      operations: ['upscale'],
      maxN: 1,
      maxInputs: 1,
      maxPromptChars: 0,
      parameters: [],
      upscale: { factors: [2], maxPixels: 4096 * 4096 },
    },
  },
  {
    model: 'bria/rmbg-2.0',
    wireModel: 'runware:110@1',
    task: 'imageBackgroundRemoval',
    assumed: true,
    capabilities: {
      ...common,
      operations: ['remove_background'],
      sizes: { kind: 'any' },
      formats: ['png', 'webp'],
      maxN: 1,
      maxInputs: 1,
      maxPromptChars: 0,
      parameters: [],
    },
  },
]
