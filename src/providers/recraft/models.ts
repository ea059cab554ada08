/**
 * What Recraft sells: models that draw, and tools that work on a picture. Sources (recraft.ai/docs/api-reference, read 2026-11-22):
 * models and models/*, appendix (sizes, prompt lengths), tools/* (which model a tool takes), and the specification of 2026-08-22.
 */
import type { Capabilities } from '../../core/capability.ts'
import { type OutputFormat, parseSize, type Size } from '../../core/request.ts'
import type { KnownModel } from '../kit/offers.ts'

const sizesOf = (text: string): readonly Size[] => text.split(' ').flatMap((each) => parseSize(each) ?? [])

/** Of V4 and V4.1. */
export const sizes1k = sizesOf(
  '1024x1024 1536x768 768x1536 1280x832 832x1280 1216x896 896x1216 1152x896 896x1152 832x1344 1280x896 896x1280 1344x768 768x1344',
)
/** Of their Pro variants. */
const sizes2k = sizesOf(
  '2048x2048 3072x1536 1536x3072 2560x1664 1664x2560 2432x1792 1792x2432 2304x1792 1792x2304 1664x2688 2560x1792 1792x2560 2688x1536 1536x2688',
)
/** Of V2 and V3. */
const sizesV3 = sizesOf(
  '1024x1024 2048x1024 1024x2048 1536x1024 1024x1536 1365x1024 1024x1365 1280x1024 1024x1280 1024x1707 1434x1024 1024x1434 1820x1024 1024x1820 1707x1024',
)

const base: Capabilities = {
  operations: ['generate'],
  sizes: { kind: 'list', sizes: sizes1k },
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 6,
  formats: ['png', 'webp'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 10_000,
  parameters: ['seed'],
  cancelStopsBilling: false,
  asyncJobs: false,
}

const listed = (sizes: readonly Size[]): Pick<Capabilities, 'sizes' | 'defaultSize'> => ({
  sizes: { kind: 'list', sizes },
  defaultSize: sizes[0] ?? base.defaultSize,
})
const formats = (...all: readonly [OutputFormat, ...OutputFormat[]]): Pick<Capabilities, 'formats' | 'defaultFormat'> => ({
  formats: all,
  defaultFormat: all[0],
})
const vector = formats('svg')

/** Image to image: the result is as large as the picture it started from. */
const fromImage: Pick<Capabilities, 'operations' | 'maxInputs' | 'sizeFromInput'> = {
  operations: ['generate', 'edit'],
  maxInputs: 1,
  sizeFromInput: true,
}

const named = (name: string, wireModel: string, capabilities: Partial<Capabilities>): KnownModel => ({
  model: `recraft/${name}`,
  wireModel,
  capabilities: { ...base, ...capabilities },
})

const v3: Partial<Capabilities> = {
  ...listed(sizesV3),
  ...fromImage,
  mask: true,
  maxPromptChars: 1_000,
  parameters: ['seed', 'style', 'negativePrompt', 'strength', 'outpaint'],
}
const v2: Partial<Capabilities> = { ...listed(sizesV3), maxPromptChars: 1_000, parameters: ['seed', 'style', 'negativePrompt'] }
const v4: Partial<Capabilities> = { ...fromImage, parameters: ['seed', 'strength'] }

const tool: Partial<Capabilities> = {
  operations: ['edit'],
  maxN: 1,
  maxInputs: 1,
  sizeFromInput: true,
  needs: ['image'],
  parameters: [],
}

/**
 * How much an upscale enlarges is not documented; four times is what users of both tools see. Assumed, so never chosen by itself;
 * a result of another size is told.
 */
const upscaler = (name: string, path: string): KnownModel => ({
  ...named(name, path, { ...tool, operations: ['upscale'], upscale: { factors: [4], maxPixels: 16 * 16 * 1024 * 1024 } }),
  assumed: true,
})

export const recraftModels: readonly KnownModel[] = [
  named('recraft-v4.1', 'recraftv4_1', v4),
  named('recraft-v4.1-vector', 'recraftv4_1_vector', { ...v4, ...vector }),
  named('recraft-v4.1-pro', 'recraftv4_1_pro', { ...v4, ...listed(sizes2k) }),
  named('recraft-v4.1-pro-vector', 'recraftv4_1_pro_vector', { ...v4, ...listed(sizes2k), ...vector }),
  named('recraft-v4.1-utility', 'recraftv4_1_utility', {}),
  named('recraft-v4.1-utility-pro', 'recraftv4_1_utility_pro', listed(sizes2k)),
  named('recraft-v4.1-flash', 'recraftv4_1_flash', {}),
  named('recraft-v4', 'recraftv4', v4),
  named('recraft-v4-vector', 'recraftv4_vector', { ...v4, ...vector }),
  named('recraft-v4-pro', 'recraftv4_pro', { ...v4, ...listed(sizes2k) }),
  named('recraft-v4-pro-vector', 'recraftv4_pro_vector', { ...v4, ...listed(sizes2k), ...vector }),
  named('recraft-v3', 'recraftv3', v3),
  named('recraft-v3-vector', 'recraftv3_vector', { ...v3, ...vector }),
  named('recraft-v2', 'recraftv2', v2),
  named('recraft-v2-vector', 'recraftv2_vector', { ...v2, ...vector }),
  // Tools: the wire name is the last part of the path.
  named('replace-background', 'replaceBackground', {
    ...tool,
    maxN: 6,
    maxPromptChars: 1_000,
    parameters: ['seed', 'style', 'negativePrompt'],
  }),
  named('remix', 'variateImage', {
    ...listed(sizesV3),
    operations: ['variation'],
    maxInputs: 1,
    needs: ['image'],
  }),
  named('erase-region', 'eraseRegion', { ...tool, mask: true, needs: ['image', 'mask'] }),
  named('remove-background', 'removeBackground', { ...tool, operations: ['remove_background'] }),
  named('vectorize', 'vectorize', { ...tool, ...vector }),
  upscaler('crisp-upscale', 'crispUpscale'),
  upscaler('creative-upscale', 'creativeUpscale'),
]
