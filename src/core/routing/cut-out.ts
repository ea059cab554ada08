/** A picture that one offer makes and another cuts out: a candidate beside those that make transparent pictures themselves. Pure. */
import type { FinishingStep } from '../finishing.ts'
import type { Candidate, Offer } from '../offer.ts'
import type { ImageInput, ImageRequest } from '../request.ts'
import { type Resolved, type ResolveOptions, resolveCandidate, withoutTransparency } from './candidate.ts'
import { mayFinish } from './finish.ts'

/** What is asked of the offer that cuts out: the request's own words, without what only the picture's maker needs. */
export const cutOutRequest = ({ model, attribution }: ImageRequest, image: ImageInput): ImageRequest => ({
  operation: 'remove_background',
  model,
  prompt: '',
  n: 1,
  inputs: [image],
  stream: false,
  partialImages: 0,
  responseFormat: 'b64_json',
  attribution,
  extraBody: {},
})

/** Whether the request can be served by making an opaque picture first. */
export const mayCutOut = (request: ImageRequest): boolean =>
  request.background === 'transparent' &&
  request.operation !== 'remove_background' &&
  (request.outputFormat === undefined || request.outputFormat === 'png' || request.outputFormat === 'webp') &&
  mayFinish(request)

/** As `resolveCandidate`, for an offer that makes no transparent pictures; `cutters`: offers that cut out, first choice first. */
export function resolveCutOut(offer: Offer, asked: ImageRequest, options: ResolveOptions, cutters: readonly Offer[]): Resolved {
  const request = withoutTransparency(asked)
  const made = resolveCandidate(offer, request, options)
  if ('elimination' in made) return made
  const { candidate } = made
  const convert = conversionTo(asked)
  const cutOut = cutters.flatMap((cutter): readonly Candidate[] => {
    const image: ImageInput = { role: 'image', sha256: '', bytes: 0, mediaType: 'image/png', ...candidate.settings.size }
    const resolved = resolveCandidate(cutter, cutOutRequest(request, image), { allowUnsupported: false })
    if ('elimination' in resolved) return []
    const { format } = resolved.candidate.settings
    const isReachable = format === asked.outputFormat || convert === undefined || options.convert !== 'none'
    return format !== 'jpeg' && isReachable ? [resolved.candidate] : []
  })
  if (cutOut.length === 0) {
    const detail = 'makes no transparent pictures, and nothing that cuts out takes its'
    return { elimination: { offer: offer.id, reason: 'background', detail, param: 'background' } }
  }
  // What is in the format already passes through the conversion as it is.
  const finishing = [...(candidate.finishing ?? []), ...(convert && cutOut.some(isOther(asked)) ? [convert] : [])]
  return { candidate: { ...candidate, cutOut, ...(finishing.length > 0 && { finishing }) } }
}

const isOther =
  ({ outputFormat }: ImageRequest) =>
  ({ settings }: Candidate): boolean =>
    settings.format !== outputFormat

function conversionTo({ outputFormat, outputCompression }: ImageRequest): FinishingStep | undefined {
  if (outputFormat !== 'png' && outputFormat !== 'webp') return undefined
  const hasQuality = outputFormat === 'webp' && outputCompression !== undefined
  return { kind: 'convert', format: outputFormat, ...(hasQuality && { quality: Math.max(outputCompression, 1) }) }
}
