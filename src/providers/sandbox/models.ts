/** The five sandbox models: each has another price form, another latency and another fineness. */
import type { Capabilities } from '../../core/capability.ts'
import { type Offer, offerId } from '../../core/offer.ts'
import type { Quality, Size } from '../../core/request.ts'
import { type Usage, wholeUnits } from '../../core/usage.ts'
import { createRandom, hashText } from './random.ts'

/** What usage and latency are computed from. */
export interface Work {
  readonly prompt: string
  readonly seed: number
  /** 0 plain to 1, from the prompt features. */
  readonly complexity: number
  readonly size: Size
  readonly quality?: Quality
  /** Images made. */
  readonly images: number
  readonly partials: number
}

export interface SandboxModel {
  readonly name: string
  readonly capabilities: Capabilities
  /** Its lane, when it is not answered at once. */
  readonly tier?: string
  latencyMs(work: Work): number
  /** 0 coarse to 1 fine. */
  detail(quality: Quality | undefined): number
  usage(work: Work): Usage
}

const basic: Capabilities = {
  operations: ['generate', 'edit', 'variation'],
  sizes: { kind: 'area', multipleOf: 8, minEdge: 64, maxEdge: 2048, minPixels: 64 * 64, maxPixels: 2048 * 2048, maxAspect: 32 },
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 4,
  formats: ['png', 'jpeg', 'webp'],
  defaultFormat: 'png',
  backgrounds: ['opaque'],
  maxInputs: 4,
  mask: true,
  maxPromptChars: 32_000,
  parameters: ['seed', 'outputCompression'],
  cancelStopsBilling: false,
  asyncJobs: false,
}

const megapixels = ({ width, height }: Size): number => (width * height) / 1_000_000
const tokenBounds = { reasoning: [200, 2000], image: [1000, 4000], perPartial: 100 } as const

/** Around the prompt's complexity, as quotes expect it; the seed adds its share, so that the same request costs the same. */
function thinkingTokens({ prompt, seed, complexity }: Work, kind: 'reasoning' | 'image'): number {
  const [low, high] = tokenBounds[kind]
  const luck = createRandom(hashText(`${kind}|${prompt}|${seed}`)).between(-0.15, 0.15)
  return Math.round(low + (high - low) * Math.min(1, Math.max(0, complexity + luck)))
}

const flatLatencyMs: Readonly<Partial<Record<Quality, number>>> = { low: 400, medium: 800, high: 1500 }
const flatDetail: Readonly<Partial<Record<Quality, number>>> = { low: 0, medium: 0.5, high: 1 }

const models: readonly SandboxModel[] = [
  {
    name: 'flat',
    capabilities: {
      ...basic,
      operations: [...basic.operations, 'remove_background'],
      qualities: ['low', 'medium', 'high'],
      defaultQuality: 'medium',
      maxN: 10,
      backgrounds: ['opaque', 'transparent'],
    },
    latencyMs: ({ quality = 'medium' }) => flatLatencyMs[quality] ?? 800,
    detail: (quality = 'medium') => flatDetail[quality] ?? 0.5,
    usage: ({ images }) => ({ 'images.out': wholeUnits(images) }),
  },
  {
    name: 'mega',
    capabilities: {
      ...basic,
      operations: [...basic.operations, 'upscale'],
      upscale: { factors: [2, 3, 4], maxPixels: 4096 * 4096 },
    },
    latencyMs: ({ size, images }) => 300 + 900 * megapixels(size) * images,
    detail: () => 0.4,
    usage: ({ images, size }) => ({ 'megapixels.out': BigInt(size.width * size.height * images) }),
  },
  {
    name: 'thinking',
    capabilities: { ...basic, backgrounds: ['opaque', 'transparent'], maxPartialImages: 3 },
    latencyMs: ({ complexity, images }) => 2500 + 3500 * complexity + 800 * images,
    detail: () => 1,
    usage: (work) => ({
      'tokens.text.in': wholeUnits(Math.max(1, Math.ceil(work.prompt.length / 4))),
      'tokens.text.out': wholeUnits(thinkingTokens(work, 'reasoning')),
      'tokens.image.out': wholeUnits(thinkingTokens(work, 'image') * work.images + tokenBounds.perPartial * work.partials),
    }),
  },
  {
    name: 'visual',
    capabilities: basic,
    latencyMs: ({ images }) => 1200 + 400 * images,
    detail: () => 0.75,
    // One token for each patch of 16 x 16 pixels, and parts of it: edges are multiples of 8, so this division is exact.
    usage: ({ images, size }) => ({ 'tokens.visual': (wholeUnits(size.width * size.height) * BigInt(images)) / 256n }),
  },
  {
    name: 'batch',
    tier: 'batch',
    capabilities: { ...basic, asyncJobs: true },
    latencyMs: ({ images }) => 8000 + 2000 * images,
    detail: () => 0.6,
    usage: ({ images }) => ({ 'images.out': wholeUnits(images) }),
  },
]

export const sandboxModels: ReadonlyMap<string, SandboxModel> = new Map(models.map((model) => [model.name, model]))

export const sandboxOffers = (provider: string): readonly Offer[] =>
  models.map(({ name, capabilities, tier }) => ({
    id: offerId({ provider, model: `sandbox/${name}`, ...(tier !== undefined && { tier }) }),
    ...(tier !== undefined && { tier }),
    provider,
    providerType: 'sandbox',
    model: `sandbox/${name}`,
    wireModel: name,
    capabilities,
    sandbox: true,
  }))
