/**
 * Official models at Replicate and the members of their `input`. Sources: the API pages of each model
 * (replicate.com/<owner>/<name>/api) for those that are not `assumed`; prices/replicate.json for what is sold.
 */
import type { Capabilities, OptionalParameter } from '../../core/capability.ts'
import type { OutputFormat, Quality, Size } from '../../core/request.ts'
import type { MaskTransform } from '../define-provider.ts'
import { kontextSizes, ultraSizes } from '../kit/flux-sizes.ts'
import type { KnownModel } from '../kit/offers.ts'
import { type RatioSizes, ratioSizes } from '../kit/ratios.ts'

/** The member of `input` for each thing a request may say. */
type Members = Readonly<Partial<Record<OptionalParameter | 'n' | 'format', string>>>

export interface ReplicateModel extends KnownModel {
  /** `custom`: width and height beside `aspect_ratio: custom`. `pixels`: width and height alone. */
  readonly size: 'custom' | 'pixels' | RatioSizes
  readonly members: Members
  readonly images?: { readonly member: string; readonly isList: boolean }
  readonly mask?: MaskTransform
  /** Each quality is a model of its own. */
  readonly byQuality?: Readonly<Partial<Record<Quality, string>>>
  /** Members that are always the same, so that the price is the one quoted. */
  readonly fixed?: Readonly<Record<string, string | boolean>>
  /** Billed by the time it ran instead of by what came out. */
  readonly isTimed?: boolean
}

const square: Size = { width: 1024, height: 1024 }

const common: Capabilities = {
  operations: ['generate'],
  sizes: { kind: 'list', sizes: [square] },
  defaultSize: square,
  qualities: [],
  maxN: 1,
  formats: ['webp', 'jpeg', 'png'],
  defaultFormat: 'webp',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 20_000,
  parameters: [],
  cancelStopsBilling: true,
  asyncJobs: true,
}

const optional: ReadonlySet<string> = new Set<OptionalParameter>([
  'seed',
  'steps',
  'guidance',
  'negativePrompt',
  'strength',
  'style',
  'outputCompression',
])

/** Capabilities follow from the members; `differs` says the rest. */
function official(
  model: string,
  wireModel: string,
  how: Pick<ReplicateModel, 'size' | 'members'> & Partial<ReplicateModel>,
  differs: Partial<Capabilities> = {},
): ReplicateModel {
  const edits = how.images === undefined ? [] : (['edit'] as const)
  const parameters = Object.keys(how.members).filter((name): name is OptionalParameter => optional.has(name))
  return {
    model,
    wireModel,
    ...how,
    capabilities: {
      ...common,
      operations: ['generate', ...edits],
      ...(typeof how.size === 'object' ? { sizes: { kind: 'list', sizes: ratioSizes(how.size) } } : {}),
      maxN: how.members.n ? 4 : 1,
      maxInputs: how.images === undefined ? 0 : 1,
      mask: how.mask !== undefined,
      parameters,
      ...differs,
    },
  }
}

/** FLUX.1 at `megapixels: 1`. */
const flux1Sizes: RatioSizes = {
  '21:9': { width: 1536, height: 640 },
  '16:9': { width: 1344, height: 768 },
  '3:2': { width: 1216, height: 832 },
  '4:3': { width: 1152, height: 896 },
  '5:4': { width: 1088, height: 896 },
  '1:1': { width: 1024, height: 1024 },
  '4:5': { width: 896, height: 1088 },
  '3:4': { width: 896, height: 1152 },
  '2:3': { width: 832, height: 1216 },
  '9:16': { width: 768, height: 1344 },
  '9:21': { width: 640, height: 1536 },
}

const sd35Sizes: RatioSizes = {
  '21:9': { width: 1536, height: 640 },
  '16:9': { width: 1344, height: 768 },
  '3:2': { width: 1216, height: 832 },
  '5:4': { width: 1088, height: 896 },
  '1:1': { width: 1024, height: 1024 },
  '4:5': { width: 896, height: 1088 },
  '2:3': { width: 832, height: 1216 },
  '9:16': { width: 768, height: 1344 },
  '9:21': { width: 640, height: 1536 },
}

const ideogramSizes: RatioSizes = {
  '16:9': { width: 1312, height: 736 },
  '16:10': { width: 1280, height: 800 },
  '3:2': { width: 1248, height: 832 },
  '4:3': { width: 1152, height: 864 },
  '1:1': { width: 1024, height: 1024 },
  '3:4': { width: 864, height: 1152 },
  '2:3': { width: 832, height: 1216 },
  '10:16': { width: 800, height: 1280 },
  '9:16': { width: 736, height: 1312 },
}

const photonSizes: RatioSizes = { '1:1': { width: 1536, height: 1536 } }

const grid = (multipleOf: number, maxEdge: number): Capabilities['sizes'] => ({
  kind: 'area',
  multipleOf,
  minEdge: 256,
  maxEdge,
  minPixels: 256 * 256,
  maxPixels: maxEdge * maxEdge,
  maxAspect: 8,
})

const output = { format: 'output_format', outputCompression: 'output_quality' } as const
const seeded: Members = { seed: 'seed', ...output }
const only = (format: OutputFormat): Partial<Capabilities> => ({ formats: [format], defaultFormat: format })
const list = (member: string) => ({ member, isList: true }) as const
const one = (member: string) => ({ member, isList: false }) as const
const assumed = { assumed: true } as const

export const replicateModels: readonly ReplicateModel[] = [
  official('black-forest-labs/flux.1-schnell', 'black-forest-labs/flux-schnell', {
    size: flux1Sizes,
    members: { ...seeded, n: 'num_outputs', steps: 'num_inference_steps' },
    fixed: { megapixels: '1' },
  }),
  official('black-forest-labs/flux.1-dev', 'black-forest-labs/flux-dev', {
    size: flux1Sizes,
    members: { ...seeded, n: 'num_outputs', steps: 'num_inference_steps', guidance: 'guidance' },
    fixed: { megapixels: '1' },
  }),
  official(
    'black-forest-labs/flux.1.1-pro',
    'black-forest-labs/flux-1.1-pro',
    {
      size: 'custom',
      members: seeded,
    },
    { sizes: grid(32, 1440) },
  ),
  official(
    'black-forest-labs/flux.2-pro',
    'black-forest-labs/flux-2-pro',
    {
      size: 'custom',
      members: seeded,
      images: list('input_images'),
    },
    { sizes: grid(32, 2048), maxInputs: 8 },
  ),
  official(
    'black-forest-labs/flux.2-dev',
    'black-forest-labs/flux-2-dev',
    {
      size: 'custom',
      members: seeded,
      images: list('input_images'),
      fixed: { go_fast: false },
    },
    { sizes: grid(32, 1440), maxInputs: 4 },
  ),
  official(
    'black-forest-labs/flux.2-dev-fast',
    'black-forest-labs/flux-2-dev',
    {
      size: 'custom',
      members: seeded,
      images: list('input_images'),
      fixed: { go_fast: true },
    },
    { sizes: grid(32, 1440), maxInputs: 4 },
  ),
  official(
    'ideogram/ideogram-3',
    'ideogram-ai/ideogram-v3-balanced',
    {
      size: ideogramSizes,
      members: { seed: 'seed', style: 'style_type' },
      byQuality: {
        low: 'ideogram-ai/ideogram-v3-turbo',
        medium: 'ideogram-ai/ideogram-v3-balanced',
        high: 'ideogram-ai/ideogram-v3-quality',
      },
    },
    {
      ...only('png'),
      qualities: ['low', 'medium', 'high'],
      defaultQuality: 'medium',
      styles: ['None', 'Auto', 'General', 'Realistic', 'Design'],
    },
  ),
  official('stability-ai/stable-diffusion-3.5-large', 'stability-ai/stable-diffusion-3.5-large', {
    size: sd35Sizes,
    members: { ...seeded, steps: 'steps', guidance: 'cfg' },
  }),
  official('stability-ai/stable-diffusion-3.5-large-turbo', 'stability-ai/stable-diffusion-3.5-large-turbo', {
    size: sd35Sizes,
    members: { seed: 'seed', format: 'output_format', guidance: 'cfg', negativePrompt: 'negative_prompt' },
  }),
  official(
    'black-forest-labs/flux.1.1-pro-ultra',
    'black-forest-labs/flux-1.1-pro-ultra',
    {
      size: ultraSizes,
      members: { seed: 'seed', format: 'output_format' },
      ...assumed,
    },
    { formats: ['jpeg', 'png'], defaultFormat: 'jpeg', defaultSize: { width: 2048, height: 2048 } },
  ),
  official(
    'black-forest-labs/flux.1-kontext-pro',
    'black-forest-labs/flux-kontext-pro',
    {
      size: kontextSizes,
      members: { seed: 'seed', format: 'output_format' },
      images: one('input_image'),
      ...assumed,
    },
    { formats: ['jpeg', 'png'], defaultFormat: 'png' },
  ),
  official(
    'black-forest-labs/flux.1-kontext-max',
    'black-forest-labs/flux-kontext-max',
    {
      size: kontextSizes,
      members: { seed: 'seed', format: 'output_format' },
      images: one('input_image'),
      ...assumed,
    },
    { formats: ['jpeg', 'png'], defaultFormat: 'png' },
  ),
  official(
    'luma/photon',
    'luma/photon',
    { size: photonSizes, members: { seed: 'seed' }, ...assumed },
    {
      ...only('jpeg'),
      defaultSize: { width: 1536, height: 1536 },
    },
  ),
  official(
    'luma/photon-flash',
    'luma/photon-flash',
    { size: photonSizes, members: { seed: 'seed' }, ...assumed },
    {
      ...only('jpeg'),
      defaultSize: { width: 1536, height: 1536 },
    },
  ),
]

/**
 * A model, version (`owner/name:version`) or deployment (`deployments/owner/name`) of the operator's: told what most models
 * of the platform are told. Its time is billed; `model: replicate/gpu-l40s` and the like give it the price of its hardware.
 */
export const otherModel = (model: string, wireModel: string): ReplicateModel => ({
  model,
  wireModel,
  size: 'pixels',
  members: {
    seed: 'seed',
    n: 'num_outputs',
    steps: 'num_inference_steps',
    guidance: 'guidance_scale',
    negativePrompt: 'negative_prompt',
    strength: 'prompt_strength',
  },
  images: one('image'),
  mask: 'white-is-edit',
  isTimed: true,
  assumed: true,
  capabilities: { ...common, sizes: { kind: 'any' }, ...only('png'), cancelStopsBilling: false },
})
