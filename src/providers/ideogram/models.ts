/**
 * What Ideogram sells, and how each model is asked. Sources: the specification of 2026-06-17 for the paths of version 1;
 * developer.ideogram.ai/v2 (overview, generate and precise edit with Ideogram 4.5, remove background, read 2026-11-22) for those of
 * version 2; the sizes of 4 and 4.5 as listed there and copied by public clients.
 */
import type { Capabilities } from '../../core/capability.ts'
import { formatSize, parseSize, type Quality, type Size } from '../../core/request.ts'
import type { KnownModel } from '../kit/offers.ts'
import { type RatioSizes, ratioSizes } from '../kit/ratios.ts'

/** How a model is asked: paths per kind of request, and the words for its fields. */
export interface IdeogramModel extends KnownModel {
  readonly paths: Readonly<Partial<Record<'generate' | 'edit' | 'variation' | 'upscale' | 'remove_background', string>>>
  /** The field of the size, absent where the input decides. */
  readonly sizeField?: 'resolution' | 'size' | 'aspect_ratio'
  /** The words of `aspect_ratio`. */
  readonly ratios?: RatioSizes
  /** The field of the quality and its words. */
  readonly quality?: { readonly field: 'rendering_speed' | 'quality'; readonly words: Readonly<Partial<Record<Quality, string>>> }
  /** The field of the image that is worked on. */
  readonly imageField?: string
  readonly referenceField?: string
}

const sizesOf = (text: string): readonly Size[] =>
  text
    .trim()
    .split(/\s+/)
    .flatMap((each) => parseSize(each) ?? [])
const turned = ({ width, height }: Size): Size => ({ width: height, height: width })
const bothWays = (sizes: readonly Size[]): readonly Size[] => {
  const all = new Map([...sizes, ...sizes.map(turned)].map((size) => [formatSize(size), size]))
  return [...all.values()]
}

/** ResolutionV3 of the specification. */
const sizesV3 = bothWays(
  sizesOf(`1024x1024 512x1536 576x1408 576x1472 576x1536 640x1344 640x1408 640x1472 640x1536 704x1152 704x1216 704x1280 704x1344
    704x1408 704x1472 736x1312 768x1088 768x1216 768x1280 768x1344 800x1280 832x960 832x1024 832x1088 832x1152 832x1216 832x1248
    864x1152 896x960 896x1024 896x1088 896x1120 896x1152 960x1024 960x1088`),
)
const sizes45 = bothWays(
  sizesOf(`1024x1024 896x1120 864x1152 832x1248 800x1280 720x1280 720x1440 2048x2048 1792x2240 1728x2304 1664x2496 1440x2560
    1600x2560 1440x2880 1280x3072 1248x3328 1152x2944 1296x3168 1024x3072`),
)
const sizes4 = bothWays([...sizes45, { width: 512, height: 1536 }])

/** What each shape is taken to be of the sizes of version 3; which one is really made is not said. */
const transparentSizes: RatioSizes = {
  '1x1': { width: 1024, height: 1024 },
  '1x3': { width: 512, height: 1536 },
  '3x1': { width: 1536, height: 512 },
  '1x2': { width: 704, height: 1408 },
  '2x1': { width: 1408, height: 704 },
  '9x16': { width: 736, height: 1312 },
  '16x9': { width: 1312, height: 736 },
  '10x16': { width: 800, height: 1280 },
  '16x10': { width: 1280, height: 800 },
  '2x3': { width: 832, height: 1248 },
  '3x2': { width: 1248, height: 832 },
  '3x4': { width: 864, height: 1152 },
  '4x3': { width: 1152, height: 864 },
  '4x5': { width: 896, height: 1120 },
  '5x4': { width: 1120, height: 896 },
}

const base: Capabilities = {
  operations: ['generate'],
  sizes: { kind: 'list', sizes: sizesV3 },
  defaultSize: { width: 1024, height: 1024 },
  qualities: ['low', 'medium', 'high'],
  defaultQuality: 'medium',
  maxN: 8,
  formats: ['png'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  styles: ['general', 'realistic', 'design', 'fiction', 'stylized'],
  maxPromptChars: 10_000,
  parameters: ['seed'],
  cancelStopsBilling: false,
  asyncJobs: false,
}

const speedsV3 = { field: 'rendering_speed', words: { low: 'TURBO', medium: 'DEFAULT', high: 'QUALITY' } } as const
const speedsV4 = { field: 'rendering_speed', words: { low: 'turbo', medium: 'default', high: 'quality' } } as const
const levels = { field: 'quality', words: { low: 'low', medium: 'medium', high: 'high' } } as const

/** The picture keeps the size it came with. */
const onInput = {
  operations: ['edit'],
  sizeFromInput: true,
  maxInputs: 1,
  needs: ['image'],
} as const satisfies Partial<Capabilities>
/** Tools without levels of quality. */
const { defaultQuality: _, ...plain } = { ...base, qualities: [], maxN: 1, parameters: [] }

const named = (
  name: string,
  how: Omit<IdeogramModel, 'model' | 'wireModel' | 'capabilities'>,
  can: Partial<Capabilities>,
): IdeogramModel => ({
  model: `ideogram/${name}`,
  wireModel: name,
  capabilities: { ...base, ...can },
  ...how,
})

export const ideogramModels: readonly IdeogramModel[] = [
  named(
    'ideogram-4.5',
    {
      paths: { generate: '/v2/image/generate/ideogram-4-5', edit: '/v2/image/generate/ideogram-4-5' },
      sizeField: 'size',
      quality: levels,
      imageField: 'images',
      referenceField: 'images',
    },
    {
      ...onInput,
      needs: [],
      operations: ['generate', 'edit'],
      sizes: { kind: 'list', sizes: sizes45 },
      maxInputs: 5,
      mask: true,
    },
  ),
  named(
    'ideogram-4.5-precise-edit',
    {
      paths: { edit: '/v2/image/precise-edit/ideogram-4-5' },
      quality: levels,
      imageField: 'image',
      referenceField: 'reference_images',
    },
    // A mask takes the place of one of the four references.
    { ...onInput, maxInputs: 4, mask: true },
  ),
  named(
    'ideogram-4',
    { paths: { generate: '/v2/image/generate/ideogram-4' }, sizeField: 'resolution', quality: speedsV4 },
    { sizes: { kind: 'list', sizes: sizes4 } },
  ),
  named(
    'ideogram-3',
    {
      paths: {
        generate: '/v1/ideogram-v3/generate',
        edit: '/v1/ideogram-v3/remix',
        variation: '/v1/ideogram-v3/remix',
      },
      sizeField: 'resolution',
      quality: speedsV3,
      imageField: 'image',
    },
    {
      operations: ['generate', 'edit', 'variation'],
      maxInputs: 1,
      parameters: ['seed', 'negativePrompt', 'style', 'strength'],
    },
  ),
  named(
    'ideogram-3-inpaint',
    { paths: { edit: '/v1/ideogram-v3/inpaint' }, quality: speedsV3, imageField: 'image' },
    { ...onInput, mask: true, needs: ['image', 'mask'], parameters: ['seed', 'style'] },
  ),
  named(
    'ideogram-3-replace-background',
    { paths: { edit: '/v1/ideogram-v3/replace-background' }, quality: speedsV3, imageField: 'image' },
    onInput,
  ),
  named(
    'ideogram-3-character',
    {
      paths: { edit: '/v1/ideogram-v3/generate' },
      sizeField: 'resolution',
      quality: speedsV3,
      imageField: 'character_reference_images',
    },
    { operations: ['edit'], maxInputs: 1, needs: ['image'], parameters: ['seed', 'negativePrompt', 'style'] },
  ),
  {
    ...named(
      'ideogram-3-transparent',
      {
        paths: { generate: '/v1/ideogram-v3/generate-transparent' },
        sizeField: 'aspect_ratio',
        ratios: transparentSizes,
        quality: speedsV3,
      },
      {
        sizes: { kind: 'list', sizes: ratioSizes(transparentSizes) },
        backgrounds: ['transparent'],
        parameters: ['seed', 'negativePrompt'],
      },
    ),
    assumed: true,
  },
  {
    model: 'ideogram/remove-background',
    wireModel: 'remove-background',
    capabilities: { ...plain, ...onInput, operations: ['remove_background'] },
    paths: { remove_background: '/v1/remove-background' },
    imageField: 'image',
  },
  {
    model: 'ideogram/upscale',
    wireModel: 'upscale',
    // Twice is what its own page says of the app; the specification names no factor.
    assumed: true,
    capabilities: {
      ...plain,
      ...onInput,
      operations: ['upscale'],
      upscale: { factors: [2], maxPixels: 64 * 1024 * 1024 },
      parameters: ['seed'],
    },
    paths: { upscale: '/upscale' },
    imageField: 'image_file',
  },
]

const byModel = new Map(ideogramModels.map((each) => [each.wireModel, each]))

/** Undefined for names that are none of them. */
export const ideogramModel = (wireModel: string): IdeogramModel | undefined => byModel.get(wireModel)
