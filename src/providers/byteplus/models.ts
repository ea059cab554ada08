/**
 * ByteDance's image models at BytePlus ModelArk. Sources: its API reference 1541523 and catalogue 1330310 as quoted by Puter's
 * driver at 42b0cf5 (2026-08) for ids, pixel limits and shapes; @ai-sdk/bytedance 1.0.29 (2026-11) for members; resellers'
 * copies of the reference for seed and guidance, which only the models of generation 3 take.
 */
import type { Capabilities, SizeRule } from '../../core/capability.ts'
import type { KnownModel } from '../kit/offers.ts'

export interface SeedreamModel extends KnownModel {
  /** Takes `sequential_image_generation`: a set of related pictures in one call. */
  readonly makesSets?: true
  /** Takes `output_format`; the others answer with JPEG. */
  readonly choosesFormat?: true
  /** The picture takes the shape of its input: `size` is `adaptive`. */
  readonly isAdaptive?: true
}

const pixels = (minPixels: number, maxPixels: number, maxAspect = 16): SizeRule => ({
  kind: 'area',
  multipleOf: 8,
  minEdge: 240,
  maxEdge: 16_384,
  minPixels,
  maxPixels,
  maxAspect,
})

const seedream: Capabilities = {
  operations: ['generate', 'edit'],
  sizes: pixels(3_686_400, 16_777_216),
  defaultSize: { width: 2048, height: 2048 },
  qualities: [],
  maxN: 1,
  formats: ['jpeg'],
  defaultFormat: 'jpeg',
  backgrounds: [],
  maxInputs: 14,
  mask: false,
  maxPromptChars: 8_000,
  parameters: [],
  cancelStopsBilling: false,
  asyncJobs: false,
}

/** Pictures sent and made may be 15 together. */
export const inSets: Pick<Capabilities, 'maxN' | 'maxInputs'> = { maxN: 5, maxInputs: 10 }

const bothFormats: Pick<Capabilities, 'formats'> = { formats: ['jpeg', 'png'] }
const thirdGeneration: Partial<Capabilities> = { parameters: ['seed', 'guidance'] }

export const seedreamModels: readonly SeedreamModel[] = [
  {
    model: 'bytedance/seedream-5.0-pro',
    wireModel: 'dola-seedream-5-0-pro-260628',
    choosesFormat: true,
    capabilities: { ...seedream, ...bothFormats, sizes: pixels(921_600, 4_624_220), maxInputs: 10 },
  },
  {
    model: 'bytedance/seedream-5.0-lite',
    wireModel: 'seedream-5-0-lite-260128',
    makesSets: true,
    choosesFormat: true,
    capabilities: { ...seedream, ...bothFormats },
  },
  { model: 'bytedance/seedream-4.5', wireModel: 'seedream-4-5-251128', makesSets: true, capabilities: seedream },
  {
    model: 'bytedance/seedream-4.0',
    wireModel: 'seedream-4-0-250828',
    makesSets: true,
    capabilities: { ...seedream, sizes: pixels(921_600, 16_777_216) },
  },
  {
    model: 'bytedance/seedream-3.0',
    wireModel: 'seedream-3-0-t2i-250415',
    capabilities: {
      ...seedream,
      ...thirdGeneration,
      operations: ['generate'],
      maxInputs: 0,
      sizes: { ...pixels(512 * 512, 2048 * 2048, 4), minEdge: 512, maxEdge: 2048 } as SizeRule,
      defaultSize: { width: 1024, height: 1024 },
    },
  },
  {
    model: 'bytedance/seededit-3.0',
    wireModel: 'seededit-3-0-i2i-250628',
    isAdaptive: true,
    capabilities: {
      ...seedream,
      ...thirdGeneration,
      operations: ['edit'],
      maxInputs: 1,
      sizes: { kind: 'any' },
      sizeFromInput: true,
      defaultSize: { width: 1024, height: 1024 },
    },
  },
]
