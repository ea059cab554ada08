/** What an offer can do. A capability not declared is not there; nothing is assumed from the provider's name. */
import type { Background, ControlKind, Operation, OutputFormat, Quality, Size } from './request.ts'

/** The sizes an offer really makes. `area` is for grids such as "multiples of 16, aspect 1:3 to 3:1". */
export type SizeRule =
  | { readonly kind: 'list'; readonly sizes: readonly Size[] }
  | {
      readonly kind: 'area'
      readonly multipleOf: number
      readonly minEdge: number
      readonly maxEdge: number
      readonly minPixels: number
      readonly maxPixels: number
      /** Longer edge / shorter edge. */
      readonly maxAspect: number
    }
  /** A server that does not say: any size is passed on and checked against what comes back. */
  | { readonly kind: 'any' }

export interface Capabilities {
  readonly operations: readonly Operation[]
  readonly sizes: SizeRule
  /** What `auto` or a missing size becomes when the offer decides from nothing but its own default. */
  readonly defaultSize: Size
  /** Empty: the offer has no quality setting, and a requested quality is unsupported. */
  readonly qualities: readonly Quality[]
  /** What `auto` or a missing quality becomes; absent exactly when `qualities` is empty. */
  readonly defaultQuality?: Quality
  /** Images one call can return. */
  readonly maxN: number
  readonly formats: readonly OutputFormat[]
  readonly defaultFormat: OutputFormat
  readonly backgrounds: readonly Background[]
  /** Input images (image and reference roles) per call; 0 without edits. */
  readonly maxInputs: number
  readonly mask: boolean
  /** Control images it reads, one per call; absent: none. */
  readonly controls?: readonly ControlKind[]
  /** Named looks the `style` parameter takes; absent: any text is passed on. */
  readonly styles?: readonly string[]
  /** For `upscale`: factors each edge can be multiplied by, the first being the default, and the most pixels it returns. */
  readonly upscale?: { readonly factors: readonly number[]; readonly maxPixels: number }
  /** The picture has the size of its input and no other; `sizes` and `defaultSize` are then for show. */
  readonly sizeFromInput?: true
  /** What every request to it must carry: an offer that only inpaints needs a mask. */
  readonly needs?: readonly Need[]
  /** Members of `extra_body.<provider>` it cannot do without, such as the thing to search for; never eligible without them. */
  readonly needsExtra?: readonly string[]
  /** Inference steps where they are priced: what a missing count becomes, and what `steps` may be; absent: the provider's own. */
  readonly steps?: { readonly default: number; readonly min: number; readonly max: number }
  /** 0: it takes no prompt. */
  readonly maxPromptChars: number
  /** Optional parameters this offer takes, in the request's own names. */
  readonly parameters: readonly OptionalParameter[]
  /** Partial images per stream; `undefined` = no streaming at all. Halftone can still stream the final image. */
  readonly maxPartialImages?: number
  /** Aborting an attempt in flight (for a job: cancelling it) stops the bill. */
  readonly cancelStopsBilling: boolean
  /** The provider answers at once with a job id that can be polled after a crash. */
  readonly asyncJobs: boolean
}

export type Need = 'image' | 'mask' | 'control' | 'outpaint' | 'prompt'

export const optionalParameters = [
  'outputCompression',
  'moderation',
  'style',
  'inputFidelity',
  'complexity',
  'frameCount',
  'frameDurationMs',
  'svg',
  'seed',
  'negativePrompt',
  'steps',
  'guidance',
  'strength',
  'outpaint',
  'markup',
] as const
export type OptionalParameter = (typeof optionalParameters)[number]
