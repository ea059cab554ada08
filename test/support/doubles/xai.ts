/**
 * xAI's Imagine API: members and shapes as documented, the exact cost of each call, pictures of the measured pixels. What it does
 * not know it refuses, and pictures that fail moderation it leaves out and bills.
 */
import type { JsonObject } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleServer, startServer } from './server.ts'

export const xaiKey = 'xai-key'

const members: ReadonlySet<string> = new Set(
  'model prompt n aspect_ratio resolution quality response_format user output_format storage_options image images'.split(' '),
)
/** Of the shapes tests ask for. */
const pixels: Readonly<Record<string, readonly [number, number]>> = {
  '1:1 1k': [1024, 1024],
  '1:1 2k': [2048, 2048],
  '16:9 2k': [2816, 1584],
  '9:19.5 1k': [576, 1248],
  '3:2 1k': [1248, 832],
}
/** Cents a picture by tier and quality, and a picture sent: docs.x.ai/developers/pricing as quoted in the price book. */
const cents: Readonly<Record<string, { readonly out: Readonly<Record<string, number>>; readonly in: number }>> = {
  'grok-imagine-image': { out: { '1k': 2, '2k': 2 }, in: 0.2 },
  'grok-imagine-image-quality': { out: { '1k': 5, '2k': 7 }, in: 1 },
  'grok-imagine-image-2.0': { out: { '1k low': 4, '1k medium': 6, '2k low': 6, '2k medium': 8 }, in: 1 },
}
const TICKS_PER_CENT = 100_000_000

export interface XaiDouble extends DoubleServer {
  /** Pictures of the next call that fail moderation. */
  moderate(count: number): void
  /** Share of the listed price that is charged from now on. */
  discount(share: number): void
}

export async function startXai(): Promise<XaiDouble> {
  let moderated = 0
  let share = 1
  const server = await startServer((call) => {
    if (call.headers.authorization !== `Bearer ${xaiKey}`) return refused(400, 'Incorrect API key provided: x***y.')
    if (call.path === '/v1/models') return { json: { data: [{ id: 'grok-imagine-image' }] } }
    const isEdit = call.path === '/v1/images/edits'
    if (!isEdit && call.path !== '/v1/images/generations') return refused(404, `${call.path} was not found.`)
    const answer = draw(call.json, isEdit, { moderated, share })
    moderated = 0
    return answer
  })
  return {
    ...server,
    moderate: (count) => {
      moderated = count
    },
    discount: (left) => {
      share = left
    },
  }
}

const refused = (status: number, error: string): DoubleAnswer => ({
  status,
  json: { code: 'Client specified an invalid argument', error },
})

interface Circumstances {
  readonly moderated: number
  readonly share: number
}

function draw(body: JsonObject, isEdit: boolean, { moderated, share }: Circumstances): DoubleAnswer {
  const foreign = Object.keys(body).find((name) => !members.has(name))
  if (foreign) return refused(400, `Argument not supported: ${foreign}`)
  const { model, n = 1, quality, resolution = '1k', image, images } = body
  const sent = Array.isArray(images) ? (images as readonly JsonObject[]) : image ? [image as JsonObject] : []
  if (isEdit !== sent.length > 0) return refused(400, 'Images belong to edits, and edits need one.')
  if (sent.some(({ url }) => !String(url).startsWith('data:image/'))) return refused(400, 'Invalid image.')
  if (image && body['aspect_ratio']) return refused(400, 'A single image keeps its aspect ratio.')
  const price = cents[String(model)]
  const each = price?.out[quality === undefined ? String(resolution) : `${resolution} ${quality}`]
  if (!price || each === undefined) return refused(400, `Not supported: ${model} at ${resolution} ${quality}`)
  const size = image ? pixels['3:2 1k'] : pixels[`${body['aspect_ratio'] ?? '1:1'} ${resolution}`]
  if (!size) return refused(400, 'Unknown aspect ratio.')
  const data = Array.from({ length: Number(n) }, (_, index) =>
    index < moderated
      ? { respect_moderation: false, url: '' }
      : { respect_moderation: true, b64_json: doublePicture(...size).toString('base64'), mime_type: 'image/jpeg' },
  )
  const cost_in_usd_ticks = Math.round((each * Number(n) + price.in * sent.length) * share * TICKS_PER_CENT)
  return { json: { data, usage: { cost_in_usd_ticks } } }
}
