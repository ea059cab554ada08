/**
 * Stability's services as Amazon Bedrock hosts them: the same members as JSON, under ids of its own. From docs.aws.amazon.com,
 * "Stability AI models" and "Stability AI Image Services" (thirteen services).
 */
import type { Capabilities } from '../../core/capability.ts'
import type { KnownModel } from '../kit/offers.ts'
import { type StabilityModel, stabilityModels } from '../stability/models.ts'

/** By the name at Stability. Services are called by the inference profile of the United States, where alone they are hosted. */
const services: Readonly<Record<string, string>> = {
  inpaint: 'stable-image-inpaint',
  erase: 'stable-image-erase-object',
  outpaint: 'stable-outpaint',
  'search-and-replace': 'stable-image-search-replace',
  'search-and-recolor': 'stable-image-search-recolor',
  'remove-background': 'stable-image-remove-background',
  'upscale-fast': 'stable-fast-upscale',
  'upscale-conservative': 'stable-conservative-upscale',
  'upscale-creative': 'stable-creative-upscale',
  'control-sketch': 'stable-image-control-sketch',
  'control-structure': 'stable-image-control-structure',
  'control-style': 'stable-image-style-guide',
  'style-transfer': 'stable-style-transfer',
}

function stabilityModel(name: string): StabilityModel {
  const found = stabilityModels.find(({ model }) => model === `stability-ai/${name}`)
  if (!found) throw new Error(`There is no model ${name}.`)
  return found
}

/** Every service answers at once here. */
const service = ([name, wireName]: [string, string]): StabilityModel => {
  const model = stabilityModel(name)
  return {
    ...model,
    wireModel: `us.stability.${wireName}-v1:0`,
    capabilities: { ...model.capabilities, asyncJobs: false },
  }
}

/** The generators take less than at Stability: no styles, no guidance, PNG and JPEG only. */
function generator(name: string, wireModel: string, differs: Partial<StabilityModel> = {}): StabilityModel {
  const { model, capabilities } = stabilityModel(name)
  const { styles: _, ...rest } = capabilities
  const plain: Capabilities = {
    ...rest,
    operations: differs.files ? ['generate', 'edit'] : ['generate'],
    maxInputs: differs.files ? 1 : 0,
    formats: ['png', 'jpeg'],
    parameters: differs.files ? ['seed', 'negativePrompt', 'strength'] : ['seed', 'negativePrompt'],
  }
  return {
    model,
    wireModel,
    takes: ['prompt', 'aspectRatio', 'seed', 'negativePrompt', 'format'],
    files: {},
    ...differs,
    capabilities: plain,
  }
}

/** Models Bedrock serves. */
export const bedrockModels: readonly StabilityModel[] = [
  generator('stable-image-core', 'stability.stable-image-core-v1:1'),
  generator('stable-image-ultra', 'stability.stable-image-ultra-v1:1'),
  generator('stable-diffusion-3.5-large', 'stability.sd3-5-large-v1:0', {
    takes: ['prompt', 'aspectRatio', 'seed', 'negativePrompt', 'strength', 'format'],
    files: { image: 'image' },
    hasMode: true,
  }),
  ...Object.entries(services).map(service),
]

function retired(model: string, wireModel: string, retiredAt: string, multipleOf: number, maxPixels: number): KnownModel {
  return {
    model,
    wireModel,
    retiredAt,
    replacedBy: 'stability-ai/stable-image-core',
    capabilities: {
      operations: ['generate'],
      sizes: { kind: 'area', multipleOf, minEdge: 320, maxEdge: 4096, minPixels: 102_400, maxPixels, maxAspect: 4 },
      defaultSize: { width: 1024, height: 1024 },
      qualities: ['standard', 'hd'],
      defaultQuality: 'standard',
      maxN: 5,
      formats: ['png'],
      defaultFormat: 'png',
      backgrounds: [],
      maxInputs: 0,
      mask: false,
      maxPromptChars: 1024,
      parameters: [],
      cancelStopsBilling: false,
      asyncJobs: false,
    },
  }
}

/**
 * Models it served once: known, so that asking for one is answered with what took its place. Last days: AWS's model lifecycle
 * page, and the model card of Titan Image Generator G1 v2.
 */
export const bedrockRetired: readonly KnownModel[] = [
  retired('amazon/nova-canvas', 'amazon.nova-canvas-v1:0', '2026-09-30', 16, 4_194_304),
  retired('amazon/titan-image-generator-v2', 'amazon.titan-image-generator-v2:0', '2026-06-30', 64, 1_440_000),
]
