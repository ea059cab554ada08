/** Who asks for what, and when: the routing benchmark's prompts and weekly rhythm, with growth, customers, campaigns and tags. */
import type { PromptFeatures } from '../../src/core/prompt/features.ts'
import { promptFeatures } from '../../src/core/prompt/features.ts'
import type { ImageRequest, Operation, Quality } from '../../src/core/request.ts'
import { classes, type RequestClass, rhythm } from '../../src/core/simulation/classes.ts'
import { createRandom } from '../../src/core/simulation/random.ts'
import { createTemplates } from '../../src/core/simulation/workload.ts'
import { type Calendar, DAY_US, HOUR_US, isWithin } from './calendar.ts'
import { keysOf, SEED_TAGS } from './shop.ts'

/** What is asked, before anybody in particular asks it. Plans are made per template. */
export interface Template {
  readonly index: number
  readonly request: ImageRequest
  readonly features: PromptFeatures
}

export interface Ask {
  readonly index: number
  readonly atUs: number
  readonly template: Template
  readonly projectId: string
  readonly keyId: string
  readonly endCustomer?: string
  readonly group?: string
  readonly tags: Readonly<Record<string, string>>
}

interface Stream {
  readonly project: string
  /** Of all requests. */
  readonly share: number
  readonly kind: RequestClass
  readonly templates: readonly Template[]
}

/** Different requests of each stream. */
const TEMPLATES = 60
const INPUT = {
  role: 'image',
  sha256: '0'.repeat(64),
  bytes: 400_000,
  mediaType: 'image/png',
  width: 1024,
  height: 1024,
} as const

interface StreamSpec {
  readonly project: string
  readonly share: number
  /** Class of the routing benchmark: its prompts and its rhythm. */
  readonly from: string
  readonly model: string
  readonly operation?: Operation
  readonly qualities?: readonly Quality[]
  readonly edges?: readonly number[]
  readonly pictures?: readonly number[]
}

const specs: readonly StreamSpec[] = [
  { project: 'shop', share: 0.17, from: 'thumbnails', model: 'thumbnails', pictures: [4] },
  { project: 'shop', share: 0.07, from: 'backgrounds', model: 'stability-ai/remove-background', operation: 'remove_background' },
  { project: 'app', share: 0.25, from: 'drafts', model: 'auto', pictures: [1, 1, 2] },
  { project: 'app', share: 0.22, from: 'edits', model: 'realtime-edit' },
  { project: 'app', share: 0.05, from: 'edits', model: 'stability-ai/upscale-fast', operation: 'upscale' },
  { project: 'studio', share: 0.12, from: 'marketing', model: 'marketing', qualities: ['medium', 'high'], edges: [1024, 2048] },
  { project: 'studio', share: 0.08, from: 'lettering', model: 'marketing', qualities: ['high'] },
  { project: 'labs', share: 0.04, from: 'drafts', model: 'openai/gpt-image-2', qualities: ['low', 'medium', 'high'] },
]

const at = <Item>(items: readonly Item[], random: number): Item => items[Math.floor(random * items.length)] as Item

export function createStreams(seed: number): readonly Stream[] {
  const made = createTemplates(seed)
  let index = 0
  return specs.map((spec, place) => {
    const classIndex = classes.findIndex(({ id }) => id === spec.from)
    const kind = classes[classIndex] as RequestClass
    const random = createRandom(Math.imul(seed + 5, 0x9e3779b1) + place)
    const templates = (made[classIndex] ?? []).slice(0, TEMPLATES).map(({ request: plain }): Template => {
      const request = requestOf(spec, plain, random)
      index += 1
      return { index, request, features: promptFeatures(request.prompt, request) }
    })
    return { project: spec.project, share: spec.share, kind, templates }
  })
}

function requestOf(
  { model, operation, qualities, edges, pictures = [1] }: StreamSpec,
  plain: ImageRequest,
  random: () => number,
): ImageRequest {
  const { size: _size, ...rest } = plain
  const does = operation ?? plain.operation
  const edge = at(edges ?? [1024], random())
  const quality = qualities && at(qualities, random())
  return {
    ...rest,
    model,
    operation: does,
    n: at(pictures, random()),
    inputs: does === 'generate' ? [] : [INPUT],
    prompt: does === 'generate' || does === 'edit' ? plain.prompt : '',
    ...(does === 'generate' && { size: { width: edge, height: edge } }),
    ...(quality && { quality }),
  }
}

/** Exactly `requests` of them, in order of time. The same seed, number and calendar give the same ones. */
export function* asks(seed: number, requests: number, calendar: Calendar): Generator<Ask> {
  const streams = createStreams(seed)
  const weights = weightsOf(seed, streams, calendar)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let weight = 0
  let index = 0
  for (let hour = 0; hour * streams.length < weights.length; hour += 1) {
    const random = createRandom(Math.imul(seed + 3, 0x85ebca6b) + hour)
    const found: { readonly share: number; readonly stream: Stream }[] = []
    for (const [place, stream] of streams.entries()) {
      const before = Math.round((requests * weight) / total)
      weight += weights[hour * streams.length + place] ?? 0
      for (let count = Math.round((requests * weight) / total) - before; count > 0; count -= 1)
        found.push({ share: random(), stream })
    }
    found.sort((one, other) => one.share - other.share)
    for (const { share, stream } of found) {
      const atUs = Math.floor(calendar.startUs + (hour + share) * HOUR_US)
      yield askOf(stream, { index, atUs, random, calendar })
      index += 1
    }
  }
}

/** By hour and stream: how much of the work falls there. */
function weightsOf(seed: number, streams: readonly Stream[], calendar: Calendar): readonly number[] {
  const random = createRandom(Math.imul(seed + 9, 0xc2b2ae35))
  const weights: number[] = []
  for (let atUs = calendar.startUs; atUs < calendar.endUs; atUs += HOUR_US) {
    // 1 January 1970 was a Thursday.
    const hourOfWeek = (Math.floor(atUs / HOUR_US) + 72) % 168
    const grown = 0.6 + (0.8 * (atUs - calendar.startUs)) / (calendar.days * DAY_US)
    for (const { share, kind } of streams) {
      const repeated = kind.interactive && isWithin(calendar.storm, atUs) ? 2.2 : 1
      weights.push(share * rhythm(kind, hourOfWeek) * grown * repeated * (0.85 + 0.3 * random()))
    }
  }
  return weights
}

const campaigns = ['spring-sale', 'back-to-school', 'autumn-looks', 'black-friday', 'holiday-gifts']
const SKUS = 24
const CUSTOMERS = 40

interface AskContext {
  readonly index: number
  readonly atUs: number
  readonly random: () => number
  readonly calendar: Calendar
}

function askOf(stream: Stream, { index, atUs, random, calendar }: AskContext): Ask {
  const { project } = stream
  const keys = keysOf[project] ?? []
  const keyId = (random() < 0.8 ? keys[0] : keys.at(-1)) ?? project
  // Few customers ask for most.
  const customer = Math.floor(CUSTOMERS * random() ** 2)
  const through = (atUs - calendar.startUs) / (calendar.endUs - calendar.startUs)
  const campaign = campaigns[Math.min(campaigns.length - 1, Math.floor(through * campaigns.length + random() * 0.6))] ?? ''
  const sku = String(1 + Math.floor(SKUS * random() ** 1.5)).padStart(3, '0')
  return {
    index,
    atUs,
    template: at(stream.templates, random()),
    projectId: project,
    keyId,
    ...(project === 'studio' && {
      endCustomer: `client-${String(customer % 12).padStart(2, '0')}`,
      group: `${campaign}-${customer % 6}`,
    }),
    ...(project === 'app' && { endCustomer: `tenant-${String(customer).padStart(2, '0')}` }),
    tags: {
      ...SEED_TAGS,
      ...(project === 'studio' && { campaign }),
      ...(project === 'shop' && { sku: `sku-${sku}`, ...(random() < 0.3 && { campaign }) }),
    },
  }
}
