/**
 * Qwen-Image at Alibaba Cloud Model Studio. Sources: its API references "Qwen-Image" (2026-03-18), "Qwen image generation and
 * editing" (2026-10-12) and "Qwen-Image Edit" for models, sizes, counts and forms; resellers' copies of them for the members.
 */
import type { Capabilities, SizeRule } from '../../core/capability.ts'
import { parseSize } from '../../core/request.ts'
import type { KnownModel } from '../kit/offers.ts'

export interface QwenModel extends KnownModel {
  /** Submitted as a task and asked about; the others answer with the picture. */
  readonly isTask?: true
  /** Gives an edited picture the size of its input and takes no other. */
  readonly keepsSize?: true
}

/** 512 x 512 to 2048 x 2048 pixels, edges as one likes. */
const freeSizes: SizeRule = {
  kind: 'area',
  multipleOf: 16,
  minEdge: 256,
  maxEdge: 4096,
  minPixels: 512 * 512,
  maxPixels: 2048 * 2048,
  maxAspect: 8,
}

const listedSizes: SizeRule = {
  kind: 'list',
  sizes: '1328x1328 1664x928 1472x1104 1104x1472 928x1664'.split(' ').flatMap((size) => parseSize(size) ?? []),
}

const common: Capabilities = {
  operations: ['generate'],
  sizes: listedSizes,
  defaultSize: { width: 1328, height: 1328 },
  qualities: [],
  maxN: 1,
  formats: ['png'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 800,
  parameters: ['seed', 'negativePrompt'],
  cancelStopsBilling: false,
  asyncJobs: false,
}

const both: Partial<Capabilities> = {
  operations: ['generate', 'edit'],
  sizes: freeSizes,
  defaultSize: { width: 2048, height: 2048 },
  maxInputs: 3,
}

/** Only pictures that were made are billed, so a task that is cancelled while it waits costs nothing. */
const task: Partial<Capabilities> = { asyncJobs: true, cancelStopsBilling: true }
const edits: Partial<Capabilities> = { ...both, operations: ['edit'], needs: ['image'] }

function qwen(name: string, differs: Partial<Capabilities>, more: Pick<QwenModel, 'isTask' | 'keepsSize'> = {}): QwenModel {
  return { model: `alibaba/${name}`, wireModel: name, ...more, capabilities: { ...common, ...differs } }
}

export const qwenModels: readonly QwenModel[] = [
  qwen('qwen-image-2.0', { ...both, maxN: 6 }),
  qwen('qwen-image-2.0-pro', { ...both, maxN: 6 }),
  qwen('qwen-image-3.0', { ...both, maxPromptChars: 5_000 }),
  qwen('qwen-image-3.0-pro', { ...both, maxPromptChars: 5_000 }),
  qwen('qwen-image-max', {}),
  qwen('qwen-image-plus', task, { isTask: true }),
  qwen('qwen-image', task, { isTask: true }),
  qwen('qwen-image-edit-max', { ...edits, maxN: 6 }),
  qwen('qwen-image-edit-plus', { ...edits, maxN: 6 }),
  qwen('qwen-image-edit', { ...edits, maxInputs: 1, sizes: { kind: 'any' }, sizeFromInput: true }, { keepsSize: true }),
]
