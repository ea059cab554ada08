/**
 * What Together serves. Sources: docs.together.ai (images overview, reference images and parameters, copies of 2026) for which
 * member takes pictures, one to four images a call and multiples of 8; its OpenAPI document at 090263a (2026-04-28) for the
 * members; Puter's driver at 42b0cf5 (2026-08) for wire names, grids and models that were taken away.
 */
import type { Capabilities, OptionalParameter, SizeRule } from '../../core/capability.ts'
import { parseSize, type Size } from '../../core/request.ts'
import { geminiModel } from '../gemini-dialect/models.ts'
import { sizesOf } from '../gemini-dialect/sizes.ts'
import type { KnownModel } from '../kit/offers.ts'

/** The member that takes pictures: one, or a list. */
export type PictureMember = 'image_url' | 'reference_images'

export interface TogetherModel extends KnownModel {
  readonly pictures?: PictureMember
}

const square: Size = { width: 1024, height: 1024 }
const grid = (multipleOf: number, minEdge: number, maxEdge: number): SizeRule => ({
  kind: 'area',
  multipleOf,
  minEdge,
  maxEdge,
  minPixels: minEdge * minEdge,
  maxPixels: maxEdge * maxEdge,
  maxAspect: 4,
})
const listed = (text: string): SizeRule => ({ kind: 'list', sizes: text.split(' ').flatMap((each) => parseSize(each) ?? []) })

const common: Capabilities = {
  operations: ['generate'],
  sizes: grid(8, 256, 1440),
  defaultSize: square,
  qualities: [],
  maxN: 4,
  formats: ['jpeg', 'png'],
  defaultFormat: 'jpeg',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 10_000,
  parameters: ['seed'],
  cancelStopsBilling: false,
  asyncJobs: false,
}

/** More than the default is billed in proportion, which the price book does not hold, so it is not offered. */
const defaultSteps = { default: 20, min: 1, max: 20 } as const
const tuned: readonly OptionalParameter[] = ['seed', 'negativePrompt', 'guidance']
const edits: Partial<Capabilities> = { operations: ['generate', 'edit'], maxInputs: 8 }
const flux2: Partial<Capabilities> = { ...edits, sizes: grid(16, 128, 2048) }

function model(
  name: string,
  wireModel: string,
  differs: Partial<Capabilities> = {},
  more: Pick<TogetherModel, 'pictures' | 'retiredAt' | 'replacedBy'> = {},
): TogetherModel {
  return { model: name, wireModel, capabilities: { ...common, ...differs }, ...more }
}

const references = { pictures: 'reference_images' } as const

/** Google's models answer one picture a call, of the sizes they make at Google. */
function gemini(name: string, wireModel: string): TogetherModel {
  const at = geminiModel(name)
  const sizes: SizeRule = { kind: 'list', sizes: at ? sizesOf(at.sizes) : [square] }
  const maxInputs = at?.maxInputs ?? 1
  return model(`google/${name}`, wireModel, { ...edits, sizes, maxN: 1, maxInputs, parameters: [] }, references)
}

const ideogram4Sizes = listed(
  '2048x2048 1440x2880 2880x1440 1664x2496 2496x1664 1792x2240 2240x1792 1440x2560 2560x1440 1600x2560 2560x1600 1728x2304 ' +
    '2304x1728 1296x3168 3168x1296 1152x2944 2944x1152 1248x3328 3328x1248 1280x3072 3072x1280 1024x3072 3072x1024',
)

/** Not in the list of models that followed that of 2026-08-21. */
const gone = { retiredAt: '2026-08-22', replacedBy: 'black-forest-labs/flux.2-dev' } as const
/** Google shut Imagen down. */
const shutDown = { retiredAt: '2026-08-17', replacedBy: 'google/gemini-3.1-flash-image' } as const

export const togetherModels: readonly TogetherModel[] = [
  model('black-forest-labs/flux.2-pro', 'black-forest-labs/FLUX.2-pro', flux2, references),
  model('black-forest-labs/flux.2-max', 'black-forest-labs/FLUX.2-max', flux2, references),
  model(
    'black-forest-labs/flux.2-flex',
    'black-forest-labs/FLUX.2-flex',
    { ...flux2, parameters: ['seed', 'guidance', 'steps'], steps: defaultSteps },
    references,
  ),
  model(
    'black-forest-labs/flux.2-dev',
    'black-forest-labs/FLUX.2-dev',
    { ...flux2, parameters: ['seed', 'guidance', 'steps'], steps: defaultSteps },
    references,
  ),
  model('black-forest-labs/flux.1.1-pro', 'black-forest-labs/FLUX.1.1-pro'),
  ...(['pro', 'max'] as const).map((tier) =>
    model(
      `black-forest-labs/flux.1-kontext-${tier}`,
      `black-forest-labs/FLUX.1-kontext-${tier}`,
      { operations: ['edit'], maxInputs: 1, needs: ['image'] },
      { pictures: 'image_url' },
    ),
  ),
  model('bytedance/seedream-4.0', 'ByteDance-Seed/Seedream-4.0', { sizes: grid(8, 768, 4096), maxN: 1 }),
  model('bytedance/seedream-3.0', 'ByteDance-Seed/Seedream-3.0', { sizes: grid(8, 512, 2048), maxN: 1 }),
  model('alibaba/qwen-image', 'Qwen/Qwen-Image', { parameters: tuned }),
  model('alibaba/qwen-image-2.0', 'Qwen/Qwen-Image-2.0', { sizes: grid(8, 512, 2048) }),
  model('alibaba/qwen-image-2.0-pro', 'Qwen/Qwen-Image-2.0-Pro', { sizes: grid(8, 512, 2048) }),
  model('alibaba/wan-2.6-image', 'Wan-AI/Wan2.6-image', { defaultSize: { width: 1280, height: 1280 } }),
  model('rundiffusion/juggernaut-pro-flux', 'RunDiffusion/Juggernaut-pro-flux', { parameters: tuned }),
  model('rundiffusion/juggernaut-lightning-flux', 'Rundiffusion/Juggernaut-Lightning-Flux', { parameters: tuned }),
  model('stability-ai/stable-diffusion-xl', 'stabilityai/stable-diffusion-xl-base-1.0', {
    parameters: [...tuned, 'steps'],
    steps: defaultSteps,
  }),
  model('ideogram/ideogram-3', 'ideogram/ideogram-3.0', { maxN: 1 }),
  model('ideogram/ideogram-4', 'ideogram/ideogram-4.0', {
    sizes: ideogram4Sizes,
    defaultSize: { width: 2048, height: 2048 },
    maxN: 1,
  }),
  model('openai/gpt-image-1.5', 'openai/gpt-image-1.5', { sizes: listed('1024x1024 1536x1024 1024x1536'), parameters: [] }),
  gemini('gemini-2.5-flash-image', 'google/flash-image-2.5'),
  gemini('gemini-3.1-flash-image', 'google/flash-image-3.1'),
  gemini('gemini-3-pro-image', 'google/gemini-3-pro-image'),
  model('black-forest-labs/flux.1-schnell', 'black-forest-labs/FLUX.1-schnell', {}, gone),
  model('black-forest-labs/flux.1-krea-dev', 'black-forest-labs/FLUX.1-krea-dev', {}, gone),
  model('hidream/hidream-i1-full', 'HiDream-ai/HiDream-I1-Full', {}, gone),
  model('hidream/hidream-i1-dev', 'HiDream-ai/HiDream-I1-Dev', {}, gone),
  model('hidream/hidream-i1-fast', 'HiDream-ai/HiDream-I1-Fast', {}, gone),
  model('lykon/dreamshaper', 'Lykon/DreamShaper', {}, gone),
  model('stability-ai/stable-diffusion-3-medium', 'stabilityai/stable-diffusion-3-medium', {}, gone),
  model('google/imagen-4.0-fast', 'google/imagen-4.0-fast', { maxN: 1 }, shutDown),
  model('google/imagen-4.0', 'google/imagen-4.0-preview', { maxN: 1 }, shutDown),
  model('google/imagen-4.0-ultra', 'google/imagen-4.0-ultra', { maxN: 1 }, shutDown),
]
