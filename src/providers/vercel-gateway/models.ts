/**
 * Image models of Vercel's AI Gateway: ids of @ai-sdk/gateway 4.0.146 (GatewayImageModelId). What OpenAI's can do is known; of the
 * others one picture of a size that is passed on, unless their makers say more.
 */
import type { Capabilities } from '../../core/capability.ts'
import type { KnownModel } from '../kit/offers.ts'
import { openaiModels } from '../openai-dialect/openai-models.ts'

/** Of a model that is not in the list; what is declared comes on top. */
export const unlistedCapabilities: Capabilities = {
  operations: ['generate'],
  sizes: { kind: 'any' },
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 1,
  formats: ['png'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 32_000,
  parameters: ['seed'],
  cancelStopsBilling: false,
  asyncJobs: false,
}

const model = (wireModel: string, name: string, can: Partial<Capabilities> = {}): KnownModel => ({
  model: name,
  wireModel,
  capabilities: { ...unlistedCapabilities, ...can },
})

const edits = (maxInputs: number): Partial<Capabilities> => ({ operations: ['generate', 'edit'], maxInputs })

/** No streams, and of the parameters only those that the options of the SDK for OpenAI have. */
const openai = openaiModels
  .filter(({ wireModel }) => /^gpt-image-(1-mini|1\.5|2|2\.[56]-(flare|sunburst))$/.test(wireModel))
  .map(({ model: name, wireModel, capabilities: { maxPartialImages: _, ...can } }): KnownModel => {
    const formats = can.formats.filter((format) => format === 'png' || format === 'jpeg' || format === 'webp')
    const capabilities = { ...can, formats, parameters: ['outputCompression'] as const }
    return { model: name, wireModel: `openai/${wireModel}`, capabilities }
  })

export const vercelModels: readonly KnownModel[] = [
  ...openai,
  ...['flex', 'klein-4b', 'klein-9b', 'max', 'pro'].map((name) =>
    model(`bfl/flux-2-${name}`, `black-forest-labs/flux.2-${name}`, edits(4)),
  ),
  model('bfl/flux-3-image', 'black-forest-labs/flux.3-image', edits(4)),
  model('bfl/flux-3-image-klein', 'black-forest-labs/flux.3-image-klein', {
    ...edits(4),
    sizes: {
      kind: 'area',
      multipleOf: 16,
      minEdge: 256,
      maxEdge: 1504,
      minPixels: 256 * 256,
      maxPixels: 1_500_000,
      maxAspect: 4,
    },
  }),
  model('bfl/flux-kontext-pro', 'black-forest-labs/flux.1-kontext-pro', edits(1)),
  model('bfl/flux-kontext-max', 'black-forest-labs/flux.1-kontext-max', edits(1)),
  model('bytedance/seedream-4.5', 'bytedance/seedream-4.5', edits(10)),
  model('bytedance/seedream-5.0-lite', 'bytedance/seedream-5.0-lite', edits(10)),
  model('bytedance/seedream-5.0-pro', 'bytedance/seedream-5.0-pro', edits(10)),
  model('meta/muse-image-1.0', 'meta/muse-image-1.0'),
  model('microsoft/mai-image-2.6', 'microsoft/mai-image-2.6', edits(5)),
  model('microsoft/mai-image-2.6-flash', 'microsoft/mai-image-2.6-flash', edits(5)),
  model('minimax/minimax-h3-image-highspeed', 'minimax/h3-image-highspeed'),
  model('prodia/flux-fast-schnell', 'prodia/flux-fast-schnell'),
  ...['v3', 'v4', 'v4-pro', 'v4.1', 'v4.1-flash', 'v4.1-pro'].map((name) =>
    model(`recraft/recraft-${name}`, `recraft/recraft-${name}`, { parameters: [] }),
  ),
  model('spacexai/grok-imagine-image-2.0', 'xai/grok-imagine-image-2.0'),
]
