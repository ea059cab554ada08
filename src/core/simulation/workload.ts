/** Who asks for what, and when: requests in order of arrival, the same for every policy of one seed. */
import { type PromptFeatures, promptFeatures } from '../prompt/features.ts'
import { gapRank } from '../prompt/gap.ts'
import { gapWeights } from '../prompt/gap-weights.ts'
import type { ImageRequest } from '../request.ts'
import { classes, type RequestClass, rhythm } from './classes.ts'
import { createRandom, poisson } from './random.ts'
import { HISTORY_DAYS, HOUR_US, MONTH_DAYS, MONTH_START_US } from './time.ts'
import type { World } from './world.ts'

/** A request as it can be asked again and again: what the policy sees, and the label it does not. */
export interface RequestTemplate {
  readonly index: number
  readonly classIndex: number
  readonly request: ImageRequest
  readonly features: PromptFeatures
  /** See `gapRank`. */
  readonly gapRank: number
  /** Hidden from policies. */
  readonly hard: boolean
}

export interface Arrival {
  readonly id: number
  readonly atUs: number
  readonly template: RequestTemplate
}

/** Different prompts per class; a month's work is made of templates. */
const TEMPLATES = 600

export type Templates = readonly (readonly RequestTemplate[])[]

/** The prompts of a seed, by class. */
export function createTemplates(seed: number): Templates {
  let index = 0
  return classes.map((kind, classIndex) => {
    const random = createRandom(Math.imul(seed + 11, 0x85ebca6b) + classIndex)
    return Array.from({ length: TEMPLATES }, (): RequestTemplate => {
      const { text, hard } = kind.prompt(random)
      const [least, most] = kind.pictures
      const request = requestOf(kind, text, least + Math.floor(random() * (most - least + 1)))
      const features = promptFeatures(text, request)
      index += 1
      return { index, classIndex, request, features, gapRank: gapRank(gapWeights, features, text), hard }
    })
  })
}

const input = {
  role: 'image',
  sha256: '0'.repeat(64),
  bytes: 400_000,
  mediaType: 'image/png',
  width: 1024,
  height: 1024,
} as const

const requestOf = ({ workload, operation, edge }: RequestClass, prompt: string, n: number): ImageRequest => ({
  operation,
  model: workload,
  prompt,
  n,
  size: { width: edge, height: edge },
  inputs: operation === 'edit' ? [input] : [],
  stream: false,
  partialImages: 0,
  responseFormat: 'b64_json',
  attribution: { tags: {} },
  extraBody: {},
})

/** History first, then the month. Made hour by hour, so that memory does not grow with the volume. */
export function* arrivals(world: World, templates: Templates): Generator<Arrival> {
  let id = 0
  const hours = (HISTORY_DAYS + MONTH_DAYS) * 24
  const last: (RequestTemplate | undefined)[] = []
  for (let hour = -HISTORY_DAYS * 24; hour < hours - HISTORY_DAYS * 24; hour += 1) {
    const random = createRandom(Math.imul(world.seed + 7, 0x2c1b3c6d) + hour)
    const found: { readonly at: number; readonly classIndex: number }[] = []
    for (const [classIndex, kind] of classes.entries()) {
      const mean = requestsPerHour(world, kind) * rhythm(kind, ((hour % 168) + 168) % 168)
      for (let count = poisson(mean, random); count > 0; count -= 1) found.push({ at: random(), classIndex })
    }
    found.sort((a, b) => a.at - b.at)
    for (const { at, classIndex } of found) {
      const { repeats } = classes[classIndex] as RequestClass
      const before = last[classIndex]
      const fresh = templates[classIndex]?.[Math.floor(random() * TEMPLATES)] as RequestTemplate
      const template = before && random() < repeats ? before : fresh
      last[classIndex] = template
      yield { id, atUs: Math.round(MONTH_START_US + (hour + at) * HOUR_US), template }
      id += 1
    }
  }
}

const requestsPerHour = ({ volume }: World, { share, pictures: [least, most] }: RequestClass): number =>
  (volume * share) / ((least + most) / 2) / (MONTH_DAYS * 24)
