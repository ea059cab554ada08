/**
 * fal's billing events: `GET https://api.fal.ai/v1/models/billing-events`, one event per request, dollars after discounts in `cost_total`
 * and the same exactly in `cost_estimate_nano_usd`. Source: fal's Platform API reference, read 2026-11-22.
 */
import { formatUsd } from '../core/money.ts'
import { ImportReader, optionalText } from './reader.ts'
import type { ImportFormat } from './types.ts'

export const fal: ImportFormat = {
  id: 'fal',
  summary: 'fal: pages of /v1/models/billing-events',
  parse(files) {
    const reader = new ImportReader()
    for (const file of files) {
      for (const [index, event] of reader.list(file, reader.json(file), ['billing_events']).entries()) {
        const place = `billing_events[${index}]`
        const id = reader.text(file, place, event, 'request_id')
        const endpoint = reader.text(file, place, event, 'endpoint_id')
        const at = reader.time(file, `${place}.timestamp`, event['timestamp'])
        const nano = event['cost_estimate_nano_usd']
        const amount =
          typeof nano === 'number' && Number.isSafeInteger(nano) && nano >= 0
            ? formatUsd(BigInt(nano))
            : reader.amount(file, `${place}.cost_total`, event['cost_total'])
        if (id === undefined || endpoint === undefined || at === undefined || amount === undefined) continue
        if (/video|audio|speech|music|whisper|tts|3d|llm/i.test(endpoint)) {
          reader.skip(endpoint)
          continue
        }
        const units = decimalUnits(event['output_units'])
        const unit = optionalText(event['unit'])
        reader.rows.push({
          evidence_id: id,
          at,
          provider: 'fal',
          model: endpoint,
          // Units may be megapixels or seconds; they are pictures only where the event says so, else the request counts as one.
          images: unit !== undefined && /^images?$/i.test(unit) && Number.isInteger(units) ? (units ?? 1) : 1,
          amount_usd: amount,
          provenance: 'invoiced',
          requests: 1,
          description: `fal ${endpoint}${units === undefined ? '' : `, ${units} ${unit ?? 'units'}`}`.slice(0, 500),
        })
      }
    }
    return reader.done()
  },
}

const decimalUnits = (value: unknown): number | undefined => (typeof value === 'number' && value > 0 ? value : undefined)
