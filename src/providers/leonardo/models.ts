/**
 * Leonardo's own models. Sources: docs.leonardo.ai guides of Lucid Origin, Lucid Realism, Phoenix and image guidance (copies of
 * 2026) for ids and members; @leonardo-ai/sdk 4.21.3 (npm) for every name on the wire.
 */
import type { Capabilities, SizeRule } from '../../core/capability.ts'
import type { ControlKind } from '../../core/request.ts'
import type { KnownModel } from '../kit/offers.ts'

export interface LeonardoModel extends KnownModel {
  /** Needs `contrast` and takes a style by its UUID; the older ones have named presets and start from pictures. */
  readonly hasContrast?: true
}

/** `alchemy` is on unless told otherwise; these two do not have it. */
export const withoutAlchemy: ReadonlySet<string> = new Set(['leonardo/lucid-origin', 'leonardo/lucid-realism'])

/** Ids of the preprocessors of SDXL models that read a control image. Those of edges, depth and pose take a weight, not a word. */
export const preprocessors: Readonly<Partial<Record<ControlKind, number>>> = {
  style: 67,
  structure: 100,
  canny: 19,
  depth: 20,
  pose: 21,
}

const sizes: SizeRule = {
  kind: 'area',
  multipleOf: 8,
  minEdge: 32,
  maxEdge: 1536,
  minPixels: 512 * 512,
  maxPixels: 1536 * 1536,
  maxAspect: 4,
}

const common: Capabilities = {
  operations: ['generate'],
  sizes,
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 4,
  formats: ['jpeg'],
  defaultFormat: 'jpeg',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 1_500,
  parameters: ['seed', 'negativePrompt', 'style'],
  cancelStopsBilling: false,
  asyncJobs: true,
}

const presets = (
  'ANIME BOKEH CINEMATIC CINEMATIC_CLOSEUP CREATIVE DYNAMIC ENVIRONMENT FASHION FILM FOOD GENERAL HDR ILLUSTRATION LEONARDO ' +
  'LONG_EXPOSURE MACRO MINIMALISTIC MONOCHROME MOODY NONE NEUTRAL PHOTOGRAPHY PORTRAIT RAYTRACED RENDER_3D RETRO SKETCH_BW ' +
  'SKETCH_COLOR STOCK_PHOTO VIBRANT UNPROCESSED'
).split(' ')

const model = (name: string, wireModel: string, more: Pick<LeonardoModel, 'hasContrast'>): LeonardoModel => ({
  model: `leonardo/${name}`,
  wireModel,
  ...more,
  capabilities: common,
})

export const leonardoModels: readonly LeonardoModel[] = [
  model('lucid-origin', '7b592283-e8a7-4c5a-9ba6-d18c31f258b9', { hasContrast: true }),
  model('lucid-realism', '05ce0082-2d80-4a2d-8653-4d1c85e2418e', { hasContrast: true }),
  model('phoenix-1.0', 'de7d3faf-762f-48e0-b3b7-9d0ac3a3fcf3', { hasContrast: true }),
  {
    model: 'leonardo/kino-xl',
    wireModel: 'aa77f04e-3eec-4034-9c07-d0f619684628',
    capabilities: {
      ...common,
      operations: ['generate', 'edit'],
      maxInputs: 1,
      controls: ['style', 'structure', 'canny', 'depth', 'pose'],
      parameters: [...common.parameters, 'guidance', 'steps', 'strength'],
      styles: presets,
    },
  },
]
