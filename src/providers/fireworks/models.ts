/**
 * What Fireworks serves. Sources: docs.fireworks.ai (API reference of FLUX.1 [schnell], [dev] and Kontext, copies of 2026) and
 * @ai-sdk/fireworks 3.0.62 (2026-11) for paths and members. The pages of the Stable Diffusion family are gone; its members are
 * those of the SDK and of programs that call it.
 */
import type { Capabilities, SizeRule } from '../../core/capability.ts'
import { parseSize } from '../../core/request.ts'
import { kontextSizes } from '../kit/flux-sizes.ts'
import type { KnownModel } from '../kit/offers.ts'
import { ratioSizes } from '../kit/ratios.ts'

/** `workflow` answers with the picture, `job` with an id to ask about, `diffusion` takes pixels instead of a shape. */
export type FireworksApi = 'workflow' | 'job' | 'diffusion'

export interface FireworksModel extends KnownModel {
  readonly api: FireworksApi
}

const square = { width: 1024, height: 1024 }

const common: Capabilities = {
  operations: ['generate'],
  sizes: { kind: 'list', sizes: ratioSizes(kontextSizes) },
  defaultSize: square,
  qualities: [],
  maxN: 1,
  formats: ['png', 'jpeg'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 10_000,
  parameters: ['seed'],
  cancelStopsBilling: false,
  asyncJobs: false,
}

/** What SDXL was trained on; it refuses other sizes. */
const sdxlSizes: SizeRule = {
  kind: 'list',
  sizes: '1024x1024 1152x896 896x1152 1216x832 832x1216 1344x768 768x1344 1536x640 640x1536'
    .split(' ')
    .flatMap((size) => parseSize(size) ?? []),
}

function model(name: string, wireName: string, api: FireworksApi, differs: Partial<Capabilities> = {}): FireworksModel {
  return { model: name, wireModel: `accounts/fireworks/models/${wireName}`, api, capabilities: { ...common, ...differs } }
}

const kontext = (tier: 'pro' | 'max'): FireworksModel =>
  model(`black-forest-labs/flux.1-kontext-${tier}`, `flux-kontext-${tier}`, 'job', {
    operations: ['generate', 'edit'],
    maxInputs: 1,
    asyncJobs: true,
  })

/** Whether they are still served without a deployment of one's own was not found. */
const diffusion = (name: string, wireName: string): FireworksModel => ({
  ...model(name, wireName, 'diffusion', {
    sizes: sdxlSizes,
    parameters: ['seed', 'negativePrompt', 'guidance', 'steps'],
    steps: { default: 30, min: 1, max: 50 },
  }),
  assumed: true,
})

export const fireworksModels: readonly FireworksModel[] = [
  model('black-forest-labs/flux.1-schnell', 'flux-1-schnell-fp8', 'workflow', {
    parameters: ['seed', 'guidance', 'steps'],
    steps: { default: 4, min: 1, max: 50 },
  }),
  model('black-forest-labs/flux.1-dev', 'flux-1-dev-fp8', 'workflow', {
    parameters: ['seed', 'guidance', 'steps'],
    steps: { default: 28, min: 1, max: 50 },
  }),
  kontext('pro'),
  kontext('max'),
  diffusion('stability-ai/stable-diffusion-xl', 'stable-diffusion-xl-1024-v1-0'),
  diffusion('playground/playground-v2.5', 'playground-v2-5-1024px-aesthetic'),
  diffusion('playground/playground-v2', 'playground-v2-1024px-aesthetic'),
  diffusion('segmind/ssd-1b', 'SSD-1B'),
  diffusion('stability-ai/japanese-stable-diffusion-xl', 'japanese-stable-diffusion-xl'),
]
