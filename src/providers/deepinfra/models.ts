/**
 * What DeepInfra serves. Sources: the API pages of FLUX-1-schnell, FLUX-1-dev, FLUX-2-dev, FLUX-2-max, Wan2.7-Image-Edit and
 * Bria/fibo_edit-1.5 on deepinfra.com (copies of 2025 and 2026) for prices, counts and forms; @ai-sdk/deepinfra 3.0.57 (2026-11)
 * for the members of its own call and of edits.
 */
import type { Capabilities, SizeRule } from '../../core/capability.ts'
import type { KnownModel } from '../kit/offers.ts'

/** `tool` takes its picture as a file of its own call; edits otherwise go to the OpenAI-like one. */
export interface DeepInfraModel extends KnownModel {
  readonly tool?: true
}

const grid = (multipleOf: number, maxEdge: number): SizeRule => ({
  kind: 'area',
  multipleOf,
  minEdge: 256,
  maxEdge,
  minPixels: 256 * 256,
  maxPixels: maxEdge * maxEdge,
  maxAspect: 4,
})

const common: Capabilities = {
  operations: ['generate'],
  sizes: grid(16, 1440),
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 1,
  formats: ['png'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 10_000,
  parameters: ['seed'],
  cancelStopsBilling: false,
  asyncJobs: false,
}

const model = (name: string, wireModel: string, differs: Partial<Capabilities> = {}): DeepInfraModel => ({
  model: name,
  wireModel,
  capabilities: { ...common, ...differs },
})

/** The price is in proportion to the steps and the book holds it for these alone, so no others are offered. */
const fixedSteps = (count: number): Pick<Capabilities, 'steps'> => ({ steps: { default: count, min: count, max: count } })

/** Its edits are documented for the OpenAI-like call alone, which takes neither seed nor steps. */
const edits: Partial<Capabilities> = { operations: ['edit'], maxInputs: 1, needs: ['image'], parameters: [] }

/** Bria's tools: the names of their members were seen for one of them only. */
const tool = (name: string, wireModel: string, differs: Partial<Capabilities>): DeepInfraModel => ({
  ...model(name, wireModel, { sizes: { kind: 'any' }, sizeFromInput: true, maxInputs: 1, parameters: [], ...differs }),
  tool: true,
  assumed: true,
})

export const deepInfraModels: readonly DeepInfraModel[] = [
  model('black-forest-labs/flux.2-dev', 'black-forest-labs/FLUX-2-dev', {
    maxN: 4,
    parameters: ['seed', 'guidance'],
    ...fixedSteps(28),
  }),
  model('black-forest-labs/flux.2-max', 'black-forest-labs/FLUX-2-max', { sizes: grid(16, 2048) }),
  model('black-forest-labs/flux.2-pro', 'black-forest-labs/FLUX-2-pro', { sizes: grid(16, 2048) }),
  model('black-forest-labs/flux.2-klein-4b', 'black-forest-labs/FLUX-2-klein-4b'),
  model('black-forest-labs/flux.2-klein-9b', 'black-forest-labs/FLUX-2-klein-9b'),
  model('black-forest-labs/flux.1.1-pro', 'black-forest-labs/FLUX-1.1-pro', { sizes: grid(32, 1440) }),
  model('black-forest-labs/flux.1-pro', 'black-forest-labs/FLUX-pro', { sizes: grid(32, 1440) }),
  model('black-forest-labs/flux.1-dev', 'black-forest-labs/FLUX-1-dev', {
    maxN: 4,
    parameters: ['seed', 'guidance'],
    ...fixedSteps(25),
  }),
  model('black-forest-labs/flux.1-schnell', 'black-forest-labs/FLUX-1-schnell', {
    maxN: 4,
    parameters: ['seed', 'steps'],
    steps: { default: 4, min: 1, max: 4 },
  }),
  model('stability-ai/sdxl-turbo', 'stabilityai/sdxl-turbo', {
    sizes: { kind: 'list', sizes: [{ width: 512, height: 512 }] },
    defaultSize: { width: 512, height: 512 },
    parameters: ['seed', 'negativePrompt'],
  }),
  model('black-forest-labs/flux.1-kontext-dev', 'black-forest-labs/FLUX.1-Kontext-dev', edits),
  model('alibaba/qwen-image-edit', 'Qwen/Qwen-Image-Edit', edits),
  model('alibaba/wan-2.7-image-edit', 'Wan-AI/Wan2.7-Image-Edit', { ...edits, maxInputs: 4 }),
  { ...model('bria/bria-3.2', 'Bria/Bria-3.2'), assumed: true },
  tool('bria/remove-background', 'Bria/remove_background', { operations: ['remove_background'] }),
  tool('bria/replace-background', 'Bria/replace_background', { operations: ['edit'], needs: ['image'] }),
  tool('bria/gen-fill', 'Bria/gen_fill', { operations: ['edit'], needs: ['image', 'mask'], mask: true }),
  tool('bria/erase', 'Bria/erase', { operations: ['edit'], needs: ['image', 'mask'], mask: true }),
]
