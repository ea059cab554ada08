/** Job types at Prodia: docs.prodia.com/job-types (read in copies of 2026), which has a schema of each. */
import type { Capabilities, OptionalParameter } from '../../core/capability.ts'
import type { KnownModel } from '../kit/offers.ts'

const square = { width: 1024, height: 1024 }

const common: Capabilities = {
  operations: ['generate'],
  sizes: { kind: 'area', multipleOf: 16, minEdge: 256, maxEdge: 1920, minPixels: 65_536, maxPixels: 3_686_400, maxAspect: 7.5 },
  defaultSize: square,
  qualities: [],
  maxN: 1,
  formats: ['png', 'jpeg', 'webp'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 4096,
  parameters: ['seed'],
  cancelStopsBilling: false,
  asyncJobs: false,
}

const styles = [
  '3d-model analog-film anime cinematic comic-book digital-art enhance fantasy-art isometric line-art low-poly neon-punk origami',
  'photographic pixel-art texture craft-clay',
].flatMap((line) => line.split(' '))

/** Edits up to eight pictures. */
const flux2 = (tier: 'pro' | 'flex', more: readonly OptionalParameter[], steps?: Capabilities['steps']): KnownModel => ({
  model: `black-forest-labs/flux.2-${tier}`,
  wireModel: `inference.flux-2.${tier}.img2img.v1`,
  capabilities: {
    ...common,
    operations: ['edit'],
    needs: ['image', 'prompt'],
    sizes: { kind: 'area', multipleOf: 16, minEdge: 64, maxEdge: 4096, minPixels: 4096, maxPixels: 4_194_304, maxAspect: 64 },
    maxInputs: 8,
    maxPromptChars: 32_768,
    parameters: ['seed', ...more],
    ...(steps && { steps }),
  },
})

export const prodiaModels: readonly KnownModel[] = [
  {
    model: 'black-forest-labs/flux.1-schnell',
    wireModel: 'inference.flux-fast.schnell.txt2img.v2',
    capabilities: { ...common, parameters: ['seed', 'steps', 'style'], styles, steps: { default: 4, min: 1, max: 4 } },
  },
  flux2('pro', []),
  flux2('flex', ['steps', 'guidance'], { default: 50, min: 1, max: 50 }),
]

/** A job type named in the configuration: from words to a picture, or from pictures where its name says so. */
export const otherModel = (model: string, wireModel: string): KnownModel => ({
  model,
  wireModel,
  assumed: true,
  capabilities: wireModel.includes('img2img')
    ? { ...common, operations: ['edit'], needs: ['image'], maxInputs: 1, sizes: { kind: 'any' } }
    : common,
})
