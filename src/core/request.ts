/** What the client asked for, normalized and free of any provider's spelling. */
import type { Fit } from './finishing.ts'
import type { JsonObject } from './json.ts'
import type { FactRequirement } from './offer-facts.ts'

export const operations = ['generate', 'edit', 'variation', 'upscale', 'remove_background'] as const
export type Operation = (typeof operations)[number]

/** Pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

export const qualities = ['low', 'medium', 'high', 'xhigh', 'max', 'standard', 'hd'] as const
export type Quality = (typeof qualities)[number]

export const outputFormats = ['png', 'jpeg', 'webp', 'gif', 'svg'] as const
export type OutputFormat = (typeof outputFormats)[number]

export type Background = 'transparent' | 'opaque'

/**
 * `image` is edited; `reference` only guides; `mask` says where (alpha 0 = edit); `markup` is a drawn overlay; `control` fixes
 * the structure: its `control` says how it is read.
 */
export type InputRole = 'image' | 'reference' | 'mask' | 'markup' | 'control'

/** How a control image is read. `structure` keeps the layout of any picture, `style` its look, `sketch` is a drawing to fill in. */
export const controlKinds = ['canny', 'depth', 'pose', 'scribble', 'sketch', 'structure', 'style'] as const
export type ControlKind = (typeof controlKinds)[number]

/** An input image, spooled once to a blob; every attempt re-reads it. */
export interface ImageInput {
  readonly role: InputRole
  /** Hex SHA-256 of the bytes; also the blob's id. */
  readonly sha256: string
  readonly bytes: number
  readonly mediaType: string
  readonly width: number
  readonly height: number
  /** Of a `control` image. */
  readonly control?: ControlKind
  /** Of a `control` image: how strictly it is followed, 0..1; absent: the offer's default. */
  readonly controlStrength?: number
  /** As uploaded, for multipart providers; never used as a path. */
  readonly filename?: string
}

/** Pixels to add at each side. */
export interface Outpaint {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Who asked and what for; never sent to a provider unless a codec says so. */
export interface Attribution {
  /** The end customer: `safety_identifier`, else `user`. */
  readonly endCustomer?: string
  readonly group?: string
  readonly tags: Readonly<Record<string, string>>
}

/**
 * A normalized request. `undefined` means the client did not say: each offer then resolves its own documented default, and
 * the resolved value is what is sent, priced and recorded.
 */
export interface ImageRequest {
  readonly operation: Operation
  /** As sent by the client: route, offer id, `publisher/name` or bare name. */
  readonly model: string
  readonly prompt: string
  /** Images wanted, at least 1. */
  readonly n: number
  /** `auto` and absent are the same. */
  readonly size?: Size
  /** Instead of a size: each offer takes its own size of this shape, nearest to its default area. */
  readonly aspectRatio?: Size
  readonly quality?: Quality
  readonly background?: Background
  readonly outputFormat?: OutputFormat
  /** 0..100, for jpeg and webp. */
  readonly outputCompression?: number
  readonly moderation?: 'low' | 'auto'
  /** A named look: `vivid` and `natural` of DALL-E 3, or one of the offer's own. */
  readonly style?: string
  readonly inputFidelity?: 'high' | 'low'
  readonly complexity?: 'low' | 'medium' | 'high'
  readonly frameCount?: number
  readonly frameDurationMs?: number
  readonly svg?: { readonly model?: string; readonly reasoningEffort?: string }
  readonly seed?: number
  readonly negativePrompt?: string
  readonly steps?: number
  readonly guidance?: number
  /** How far an edit or a variation may leave its input, 0 (not at all) to 1. */
  readonly strength?: number
  /** Pixels added at each side of the input, for edits that extend it. */
  readonly outpaint?: Outpaint
  /** Upscaling: each edge times this. */
  readonly scale?: number
  readonly inputs: readonly ImageInput[]
  readonly stream: boolean
  /** Partial images wanted on a stream, 0..3. */
  readonly partialImages: number
  readonly responseFormat: 'b64_json' | 'url'
  readonly attribution: Attribution
  /** Parameters passed through untouched, by provider type or configured provider name: `extra_body.<provider>`. */
  readonly extraBody: Readonly<Record<string, JsonObject>>
}

/** What the client allows and wants of this one call, besides the picture. */
export interface RequestOptions {
  /** Offers, models or providers: only these, none of these, these first. */
  readonly only?: readonly string[]
  readonly ignore?: readonly string[]
  readonly order?: readonly string[]
  /** Facts that an offer has to have, besides those the route requires; what is unknown is not had. */
  readonly require?: FactRequirement
  /** Models to fall back to when `model` cannot serve, in this order. */
  readonly fallbackModels?: readonly string[]
  /** Least quality of this request: a named level or `publisher/name@quality`; it never lowers the route's. */
  readonly floor?: string
  /** Refuse candidates whose maximum all-in price for the whole request is above this. */
  readonly maxCostNanoUsd?: bigint
  /** The quote whose maximum the whole request is held to. */
  readonly quoteId?: string
  readonly deadlineMs?: number
  /** Nobody waits for it: every lane may be used, and being late costs nothing before the deadline. */
  readonly economy?: boolean
  /** Pictures that are planned in the group: its first request chooses by the price of all of them. */
  readonly groupSize?: number
  /** Take a picture of another size and cut (`cover`) or pad (`contain`) it here. */
  readonly fit?: Fit
  /** Take a smaller picture and enlarge it here. */
  readonly upscale?: 'local'
  /** `none`: the file must come from the provider as it is; absent: another format is converted here. */
  readonly convert?: 'none'
  /** Pictures of an equal request of the same key will do if they are at most so old; 0: new ones, whatever the route says. */
  readonly cacheSeconds?: number
  /** Unsupported parameters become warnings instead of errors. */
  readonly allowUnsupported: boolean
  /** Leave the `halftone` object out of the JSON body. */
  readonly bodyMetadata: boolean
}

export const formatSize = (size: Size): string => `${size.width}x${size.height}`

/** Parse `WIDTHxHEIGHT`; undefined when the text is not of that form. */
export function parseSize(text: string): Size | undefined {
  const match = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text)
  return match ? { width: Number(match[1]), height: Number(match[2]) } : undefined
}

/** Parse `16:9`; undefined when the text is not of that form. */
export function parseAspectRatio(text: string): Size | undefined {
  const match = /^([1-9]\d{0,3}):([1-9]\d{0,3})$/.exec(text)
  return match ? { width: Number(match[1]), height: Number(match[2]) } : undefined
}

export type SizeClass = 'icon' | 'small' | '1k' | '2k' | '4k' | 'larger'

/** A coarse size for rollups: by the pixel count, so that 1024x1536 and 1536x1024 fall together. */
export function sizeClassOf({ width, height }: Size): SizeClass {
  const pixels = width * height
  if (pixels <= 256 * 256) return 'icon'
  if (pixels <= 768 * 768) return 'small'
  if (pixels <= 1536 * 1024) return '1k'
  if (pixels <= 2048 * 2048) return '2k'
  return pixels <= 4096 * 4096 ? '4k' : 'larger'
}
