/**
 * What fal runs and how each endpoint is told. Endpoints, members and values are those of the typings in @fal-ai/client
 * 1.10.1, which test/providers/fal.test.ts holds this table against; models are those with a price in prices/fal.json.
 */
import type { Capabilities, OptionalParameter } from '../../core/capability.ts'
import type { ControlKind, Operation, OutputFormat, Size } from '../../core/request.ts'
import { kontextSizes, ultraSizes } from '../kit/flux-sizes.ts'
import type { KnownModel } from '../kit/offers.ts'
import { type RatioSizes, ratioSizes } from '../kit/ratios.ts'
import * as sizes from './sizes.ts'

/** Optional members an endpoint takes, by the request's names. */
export type FalMember = OptionalParameter | 'prompt' | 'n' | 'format' | 'quality' | 'renderingSpeed' | 'background' | 'scale'

export interface FalEndpoint {
  readonly path: string
  /** `pixels`: image_size as {width, height}. */
  readonly size: 'pixels' | 'none' | { readonly member: 'image_size' | 'aspect_ratio'; readonly table: RatioSizes }
  readonly images?: 'image_url' | 'image_urls'
  readonly mask?: 'mask_url' | 'mask_image_url'
  readonly takes: readonly FalMember[]
  /** Members that are always the same, so that the price is the one quoted. */
  readonly fixed?: Readonly<Record<string, string | boolean>>
  /** Control images go into `images`; what the endpoint calls each kind, in `preprocess`. */
  readonly controls?: Readonly<Partial<Record<ControlKind, string>>>
}

/** `inpaint`: an edit with a mask. `control`: generating after a control image. */
export type FalUse = Operation | 'inpaint' | 'control'

/** What one billable unit of the response header stands for. */
export type FalUnit = 'megapixel' | 'image' | 'unknown'

export interface FalModel extends KnownModel {
  readonly endpoints: Readonly<Partial<Record<FalUse, FalEndpoint>>>
  readonly unit: FalUnit
}

const square: Size = { width: 1024, height: 1024 }

const common: Capabilities = {
  operations: ['generate'],
  sizes: sizes.diffusionGrid,
  defaultSize: square,
  qualities: [],
  maxN: 4,
  formats: ['jpeg', 'png'],
  defaultFormat: 'jpeg',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 20_000,
  parameters: [],
  cancelStopsBilling: true,
  asyncJobs: true,
}

const optional: readonly string[] = ['seed', 'negativePrompt', 'steps', 'guidance', 'strength', 'inputFidelity', 'style']

/** Capabilities follow from the endpoints; `differs` says the rest. */
function fal(
  model: string,
  unit: FalUnit,
  endpoints: FalModel['endpoints'],
  differs: Partial<Capabilities> = {},
  facts: Partial<KnownModel> = {},
): FalModel {
  const all = Object.values(endpoints)
  const uses = Object.keys(endpoints) as FalUse[]
  const operations = new Set(uses.map((use): Operation => (use === 'inpaint' ? 'edit' : use === 'control' ? 'generate' : use)))
  const table = all.map(({ size }) => size).find((size) => typeof size === 'object')?.table
  const takes = (member: FalMember): boolean => all.some((endpoint) => endpoint.takes.includes(member))
  const images = Math.max(0, ...all.map((each) => (each.images === 'image_urls' ? 8 : each.images && !each.controls ? 1 : 0)))
  const controls = all.flatMap((each) => Object.keys(each.controls ?? {})) as ControlKind[]
  return {
    model,
    wireModel: all[0]?.path ?? model,
    endpoints,
    unit,
    ...facts,
    capabilities: {
      ...common,
      operations: [...operations],
      ...(table ? { sizes: { kind: 'list', sizes: ratioSizes(table) } } : {}),
      maxN: takes('n') ? common.maxN : 1,
      maxPromptChars: takes('prompt') ? common.maxPromptChars : 0,
      maxInputs: images,
      mask: all.some((each) => each.mask !== undefined),
      parameters: optional.filter((name): name is OptionalParameter => takes(name as FalMember)),
      ...(controls.length > 0 ? { controls } : {}),
      ...differs,
    },
  }
}

const pixels = 'pixels'
const flux2: readonly FalMember[] = ['prompt', 'seed', 'format']
const flux2Flex: readonly FalMember[] = [...flux2, 'guidance', 'steps']
const klein: readonly FalMember[] = [...flux2, 'n', 'steps']
const turbo: readonly FalMember[] = [...flux2, 'n', 'guidance']
const diffusion: readonly FalMember[] = [...flux2, 'n', 'guidance', 'steps']
const flux11: readonly FalMember[] = [...flux2, 'n']
const banana: readonly FalMember[] = [...flux2, 'n']
const webp: Partial<Capabilities> = { formats: ['jpeg', 'png', 'webp'] }
/** The endpoint says nothing about formats; this is what it sends. */
const only = (format: OutputFormat): Partial<Capabilities> => ({ formats: [format], defaultFormat: format })
const shaped = (member: 'image_size' | 'aspect_ratio', table: RatioSizes) => ({ size: { member, table } }) as const
const enlarges = (factors: readonly number[]): NonNullable<Capabilities['upscale']> => ({ factors, maxPixels: 8192 * 8192 })

export const falModels: readonly FalModel[] = [
  fal(
    'black-forest-labs/flux.2-pro',
    'megapixel',
    {
      generate: { path: 'fal-ai/flux-2-pro', size: pixels, takes: flux2 },
      edit: { path: 'fal-ai/flux-2-pro/edit', size: pixels, images: 'image_urls', takes: flux2 },
    },
    { sizes: sizes.flux2Grid },
  ),
  fal(
    'black-forest-labs/flux.2-flex',
    'megapixel',
    {
      generate: { path: 'fal-ai/flux-2-flex', size: pixels, takes: flux2Flex },
      edit: { path: 'fal-ai/flux-2-flex/edit', size: pixels, images: 'image_urls', takes: flux2Flex },
    },
    { sizes: sizes.flux2Grid },
  ),
  fal(
    'black-forest-labs/flux.2-klein-9b',
    'megapixel',
    {
      generate: { path: 'fal-ai/flux-2/klein/9b', size: pixels, takes: klein },
      edit: { path: 'fal-ai/flux-2/klein/9b/edit', size: pixels, images: 'image_urls', takes: klein },
    },
    { sizes: sizes.flux2Grid, maxInputs: 4 },
  ),
  fal(
    'black-forest-labs/flux.2-dev-turbo',
    'megapixel',
    {
      generate: { path: 'fal-ai/flux-2/turbo', size: pixels, takes: turbo },
      edit: { path: 'fal-ai/flux-2/turbo/edit', size: pixels, images: 'image_urls', takes: turbo },
    },
    { ...webp, sizes: sizes.flux2Grid, maxInputs: 4 },
  ),
  fal(
    'black-forest-labs/flux.1-schnell',
    'megapixel',
    {
      generate: { path: 'fal-ai/flux/schnell', size: pixels, takes: diffusion },
      variation: {
        path: 'fal-ai/flux/schnell/redux',
        size: pixels,
        images: 'image_url',
        takes: ['n', 'seed', 'format', 'steps'],
      },
    },
    { parameters: ['seed', 'steps'] },
  ),
  fal('black-forest-labs/flux.1-dev', 'megapixel', {
    generate: { path: 'fal-ai/flux/dev', size: pixels, takes: diffusion },
  }),
  fal('black-forest-labs/flux.1-dev-lora', 'megapixel', {
    generate: { path: 'fal-ai/flux-lora', size: pixels, takes: diffusion },
    edit: { path: 'fal-ai/flux-lora/image-to-image', size: pixels, images: 'image_url', takes: [...diffusion, 'strength'] },
  }),
  fal(
    'black-forest-labs/flux.1.1-pro',
    'megapixel',
    {
      generate: { path: 'fal-ai/flux-pro/v1.1', size: pixels, takes: flux11 },
      variation: { path: 'fal-ai/flux-pro/v1.1/redux', size: pixels, images: 'image_url', takes: flux11 },
    },
    { sizes: sizes.flux11Grid },
  ),
  fal(
    'black-forest-labs/flux.1.1-pro-ultra',
    'image',
    {
      generate: { path: 'fal-ai/flux-pro/v1.1-ultra', ...shaped('aspect_ratio', ultraSizes), takes: flux11 },
      variation: {
        path: 'fal-ai/flux-pro/v1.1-ultra/redux',
        ...shaped('aspect_ratio', ultraSizes),
        images: 'image_url',
        takes: flux11,
      },
    },
    { defaultSize: { width: 2048, height: 2048 } },
  ),
  fal(
    'black-forest-labs/flux.1-kontext-pro',
    'image',
    {
      generate: {
        path: 'fal-ai/flux-pro/kontext/text-to-image',
        ...shaped('aspect_ratio', kontextSizes),
        takes: [...flux11, 'guidance'],
      },
      edit: {
        path: 'fal-ai/flux-pro/kontext/multi',
        ...shaped('aspect_ratio', kontextSizes),
        images: 'image_urls',
        takes: [...flux11, 'guidance'],
      },
    },
    { maxInputs: 4 },
  ),
  fal(
    'alibaba/z-image-turbo',
    'megapixel',
    {
      generate: { path: 'fal-ai/z-image/turbo', size: pixels, takes: klein },
      edit: { path: 'fal-ai/z-image/turbo/image-to-image', size: pixels, images: 'image_url', takes: [...klein, 'strength'] },
      inpaint: {
        path: 'fal-ai/z-image/turbo/inpaint',
        size: pixels,
        images: 'image_url',
        mask: 'mask_image_url',
        takes: [...klein, 'strength'],
      },
      control: {
        path: 'fal-ai/z-image/turbo/controlnet',
        size: pixels,
        images: 'image_url',
        controls: { canny: 'canny', depth: 'depth', pose: 'pose' },
        takes: klein,
      },
    },
    webp,
  ),
  fal('alibaba/qwen-image', 'megapixel', {
    generate: { path: 'fal-ai/qwen-image', size: pixels, takes: [...diffusion, 'negativePrompt'] },
    edit: {
      path: 'fal-ai/qwen-image/image-to-image',
      size: pixels,
      images: 'image_url',
      takes: [...diffusion, 'negativePrompt', 'strength'],
    },
  }),
  fal(
    'google/gemini-3-pro-image',
    'image',
    {
      generate: {
        path: 'fal-ai/nano-banana-pro',
        ...shaped('aspect_ratio', sizes.nanoBananaProSizes),
        takes: banana,
        fixed: { resolution: '1K', limit_generations: true },
      },
      edit: {
        path: 'fal-ai/nano-banana-pro/edit',
        ...shaped('aspect_ratio', sizes.nanoBananaProSizes),
        images: 'image_urls',
        takes: banana,
        fixed: { resolution: '1K', limit_generations: true },
      },
    },
    { ...webp, defaultFormat: 'png' },
  ),
  fal(
    'google/gemini-2.5-flash-image',
    'image',
    {
      generate: {
        path: 'fal-ai/nano-banana',
        ...shaped('aspect_ratio', sizes.nanoBananaSizes),
        takes: banana,
        fixed: { limit_generations: true },
      },
      edit: {
        path: 'fal-ai/nano-banana/edit',
        ...shaped('aspect_ratio', sizes.nanoBananaSizes),
        images: 'image_urls',
        takes: banana,
        fixed: { limit_generations: true },
      },
    },
    { ...webp, defaultFormat: 'png' },
  ),
  // One size and one quality: no other has a known price.
  fal(
    'openai/gpt-image-1.5',
    'unknown',
    {
      generate: {
        path: 'fal-ai/gpt-image-1.5',
        ...shaped('image_size', sizes.gptSizes),
        takes: ['prompt', 'n', 'format', 'quality', 'background'],
      },
    },
    { ...webp, defaultFormat: 'png', qualities: ['medium'], defaultQuality: 'medium', backgrounds: ['transparent', 'opaque'] },
  ),
  fal(
    'ideogram/ideogram-3',
    'image',
    {
      generate: {
        path: 'fal-ai/ideogram/v3',
        ...shaped('image_size', sizes.ideogram3Sizes),
        takes: ['prompt', 'n', 'seed', 'negativePrompt', 'renderingSpeed', 'style'],
      },
      edit: {
        path: 'fal-ai/ideogram/v3/remix',
        ...shaped('image_size', sizes.ideogram3Sizes),
        images: 'image_url',
        takes: ['prompt', 'n', 'seed', 'negativePrompt', 'renderingSpeed', 'style', 'strength'],
      },
    },
    {
      ...only('png'),
      qualities: ['low', 'medium', 'high'],
      defaultQuality: 'medium',
      styles: ['AUTO', 'GENERAL', 'REALISTIC', 'DESIGN'],
    },
  ),
  fal(
    'ideogram/ideogram-2.0',
    'image',
    {
      generate: {
        path: 'fal-ai/ideogram/v2',
        ...shaped('aspect_ratio', sizes.ideogram2Sizes),
        takes: ['prompt', 'seed', 'negativePrompt', 'style'],
      },
    },
    { ...only('png'), styles: ['auto', 'general', 'realistic', 'design', 'render_3D', 'anime'] },
  ),
  fal(
    'ideogram/ideogram-2.0-turbo',
    'image',
    {
      generate: {
        path: 'fal-ai/ideogram/v2/turbo',
        ...shaped('aspect_ratio', sizes.ideogram2Sizes),
        takes: ['prompt', 'seed', 'negativePrompt', 'style'],
      },
    },
    { ...only('png'), styles: ['auto', 'general', 'realistic', 'design', 'render_3D', 'anime'] },
  ),
  fal(
    'recraft/recraft-v4-pro',
    'image',
    {
      generate: {
        path: 'fal-ai/recraft/v4/pro/text-to-image',
        ...shaped('image_size', sizes.recraft4ProSizes),
        takes: ['prompt'],
      },
    },
    { ...only('webp'), defaultSize: { width: 2048, height: 2048 } },
  ),
  fal(
    'recraft/recraft-v3',
    'image',
    {
      generate: {
        path: 'fal-ai/recraft/v3/text-to-image',
        ...shaped('image_size', sizes.recraft3Sizes),
        takes: ['prompt', 'style'],
      },
    },
    { ...only('webp'), styles: ['any', 'realistic_image', 'digital_illustration'] },
  ),
  fal(
    'bytedance/seedream-4.0',
    'image',
    {
      generate: { path: 'fal-ai/bytedance/seedream/v4/text-to-image', size: pixels, takes: ['prompt', 'n', 'seed'] },
      edit: { path: 'fal-ai/bytedance/seedream/v4/edit', size: pixels, images: 'image_urls', takes: ['prompt', 'n', 'seed'] },
    },
    { ...only('png'), sizes: sizes.seedream4Grid, defaultSize: { width: 2048, height: 2048 } },
  ),
  fal(
    'bytedance/seedream-3.0',
    'image',
    {
      generate: { path: 'fal-ai/bytedance/seedream/v3/text-to-image', size: pixels, takes: ['prompt', 'n', 'seed', 'guidance'] },
    },
    { ...only('png'), sizes: sizes.seedream3Grid },
  ),
  fal(
    'bytedance/dreamina-3.1',
    'image',
    {
      generate: { path: 'fal-ai/bytedance/dreamina/v3.1/text-to-image', size: pixels, takes: ['prompt', 'n', 'seed'] },
    },
    { ...only('png'), sizes: sizes.seedream3Grid },
  ),
  fal('hidream/hidream-i1-full', 'image', {
    generate: { path: 'fal-ai/hidream-i1-full', size: pixels, takes: [...diffusion, 'negativePrompt'] },
  }),
  fal('hidream/hidream-i1-fast', 'image', {
    generate: { path: 'fal-ai/hidream-i1-fast', size: pixels, takes: [...klein, 'negativePrompt'] },
  }),
  fal(
    'hidream/hidream-e1-1',
    'image',
    {
      edit: { path: 'fal-ai/hidream-e1-1', size: 'none', images: 'image_url', takes: [...diffusion, 'negativePrompt'] },
    },
    { sizes: { kind: 'any' }, sizeFromInput: true },
  ),
  fal(
    'aidc-ai/ovis-image',
    'image',
    {
      generate: { path: 'fal-ai/ovis-image', size: pixels, takes: [...diffusion, 'negativePrompt'] },
    },
    webp,
  ),
  fal(
    'xinntao/real-esrgan',
    'unknown',
    {
      upscale: { path: 'fal-ai/esrgan', size: 'none', images: 'image_url', takes: ['format', 'scale'] },
    },
    { defaultFormat: 'png', upscale: enlarges([2, 4]) },
  ),
  fal(
    'philz1337x/clarity-upscaler',
    'unknown',
    {
      upscale: {
        path: 'fal-ai/clarity-upscaler',
        size: 'none',
        images: 'image_url',
        takes: ['prompt', 'seed', 'guidance', 'steps', 'negativePrompt', 'scale'],
      },
    },
    { ...only('png'), upscale: enlarges([2, 4]) },
  ),
  fal(
    'zhengpeng7/birefnet',
    'unknown',
    {
      remove_background: { path: 'fal-ai/birefnet/v2', size: 'none', images: 'image_url', takes: ['format'] },
    },
    { formats: ['png', 'webp'], defaultFormat: 'png', sizes: { kind: 'any' }, maxN: 1 },
  ),
]

/** An endpoint that only the operator knows is told what most are told. */
export const otherEndpoint = (path: string): FalEndpoint => ({
  path,
  size: 'pixels',
  images: 'image_url',
  mask: 'mask_url',
  takes: ['prompt', 'n', 'format', 'seed', 'negativePrompt', 'steps', 'guidance', 'strength', 'style', 'scale'],
})

export const otherModel = (model: string, wireModel: string): KnownModel => ({
  model,
  wireModel,
  capabilities: common,
  assumed: true,
})
