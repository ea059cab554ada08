/** A picture that one offer makes smaller and another enlarges: a candidate beside those that make the size themselves. Pure. */
import { convertibleFormats, type FinishingStep } from '../finishing.ts'
import type { Candidate, Offer } from '../offer.ts'
import { formatSize, type ImageInput, type ImageRequest, type Size } from '../request.ts'
import { type ResolveOptions, resolveCandidate, withoutFormat } from './candidate.ts'
import { mayFinish } from './finish.ts'
import { sizesToEnlarge } from './source-size.ts'
import type { Snapshot } from './types.ts'

/** Who may enlarge pictures of a route, and what that does to their rating. */
export interface EnlargePolicy {
  /** Offers or models, first choice first. */
  readonly by: readonly string[]
  /** A rated product that an enlarged picture is as good as, at most as good as its maker's own; absent: it is not rated. */
  readonly ratedAs?: string
}

/** Whether the request can be served by making a smaller picture first. Enlarging does not keep transparency at every offer. */
export const mayEnlarge = (request: ImageRequest): boolean =>
  request.size !== undefined &&
  (request.operation === 'generate' || request.operation === 'edit' || request.operation === 'variation') &&
  request.background !== 'transparent' &&
  mayFinish(request)

/** What is asked of the offer that enlarges. */
export function upscaleRequest(
  asked: Pick<ImageRequest, 'model' | 'prompt' | 'outputFormat' | 'attribution'>,
  { capabilities }: Offer,
  image: ImageInput,
  factor: number,
): ImageRequest {
  const { model, prompt, outputFormat, attribution } = asked
  return {
    operation: 'upscale',
    model,
    prompt: capabilities.maxPromptChars >= prompt.length ? prompt : '',
    n: 1,
    scale: factor,
    inputs: [image],
    stream: false,
    partialImages: 0,
    responseFormat: 'b64_json',
    attribution,
    extraBody: {},
    ...(outputFormat && capabilities.formats.includes(outputFormat) && { outputFormat }),
  }
}

/**
 * The candidate that makes the largest picture which one of `upscalers` (first choice first) brings to the size that is wanted, or beyond
 * it: then it is made smaller here. Undefined where there is no such way.
 */
export function resolveEnlarged(
  offer: Offer,
  asked: ImageRequest,
  options: ResolveOptions,
  upscalers: readonly Offer[],
): Candidate | undefined {
  const { size: wanted } = asked
  if (!wanted || offer.capabilities.sizeFromInput) return undefined
  const request = withoutFormat(asked)
  for (const source of sizesToEnlarge(offer.capabilities.sizes, wanted)) {
    const upscaled = upscalers.flatMap((upscaler) => upscaledBy(upscaler, asked, source, wanted, options))
    if (upscaled.length === 0) continue
    const { upscale: _local, fit: _fit, ...rest } = options
    const made = resolveCandidate(offer, { ...request, size: source }, rest)
    if ('elimination' in made) return undefined
    const finishing = [...(made.candidate.finishing ?? []), ...finishingOf(upscaled, asked, wanted)]
    return { ...made.candidate, upscaled, ...(finishing.length > 0 && { finishing }) }
  }
  return undefined
}

/** With the least factor that reaches the size; none where the offer takes no such picture, or returns a file that cannot become what is wanted. */
function upscaledBy(
  upscaler: Offer,
  asked: ImageRequest,
  source: Size,
  wanted: Size,
  { convert }: Pick<ResolveOptions, 'convert'>,
): readonly Candidate[] {
  const factors = upscaler.capabilities.upscale?.factors ?? []
  const factor = factors
    .toSorted((a, b) => a - b)
    .find((each) => Math.round(source.width * each) >= wanted.width && Math.round(source.height * each) >= wanted.height)
  if (factor === undefined) return []
  const image: ImageInput = { role: 'image', sha256: '', bytes: 0, mediaType: 'image/png', ...source }
  const resolved = resolveCandidate(upscaler, upscaleRequest(asked, upscaler, image, factor), { allowUnsupported: false })
  if ('elimination' in resolved) return []
  const { candidate } = resolved
  const isChanged = formatSize(candidate.settings.size) !== formatSize(wanted) || isOtherFormat(candidate, asked)
  const isConvertible = convertibleFormats.some((format) => format === (asked.outputFormat ?? candidate.settings.format))
  return !isChanged || (isConvertible && convert !== 'none') ? [candidate] : []
}

const isOtherFormat = ({ settings }: Candidate, { outputFormat }: ImageRequest): boolean =>
  outputFormat !== undefined && settings.format !== outputFormat

/** What is as wanted already passes through its step as it is. */
function finishingOf(upscaled: readonly Candidate[], asked: ImageRequest, wanted: Size): readonly FinishingStep[] {
  const { outputFormat, outputCompression } = asked
  const format = convertibleFormats.find((each) => each === outputFormat)
  const quality = format === 'png' || outputCompression === undefined ? undefined : Math.max(outputCompression, 1)
  return [
    ...(upscaled.some(({ settings }) => formatSize(settings.size) !== formatSize(wanted))
      ? [{ kind: 'resize', size: wanted, fit: 'fill' } as const]
      : []),
    ...(format && upscaled.some((each) => isOtherFormat(each, asked))
      ? [{ kind: 'convert', format, ...(quality !== undefined && { quality }) } as const]
      : []),
  ]
}

/**
 * The rating of an enlarged picture: what the route takes it for, at most its maker's own. Undefined where either is not known: nobody rated it.
 * `made` is the rating of the picture before it is enlarged.
 */
export function enlargedRating(
  made: number | undefined,
  policy: EnlargePolicy | undefined,
  { quality, qualityLevels }: Pick<Snapshot, 'quality' | 'qualityLevels'>,
): number | undefined {
  if (policy?.ratedAs === undefined || made === undefined) return undefined
  const taken = qualityLevels.get(policy.ratedAs) ?? quality.get(policy.ratedAs)
  return taken === undefined ? undefined : Math.min(made, taken)
}
