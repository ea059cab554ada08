/**
 * What OpenAI's image models can do. Sources: openai-node 7.57.0 (2026-11-13) for models, formats, qualities, parameters and
 * retirements; the Images guide for the size grid; its pixel budget and floor as measured by third parties, 2026-11-09.
 */
import type { Capabilities, OptionalParameter, SizeRule } from '../../core/capability.ts'
import type { Size } from '../../core/request.ts'
import type { KnownModel } from '../kit/offers.ts'

const standardSizes: SizeRule = {
  kind: 'list',
  sizes: [
    { width: 1024, height: 1024 },
    { width: 1536, height: 1024 },
    { width: 1024, height: 1536 },
  ],
}

/** Multiples of 16, aspect 1:3 to 3:1, at most 3840x2160 pixels; above 2560x1440 the provider calls it experimental. */
const freeSizes: SizeRule = {
  kind: 'area',
  multipleOf: 16,
  minEdge: 16,
  maxEdge: 3840,
  minPixels: 655_360,
  maxPixels: 3840 * 2160,
  maxAspect: 3,
}

const common: readonly OptionalParameter[] = ['outputCompression', 'moderation']
const animated: readonly OptionalParameter[] = [...common, 'complexity', 'frameCount', 'frameDurationMs', 'svg', 'markup']

const gptImage: Capabilities = {
  operations: ['generate', 'edit'],
  sizes: standardSizes,
  defaultSize: { width: 1024, height: 1024 },
  qualities: ['low', 'medium', 'high'],
  defaultQuality: 'medium',
  maxN: 10,
  formats: ['png', 'jpeg', 'webp'],
  defaultFormat: 'png',
  backgrounds: ['transparent', 'opaque'],
  maxInputs: 16,
  mask: true,
  maxPromptChars: 32_000,
  parameters: common,
  maxPartialImages: 3,
  cancelStopsBilling: false,
  asyncJobs: false,
}

const gptImage25: Capabilities = {
  ...gptImage,
  sizes: freeSizes,
  qualities: ['low', 'medium', 'high', 'xhigh', 'max'],
  formats: ['png', 'jpeg', 'webp', 'gif', 'svg'],
  parameters: animated,
}

const listed = (...sizes: readonly Size[]): SizeRule => ({ kind: 'list', sizes })
const square = (edge: number): Size => ({ width: edge, height: edge })

const { maxPartialImages: _, ...still } = gptImage

const dallE: Capabilities = {
  ...still,
  operations: ['generate'],
  backgrounds: [],
  formats: ['png'],
  maxInputs: 0,
  mask: false,
  parameters: [],
}

const model = (
  name: string,
  capabilities: Capabilities,
  extra: Pick<KnownModel, 'retiredAt' | 'replacedBy'> = {},
): KnownModel => ({
  model: `openai/${name}`,
  wireModel: name,
  capabilities,
  ...extra,
})
const retired = (retiredAt: string) => ({ retiredAt, replacedBy: 'openai/gpt-image-2' })

/** Generations before GPT Image: they answer with links unless told otherwise, always in PNG, and refuse to be asked for a format. */
export const isDallE = (model: string): boolean => /^openai\/dall-e-/.test(model)

export const openaiModels: readonly KnownModel[] = [
  model('gpt-image-2', { ...gptImage, sizes: freeSizes }),
  model('gpt-image-2.5-sunburst', gptImage25),
  model('gpt-image-2.5-flare', gptImage25),
  model('gpt-image-2.6-sunburst', gptImage25),
  model('gpt-image-2.6-flare', gptImage25),
  model('gpt-image-1.5', { ...gptImage, parameters: [...common, 'inputFidelity'] }),
  model('gpt-image-1-mini', { ...gptImage, parameters: [...common, 'inputFidelity'] }),
  model('chatgpt-image-latest', gptImage),
  model('gpt-image-1', gptImage, retired('2026-10-23')),
  model(
    'dall-e-3',
    {
      ...dallE,
      sizes: listed(square(1024), { width: 1792, height: 1024 }, { width: 1024, height: 1792 }),
      qualities: ['standard', 'hd'],
      defaultQuality: 'standard',
      maxN: 1,
      maxPromptChars: 4000,
      parameters: ['style'],
      styles: ['vivid', 'natural'],
    },
    retired('2026-05-12'),
  ),
  model(
    'dall-e-2',
    {
      ...dallE,
      sizes: listed(square(256), square(512), square(1024)),
      qualities: ['standard'],
      defaultQuality: 'standard',
      maxPromptChars: 1000,
    },
    retired('2026-05-12'),
  ),
]

/**
 * Models whose page names the Batch API, or OpenAI's announcement of it for images (generations and edits, half the price). The later
 * ones are likely to have it too, but no page in reach says so.
 */
const batchModels: ReadonlySet<string> = new Set(['gpt-image-2', 'gpt-image-1.5', 'gpt-image-1-mini'])

/** The model in the lane that answers within a day: as a file, so nothing is streamed, and as JSON, which has no place for markup. */
export function inBatch(known: KnownModel): KnownModel {
  const { maxPartialImages: _, parameters, ...rest } = known.capabilities
  return {
    ...known,
    tier: 'batch',
    capabilities: {
      ...rest,
      parameters: parameters.filter((name) => name !== 'markup'),
      asyncJobs: true,
      cancelStopsBilling: true,
    },
  }
}

export const openaiBatchModels: readonly KnownModel[] = openaiModels
  .filter(({ wireModel }) => batchModels.has(wireModel))
  .map(inBatch)

const newest = openaiModels.find((known) => known.wireModel === 'gpt-image-2') as KnownModel

/** The entry by wire name or `publisher/name`; a dated snapshot or an unknown model starts from its nearest relative. */
export function openaiModelOf(wireModel: string, model: string): KnownModel {
  const bare = wireModel.replace(/^openai\//, '')
  const exact = openaiModels.find((known) => known.wireModel === bare || known.model === model)
  if (exact) return { ...exact, wireModel: exact.wireModel === bare ? bare : wireModel }
  const relatives = openaiModels.filter((known) => bare.startsWith(`${known.wireModel}-`) && known.retiredAt === undefined)
  const relative = relatives.sort((a, b) => b.wireModel.length - a.wireModel.length)[0] ?? newest
  return {
    model: /^gpt-image|^chatgpt-image/.test(bare) ? `openai/${bare}` : model,
    wireModel: bare,
    capabilities: relative.capabilities,
  }
}
