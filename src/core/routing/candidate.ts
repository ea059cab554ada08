/** From an offer and a request to a candidate with every setting resolved, or the reason why not. */
import { type Capabilities, type Need, type OptionalParameter, optionalParameters, type SizeRule } from '../capability.ts'
import type { FinishingStep } from '../finishing.ts'
import type { Candidate, CandidateSettings, Offer, Warning } from '../offer.ts'
import { formatSize, type ImageRequest, type Outpaint, type Quality, type RequestOptions, type Size } from '../request.ts'
import { conversion, mayFinish } from './finish.ts'
import { nearestSize, sizeOfShape, sizeProblem } from './size.ts'
import { type SourceSize, sizeHint, sourceShape, sourceSize } from './source-size.ts'
import type { Elimination, EliminationReason } from './types.ts'

export interface ResolveOptions extends Pick<RequestOptions, 'fit' | 'upscale' | 'convert'> {
  /** Force this quality, as an alias or the router's expansion over qualities does. */
  readonly quality?: Quality
  /** Drop what the offer cannot use, with a warning, instead of eliminating it. */
  readonly allowUnsupported: boolean
}

export type Resolved = { readonly candidate: Candidate } | { readonly elimination: Elimination }

/** Pure: the same offer and request resolve to the same settings. Nothing is clamped; what does not fit eliminates. */
export function resolveCandidate(offer: Offer, request: ImageRequest, options: ResolveOptions): Resolved {
  const warnings: Warning[] = []
  const problems: Elimination[] = []
  const eliminate: Eliminate = (reason, detail, param) => {
    problems.push({ offer: offer.id, reason, detail, ...(param !== undefined && { param }) })
  }
  const unsupported: Unsupported = (reason, detail, param) => {
    if (!options.allowUnsupported) return eliminate(reason, detail, param)
    warnings.push({ code: 'parameter_dropped', param, message: `${offer.id}: ${detail}; ${param} was left out.` })
  }
  checkInputs(offer, request, eliminate)
  checkExtra(offer, request, eliminate)
  if (options.quality && request.quality && options.quality !== request.quality) {
    const message = `${offer.id}: the route or alias asks for quality ${options.quality}; quality ${request.quality} was left out.`
    warnings.push({ code: 'parameter_dropped', param: 'quality', message })
  }
  const finishing: FinishingStep[] = []
  const notes: Notes = {
    eliminate,
    unsupported,
    warn: (warning) => warnings.push(warning),
    ...(mayFinish(request) && { finish: (step: FinishingStep) => finishing.push(step) }),
  }
  const settings = resolveSettings(offer, request, options, notes)
  const sent = finishing.some(({ kind }) => kind === 'convert') ? withoutCompression(request) : request
  checkParameters(offer, sent, unsupported)
  const [first] = problems
  if (first) return { elimination: first }
  return { candidate: { offer, settings, warnings, ...(finishing.length > 0 && { finishing }) } }
}

/** What resolving finds besides the settings. */
interface Notes {
  readonly eliminate: Eliminate
  readonly unsupported: Unsupported
  readonly warn: (warning: Warning) => void
  /** Absent: the picture is returned as it comes. */
  readonly finish?: (step: FinishingStep) => void
}

type Eliminate = (reason: EliminationReason, detail: string, param?: string) => void
type Unsupported = (reason: EliminationReason, detail: string, param: string) => void

function checkInputs({ capabilities }: Offer, request: ImageRequest, eliminate: Eliminate): void {
  if (!capabilities.operations.includes(request.operation)) {
    eliminate('operation', `offers ${capabilities.operations.join(', ')}, not ${request.operation}`)
  }
  const images = request.inputs.filter((input) => input.role === 'image' || input.role === 'reference').length
  if (images > capabilities.maxInputs) eliminate('inputs', `takes at most ${capabilities.maxInputs} input images`, 'image')
  const controls = request.inputs.flatMap((input) => (input.role === 'control' ? [input.control ?? 'structure'] : []))
  const foreign = controls.find((kind) => !capabilities.controls?.includes(kind))
  if (foreign) eliminate('inputs', `reads no control image of kind ${foreign}`, 'control')
  if (controls.length > 1) eliminate('inputs', 'reads one control image', 'control')
  for (const need of capabilities.needs ?? []) {
    const isThere =
      need === 'outpaint'
        ? request.outpaint
        : need === 'prompt'
          ? request.prompt
          : request.inputs.some(({ role }) => role === need)
    if (!isThere) eliminate(need === 'mask' ? 'mask' : 'inputs', `needs ${needWords[need]}`, need)
  }
  if (!capabilities.mask && request.inputs.some((input) => input.role === 'mask')) eliminate('mask', 'takes no mask', 'mask')
  if (capabilities.maxPromptChars > 0 && request.prompt.length > capabilities.maxPromptChars) {
    eliminate('prompt_length', `takes at most ${capabilities.maxPromptChars} characters`, 'prompt')
  }
}

const needWords = {
  image: 'an image',
  mask: 'a mask',
  control: 'a control image',
  outpaint: 'sides to extend (outpaint)',
  prompt: 'a prompt',
} as const satisfies Record<Need, string>

function checkExtra({ capabilities, provider, providerType }: Offer, { extraBody }: ImageRequest, eliminate: Eliminate): void {
  const extra = { ...extraBody[providerType], ...extraBody[provider] }
  const missing = capabilities.needsExtra?.find((name) => extra[name] === undefined)
  if (missing) eliminate('parameter', `needs extra_body.${provider}.${missing}`, missing)
}

function resolveSettings(
  { capabilities }: Offer,
  request: ImageRequest,
  options: ResolveOptions,
  notes: Notes,
): CandidateSettings {
  const { eliminate, unsupported, finish } = notes
  const background = resolveBackground(capabilities, request, notes)
  const size = resolveSize(capabilities, request, options, notes)
  let quality = options.quality ?? request.quality ?? capabilities.defaultQuality
  if (quality && !capabilities.qualities.includes(quality)) {
    const known =
      capabilities.qualities.length > 0 ? `has quality ${capabilities.qualities.join(', ')}` : 'has no quality setting'
    unsupported('quality', known, 'quality')
    quality = capabilities.defaultQuality
  }
  let format = request.outputFormat ?? capabilities.defaultFormat
  const converted = finish && options.convert !== 'none' ? conversion(capabilities, request, format) : undefined
  if (converted) {
    finish?.(converted.step)
    format = converted.from
  } else if (!capabilities.formats.includes(format)) {
    unsupported('format', `returns ${capabilities.formats.join(', ')}`, 'output_format')
    format = capabilities.defaultFormat
  }
  const steps = resolveSteps(capabilities, request, unsupported)
  if (background === 'transparent' && format === 'jpeg') eliminate('background', 'jpeg has no transparency', 'background')
  return {
    size,
    format,
    n: Math.min(request.n, capabilities.maxN),
    ...(quality && { quality }),
    ...(background && { background }),
    ...(steps !== undefined && { steps }),
  }
}

function resolveBackground(
  { backgrounds }: Capabilities,
  { background }: ImageRequest,
  { unsupported, finish }: Notes,
): CandidateSettings['background'] {
  if (!background || backgrounds.includes(background)) return background
  if (background === 'opaque' && finish) {
    finish({ kind: 'flatten' })
    return undefined
  }
  unsupported(
    'background',
    backgrounds.length > 0 ? `has background ${backgrounds.join(', ')}` : 'has no background setting',
    'background',
  )
  return undefined
}

/** Where steps are priced, the count is known before the call; elsewhere a missing one stays the provider's affair. */
function resolveSteps(
  { steps: limits, parameters }: Capabilities,
  request: ImageRequest,
  unsupported: Unsupported,
): number | undefined {
  const asked = parameters.includes('steps') ? request.steps : undefined
  if (asked === undefined || !limits) return asked ?? limits?.default
  if (asked >= limits.min && asked <= limits.max) return asked
  unsupported('parameter', `runs ${limits.min} to ${limits.max} steps`, 'steps')
  return limits.default
}

/** The pixels this offer will return. A size it does not make eliminates it, unless the client allows its nearest one. */
function resolveSize(
  capabilities: Capabilities,
  request: ImageRequest,
  { allowUnsupported, fit, upscale }: ResolveOptions,
  { eliminate, warn, finish }: Notes,
): Size {
  const { sizes, defaultSize } = capabilities
  const [input] = request.inputs
  if (request.operation === 'remove_background' && input) return { width: input.width, height: input.height }
  if (request.operation === 'upscale' && input) return upscaledSize(capabilities, request, input, eliminate)
  const edited = request.inputs.find(({ role }) => role === 'image') ?? request.inputs.find(({ role }) => role === 'control')
  if (request.outpaint && edited && capabilities.parameters.includes('outpaint')) return extendedSize(edited, request.outpaint)
  const own = capabilities.sizeFromInput && edited && { width: edited.width, height: edited.height }
  const adjusted = (size: Size | undefined, problem: string, param: string): Size => {
    if (!allowUnsupported || !size) {
      eliminate('size', problem, param)
      return size ?? defaultSize
    }
    warn({ code: 'size_adjusted', param, message: `It ${problem}; ${formatSize(size)} was taken.` })
    return size
  }
  const wishes = { ...(fit && { fit }), ...(upscale && { upscale }) }
  const finished = (source: SourceSize | undefined): Size | undefined => {
    if (source) finish?.(source.step)
    return finish && source?.size
  }
  const hint = (rule: SizeRule): string => (request.size && finish ? sizeHint(rule, request.size, wishes) : '')
  if (own) {
    const rule: SizeRule = { kind: 'list', sizes: [own] }
    const isAsked = request.size === undefined || formatSize(request.size) === formatSize(own)
    if (isAsked && !request.aspectRatio) return own
    const source = request.size
      ? sourceSize(rule, request.size, wishes)
      : request.aspectRatio && sourceShape(rule, request.aspectRatio, own, fit)
    return finished(source) ?? adjusted(own, `keeps the size of the input, ${formatSize(own)}${hint(rule)}`, 'size')
  }
  if (request.size) {
    const problem = sizeProblem(sizes, request.size)
    if (!problem) return request.size
    const source = finished(sourceSize(sizes, request.size, wishes))
    return source ?? adjusted(nearestSize(sizes, request.size), `${problem}${hint(sizes)}`, 'size')
  }
  if (!request.aspectRatio) return defaultSize
  const { width, height } = request.aspectRatio
  const found = sizeOfShape(sizes, request.aspectRatio, defaultSize)
  if (found) return found
  const cut = finished(sourceShape(sizes, request.aspectRatio, defaultSize, fit))
  if (cut) return cut
  const area = Math.sqrt((defaultSize.width * defaultSize.height) / (width * height))
  const nearest = nearestSize(sizes, { width: width * area, height: height * area })
  return adjusted(nearest, `makes no size of the shape ${width}:${height}`, 'aspect_ratio')
}

const extendedSize = ({ width, height }: Size, { left, right, top, bottom }: Outpaint): Size => ({
  width: width + left + right,
  height: height + top + bottom,
})

/** Each edge times the factor; a size asked for by name has to be one of those. */
function upscaledSize({ upscale }: Capabilities, request: ImageRequest, input: Size, eliminate: Eliminate): Size {
  const { factors, maxPixels } = upscale ?? { factors: [], maxPixels: 0 }
  const times = (factor: number): Size => ({ width: Math.round(input.width * factor), height: Math.round(input.height * factor) })
  const bySize = request.size && factors.find((each) => formatSize(times(each)) === formatSize(request.size as Size))
  const factor = request.scale ?? (request.size ? bySize : factors[0])
  if (factor === undefined || !factors.includes(factor)) {
    eliminate('size', `enlarges ${factors.map((each) => `${each}x`).join(', ') || 'nothing'}`, request.size ? 'size' : 'scale')
    return request.size ?? input
  }
  const size = times(factor)
  if (size.width * size.height > maxPixels) eliminate('size', `returns at most ${maxPixels} pixels`, 'scale')
  return size
}

/** Request fields that need a declared parameter, with the wire's name. */
const parameterFields: readonly {
  readonly parameter: OptionalParameter
  readonly wire: string
  readonly used: (request: ImageRequest) => boolean
}[] = [
  { parameter: 'outputCompression', wire: 'output_compression', used: (request) => request.outputCompression !== undefined },
  {
    parameter: 'moderation',
    wire: 'moderation',
    used: (request) => request.moderation !== undefined && request.moderation !== 'auto',
  },
  { parameter: 'style', wire: 'style', used: (request) => request.style !== undefined },
  { parameter: 'inputFidelity', wire: 'input_fidelity', used: (request) => request.inputFidelity !== undefined },
  { parameter: 'complexity', wire: 'complexity', used: (request) => request.complexity !== undefined },
  { parameter: 'frameCount', wire: 'frame_count', used: (request) => request.frameCount !== undefined },
  { parameter: 'frameDurationMs', wire: 'frame_duration_ms', used: (request) => request.frameDurationMs !== undefined },
  { parameter: 'svg', wire: 'svg', used: (request) => request.svg !== undefined },
  { parameter: 'seed', wire: 'seed', used: (request) => request.seed !== undefined },
  { parameter: 'negativePrompt', wire: 'negative_prompt', used: (request) => request.negativePrompt !== undefined },
  { parameter: 'steps', wire: 'steps', used: (request) => request.steps !== undefined },
  { parameter: 'guidance', wire: 'guidance_scale', used: (request) => request.guidance !== undefined },
  { parameter: 'strength', wire: 'strength', used: (request) => request.strength !== undefined },
  { parameter: 'outpaint', wire: 'outpaint', used: (request) => request.outpaint !== undefined },
  { parameter: 'markup', wire: 'markup', used: (request) => request.inputs.some((input) => input.role === 'markup') },
]

function checkParameters({ capabilities }: Offer, request: ImageRequest, unsupported: Unsupported): void {
  if (capabilities.maxPromptChars === 0 && request.prompt !== '') unsupported('parameter', 'takes no prompt', 'prompt')
  for (const { parameter, wire, used } of parameterFields) {
    if (used(request) && !capabilities.parameters.includes(parameter)) unsupported('parameter', `does not take ${wire}`, wire)
  }
  if (request.style !== undefined && capabilities.styles?.includes(request.style) === false)
    unsupported('parameter', `has style ${capabilities.styles.join(', ')}`, 'style')
  const partial = capabilities.maxPartialImages ?? 0
  if (request.stream && request.partialImages > partial)
    unsupported('parameter', `streams at most ${partial} partial images`, 'partial_images')
}

/** The request as an offer gets it: what is done here, and what was dropped with a warning, must not travel. */
export const requestAsSent = ({ offer, finishing, cutOut, upscaled }: Candidate, request: ImageRequest): ImageRequest => {
  const bought = cutOut ? withoutTransparency(request) : upscaled ? withoutFormat(request) : request
  return withoutUnsupported(offer, finishing?.some(({ kind }) => kind === 'convert') ? withoutCompression(bought) : bought)
}

/** What is bought to be cut out: the maker's own format, since the picture that is cut out of it is another file. */
export const withoutTransparency = ({ background: _b, outputFormat: _f, ...request }: ImageRequest): ImageRequest =>
  withoutCompression(request)

/** What is bought to be enlarged: the file that comes out of it is another one. */
export const withoutFormat = ({ outputFormat: _f, ...request }: ImageRequest): ImageRequest => withoutCompression(request)

function withoutCompression({ outputCompression: _compression, ...request }: ImageRequest): ImageRequest {
  return request
}

/** The request without the optional parameters this offer cannot use. */
export function withoutUnsupported({ capabilities }: Offer, request: ImageRequest): ImageRequest {
  const hasOtherStyles = request.style !== undefined && capabilities.styles?.includes(request.style) === false
  const dropped = optionalParameters.filter(
    (parameter) => !capabilities.parameters.includes(parameter) || (parameter === 'style' && hasOtherStyles),
  )
  if (!dropped.some((parameter) => parameter in request || parameter === 'markup')) return request
  const kept = Object.entries(request).filter(([name]) => !dropped.some((parameter) => parameter === name))
  const inputs = dropped.includes('markup') ? request.inputs.filter(({ role }) => role !== 'markup') : request.inputs
  // Only optional properties were taken out.
  return { ...(Object.fromEntries(kept) as unknown as ImageRequest), inputs }
}
