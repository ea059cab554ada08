/**
 * OpenAI's organisation API: `GET /v1/organization/costs?group_by[]=line_item` has the money, `GET /v1/organization/usage/images?
 * group_by[]=model` the pictures; both in days. Costs are needed, usage is joined by day and model. The API itself prices
 * nothing, so usage without costs is no spend. Source: the published OpenAPI document, `CostsResult` and `UsageImagesResult`.
 */
import type { ImportRow } from '../contract/imports.ts'
import { type Fields, fieldsOf, ImportReader, optionalText } from './reader.ts'
import type { ImportFile, ImportFormat } from './types.ts'

const COSTS = 'organization.costs.result'
const IMAGES = 'organization.usage.images.result'

interface Bucket {
  readonly at: string
  readonly day: string
  readonly place: string
  readonly result: Fields
}

export const openai: ImportFormat = {
  id: 'openai',
  summary: 'OpenAI: answers of /v1/organization/costs by line item, and of /v1/organization/usage/images by model',
  parse(files) {
    const reader = new ImportReader()
    const buckets = files.flatMap((file) => bucketsOf(reader, file).map((bucket) => ({ ...bucket, file })))
    const pictures = new Map<string, { images: number; requests: number }>()
    for (const bucket of buckets) if (bucket.result['object'] === IMAGES) addPictures(reader, bucket, pictures)
    const taken = new Set<string>()
    for (const bucket of buckets) if (bucket.result['object'] === COSTS) addCost(reader, bucket, pictures, taken)
    for (const key of pictures.keys()) {
      if (taken.has(key)) continue
      const [day = '', model = ''] = key.split('\n')
      const file = files[0] ?? { name: 'usage', text: '' }
      const remedy = 'export /v1/organization/costs with group_by[]=line_item for the same days and give both files'
      reader.problem(file, `${day} ${model}`, `has pictures and no cost: ${remedy}.`)
    }
    return reader.done()
  },
}

function bucketsOf(reader: ImportReader, file: ImportFile): readonly Bucket[] {
  return reader.list(file, reader.json(file), ['data']).flatMap((bucket, index) => {
    const place = `data[${index}]`
    const at = reader.time(file, `${place}.start_time`, bucket['start_time'])
    const results = bucket['results'] ?? bucket['result']
    if (at === undefined || !Array.isArray(results)) return []
    return results.map((result, inner) => {
      const inPlace = `${place}.results[${inner}]`
      return { at, day: at.slice(0, 10), place: inPlace, result: fieldsOf(result) }
    })
  })
}

type Pictures = Map<string, { images: number; requests: number }>
type FromFile = Bucket & { readonly file: ImportFile }

function addPictures(reader: ImportReader, { file, day, place, result }: FromFile, pictures: Pictures): undefined {
  const images = reader.count(file, place, result, 'images')
  const requests = reader.count(file, place, result, 'num_model_requests')
  const model = optionalText(result['model'])
  if (model === undefined) return reader.problem(file, `${place}.model`, 'is missing: export usage with group_by[]=model.')
  if (!images || requests === undefined) return
  const key = `${day}\n${model}`
  const sum = pictures.get(key) ?? { images: 0, requests: 0 }
  pictures.set(key, { images: sum.images + images, requests: sum.requests + requests })
}

/** A line item is a model, often with what was counted behind it: `gpt-image-1, image output`. */
const modelOfItem = (item: string): string => (item.split(/[,|]/)[0] ?? item).trim().replace(/\s+/g, '-')
const IMAGE_MODEL = /image|dall-?e/i

function addCost(reader: ImportReader, bucket: FromFile, pictures: Pictures, taken: Set<string>): undefined {
  const { file, at, day, place, result } = bucket
  const item = optionalText(result['line_item'])
  if (item === undefined) return reader.problem(file, `${place}.line_item`, 'is missing: export costs with group_by[]=line_item.')
  if (!IMAGE_MODEL.test(item)) return reader.skip(item)
  const money = fieldsOf(result['amount'])
  const amount = reader.amount(file, `${place}.amount.value`, money['value'])
  if (String(money['currency'] ?? 'usd').toLowerCase() !== 'usd') {
    return reader.problem(file, `${place}.amount.currency`, 'is not USD.')
  }
  if (amount === undefined) return
  const model = modelOfItem(item)
  const key = `${day}\n${model}`
  // The pictures of a day belong to all its line items together; they stand with the first, so that they count once.
  const made = taken.has(key) ? undefined : pictures.get(key)
  taken.add(key)
  const project = optionalText(result['project_id'])
  const row: ImportRow = {
    evidence_id: [day, item, project ?? '', optionalText(result['api_key_id']) ?? ''].join('|').slice(0, 200),
    at,
    provider: 'openai',
    model: `openai/${model}`,
    images: made?.images ?? 0,
    amount_usd: amount,
    provenance: 'invoiced',
    ...(made && made.requests > 0 && { requests: made.requests }),
    ...(project !== undefined && { tags: { openai_project: project } }),
    description: `OpenAI, ${day}: ${item}`.slice(0, 500),
  }
  reader.rows.push(row)
}
