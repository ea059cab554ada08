/**
 * Models of Workers AI that draw, as in prices/cloudflare.json. Members and limits: the model catalogue of
 * github.com/cloudflare/cloudflare-docs (src/content/workers-ai-models), and for FLUX.2 Cloudflare's changelog of 2025-11-25 and
 * 2026-01-28.
 */
import type { Capabilities, OptionalParameter, SizeRule } from '../../core/capability.ts'
import type { KnownModel } from '../kit/offers.ts'

export interface CloudflareModel extends KnownModel {
  /** How a call is written, and what its answer is. */
  readonly call: 'json' | 'form'
  readonly answer: 'json' | 'image'
  /** What it calls the number of steps; absent: it is fixed. */
  readonly stepsField?: 'steps' | 'num_steps'
  /** False: it makes one size and is told none. */
  readonly isSized: boolean
}

const square = { width: 1024, height: 1024 }

const common: Capabilities = {
  operations: ['generate'],
  sizes: { kind: 'list', sizes: [square] },
  defaultSize: square,
  qualities: [],
  maxN: 1,
  // What comes back; there is no member to ask for another.
  formats: ['jpeg'],
  defaultFormat: 'jpeg',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 2048,
  parameters: [],
  cancelStopsBilling: false,
  asyncJobs: false,
}

/** Any pixels are taken; the grid is ours, so that the models are not asked for what their patches cannot make. */
const upTo = (maxEdge: number, minEdge: number): SizeRule => ({
  kind: 'area',
  multipleOf: 16,
  minEdge,
  maxEdge,
  minPixels: minEdge * minEdge,
  maxPixels: maxEdge * maxEdge,
  maxAspect: maxEdge / minEdge,
})

/** Four pictures to follow, each of at most 512 x 512. */
const flux2 = (name: string, parameters: readonly OptionalParameter[], steps?: Capabilities['steps']): CloudflareModel => ({
  model: `black-forest-labs/flux.2-${name}`,
  wireModel: `@cf/black-forest-labs/flux-2-${name}`,
  call: 'form',
  answer: 'json',
  isSized: true,
  ...(steps && { stepsField: 'steps' as const }),
  capabilities: {
    ...common,
    operations: ['generate', 'edit'],
    sizes: upTo(1920, 256),
    maxInputs: 4,
    parameters,
    ...(steps && { steps }),
  },
})

export const cloudflareModels: readonly CloudflareModel[] = [
  {
    model: 'black-forest-labs/flux.1-schnell',
    wireModel: '@cf/black-forest-labs/flux-1-schnell',
    call: 'json',
    answer: 'json',
    stepsField: 'steps',
    isSized: false,
    capabilities: { ...common, parameters: ['steps'], steps: { default: 4, min: 1, max: 8 } },
  },
  {
    model: 'leonardo/lucid-origin',
    wireModel: '@cf/leonardo/lucid-origin',
    call: 'json',
    answer: 'json',
    stepsField: 'num_steps',
    isSized: true,
    capabilities: {
      ...common,
      sizes: upTo(2496, 256),
      defaultSize: { width: 1120, height: 1120 },
      parameters: ['steps', 'seed', 'guidance'],
      // The catalogue has no default; that of Phoenix is sent.
      steps: { default: 25, min: 1, max: 40 },
    },
  },
  {
    model: 'leonardo/phoenix-1.0',
    wireModel: '@cf/leonardo/phoenix-1.0',
    call: 'json',
    answer: 'image',
    stepsField: 'num_steps',
    isSized: true,
    capabilities: {
      ...common,
      sizes: upTo(2048, 256),
      parameters: ['steps', 'seed', 'guidance', 'negativePrompt'],
      steps: { default: 25, min: 1, max: 50 },
    },
  },
  // Its tiles are billed by the step; the book has the price of 25.
  flux2('dev', ['seed', 'guidance'], { default: 25, min: 25, max: 25 }),
  // Distilled: always four steps.
  flux2('klein-4b', ['seed']),
  flux2('klein-9b', ['seed']),
]
