/**
 * OpenRouter's activity: `GET /api/v1/activity`, dollars by day, model and endpoint; it does not tell how many pictures were made. Source:
 * OpenRouter's published OpenAPI document, `ActivityItem`.
 */
import { decimalText } from './amount.ts'
import { type Fields, ImportReader, optionalText } from './reader.ts'
import type { ImportFile, ImportFormat } from './types.ts'

export const openrouter: ImportFormat = {
  id: 'openrouter',
  summary: 'OpenRouter: the answer of /api/v1/activity; image models are known by their names',
  parse(files) {
    const reader = new ImportReader()
    for (const file of files) {
      for (const [index, item] of reader.list(file, reader.json(file), ['data']).entries()) {
        addItem(reader, file, `data[${index}]`, item)
      }
    }
    return reader.done()
  },
}

/** Publishers and families whose models make pictures; activity has no other sign of it. */
const IMAGE_MODEL = /image|flux|imagen|seedream|recraft|riverflow|ideogram|stable-diffusion|qwen-image|nano-banana|dall-?e/i

function addItem(reader: ImportReader, file: ImportFile, place: string, item: Fields): undefined {
  const model = reader.text(file, place, item, 'model')
  const at = reader.time(file, `${place}.date`, item['date'])
  const endpoint = reader.text(file, place, item, 'endpoint_id')
  const usage = reader.amount(file, `${place}.usage`, item['usage'])
  const requests = reader.count(file, place, item, 'requests')
  if (model === undefined || at === undefined || endpoint === undefined || usage === undefined || requests === undefined) return
  if (!IMAGE_MODEL.test(model)) return reader.skip(model)
  const workspace = optionalText(item['workspace_id'])
  const own = decimalText(item['byok_usage_inference']) ?? '0'
  reader.rows.push({
    evidence_id: [at.slice(0, 10), endpoint, workspace ?? ''].join('|'),
    at,
    provider: 'openrouter',
    model: model.split(':')[0] ?? model,
    images: 0,
    amount_usd: usage,
    provenance: 'reported',
    ...(requests > 0 && { requests }),
    ...(workspace !== undefined && { tags: { openrouter_workspace: workspace } }),
    description: `OpenRouter, ${at.slice(0, 10)}: ${requests} requests${/[1-9]/.test(own) ? `; with keys of your own $${own} more, billed there` : ''}`,
  })
}
