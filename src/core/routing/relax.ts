/** What each thing a request asks for costs: the same plan with one constraint taken away at a time. */
import { formatUsd } from '../money.ts'
import { bothRequired, describeRequirement } from '../offer-facts.ts'
import { formatSize, type ImageRequest } from '../request.ts'
import { type PlanInput, plan } from './plan.ts'
import type { OfferFilter, Policy } from './types.ts'

/** A constraint as stated, and the plan's input without it. */
interface Relaxation {
  /** In the API's words: `background`, `quality`, `model`, `route floor`, ... */
  readonly constraint: string
  /** What was stated, in the request's words. */
  readonly stated: string
  readonly relaxed: PlanInput
}

interface ConstraintCost {
  readonly constraint: string
  readonly stated: string
  /** Cheapest expected cost with every other constraint but without this one; null: still nothing can make it. */
  readonly withoutNanoUsd: bigint | null
  /** What the constraint adds to the cheapest price; negative where leaving it out costs more. null: nothing to compare. */
  readonly addsNanoUsd: bigint | null
  /** Offers that can make it without the constraint. */
  readonly offersWithout: number
}

export interface Relaxed {
  /** Cheapest expected cost under every constraint; null: no offer meets them all. */
  readonly cheapestNanoUsd: bigint | null
  /** Offers that meet every constraint. */
  readonly offersLeft: number
  /** In the order of `relaxationsOf`. */
  readonly constraints: readonly ConstraintCost[]
}

/** Price the request as it is and with each stated constraint relaxed. Pure. */
export function relax(input: PlanInput): Relaxed {
  const whole = cheapest(input)
  return {
    cheapestNanoUsd: whole.price,
    offersLeft: whole.offers,
    constraints: relaxationsOf(input).map(({ constraint, stated, relaxed }) => {
      const without = cheapest(relaxed)
      return {
        constraint,
        stated,
        withoutNanoUsd: without.price,
        addsNanoUsd: whole.price === null || without.price === null ? null : whole.price - without.price,
        offersWithout: without.offers,
      }
    }),
  }
}

function cheapest(input: PlanInput): { readonly price: bigint | null; readonly offers: number } {
  const planned = plan({ ...input, policy: { ...input.policy, fallback: true } })
  if (planned.kind === 'none') return { price: null, offers: 0 }
  let price: bigint | null = null
  for (const { total } of planned.attempts) {
    if (price === null || total.expectedNanoUsd < price) price = total.expectedNanoUsd
  }
  return { price, offers: new Set(planned.attempts.map(({ candidate }) => candidate.offer.id)).size }
}

/** Every constraint of a request, its options and its policy, each with the input that lacks just this one. */
function relaxationsOf(input: PlanInput): Relaxation[] {
  return [...requestRelaxations(input), ...inputRelaxations(input), ...policyRelaxations(input)]
}

/** Request fields that narrow the choice or change the price, with the wire's names. */
const optionalFields: Readonly<Record<string, string>> = {
  size: 'size',
  aspectRatio: 'aspect_ratio',
  background: 'background',
  outputFormat: 'output_format',
  outputCompression: 'output_compression',
  style: 'style',
  inputFidelity: 'input_fidelity',
  complexity: 'complexity',
  frameCount: 'frame_count',
  frameDurationMs: 'frame_duration_ms',
  svg: 'svg',
  seed: 'seed',
  negativePrompt: 'negative_prompt',
  steps: 'steps',
  guidance: 'guidance_scale',
  strength: 'strength',
  outpaint: 'outpaint',
  scale: 'scale',
}

function requestRelaxations(input: PlanInput): Relaxation[] {
  const { request } = input
  const found: Relaxation[] = []
  const add = (constraint: string, stated: string, changed: ImageRequest): void => {
    found.push({ constraint, stated, relaxed: { ...input, request: changed } })
  }
  const values = new Map<string, unknown>(Object.entries(request))
  for (const [field, name] of Object.entries(optionalFields)) {
    const value = values.get(field)
    if (value !== undefined) add(name, statedText(value), without(request, field))
  }
  const { quality } = request
  if (quality !== undefined) {
    const policy: Policy = { ...input.policy, everyQuality: true }
    found.push({ constraint: 'quality', stated: quality, relaxed: { ...input, policy, request: without(request, 'quality') } })
  }
  if (request.moderation !== undefined && request.moderation !== 'auto') {
    add('moderation', request.moderation, without(request, 'moderation'))
  }
  if (request.n > 1) add('n', String(request.n), { ...request, n: 1 })
  if (request.stream && request.partialImages > 0) {
    add('partial_images', String(request.partialImages), { ...request, partialImages: 0 })
  }
  return found
}

function inputRelaxations(input: PlanInput): Relaxation[] {
  const { request } = input
  const { inputs } = request
  const found: Relaxation[] = []
  const images = inputs.filter(({ role }) => role === 'image' || role === 'reference').length
  for (const role of new Set(inputs.map((image) => image.role))) {
    if (role === 'image' || role === 'reference') continue
    const rest = inputs.filter((image) => image.role !== role)
    const count = inputs.length - rest.length
    found.push({
      constraint: role,
      stated: count === 1 ? 'one' : String(count),
      relaxed: { ...input, request: { ...request, inputs: rest } },
    })
  }
  if (images > 0) {
    const plain: ImageRequest = { ...without(request, 'inputFidelity'), operation: 'generate', inputs: [] }
    found.push({
      constraint: 'inputs',
      stated: `${request.operation} of ${images === 1 ? 'an image' : `${images} images`}`,
      relaxed: { ...input, request: plain },
    })
  }
  return found
}

function policyRelaxations(input: PlanInput): Relaxation[] {
  const { policy, options, snapshot } = input
  const { filter } = policy
  const found: Relaxation[] = []
  const relaxPolicy = (constraint: string, stated: string, changed: Policy): void => {
    found.push({ constraint, stated, relaxed: { ...input, policy: changed } })
  }
  if (filter?.offers) relaxPolicy('model', input.request.model, { ...policy, filter: filterWithout(filter, 'offers') })
  if (filter?.models)
    relaxPolicy('route models', filter.models.join(', '), { ...policy, filter: filterWithout(filter, 'models') })
  if (filter?.providers) {
    relaxPolicy('route providers', filter.providers.join(', '), { ...policy, filter: filterWithout(filter, 'providers') })
  }
  if (filter?.regions)
    relaxPolicy('route regions', filter.regions.join(', '), { ...policy, filter: filterWithout(filter, 'regions') })
  if (filter?.quality) {
    const { quality: _quality, ...rest } = filter
    relaxPolicy('quality', `${filter.quality} (of ${input.request.model})`, { ...policy, filter: rest, everyQuality: true })
  }
  if (policy.floor !== undefined) {
    const { floor, ...rest } = policy
    relaxPolicy('route floor', floor, { ...rest, everyQuality: true })
  }
  const required = bothRequired(policy.require, options.require)
  if (required) {
    const { require: _option, ...openOptions } = options
    const { require: _policy, ...openPolicy } = policy
    const stated = describeRequirement(required)
    found.push({ constraint: 'require', stated, relaxed: { ...input, options: openOptions, policy: openPolicy } })
  }
  const limit = options.maxCostNanoUsd ?? policy.maxCostNanoUsd
  if (limit !== undefined) {
    const { maxCostNanoUsd: _option, ...openOptions } = options
    const { maxCostNanoUsd: _policy, ...openPolicy } = policy
    found.push({
      constraint: 'max cost',
      stated: `$${formatUsd(limit)}`,
      relaxed: { ...input, options: openOptions, policy: openPolicy },
    })
  }
  if (snapshot.allowedModels) {
    const { allowedModels, ...rest } = snapshot
    found.push({ constraint: "key's models", stated: allowedModels.join(', '), relaxed: { ...input, snapshot: rest } })
  }
  return found
}

const filterWithout = (filter: OfferFilter, name: keyof OfferFilter): OfferFilter =>
  Object.fromEntries(Object.entries(filter).filter(([key]) => key !== name))

function without(request: ImageRequest, field: string): ImageRequest {
  // Only optional properties are ever taken out.
  return Object.fromEntries(Object.entries(request).filter(([name]) => name !== field)) as unknown as ImageRequest
}

/** `1024x1024`, `16x9` or the value itself; what has parts of its own is only said to be there. */
function statedText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value).length > 40 ? 'given' : String(value)
  if ('width' in value && 'height' in value) return formatSize({ width: Number(value.width), height: Number(value.height) })
  return 'given'
}
