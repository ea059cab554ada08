/** Offers (ways to buy) and candidates (an offer with every setting resolved). */
import type { Capabilities } from './capability.ts'
import { describeStep, enlargementOf, type FinishingStep } from './finishing.ts'
import type { OfferFacts } from './offer-facts.ts'
import { type Background, formatSize, type OutputFormat, type Quality, type Size } from './request.ts'

/** `<provider>:<publisher>/<model>[@<region>][+<tier>]`; immutable and never reused. */
export type OfferId = string

export interface Offer {
  readonly id: OfferId
  /** The configured account: its name under `providers` in the config. */
  readonly provider: string
  /** The codec's id, such as `openai`; also the price book's. */
  readonly providerType: string
  /** `publisher/name`. */
  readonly model: string
  /** What the provider calls it on the wire. */
  readonly wireModel: string
  readonly region?: string
  readonly tier?: string
  readonly capabilities: Capabilities
  /** Sandbox offers draw locally, spend nothing and are never eligible beside real ones. */
  readonly sandbox: boolean
  /** Tries again at this offer after an unbilled failure; absent: the route's. */
  readonly retries?: number
  /** The wire format was not confirmed by an official source; never chosen by `auto`. */
  readonly assumed?: boolean
  /** ISO date after which the provider no longer serves it; requests then get `model_retired`. */
  readonly retiredAt?: string
  readonly replacedBy?: string
  /** What is known of where it runs, what is kept and what the picture may be used for; absent: nothing. */
  readonly facts?: OfferFacts
}

/** Settings as they will be sent. A codec sends exactly these and decides nothing itself. */
export interface CandidateSettings {
  readonly size: Size
  readonly quality?: Quality
  readonly format: OutputFormat
  readonly background?: Background
  readonly steps?: number
  /** Images this one attempt asks for. */
  readonly n: number
}

export interface Candidate {
  readonly offer: Offer
  readonly settings: CandidateSettings
  /** What is done here to each picture before it is answered; absent: nothing. */
  readonly finishing?: readonly FinishingStep[]
  /** Each picture is bought opaque and cut out by the first of these that can; absent: it is returned as it was made. */
  readonly cutOut?: readonly Candidate[]
  /** Each picture is bought smaller and enlarged by the first of these that can; never together with `cutOut`. */
  readonly upscaled?: readonly Candidate[]
  /** Parameters that were dropped because the client allows it, or changed by the offer's documented rule. */
  readonly warnings: readonly Warning[]
}

/** A machine-readable notice in `x-halftone-warnings` (code only) and in the body (all of it). */
export interface Warning {
  readonly code: WarningCode
  readonly param?: string
  readonly message: string
}

export const warningCodes = {
  not_recorded: 'A text call that was passed through asked for pictures: what they cost is in no ledger and no budget.',
  parameter_dropped: 'A parameter this offer cannot use was left out, as the client allowed.',
  parameter_ignored: 'The provider is known to ignore this parameter.',
  size_differs: 'The returned image has another size than the one asked for.',
  format_differs: 'The returned image has another format than the one asked for.',
  partial_success: 'Fewer images than asked for were made.',
  images_left_out: 'The provider made more images than were asked for; the first ones are returned.',
  fallback_used: 'The first choice failed and another offer made the image.',
  hedged: 'The first call was slow, so another offer was asked as well; both are paid for.',
  explored: 'The route tries an offer of which little is known; the usual choice stands behind it.',
  cost_estimated: 'The provider reported no usage; the cost is an estimate.',
  usage_unrecognized: 'The provider reported usage that no meter stands for; it is kept with the attempt.',
  soft_budget_reached: 'A soft budget has reached its limit; it does not refuse.',
  soft_budget_cheaper: 'A soft budget has reached its limit, and the route takes what is cheaper.',
  cost_above_hold: 'The provider charged more than was held.',
  size_adjusted: 'The offer does not make the size asked for; its nearest one was taken, as the client allowed.',
  prompt_revised: 'The provider rewrote the prompt.',
  text_not_drawn: 'The picture was drawn from SVG whose text has no font here, so the text is missing.',
  group_switched: 'The offer of the group could not serve; another one made the picture, which may look different.',
  cut_out: 'Another offer cut the picture out of its background.',
  upscaled: 'Another offer enlarged the picture.',
  finishing_failed: 'The picture could not be converted or resized here; it is returned as the provider made it.',
  joined_retry: 'This retry was answered by the first call; nothing was paid twice.',
  reused: 'An equal request was answered before, and its pictures are given again; nothing was paid.',
} as const satisfies Record<string, string>
export type WarningCode = keyof typeof warningCodes

export function offerId(parts: { provider: string; model: string; region?: string; tier?: string }): OfferId {
  return `${parts.provider}:${parts.model}${parts.region ? `@${parts.region}` : ''}${parts.tier ? `+${parts.tier}` : ''}`
}

/** What is bought, and learned about: offer and quality; a quality tier is its own product. */
export const boughtKey = ({ offer, settings }: Candidate): string =>
  settings.quality ? `${offer.id}#${settings.quality}` : offer.id

/** What is returned: an enlarged picture is another product than one that was made so large, as in `#medium~up2`. */
export const candidateKey = (candidate: Candidate): string => boughtKey(candidate) + changedSuffix(candidate)

/** What is done to the picture after it was made, in words and in order. */
export const describeFinishing = ({ finishing = [], cutOut: [cutter] = [], upscaled: [upscaler] = [] }: Candidate): string[] => [
  ...(cutter ? [`cut out by ${cutter.offer.id}`] : []),
  ...(upscaler ? [`enlarged to ${formatSize(upscaler.settings.size)} by ${upscaler.offer.id}`] : []),
  ...finishing.map(describeStep),
]

/** Empty for what is neither enlarged nor cut out. */
export function changedSuffix(candidate: Pick<Candidate, 'finishing' | 'cutOut' | 'upscaled' | 'settings'>): string {
  const { finishing, cutOut, upscaled: [upscaler] = [] } = candidate
  const factor = enlargementOf(finishing)
  const bought = upscaler ? `~upscaled${Math.round(upscaler.settings.size.width / candidate.settings.size.width)}` : ''
  return `${cutOut ? '~cut' : ''}${bought}${factor === undefined ? '' : `~up${factor}`}`
}

/** What another offer does to each picture after it was made. */
export interface BoughtStep {
  readonly kind: 'cut_out' | 'upscale'
  /** First choice first; never empty. */
  readonly by: readonly Candidate[]
}

/** Undefined: the picture is returned as its offer makes it, or finished here. */
export function boughtStepOf({ cutOut, upscaled }: Pick<Candidate, 'cutOut' | 'upscaled'>): BoughtStep | undefined {
  if (cutOut) return { kind: 'cut_out', by: cutOut }
  return upscaled && { kind: 'upscale', by: upscaled }
}
